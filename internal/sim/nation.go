package sim

import (
	"slices"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/subscriber"
)

// Phones: four models, some devices of each, one identity that stands on many handsets, and the
// values that identify nothing.
const (
	models    = 4
	perModel  = 12
	clonePair = 60 // subscribers of the identity that was copied
)

// pair is a subscriber seen with a device in an operator's network.
type pair struct {
	device   imei.IMEI
	who      subscriber.IMSI
	operator int
}

// nation is who uses what. The centre sees all of it, each operator its own share.
type nation struct {
	devices []imei.IMEI
	pairs   []pair
}

func tacOf(model int) imei.TAC { return imei.TAC(35_100_000 + 1000*model) }

func (w *World) drawNation() {
	n := &w.nation
	for m := range models {
		for s := range perModel {
			d := imei.New(tacOf(m), uint32(1000*s+7*m))
			n.devices = append(n.devices, d)
			for range w.dice.IntN(4) {
				n.pairs = append(n.pairs, w.newPair(d))
			}
		}
	}
	for range clonePair {
		n.pairs = append(n.pairs, w.newPair(n.devices[0]))
	}
	for range 3 {
		n.pairs = append(n.pairs, w.newPair(n.devices[1]), w.newPair(n.devices[2]), w.newPair(w.nobodys()))
	}
}

// nobodys draws a value that identifies no device.
func (w *World) nobodys() imei.IMEI {
	all := imei.Catalogue()
	return all[w.dice.IntN(len(all))].IMEI
}

// newPair draws a subscriber for a device. One in ten is a guest from abroad.
func (w *World) newPair(d imei.IMEI) pair {
	op := w.dice.IntN(w.size.operators)
	return pair{d, w.subscriber(op), op}
}

func (w *World) subscriber(op int) subscriber.IMSI {
	home := networks[op].plmn
	if w.chance(10) {
		home = "26201"
	}
	digits := []byte(home + "0000000000")
	for i := 10; i < 15; i++ {
		digits[i] = byte('0' + w.dice.IntN(10))
	}
	i, err := subscriber.ParseIMSI(string(digits))
	w.must(err)
	return i
}

// device draws a device of the nation.
func (w *World) device() imei.IMEI { return w.nation.devices[w.dice.IntN(len(w.nation.devices))] }

// census counts the pairs that one operator saw, or all for -1.
type census map[imei.IMEI]int

func (n *nation) census(operator int) census {
	c := census{}
	for _, p := range n.pairs {
		if operator < 0 || p.operator == operator {
			c[p.device]++
		}
	}
	return c
}

// Pairs implements list.Seen.
func (c census) Pairs(m imei.IMEI) int { return c[m] }

// InRange implements list.Seen.
func (c census) InRange(from, to imei.IMEI) (n int) {
	for m, pairs := range c {
		if from <= m && m <= to {
			n += pairs
		}
	}
	return n
}

// move changes who uses what: somebody new is seen, or somebody not any more.
func (w *World) move() string {
	n := &w.nation
	for range 1 + w.dice.IntN(5) {
		if len(n.pairs) > 0 && w.chance(2) {
			i := w.dice.IntN(len(n.pairs))
			n.pairs = slices.Delete(n.pairs, i, i+1)
		} else {
			n.pairs = append(n.pairs, w.newPair(w.device()))
		}
	}
	return "people change phones"
}

func (w *World) seen() list.Seen { return w.plant.seen(w.nation.census(-1)) }
