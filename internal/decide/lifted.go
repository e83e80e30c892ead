package decide

import (
	"context"
	"fmt"
	"time"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// lifted remembers which lines people took away, and on which day: what they lifted stays lifted
// while the episode lasts that was known to them. It follows the ledger, and costs what people did:
// the measures of rules, which may be millions, are passed over.
type lifted struct {
	zone *time.Location
	size uint64 // of the ledger that is followed
	on   map[list.Key]device.Day
}

// follow reads on to where the ledger ends.
func (l *lifted) follow(ctx context.Context, view Log) error {
	for leaf, err := range view.Leaves(ctx, l.size, receipt.Measure) {
		if err != nil {
			return fmt.Errorf("reading what people took away: %w", err)
		}
		r, err := receipt.ParseRecord(leaf.Text)
		if err != nil {
			return ledger.Fault{Table: "leaves", Row: fmt.Sprint(leaf.Index), Text: err.Error()}
		}
		if r.Content.By.Sort != receipt.Rule {
			body, err := view.Body(ctx, leaf.Index)
			if err != nil {
				return err
			}
			if err := l.add(body, leaf.Index, r.Time); err != nil {
				return err
			}
		}
		l.size = leaf.Index + 1
	}
	return nil
}

// add notes what an act of people drops.
func (l *lifted) add(effect []byte, index uint64, at time.Time) error {
	ops, err := list.ParseOps(effect, index)
	if err != nil {
		return fmt.Errorf("record %d: %w", index, err)
	}
	for i := range ops {
		if ops[i].Drop {
			if l.on == nil {
				l.on = map[list.Key]device.Day{}
			}
			l.on[ops[i].Line.Key()] = device.DayOf(at, l.zone)
		}
	}
	return nil
}

// holds reports whether people took the line away after the finding's episode had begun.
func (l *lifted) holds(f *device.Finding, k list.Key) bool {
	day, ok := l.on[k]
	return ok && f.Since <= day
}
