package receipt

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

var update = flag.Bool("update", false, "write the published vectors anew")

// The published vectors: what strangers verify against. They change only with the format's version.
func TestVectors(t *testing.T) {
	x := country(t)
	r := x.receipt(0, 1, 2, 3, 4, 5)
	measure := x.entries[4].Record
	a := measure.Approvals[1]
	for name, text := range map[string][]byte{
		"log.key":       []byte(x.logKey + "\n"),
		"head.note":     r.Head,
		"content.txt":   measure.Content.Bytes(),
		"record.txt":    measure.Bytes(),
		"leaf.hex":      []byte(hex.EncodeToString(leaf(measure)) + "\n"),
		"approval.txt":  approvalText(a.Person, a.Verdict, measure.Content.Digest()),
		"approval.sig":  []byte(hex.EncodeToString(a.Signature) + "\n"),
		"directory.txt": x.entries[0].Effect.Body,
		"bundle.txt":    r.Bundle.Bytes(),
		"receipt.txt":   r.Bytes(),
	} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(text, want) {
			t.Errorf("%s is not what is published (%v):\n%s", name, err, text)
		}
	}
	for i := range x.entries { // every text reads back to itself
		if got, err := ParseRecord(x.entries[i].Record.Bytes()); err != nil || !bytes.Equal(got.Bytes(), x.entries[i].Record.Bytes()) {
			t.Errorf("record %d: %v", i, err)
		}
	}
	got, err := Parse(r.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	h, err := got.Verify(x.log)
	if err != nil || h != x.head() {
		t.Fatalf("the example does not verify: %v", err)
	}
	if err := got.VerifyUnder(h); err != nil {
		t.Fatal(err)
	}
	peeked, err := PeekHead(r.Head)
	if err != nil || peeked != h {
		t.Fatalf("peeked at another head: %v", err)
	}
}

func leaf(r *Record) []byte { h := r.LeafHash(); return h[:] }

