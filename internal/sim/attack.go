package sim

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/enforce"
	"github.com/openceir/openceir/internal/sim/forge"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// attacks are what somebody may do who has stolen the register and the log's key. None has what it
// needs to be believed, so a node that takes its file has done wrong. What such a thief can do is
// not here: keep acts back, and write acts that a rule's policy allows.
var attacks = []struct {
	name string
	make func(*World, *operator) (file, bool)
}{
	{"a rule refuses all", (*World).attackByRule},
	{"forged approvals", (*World).attackByApprovals},
	{"a line without an act", (*World).attackByNothing},
	{"signatures of another act", (*World).attackByReplay},
	{"a bribed person blocks all", (*World).attackByOne},
	{"a bribed clerk in small portions", (*World).attackByPortions},
	{"two organisations bribed, and the announcement dated back", (*World).attackBackdated},
	{"a directory of strangers", (*World).attackByStrangers},
	{"a denominator of a larger country", (*World).attackByDenominator},
	{"a policy by one person", (*World).attackByPolicy},
	{"a record from tomorrow", (*World).attackFromTomorrow},
	{"a record dated before the one before", (*World).attackBackwards},
	{"a file for somebody else", (*World).attackOtherStream},
	{"a table of another digest", (*World).attackDigest},
	{"an act that is in no tree", (*World).attackSecret},
	{"another history", (*World).attackRewritten},
	{"the lines of an act changed", (*World).attackChanged},
	{"a snapshot of another log", (*World).attackOtherLog},
}

// attack brings a node a forged file and sees that nothing changes.
func (w *World) attack() string {
	for range 8 {
		a := attacks[w.dice.IntN(len(attacks))]
		o := w.anyOperator()
		if f, ok := a.make(w, o); ok {
			return w.strikeAt(o, a.name, f)
		}
	}
	return "not now"
}

func (w *World) strikeAt(o *operator, name string, f file) string {
	head, digest := o.head(), w.plant.table(o).Digest()
	err := o.take("forged", f.manifest, f.body)
	if err == nil || o.head() != head || w.plant.table(o).Digest() != digest {
		panic(fmt.Sprintf("%s believes a forged file: %s", o.name, name))
	}
	w.tally("attack: " + name)
	return fmt.Sprintf("%s on %s: %v", name, o.name, err)
}

// stolen lends the thief the register and the key, as far as a node's stream is concerned.
func (w *World) stolen(o *operator) (*forge.Centre, bool) {
	r := w.memory.state()
	c := &forge.Centre{Stream: o.name, From: o.Size(), Head: r.head.Head, Time: w.forgedTime(), Table: o.lists.Replica.Table(), Signer: w.signer,
		Hashes: r, Person: "ministry/amina"}
	for _, p := range w.processes[0].state().Guard.Policies() {
		if p.Ceiling < 100 {
			c.Rule, c.Policy = p.Rule, p.Index
		}
	}
	return c, o.matters()
}

// matters reports whether refusing a device that nobody has seen would change anything at the node:
// in a restrictive mode it would not, and so needs little.
func (o *operator) matters() bool {
	return o.Size() > 0 && !o.core.Table().Decide(&list.Query{IMEI: phantoms(1)[0], IMSI: 1}).Status.Refuses()
}

// forgedTime is a time for forged records that no node finds in the future or out of order.
func (w *World) forgedTime() time.Time {
	t := w.now.Truncate(time.Microsecond)
	if last := w.witness.lastTime(); t.Before(last) {
		return last
	}
	return t
}

func (w *World) byForge(o *operator, make func(*forge.Centre, []imei.IMEI) ([]list.Op, []forge.Act)) (file, bool) {
	c, ok := w.stolen(o)
	if !ok {
		return file{}, false
	}
	all := append(phantoms(120), w.nation.devices...)
	ops, acts := make(c, all)
	body, manifest, _, err := c.Delta(ops, acts)
	w.must(err)
	return file{"", manifest, body}, true
}

// phantoms are devices that nobody has seen.
func phantoms(n int) (out []imei.IMEI) {
	for i := range n {
		out = append(out, imei.New(tacOf(models), uint32(i)))
	}
	return out
}

func (w *World) attackByRule(o *operator) (file, bool) {
	if c, ok := w.stolen(o); !ok || c.Policy == 0 {
		return file{}, false
	}
	return w.byForge(o, forge.ByRule)
}

