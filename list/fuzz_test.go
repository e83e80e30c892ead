package list

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/receipt"
)

var update = flag.Bool("update", false, "write the published vectors anew")

// published is the example that strangers verify against: a list of three lines in the stream of
// the operator north, and the delta that bars one device more and releases another.
func published(t testing.TB) (w *world, snapshot, delta *file) {
	w = newWorld(t)
	w.add(act{kind: receipt.Policy, body: (&Policy{Rule: "clones", Version: "3fa94be07d11c2aa", Status: Prohibited, Ground: Duplicate, Ceiling: 50, DryRun: 20}).Bytes(),
		signers: []string{eva}})
	w.add(act{kind: receipt.Measure, by: rule("clones"), authority: 2,
		body: []byte("set pair 35227301638634 allowed duplicate subscriber imsi-001010123456789 overrides duplicate\n")})
	w.add(act{kind: receipt.Measure, by: rule("clones"), authority: 2, body: []byte("set listed 35227301638634 prohibited duplicate\n"), writer: Effect{Refuses: 3}})
	w.add(act{kind: receipt.Measure, by: person(amina), signers: []string{amina}, body: []byte("set listed 35999901 prohibited not-allocated\n")})
	snapshot = w.snapshot()
	from := w.size()
	w = w.fork()
	w.add(act{kind: receipt.Measure, by: person(amina), signers: []string{amina, cyra}, body: []byte(
		"set listed 35227301638699 prohibited stolen\ndrop listed 35999901 prohibited not-allocated\n"), writer: Effect{Refuses: 1, Releases: 1}})
	return w, snapshot, w.delta(from)
}

func TestVectors(t *testing.T) {
	w, snapshot, delta := published(t)
	m1, b1 := snapshot.sealed()
	m2, b2 := delta.sealed()
	for name, text := range map[string][]byte{
		"snapshot.note": m1,
		"snapshot.hex":  []byte(hex.Dump(b1)),
		"delta.note":    m2,
		"delta.txt":     b2,
		"index.txt":     (&Index{Size: w.size(), Snapshot: "6.snapshot", Deltas: []string{"6-7.delta"}}).Bytes(),
		"digest.txt":    []byte(receipt.Digest(delta.table.Digest()).String() + "\n"),
	} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(text, want) {
			t.Errorf("%s is not what is published (%v)", name, err)
		}
	}
	r := w.replica()
	apply(t, r, snapshot, nil, w.now)
	apply(t, r, delta, nil, w.now)
}

func same(t *testing.T, what string, in, out []byte) {
	if !bytes.Equal(in, out) {
		t.Errorf("%s %q prints as %q", what, in, out)
	}
}

func FuzzTexts(f *testing.F) {
	w, snapshot, delta := published(f)
	m, _ := snapshot.sealed()
	manifest, _, _ := bytes.Cut(m, []byte("\n\n"))
	for _, seed := range [][]byte{delta.body(), append(manifest, '\n'), (&Index{Size: 7, Snapshot: "6.snapshot", Deltas: []string{"6-7.delta"}}).Bytes(),
		w.entries[1].Effect.Body, w.entries[2].Effect.Body, w.entries[3].Effect.Body, w.entries[6].Effect.Body,
		[]byte("listed 35227301638634 prohibited barred version 02"), []byte("listed 35227301638634-35227301638699 tracked barred"),
		[]byte("openceir delta 1\nops 67108864\n"), []byte("openceir delta 1\nops 0\ngrowth 128\n"), []byte("size 0\nsnapshot ..\n"), []byte("stolen,lost"), {0}} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if v, err := ParseLine(string(in)); err == nil {
			same(t, "line", in, []byte(v.String()))
			if err := v.check(); err != nil {
				t.Errorf("line %q: %v", in, err)
			}
		}
		if v, err := ParseOp(string(in)); err == nil {
			same(t, "op", in, []byte(v.String()))
		}
		if v, err := ParseOps(in, 7); err == nil {
			same(t, "ops", in, OpsText(v))
			Count(NewTable(nil), v, Nobody{})
		}
		if v, err := ParseDelta(in); err == nil {
			same(t, "delta", in, v.Bytes())
		}
		if v, err := parseManifest(string(in)); err == nil {
			same(t, "manifest", in, []byte(v.text()))
		}
		if v, err := ParseIndex(in); err == nil {
			same(t, "index", in, v.Bytes())
			for _, name := range append(v.Deltas, v.Snapshot) {
				if filepath.Base(name) != name || name[0] == '.' {
					t.Errorf("the file name %q leads elsewhere", name)
				}
			}
		}
		if v, err := ParsePolicy(in); err == nil {
			same(t, "policy", in, v.Bytes())
		}
		if v, err := ParseActive(in); err == nil {
			same(t, "denominator", in, v.Bytes())
		}
	})
}

// Any bytes may claim to be a snapshot: reading them never leaves the file nor stops the process.
func FuzzSnapshot(f *testing.F) {
	w, snapshot, _ := published(f)
	f.Add(snapshot.body())
	empty, err := NewTable(nil).Snapshot(nothing)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(empty)
	f.Add([]byte(snapshotMagic))
	f.Fuzz(func(t *testing.T, in []byte) {
		in = bytes.Clone(in)[:len(in):len(in)]
		s, err := OpenSnapshot(in)
		if err != nil {
			return
		}
		table := NewTable(s)
		n := 0
		for l := range table.Lines() {
			n++
			_ = l.String()
			table.Decide(&Query{IMEI: l.From % (imei.Max + 1), Version: AnyVersion})
			table.Find(l.Key())
		}
		table.Digest()
		table.Device(35227301638634)
		table.Clone().Apply([]Op{{Line: numbered(1)}})
		Count(table, []Op{{Line: numbered(1)}, {Line: wideLine(1)}}, Nobody{})
		if evidence, err := s.Evidence(); err == nil {
			if again, err := table.Snapshot(evidence); err == nil {
				if reread, err := OpenSnapshot(again); err == nil && NewTable(reread).Digest() == [32]byte{} {
					t.Error("no digest")
				}
			}
		}
		r := w.replica()
		m := snapshot.m
		msg, err := m.Seal(in, w.signer)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Apply(msg, in, nil, w.now); err == nil && !bytes.Equal(in, snapshot.body()) {
			t.Error("other bytes were believed")
		}
	})
}
