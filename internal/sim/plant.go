package sim

import (
	"time"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/list"
)

// plant is where the world puts its parts together. What stands here is sound; a test plants
// something faulty in its place and sees whether the witness notices.
type plant struct {
	store  func(*Memory) ledger.Store // asked when a process starts
	now    func(*World) time.Time     // the centre's clock
	seen   func(census) list.Seen
	take   func(o *operator, manifest, body []byte) error
	boot   func(o *operator) error
	table  func(o *operator) *list.Table
	answer func(o *operator, a *device.Attach) list.Answer
}

func sound() plant {
	return plant{
		store: func(m *Memory) ledger.Store { return m },
		now:   (*World).centreTime,
		seen:  func(c census) list.Seen { return c },
		take: func(o *operator, manifest, body []byte) error {
			_, err := o.lists.Take("file", manifest, body)
			return err
		},
		boot:   func(o *operator) error { return o.boot() },
		table:  func(o *operator) *list.Table { return o.core.Table() },
		answer: func(o *operator, a *device.Attach) list.Answer { return o.core.Answer(a) },
	}
}