func (w *World) attackByApprovals(o *operator) (file, bool) {
	return w.byForge(o, forge.ByForgedApprovals)
}

func (w *World) attackByNothing(o *operator) (file, bool) { return w.byForge(o, forge.ByNothing) }

// refuseAll are ops that refuse devices, a line each.
func refuseAll(devices []imei.IMEI) (ops []list.Op) {
	for _, m := range devices {
		ops = append(ops, list.Op{Line: list.Line{Class: list.Listed, From: m, To: m, Status: list.Prohibited, Ground: list.Fraud, Version: list.AnyVersion}})
	}
	return ops
}

func (w *World) attackByReplay(o *operator) (file, bool) {
	h, ok := w.thief(o)
	if !ok || len(w.drafts) == 0 {
		return file{}, false
	}
	old := w.drafts[w.dice.IntN(len(w.drafts))]
	h.measure(old.Content.By, 0, refuseAll(w.nation.devices[:1]), old.Approvals)
	return h.file()
}

// The largest share of one person is 8 pairs a day, of two organisations 800: see count.
func (w *World) attackByOne(o *operator) (file, bool) {
	h, ok := w.thief(o)
	if !ok {
		return file{}, false
	}
	h.signed(refuseAll(phantoms(9)), "ministry/amina")
	return h.file()
}

func (w *World) attackByPortions(o *operator) (file, bool) {
	h, ok := w.thief(o)
	if !ok {
		return file{}, false
	}
	for _, m := range phantoms(9) {
		h.signed(refuseAll([]imei.IMEI{m}), "ministry/amina")
	}
	return h.file()
}

func (w *World) attackBackdated(o *operator) (file, bool) {
	h, ok := w.thief(o)
	if !ok {
		return file{}, false
	}
	d := w.draft(receipt.Measure, office("decide"), 0, list.OpsText(refuseAll(phantoms(801))))
	proposal := h.size
	h.time = w.witness.facts[o.Size()-1].time // as early as the node can believe
	h.add(receipt.Proposal, office("decide"), 0, d.Content.Bytes(), nil)
	h.time = w.forgedTime()
	d.Approvals = []receipt.Approval{w.sign(&d, "ministry/amina"), w.sign(&d, "regulator/chidi")}
	h.enact(d, proposal)
	return h.file()
}

func (w *World) attackByStrangers(o *operator) (file, bool) {
	h, ok := w.thief(o)
	if !ok {
		return file{}, false
	}
	d := &receipt.Directory{Organisations: w.directory.Organisations, Nodes: w.directory.Nodes}
	strangers := *w
	strangers.keys = map[string]ed25519Key{"ministry/x": w.newKey(), "regulator/y": w.newKey()}
	d.Persons = map[string]ed25519Public{"ministry/x": strangers.public("ministry/x"), "regulator/y": strangers.public("regulator/y")}
	h.w = &strangers
	h.enact(strangers.draft(receipt.Founding, office("founders"), 0, d.Bytes(), "ministry/x", "regulator/y"), 0)
	h.signed(refuseAll(w.nation.devices[:2]), "ministry/x", "regulator/y")
	return h.file()
}

func (w *World) attackByDenominator(o *operator) (file, bool) {
	h, ok := w.thief(o)
	if !ok {
		return file{}, false
	}
	a := list.Active{Pairs: 900_000_000, Day: "2026-11-22"}
	by := []string{"ministry/amina", "ministry/bela"}[:w.dice.IntN(3)]
	h.enact(w.draft(receipt.Denominator, office("decide"), 0, a.Bytes(), by...), 0)
	h.signed(refuseAll(phantoms(20)), "ministry/amina")
	return h.file()
}

func (w *World) attackByPolicy(o *operator) (file, bool) {
	h, ok := w.thief(o)
	if !ok {
		return file{}, false
	}
	p := list.Policy{Rule: "new", Version: "v1", Status: list.Prohibited, Ground: list.Fraud, Ceiling: 1_000_000}
	at := h.size
	h.enact(w.draft(receipt.Policy, office("decide"), 0, p.Bytes(), "ministry/amina"), 0)
	h.measure(receipt.Author{Sort: receipt.Rule, Name: "new"}, at, refuseAll(w.nation.devices), nil)
	return h.file()
}

func (w *World) attackFromTomorrow(o *operator) (file, bool) {
	h, ok := w.thief(o)
	if !ok {
		return file{}, false
	}
	h.time = w.now.Add(time.Hour)
	h.signed(refuseAll(w.nation.devices[1:2]), "ministry/amina", "regulator/chidi")
	return h.file()
}