// A verifier written from the documentation alone, in another language and without our code, agrees.
func TestStrangersVerifier(t *testing.T) {
	if testing.Short() {
		t.Skip("needs python3")
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal("python3 is not there: run make deps")
	}
	verify := func(text []byte) (string, error) {
		path := filepath.Join(t.TempDir(), "receipt")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(python, "testdata/verify.py", "testdata/log.key", path).CombinedOutput()
		return string(out), err
	}
	x := country(t)
	good := x.receipt(0, 1, 2, 3, 4, 5).Bytes()
	if out, err := verify(good); err != nil || !strings.Contains(out, "set listed 35227301638634 prohibited barred") {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := verify(x.receipt(0, 2, 3, 5).Bytes()); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for i := 40; i < len(good); i += len(good)/20 + 1 {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		if out, err := verify(bad); err == nil {
			t.Errorf("byte %d changed, and the stranger believes it:\n%s", i, out)
		}
	}
	for name, r := range unsupported(t) {
		if out, err := verify(r.Bytes()); err == nil {
			t.Errorf("%s, and the stranger believes it:\n%s", name, out)
		}
	}
}

// unsupported are receipts whose records are all in the log, and that prove nothing all the same.
func unsupported(t testing.TB) map[string]*Receipt {
	all := []string{"ministry/amina", "ministry/bela", "north/cyra"}
	bar := draft{kind: Measure, by: office, signers: all[:1], body: "set listed 35227301638634 prohibited barred\n"}
	log := func(show []int, drafts ...draft) *Receipt {
		x := newExample(t)
		for _, d := range drafts {
			x.add(d)
		}
		if show == nil {
			for i := range drafts {
				show = append(show, i)
			}
		}
		return x.receipt(show...)
	}
	with := func(d draft, change func(*draft)) draft { change(&d); return d }
	self := draft{kind: Founding, by: office, signers: []string{"ministry/x", "north/y"}, body: string(exampleDirectory("ministry/x", "north/y").Bytes())}
	hidden := log(nil, founding, bar)
	hidden.Bundle.Entries[0].Effect = nil
	return map[string]*Receipt{
		"nobody signed":                    log(nil, founding, with(bar, func(d *draft) { d.signers = nil })),
		"no directory":                     log([]int{1}, founding, bar),
		"directory not shown":              hidden,
		"first directory is not the first": log([]int{1, 2}, founding, self, with(bar, func(d *draft) { d.signers = []string{"ministry/x"} })),
		"directory vouches for itself":     log(nil, founding, self),
		"directory of one organisation":    log(nil, founding, with(self, func(d *draft) { d.signers = []string{"ministry/amina", "ministry/bela"} })),
		"founders of one organisation":     log(nil, with(founding, func(d *draft) { d.signers = []string{"ministry/amina", "ministry/bela"} }), bar),
		"denominator of one organisation":  log(nil, founding, draft{kind: Denominator, by: office, signers: all[:2], body: "active 1\nday 2026-11-22\n"}),
		"policy that nobody signed":        log(nil, founding, with(clones, func(d *draft) { d.signers = nil })),
		"rests on what is not shown":       log([]int{0, 2}, founding, clones, with(bar, func(d *draft) { d.by, d.authority, d.signers = Author{Rule, "clones"}, 1, nil })),
		"rests on no policy":               log(nil, founding, bar, with(bar, func(d *draft) { d.by, d.authority, d.signers = Author{Rule, "clones"}, 1, nil })),
		"rests on another rule's policy":   log(nil, founding, clones, with(bar, func(d *draft) { d.by, d.authority, d.signers = Author{Rule, "clone"}, 1, nil })),
		"person on a rule's policy":        log(nil, founding, clones, with(bar, func(d *draft) { d.by, d.authority, d.signers = Author{Office, "clones"}, 1, nil })),
		"denied": log(nil, founding, with(bar, func(d *draft) {
			d.change = func(r *Record) {
				r.Approvals[0] = Sign(privateKey("ministry/amina"), "ministry/amina", Deny, r.Content.Digest())
			}
		})),
		"signed twice":                  log(nil, founding, with(bar, func(d *draft) { d.signers = []string{"ministry/amina", "ministry/amina"} })),
		"author's signature is missing": log(nil, founding, with(bar, func(d *draft) { d.by = Author{Person, "ministry/bela"} })),
		"author approves": log(nil, founding, with(bar, func(d *draft) {
			d.by = Author{Person, "ministry/amina"}
			d.change = func(r *Record) {
				r.Approvals[0] = Sign(privateKey("ministry/amina"), "ministry/amina", Approve, r.Content.Digest())
			}
		})),
		"asked by who is not the author": log(nil, founding, with(bar, func(d *draft) {
			d.change = func(r *Record) {
				r.Approvals[0] = Sign(privateKey("ministry/amina"), "ministry/amina", Asks, r.Content.Digest())
			}
		})),
		"signed with another's key":         log(nil, founding, with(bar, func(d *draft) { d.change = func(r *Record) { r.Approvals[0].Person = "ministry/bela" } })),
		"unknown person":                    log(nil, founding, with(bar, func(d *draft) { d.signers = []string{"ministry/gregor"} })),
		"signed before they were appointed": log(nil, founding, with(bar, func(d *draft) { d.signers = []string{"north/dani"} }), country(t).asDraft(3)),
	}
}

// asDraft repeats a record's act.
func (x *example) asDraft(i int) draft {
	e := x.entries[i]
	d := draft{kind: e.Record.Content.Kind, by: e.Record.Content.By, body: string(e.Effect.Body)}
	for _, a := range e.Record.Approvals {
		d.signers = append(d.signers, a.Person)
	}
	return d
}

func TestUnsupported(t *testing.T) {
	for name, r := range unsupported(t) {
		got, err := Parse(r.Bytes())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, err := got.Verify(country(t).log); err == nil {
			t.Errorf("%s: it was believed", name)
		}
	}
}

// Any byte changed, and any cut, is found.
func TestDamage(t *testing.T) {
	x := country(t)
	good := x.receipt(0, 1, 2, 3, 4, 5).Bytes()
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1 << (i % 8)
		// The IMEI on the receipt is the asker's word; the acts say what they are about.
		if r, err := Parse(bad); err == nil && bytes.Equal(r.Bytes()[len("openceir receipt 1\nimei 35227301638634"):], good[len("openceir receipt 1\nimei 35227301638634"):]) {
			continue
		} else if err == nil {
			if _, err := r.Verify(x.log); err == nil {
				t.Fatalf("byte %d changed and believed", i)
			}
		}
		if _, err := Parse(good[:i]); err == nil {
			t.Fatalf("cut at byte %d and read", i)
		}
	}
	r, _ := Parse(good)
	h := x.head()
	h.Root[0] ^= 1
	if r.VerifyUnder(h) == nil {
		t.Error("believed under another root")
	}
	h = x.head()
	h.Size++
	if r.VerifyUnder(h) == nil {
		t.Error("believed under another size")
	}
}

