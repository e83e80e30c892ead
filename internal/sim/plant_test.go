package sim

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// faulty is a store whose transactions are changed on their way.
type faulty struct {
	*Memory
	change func(ledger.Tx) ledger.Tx
	update func(m *Memory, ctx context.Context, f func(ledger.Tx) error) error
}

func (s *faulty) Update(ctx context.Context, f func(ledger.Tx) error) error {
	g := f
	if s.change != nil {
		g = func(t ledger.Tx) error { return f(s.change(t)) }
	}
	if s.update != nil {
		return s.update(s.Memory, ctx, g)
	}
	return s.Memory.Update(ctx, g)
}

// The transactions that do something else than they are told.
type (
	losesRows     struct{ ledger.Tx }
	losesPersonal struct{ ledger.Tx }
	forgetsKeys   struct{ ledger.Tx }
	swapsLeaves   struct{ ledger.Tx }
	keepsErased   struct{ ledger.Tx }
	forks         struct{ ledger.Tx }
	losesBlocks   struct{ ledger.Tx }
)

func (t losesRows) Apply(ctx context.Context, c []ledger.Change) error {
	return t.Tx.Apply(ctx, c[:len(c)-1])
}

func (t losesPersonal) InsertOpenings(ctx context.Context, all []ledger.StoredOpening) error {
	for i, o := range all {
		if o.Part == ledger.PartPersonal {
			return t.Tx.InsertOpenings(ctx, append(all[:i:i], all[i+1:]...))
		}
	}
	return t.Tx.InsertOpenings(ctx, all)
}

func (t forgetsKeys) ActByKey(context.Context, receipt.Digest) (ledger.ActRow, bool, error) {
	return ledger.ActRow{}, false, nil
}

func (t swapsLeaves) InsertLeaves(ctx context.Context, l []ledger.Leaf) error {
	if n := len(l); n > 1 {
		l[n-1].Text, l[n-2].Text = l[n-2].Text, l[n-1].Text
	}
	return t.Tx.InsertLeaves(ctx, l)
}

func (t keepsErased) DeleteOpening(context.Context, uint64, string) error { return nil }

func (t losesBlocks) PutBlocks(ctx context.Context, b []ledger.Block) error {
	if len(b) > 1 {
		b = b[:len(b)-1]
	}
	return t.Tx.PutBlocks(ctx, b)
}

func (t forks) SwapHead(_ context.Context, _, new ledger.Head) error {
	t.Tx.(*tx).own["head"], t.Tx.(*tx).work.head = true, new
	return nil
}

// ackEarly tells the writer that all is well before the commit is.
func ackEarly(m *Memory, ctx context.Context, f func(ledger.Tx) error) error {
	err := m.Update(ctx, f)
	if errors.Is(err, ErrFault) && strings.HasPrefix(err.Error(), "committing") {
		return nil
	}
	return err
}

// torn keeps what a transaction wrote before it failed.
func torn(m *Memory, ctx context.Context, f func(ledger.Tx) error) error {
	var t *tx
	err := m.Update(ctx, func(all ledger.Tx) error { t = all.(*tx); return f(all) })
	if err != nil && t.statements > 0 && t.m.state() == t.base && len(t.own) > 0 {
		work := t.work
		m.now = &work
	}
	return err
}

// lastWins commits whatever it wrote, whoever was faster.
func lastWins(m *Memory, ctx context.Context, f func(ledger.Tx) error) error {
	var t *tx
	if err := m.Update(ctx, func(all ledger.Tx) error { t = all.(*tx); return f(forks{all}) }); !errors.Is(err, errBetween) {
		return err
	}
	work := t.work
	m.now = &work
	return nil
}

// unsynced loses the last transaction when a process dies.
func unsynced() func(*Memory) ledger.Store {
	var before *register
	starts := 0
	return func(m *Memory) ledger.Store {
		if starts++; starts > 2 && before != nil {
			m.now = before
		}
		return &faulty{Memory: m, update: func(m *Memory, ctx context.Context, f func(ledger.Tx) error) error {
			was := m.state()
			err := m.Update(ctx, f)
			if m.state() != was {
				before = was
			}
			return err
		}}
	}
}

// patched is a node that helps itself: where a file is held, for a reason that it does not care
// for, it sets and drops the lines all the same.
func patched(reason string) (take func(*operator, []byte, []byte) error, show func(*operator) *list.Table) {
	own := map[*operator]*list.Table{}
	take = func(o *operator, manifest, body []byte) error {
		_, err := o.lists.Take("file", manifest, body)
		if err == nil {
			delete(own, o)
			return nil
		}
		d, bad := list.ParseDelta(body)
		if bad != nil || !strings.Contains(err.Error(), reason) {
			return err
		}
		t := o.core.Table().Clone()
		t.Apply(d.Ops)
		own[o] = t
		return err
	}
	return take, func(o *operator) *list.Table {
		if t := own[o]; t != nil {
			return t
		}
		return o.core.Table()
	}
}

// deafToDrops is a node that never takes a line from its list.
func deafToDrops() (take func(*operator, []byte, []byte) error, show func(*operator) *list.Table) {
	own := map[*operator]*list.Table{}
	take = func(o *operator, manifest, body []byte) error {
		_, err := o.lists.Take("file", manifest, body)
		if err != nil {
			return err
		}
		if own[o] == nil {
			own[o] = list.NewTable(nil)
		}
		for l := range o.core.Table().Lines() {
			own[o].Apply([]list.Op{{Line: *l}})
		}
		return nil
	}
	return take, func(o *operator) *list.Table {
		if t := own[o]; t != nil {
			return t
		}
		return o.core.Table()
	}
}

