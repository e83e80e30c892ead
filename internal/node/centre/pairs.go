package centre

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"math"
	"sync"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/lake"
	"github.com/openceir/openceir/list"
)

// pairs are the active pairs, which the guard weighs changes with. They are counted when somebody
// asks: most commands weigh nothing, and should not read the whole lake for it.
type pairs struct {
	lake *lake.Lake
	log  *slog.Logger

	mu      sync.Mutex // guards all below
	day     device.Day // what is to be counted; 0 before the first day
	parts   []device.Part
	input   string // names day and parts
	counted string // the input that active counts
	active  *lake.Active
}

// refresh notes what is to be counted from now on.
func (t *Centre) refresh(ctx context.Context) error {
	var parts []device.Part
	var day device.Day
	err := t.view(ctx, func(tx *Tx) error {
		var ok bool
		var err error
		if day, ok, err = tx.LastDay(ctx); err != nil || !ok {
			return err
		}
		parts, err = tx.LiveParts(ctx, lake.TableDays)
		return err
	})
	if err != nil || day == 0 {
		return err
	}
	input := sha256.New()
	for _, p := range parts {
		fmt.Fprintln(input, p.Digest)
	}
	t.pairs.mu.Lock()
	defer t.pairs.mu.Unlock()
	t.pairs.day, t.pairs.parts, t.pairs.input = day, parts, fmt.Sprintf("%s %x", day, input.Sum(nil))
	return nil
}

// known returns the active pairs if they are counted, else nil.
func (p *pairs) known() *lake.Active {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.counted != p.input {
		return nil
	}
	return p.active
}

// count returns the active pairs, nil before the first day.
func (p *pairs) count(ctx context.Context) (*lake.Active, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.day == 0 || p.counted == p.input {
		return p.active, nil
	}
	active, err := p.lake.Active(ctx, p.parts, p.day)
	if err != nil {
		return nil, fmt.Errorf("counting active pairs: %w", err)
	}
	p.active, p.counted = active, p.input
	return active, nil
}

// Active returns the count of active pairs, nil before the first day.
func (t *Centre) Active(ctx context.Context) (*lake.Active, error) { return t.pairs.count(ctx) }

// seen is what the lake knows of active pairs.
func (t *Centre) seen() list.Seen { return &t.pairs }

// Pairs implements list.Seen. What can not be counted weighs as much as can be, so that nothing
// happens by itself.
func (p *pairs) Pairs(m imei.IMEI) int {
	return p.ask(func(a *lake.Active) int { return a.Pairs(m) })
}

// InRange implements list.Seen.
func (p *pairs) InRange(from, to imei.IMEI) int {
	return p.ask(func(a *lake.Active) int { return a.InRange(from, to) })
}

func (p *pairs) ask(of func(*lake.Active) int) int {
	a, err := p.count(context.Background())
	switch {
	case err != nil:
		p.log.Error("a change weighs as much as can be", "error", err)
		return math.MaxInt32
	case a == nil:
		return 0
	}
	return of(a)
}