// Texts that mean the same as ours are not ours.
func TestOneTextOnly(t *testing.T) {
	x := country(t)
	r := x.receipt(0, 4)
	bundle := string(r.Bundle.Bytes())
	for name, change := range map[string][2]string{
		"leading zero":      {"size 7", "size 07"},
		"plus sign":         {"size 7", "size +7"},
		"base64 over lines": {"=\n", "=\r\n"},
		"empty value":       {"record 0", "record "},
	} {
		bad := strings.Replace(bundle, change[0], change[1], 1)
		if name == "empty value" {
			bad = strings.Replace(bundle, "\nproof ", "\neffect \nproof ", 1)
		}
		if _, err := ParseBundle([]byte(bad)); err == nil || bad == bundle {
			t.Errorf("%s: read", name)
		}
	}
	a := x.entries[4].Record.Approvals[0].String()
	for _, bad := range []string{a + "\r", a + " ", " " + a, strings.Replace(a, "==", "", 1), strings.Replace(a, "asks", "ASKS", 1), strings.Replace(a, "/", "//", 1)} {
		if _, err := ParseApproval(bad); err == nil {
			t.Errorf("approval %q was read", bad)
		}
	}
	for _, bad := range []string{"2026-11-23T10:00:00,000000Z", "2026-11-23T10:00:00Z", "2026-11-23T10:00:00.000000+00:00", ""} {
		if _, err := ParseTime(bad); err == nil {
			t.Errorf("time %q was read", bad)
		}
	}
	d := string(x.entries[0].Effect.Body)
	key := strings.Fields(d[strings.Index(d, "person "):])[2]
	for name, bad := range map[string]string{
		"one key twice":        d[:strings.Index(d, "node ")] + "person north/dora " + key + "\n" + d[strings.Index(d, "node "):],
		"a node with it":       d[:strings.Index(d, "node ")] + "node north/eir-1 " + key + "\n",
		"one network twice":    strings.Replace(d, "organisation ministry", "organisation ministry 00101", 1),
		"out of order":         strings.Replace(d, "organisation ministry\norganisation north 00101,00104\n", "organisation north 00101,00104\norganisation ministry\n", 1),
		"person of nobody":     strings.Replace(d, "person north/cyra", "person south/cyra", 1),
		"without a line's end": strings.TrimSuffix(d, "\n"),
	} {
		if _, err := ParseDirectory([]byte(bad)); err == nil {
			t.Errorf("directory with %s was read", name)
		}
	}
}

