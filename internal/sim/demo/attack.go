package demo

import (
	"context"
	"fmt"
	"net/http"
	"sort"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/openceir/openceir/diameter/s13"
	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/sim/forge"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// rogue stands before the centre's handler. While it is armed it answers nodes with what the
// attacker made, signed with the centre's own key.
type rogue struct {
	honest http.Handler
	armed  atomic.Pointer[map[string][]byte] // by path
	served atomic.Int64
}

// ServeHTTP implements http.Handler.
func (g *rogue) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if forged := g.armed.Load(); forged != nil {
		if body, ok := (*forged)[r.URL.Path]; ok {
			if !strings.HasSuffix(r.URL.Path, ".note") && !strings.HasSuffix(r.URL.Path, "/index") {
				g.served.Add(1)
			}
			w.Write(body)
			return
		}
	}
	g.honest.ServeHTTP(w, r)
}

// attack lets whoever stole the centre's key push lists that refuse every phone of the country, in
// three ways, and then attaches every phone again.
func (d *Demo) attack(ctx context.Context) error {
	before, err := d.ask(ctx)
	if err != nil {
		return err
	}
	held := d.held()
	d.say("Now the centre is taken over: whoever has its database and its key signs lists that refuse every phone.")
	ways := []struct {
		name string
		make func(*forge.Centre, []imei.IMEI) ([]list.Op, []forge.Act)
	}{
		{"every phone, a line each, in the name of a rule with authority", forge.ByRule},
		{"every model, with forged signatures of approvers", forge.ByForgedApprovals},
		{"every phone at once, by switching the mode, with no act at all", forge.ByNothing},
	}
	for _, way := range ways {
		if err := d.push(ctx, way.name, way.make); err != nil {
			return err
		}
	}
	d.rogue.armed.Store(nil)
	for _, n := range d.nodes { // the honest centre is back: they go on from where they stood
		if err := n.Sync(ctx); err != nil {
			return fmt.Errorf("node %s after the attack: %w", n.config.Node, err)
		}
	}
	d.Result.Attack.FilesDelivered = int(d.rogue.served.Load())
	d.Result.Attack.FilesHeld = d.held() - held
	after, err := d.ask(ctx)
	if err != nil {
		return err
	}
	for q, status := range before {
		if status != s13.Prohibited && status != s13.Unknown && (after[q] == s13.Prohibited || after[q] == s13.Unknown) {
			d.Result.Attack.DevicesCutOff++
		}
	}
	d.Result.Attack.DevicesAsked = len(after)
	d.say("%d lines pushed in %d files; %d were held, none believed. %d phones attached again: %d were cut off.", d.Result.Attack.LinesPushed,
		d.Result.Attack.FilesDelivered, d.Result.Attack.FilesHeld, len(after), d.Result.Attack.DevicesCutOff)
	return nil
}

// held returns how many list files the nodes have held so far.
func (d *Demo) held() (n int) {
	for _, node := range d.nodes {
		n += int(node.Core.Stats.HeldInAll.Load())
	}
	return n
}

// push makes one forged list for each node, lets the node fetch it in the usual way, and counts.
func (d *Demo) push(ctx context.Context, name string, make func(*forge.Centre, []imei.IMEI) ([]list.Op, []forge.Act)) error {
	forged := map[string][]byte{}
	for _, n := range d.nodes {
		var body, manifest []byte
		var size uint64
		err := d.steal(ctx, n, func(c *forge.Centre) (err error) {
			ops, acts := make(c, d.everyIMEI())
			for i := range acts {
				d.Result.Attack.LinesPushed += len(acts[i].Ops)
			}
			d.Result.Attack.LinesPushed += len(ops)
			body, manifest, size, err = c.Delta(ops, acts)
			return err
		})
		if err != nil {
			return err
		}
		prefix := "/lists/" + string(n.operator.Name)
		forged[prefix+"/index"] = (&list.Index{Size: size, Snapshot: fmt.Sprintf("%d.snapshot", size)}).Bytes()
		forged[fmt.Sprintf("%s/from/%d", prefix, n.Lists.Size())] = body
		forged[fmt.Sprintf("%s/from/%d.note", prefix, n.Lists.Size())] = manifest
	}
	d.rogue.armed.Store(&forged)
	defer d.rogue.armed.Store(nil)
	why := ""
	for _, n := range d.nodes {
		if err := n.Sync(ctx); err != nil {
			why = err.Error()
		}
	}
	d.say("  %s\n    held: %s", name, last(why))
	return nil
}