func (w *World) attackBackwards(o *operator) (file, bool) {
	h, ok := w.thief(o)
	if !ok {
		return file{}, false
	}
	h.add("remark", office("portal"), 0, []byte("nothing\n"), nil)
	h.time = h.time.Add(-time.Second)
	h.signed(refuseAll(phantoms(1)), w.two()...)
	return h.file()
}

// honest makes the honest delta for a node to the head, of some stream: whoever has the log's key
// need not wait for what is published.
func (w *World) honest(o *operator, stream string) (*list.Delta, *list.Manifest, bool) {
	if o.Size() == 0 || o.Size() >= w.memory.state().head.Size {
		return nil, nil, false
	}
	p := w.processes[0]
	var f *enforce.File
	w.must(p.view(w.ctx, func(s *step) error {
		head, err := s.Head(w.ctx)
		if err == nil {
			f, err = p.publisher.Delta(w.ctx, s, stream, o.Size(), head.Head)
		}
		return err
	}))
	d, err := list.ParseDelta(f.Body)
	w.must(err)
	m, err := list.OpenManifest(f.Manifest, w.log)
	w.must(err)
	return d, m, true
}

func (w *World) sealed(d *list.Delta, m *list.Manifest) (file, bool) {
	body := d.Bytes()
	manifest, err := m.Seal(body, w.signer)
	w.must(err)
	return file{"", manifest, body}, true
}

func (w *World) attackOtherStream(o *operator) (file, bool) {
	d, m, ok := w.honest(o, list.National)
	if !ok {
		return file{}, false
	}
	return w.sealed(d, m)
}

// attackSecret puts an act between honest ones that two organisations signed and no log holds.
func (w *World) attackSecret(o *operator) (file, bool) {
	d, m, ok := w.honest(o, o.name)
	if !ok {
		return file{}, false
	}
	for i := o.Size(); i < m.Head.Size; i++ {
		at, shown := slices.BinarySearchFunc(d.Evidence.Entries, i, func(e receipt.Entry, i uint64) int { return cmp.Compare(e.Record.Index, i) })
		if shown {
			continue
		}
		h, _ := w.thief(o)
		h.size, h.time = i, w.witness.facts[i].time
		h.signed(refuseAll(phantoms(1)), w.two()...)
		d.Evidence.Entries = slices.Insert(d.Evidence.Entries, at, h.entries...)
		before := slices.IndexFunc(d.Ops, func(o list.Op) bool { return o.Line.Act > i })
		if before < 0 {
			before = len(d.Ops)
		}
		d.Ops = slices.Insert(d.Ops, before, h.ops...)
		after := o.lists.Replica.Table().Clone()
		after.Apply(d.Ops)
		m.After = after.Digest()
		return w.sealed(d, m)
	}
	return file{}, false
}

func (w *World) attackDigest(o *operator) (file, bool) {
	d, m, ok := w.honest(o, o.name)
	if !ok {
		return file{}, false
	}
	m.After[3] ^= 1
	return w.sealed(d, m)
}

// attackRewritten tells the node another history of before it stood where it stands.
func (w *World) attackRewritten(o *operator) (file, bool) {
	h, ok := w.thief(o)
	if !ok || o.Size() < 3 {
		return file{}, false
	}
	h.size = o.Size() - 1
	for range 3 {
		h.add("remark", office("portal"), 0, []byte("nothing\n"), nil)
	}
	return h.file()
}

// attackChanged changes what an honest delta says that its acts set.
func (w *World) attackChanged(o *operator) (file, bool) {
	d, m, ok := w.honest(o, o.name)
	if !ok {
		return file{}, false
	}
	for i := range d.Ops {
		if l := &d.Ops[i].Line; !d.Ops[i].Drop && l.Class == list.Listed {
			l.Ground = list.Court
			after := o.lists.Replica.Table().Clone()
			after.Apply(d.Ops)
			m.After = after.Digest()
			return w.sealed(d, m)
		}
	}
	return file{}, false
}

// attackOtherLog begins a node that has no list with a log of the same key and other founders.
func (w *World) attackOtherLog(o *operator) (file, bool) {
	if o.Size() > 0 || w.founders == (receipt.Digest{}) {
		return file{}, false
	}
	h := w.otherLog(o)
	return h.file()
}