// A head names its log in what is signed, not only beside the signature.
func TestHeadOfAnotherLog(t *testing.T) {
	x := country(t)
	msg, err := note.Sign(&note.Note{Text: x.head().text("other.example")}, x.signer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenHead(msg, x.log); err == nil {
		t.Error("the head of another log was opened")
	}
	for _, bad := range []string{"", "a\n1\n", "a\n01\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "a\n1\nAAAA\n"} {
		if _, err := PeekHead([]byte(bad + "\n")); err == nil {
			t.Errorf("the head %q was read", bad)
		}
	}
}

func TestRecordHasSortedApprovals(t *testing.T) {
	r := *country(t).entries[4].Record
	r.Approvals = slices.Clone(r.Approvals)
	slices.Reverse(r.Approvals)
	if _, err := ParseRecord(r.Bytes()); err == nil {
		t.Error("a record with its approvals out of order was read")
	}
}

func TestSupportDoesNotNeedOrder(t *testing.T) {
	x := country(t)
	r := *x.entries[4].Record
	amina := r.Approvals[0]
	r.Approvals = []Approval{amina, r.Approvals[1], amina}
	d, _ := ParseDirectory(x.entries[3].Effect.Body)
	if _, err := d.Support(&r); err == nil {
		t.Error("a person counted twice with another between")
	}
	r.Approvals = r.Approvals[:2]
	s, err := d.Support(&r)
	if err != nil || !slices.Equal(s.Persons, []string{"ministry/amina", "north/dani"}) || !slices.Equal(s.Organisations, []string{"ministry", "north"}) {
		t.Errorf("%v %v", s, err)
	}
	d.Persons["north/dani"] = ed25519.PublicKey("short")
	if _, err := d.Support(&r); err == nil {
		t.Error("a key that is none verified")
	}
}

func TestRangeHashes(t *testing.T) {
	m, _ := grow(t, 9)
	for _, r := range [][2]uint64{{3, 3}, {4, 3}} {
		if _, err := RangeHashes([][2]uint64{r}, m); err == nil {
			t.Errorf("the empty subtree %v has a root", r)
		}
	}
	for _, bad := range [][]uint64{{9}, {3, 3}, {4, 3}} {
		if _, err := Prove(9, bad, m); err == nil {
			t.Errorf("leaves %v were proved", bad)
		}
	}
	if _, err := Root(9, []uint64{1}, nil, nil); err == nil {
		t.Error("an index without its leaf was folded")
	}
	if _, err := Root(0, nil, nil, m[:1]); err == nil {
		t.Error("an empty tree took a proof")
	}
}

func FuzzTexts(f *testing.F) {
	x := country(f)
	r := x.receipt(0, 1, 2, 3, 4, 5)
	for _, seed := range [][]byte{r.Bytes(), r.Bundle.Bytes(), r.Head, x.entries[4].Record.Bytes(), x.entries[4].Record.Content.Bytes(),
		x.entries[0].Effect.Body, []byte(x.entries[4].Record.Approvals[0].String()), []byte("openceir bundle 1\nsize 9\nentries 268435456\n"),
		[]byte("openceir bundle 1\nsize 9\nentries 0\nproof 9223372036854775807\n"), []byte("2026-11-23T10:00:00.000000Z"), {0}} {
		f.Add(seed)
	}
	same := func(t *testing.T, what string, in, out []byte) {
		if !bytes.Equal(in, out) {
			t.Errorf("%s %q prints as %q", what, in, out)
		}
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if v, err := Parse(in); err == nil {
			same(t, "receipt", in, v.Bytes())
			v.Verify(x.log)
			v.VerifyUnder(Head{Size: v.Bundle.Size})
			v.Bundle.Signatures()
		}
		if v, err := ParseBundle(in); err == nil {
			same(t, "bundle", in, v.Bytes())
			v.Verify(Head{Size: v.Size})
			v.Signatures()
		}
		if v, err := ParseRecord(in); err == nil {
			same(t, "record", in, v.Bytes())
		}
		if v, err := ParseContent(in); err == nil {
			same(t, "content", in, v.Bytes())
		}
		if v, err := ParseDirectory(in); err == nil {
			same(t, "directory", in, v.Bytes())
		}
		if v, err := ParseApproval(string(in)); err == nil {
			same(t, "approval", in, []byte(v.String()))
		}
		if v, err := ParseAuthor(string(in)); err == nil {
			same(t, "author", in, []byte(v.String()))
		}
		if v, err := ParseTime(string(in)); err == nil {
			same(t, "time", in, []byte(FormatTime(v)))
		}
		if v, err := ParseDigest(string(in)); err == nil {
			same(t, "digest", in, []byte(v.String()))
		}
		if v, err := PeekHead(in); err == nil {
			name, _, _ := strings.Cut(string(in), "\n")
			text, _, _ := strings.Cut(string(in), "\n\n")
			same(t, "head", []byte(text+"\n"), []byte(v.text(name)))
		}
	})
}
