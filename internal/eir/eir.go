// Package eir is the operator's node: it answers whether a device may attach, from a table in
// memory, alone.
//
// A check reads one immutable table behind one atomic pointer and drops a copy of itself into a
// bounded ring; it queries nothing and waits for nothing. A full ring counts what it lost. One
// goroutine empties the ring: it remembers which pairs this network has seen (the node's own
// measure of what a list would do), joins checks into stays, and spools them as segments, which a
// feed takes up to the centre.
//
// Lists come down as files. The node believes none without proof (list.Replica): what it can not
// verify is held, counted and reported, and the old list stays in force. It keeps the files it
// has believed as a chain, so that it starts again when everything else is down, and replaces a long
// chain by a newer snapshot that leads to the same; with no files at all it allows everything, loudly.
//
// A node's data are the directories lists and spool, the file seen, and a lock: one process uses them.
// Whatever is wrong with them is told, and the node answers all the same.
package eir

import (
	"sync/atomic"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/subscriber"
)

// Core answers checks. Its methods may be called together.
type Core struct {
	Now   func() time.Time // stamps observations and what is put in force
	Stats Stats
	Key   *subscriber.Key // of the pseudonyms that the country uses; nil where it uses clear numbers

	table atomic.Pointer[list.Table]
	ring  chan Observation // nil if nothing is observed
}

// Stats counts what the node did. All but Held only grow.
type Stats struct {
	Checks     [list.Unknown + 1]atomic.Uint64 // answers by status
	Malformed  atomic.Uint64                   // checks without a usable IMEI
	Lost       atomic.Uint64                   // observations that the full ring did not take
	Observed   atomic.Uint64                   // observations taken from the ring
	Held       atomic.Uint64                   // list files held since the last one applied
	HeldInAll  atomic.Uint64                   // list files held since the start
	Applied    atomic.Uint64                   // list files applied
	Spooled    atomic.Uint64                   // rows written to segments
	Unspooled  atomic.Uint64                   // rows that could not be written: the disk is full or broken
	AppliedAt  atomic.Int64                    // when the last list file was applied, microseconds UTC
	LedgerSize atomic.Uint64                   // of the table in force
}

// Observation is a check that was answered.
type Observation struct {
	device.Attach
	Status list.Status
}

// NewCore returns a core that answers from an empty table, which allows everything.
func NewCore(now func() time.Time) *Core {
	c := &Core{Now: now, ring: make(chan Observation, ringSize)}
	c.table.Store(list.NewTable(nil))
	return c
}

// Table returns the table in force.
func (c *Core) Table() *list.Table { return c.table.Load() }

// Swap puts a table, the fold of a ledger of so many records, in force on all fronts at once.
func (c *Core) Swap(t *list.Table, size uint64) {
	c.table.Store(t)
	c.Stats.Applied.Add(1)
	c.Stats.LedgerSize.Store(size)
	c.Stats.AppliedAt.Store(c.Now().UnixMicro())
	c.Stats.Held.Store(0)
}

// Answer answers one check from its attach, without observing it: the caller does. a.IMEI is what
// the network sent. Where the country uses pseudonyms, its subscriber becomes one.
func (c *Core) Answer(a *device.Attach) list.Answer {
	c.cover(a)
	q := list.Query{Version: list.AnyVersion, IMSI: a.IMSI, MSISDN: a.MSISDN}
	m, err := imei.Parse(a.IMEI)
	if err == nil && len(a.IMEI) == 16 {
		q.Version = 10*(a.IMEI[14]-'0') + a.IMEI[15] - '0'
	}
	q.IMEI, q.Malformed = m, err != nil
	return c.answer(&q)
}

// cover puts pseudonyms in place of the subscriber's numbers, so that none is ever kept.
func (c *Core) cover(a *device.Attach) {
	if c.Key != nil {
		a.IMSI, a.MSISDN = c.Key.IMSI(a.IMSI), c.Key.MSISDN(a.MSISDN)
	}
}

func (c *Core) answer(q *list.Query) list.Answer {
	answer := c.table.Load().Decide(q)
	c.Stats.Checks[answer.Status].Add(1)
	if q.Malformed {
		c.Stats.Malformed.Add(1)
	}
	return answer
}

// Check answers a query and drops a copy of the attach that asked it into the ring.
func (c *Core) Check(q *list.Query, a *device.Attach) list.Answer {
	c.cover(a)
	q.IMSI, q.MSISDN = a.IMSI, a.MSISDN
	answer := c.answer(q)
	select {
	case c.ring <- Observation{*a, answer.Status}:
	default:
		c.Stats.Lost.Add(1)
	}
	return answer
}