// steal lends the attacker the centre: its key, its tree, and what it knows of a node's list.
func (d *Demo) steal(ctx context.Context, n *node, f func(*forge.Centre) error) error {
	return d.Centre.Store.View(ctx, func(tx ledger.Tx) error {
		head, err := tx.Head(ctx)
		if err != nil {
			return err
		}
		c := &forge.Centre{Stream: string(n.operator.Name), From: n.Lists.Size(), Head: head.Head, Time: d.now(), Table: n.Lists.Replica.Table(),
			Signer: d.Centre.Sequencer.Signer, Hashes: ledger.Hashes(ctx, tx), Person: people[0]}
		if p := d.Centre.Guard().Policies(); len(p) > 0 {
			strongest := p[len(p)-1]
			c.Rule, c.Policy = strongest.Rule, strongest.Index
		}
		return f(c)
	})
}

// last shortens a chain of reasons to its innermost one.
func last(why string) string {
	if i := strings.LastIndex(why, "record "); i >= 0 {
		why = why[i:]
	} else if i := strings.LastIndex(why, "ledger size "); i >= 0 {
		why = why[i:]
	}
	if len(why) > 160 {
		why = why[:160] + "…"
	}
	return why
}

// everyIMEI returns every IMEI that any device of the country shows.
func (d *Demo) everyIMEI() []imei.IMEI {
	set := map[imei.IMEI]bool{}
	for i := range d.truth.Rows {
		set[d.truth.Rows[i].IMEI] = true
	}
	out := make([]imei.IMEI, 0, len(set))
	for m := range set {
		out = append(out, m)
	}
	sort.Slice(out, func(i, j int) bool { return out[i] < out[j] })
	return out
}

// ask attaches every device of the country over S13, with the first of its cards, at the network it
// was first seen in.
func (d *Demo) ask(ctx context.Context) (map[s13.Query]s13.Answer, error) {
	out := map[s13.Query]s13.Answer{}
	var mu sync.Mutex // guards out and first
	var first error
	for _, n := range d.nodes {
		c, err := s13.Dial(ctx, n.S13.Addr().String(), s13.ClientOptions{})
		if err != nil {
			return nil, err
		}
		questions := make(chan s13.Query, 1024)
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				for q := range questions {
					a, err := c.Check(ctx, q)
					mu.Lock()
					if out[q] = a; err != nil && first == nil {
						first = err
					}
					mu.Unlock()
				}
			})
		}
		for i := range d.truth.Rows {
			if r := &d.truth.Rows[i]; len(r.IMSIs) > 0 && r.Operator == n.operator.Name {
				questions <- s13.Query{IMEI: r.IMEI, IMSI: r.IMSIs[0]}
			}
		}
		close(questions)
		wg.Wait()
		c.Close()
	}
	return out, first
}

// verify checks the register against itself, and a receipt of the stolen phone as its holder would.
func (d *Demo) verify(ctx context.Context) error {
	head, err := d.Centre.Head(ctx)
	if err != nil {
		return err
	}
	report, err := d.Centre.Verify(ctx, head)
	if err != nil {
		return err
	}
	d.Result.LedgerSize, d.Result.LedgerVerified = report.Size, len(report.Faults) == 0
	d.say("The ledger has %d records and verifies: %d faults.", report.Size, len(report.Faults))
	for _, f := range report.Faults {
		d.say("  %s", f)
	}
	s, ok := d.truth.Stolen()
	if !ok {
		return nil
	}
	r, err := d.Centre.Receipt(ctx, s.IMEI)
	if err != nil {
		return nil // its line waits for the ceiling; there is nothing to prove yet
	}
	published, err := receipt.PeekHead(r.Head)
	if err == nil {
		err = r.VerifyUnder(published)
	}
	if err != nil {
		return fmt.Errorf("the receipt of %s: %w", s.IMEI, err)
	}
	d.say("The receipt of the stolen phone, which its holder verifies without us:\n%s", indent(r.Text()))
	return nil
}

func indent(s string) string { return "  " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n  ") }