// expiring is a node that drops lines as its clock goes on.
func expiring(o *operator) *list.Table {
	t := o.core.Table().Clone()
	for l := range o.core.Table().Lines() {
		if o.w.witness.facts[l.Act].time.Add(48 * time.Hour).Before(o.time()) {
			t.Apply([]list.Op{{Drop: true, Line: *l}})
		}
	}
	return t
}

// plants are faults that somebody could make, each in its place.
var plants = []struct {
	name string
	into func(*plant)
}{
	{"it acknowledges before the commit", stores(func(m *Memory) ledger.Store { return &faulty{Memory: m, update: ackEarly} })},
	{"a transaction that fails leaves half of itself", stores(func(m *Memory) ledger.Store { return &faulty{Memory: m, update: torn} })},
	{"of two writers the last one wins", stores(func(m *Memory) ledger.Store { return &faulty{Memory: m, update: lastWins} })},
	{"a commit is not synced", func(p *plant) { p.store = unsynced() }},
	{"a derived row is lost", changes(func(t ledger.Tx) ledger.Tx { return losesRows{t} })},
	{"a personal part is lost", changes(func(t ledger.Tx) ledger.Tx { return losesPersonal{t} })},
	{"a hash of the tree is lost", changes(func(t ledger.Tx) ledger.Tx { return losesBlocks{t} })},
	{"an act that is asked again enters again", changes(func(t ledger.Tx) ledger.Tx { return forgetsKeys{t} })},
	{"two records change places", changes(func(t ledger.Tx) ledger.Tx { return swapsLeaves{t} })},
	{"what is erased stays", changes(func(t ledger.Tx) ledger.Tx { return keepsErased{t} })},
	{"the writer counts devices for pairs", func(p *plant) { p.seen = func(census) list.Seen { return list.Nobody{} } }},
	{"the writer's clock runs away, so that no day's sum is full", func(p *plant) {
		acts := 0
		p.now = func(w *World) time.Time { acts++; return w.centreTime().Add(time.Duration(acts) * 24 * time.Hour) }
	}},
	{"a node takes a delta across a gap", func(p *plant) { p.take, p.table = patched("the delta begins at ledger size") }},
	{"a node takes lines without acts", func(p *plant) { p.take, p.table = patched("has no act") }},
	{"a node does not count signatures", func(p *plant) { p.take, p.table = patched("not enough support") }},
	{"a node never drops a line", func(p *plant) { p.take, p.table = deafToDrops() }},
	{"a node drops lines by its clock", func(p *plant) { p.table = expiring }},
	{"a node without a list refuses", func(p *plant) {
		p.answer = func(o *operator, a *device.Attach) list.Answer {
			if o.Size() == 0 {
				return list.Answer{Status: list.Unknown}
			}
			return o.core.Answer(a)
		}
	}},
	{"a node that starts again forgets its list", func(p *plant) {
		p.boot = func(o *operator) error { os.RemoveAll(o.w.dir + "/" + o.name); return o.boot() }
	}},
	{"a victim is refused when the network does not say who asks", func(p *plant) {
		p.answer = func(o *operator, a *device.Attach) list.Answer {
			if a.IMSI == 0 {
				a.IMSI = 262019999999999
			}
			return o.core.Answer(a)
		}
	}},
	{"a value that is on many devices is refused", func(p *plant) {
		p.answer = func(o *operator, a *device.Attach) list.Answer {
			m, _ := imei.Parse(a.IMEI[:14])
			for _, l := range o.core.Table().Device(m) {
				if l.Status == list.Prohibited && nobodys[uint64(m)] {
					return list.Answer{Status: l.Status, Line: l}
				}
			}
			return o.core.Answer(a)
		}
	}},
	{"a check answers anything once in a thousand times", func(p *plant) {
		dice := rand.New(rand.NewPCG(1, 1))
		p.answer = func(o *operator, a *device.Attach) list.Answer {
			if dice.IntN(1000) == 0 {
				return list.Answer{Status: list.Prohibited}
			}
			return o.core.Answer(a)
		}
	}},
}

func stores(f func(*Memory) ledger.Store) func(*plant) { return func(p *plant) { p.store = f } }

func changes(f func(ledger.Tx) ledger.Tx) func(*plant) {
	return stores(func(m *Memory) ledger.Store { return &faulty{Memory: m, change: f} })
}

// TestPlantedFaultsAreFound shows that the witness would notice: each fault is found within as many
// seeds as are run without one, or sixty.
func TestPlantedFaultsAreFound(t *testing.T) {
	for _, f := range plants {
		t.Run(f.name, func(t *testing.T) {
			found := error(nil)
			worlds := 0
			tell(t, 0, uint64(max(seeds(t), 60)), func() plant { p := sound(); f.into(&p); return p }, func(_ *World, err error) bool {
				if worlds++; err != nil && found == nil {
					found = err
				}
				return found == nil
			})
			if found == nil {
				t.Fatalf("in %d worlds nobody noticed", worlds)
			}
			first, _, _ := strings.Cut(found.Error(), "\n")
			t.Logf("found in %d worlds: %.200s", worlds, first)
		})
	}
}
