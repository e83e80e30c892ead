package receipt

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/subscriber"
)

// example is a small log, the same each time: fixed keys, salts and times.
type example struct {
	t       testing.TB
	signer  note.Signer
	log     note.Verifier
	logKey  string
	entries []Entry
	hashes  memory
	drawn   uint64
	now     time.Time
}

// Read draws randomness that is the same each time.
func (x *example) Read(b []byte) (int, error) {
	for i := 0; i < len(b); i += 32 {
		x.drawn++
		h := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("example randomness "), x.drawn))
		copy(b[i:], h[:])
	}
	return len(b), nil
}

func newExample(t testing.TB) *example {
	x := &example{t: t, now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	secret, public, err := note.GenerateKey(x, "log.example")
	if err != nil {
		t.Fatal(err)
	}
	x.logKey = public
	if x.signer, err = note.NewSigner(secret); err != nil {
		t.Fatal(err)
	}
	if x.log, err = note.NewVerifier(public); err != nil {
		t.Fatal(err)
	}
	return x
}

func privateKey(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("example key of " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

// exampleDirectory names the persons.
func exampleDirectory(persons ...string) *Directory {
	d := &Directory{Organisations: map[string][]subscriber.PLMN{"ministry": nil, "north": {"00101", "00104"}},
		Persons: map[string]ed25519.PublicKey{}, Nodes: map[string]ed25519.PublicKey{}}
	for _, p := range persons {
		d.Persons[p] = privateKey(p).Public().(ed25519.PublicKey)
	}
	d.Nodes["north/eir-1"] = privateKey("north/eir-1").Public().(ed25519.PublicKey)
	return d
}

// draft is an act to add. Signers approve, or ask if they are the author.
type draft struct {
	kind      Kind
	by        Author
	authority uint64
	body      string
	personal  string
	signers   []string
	change    func(*Record)
}

func (x *example) add(d draft) *Entry {
	e := Entry{Effect: x.opening(d.body)}
	c := Content{Kind: d.kind, By: d.by, Authority: d.authority, Effect: e.Effect.Commitment()}
	x.Read(c.Key[:])
	if d.personal != "" {
		e.Personal = x.opening(d.personal)
		c.Personal = e.Personal.Commitment()
	}
	x.now = x.now.Add(time.Minute)
	r := &Record{Index: uint64(len(x.entries)), Time: x.now, Content: c}
	if d.kind == Measure {
		r.Refuses = 1
	}
	for _, who := range d.signers {
		v := Approve
		if d.by == (Author{Person, who}) {
			v = Asks
		}
		r.Approvals = append(r.Approvals, Sign(privateKey(who), who, v, c.Digest()))
	}
	slices.SortStableFunc(r.Approvals, func(a, b Approval) int { return cmp.Compare(a.Person, b.Person) })
	if d.change != nil {
		d.change(r)
	}
	e.Record = r
	h, err := tlog.StoredHashesForRecordHash(int64(len(x.entries)), r.LeafHash(), x.hashes)
	if err != nil {
		x.t.Fatal(err)
	}
	x.entries, x.hashes = append(x.entries, e), append(x.hashes, h...)
	return &x.entries[len(x.entries)-1]
}

func (x *example) opening(body string) *Opening {
	o, err := NewOpening(x, []byte(body))
	if err != nil {
		x.t.Fatal(err)
	}
	return o
}

func (x *example) head() Head {
	root, err := tlog.TreeHash(int64(len(x.entries)), x.hashes)
	if err != nil {
		x.t.Fatal(err)
	}
	return Head{uint64(len(x.entries)), root}
}

// receipt proves the entries with the indices.
func (x *example) receipt(indices ...int) *Receipt {
	var shown []Entry
	for _, i := range indices {
		shown = append(shown, *x.entries[i].About(func(line []byte) bool { return bytes.Contains(line, []byte("35227301638634")) }))
	}
	b, err := NewBundle(uint64(len(x.entries)), shown, x.hashes)
	if err != nil {
		x.t.Fatal(err)
	}
	h, err := x.head().Sign(x.signer)
	if err != nil {
		x.t.Fatal(err)
	}
	m, err := imei.Parse("35227301638634")
	if err != nil {
		x.t.Fatal(err)
	}
	return &Receipt{m, h, b}
}

var (
	office   = Author{Office, "decide"}
	founding = draft{kind: Founding, by: Author{Office, "founders"}, signers: []string{"ministry/amina", "north/cyra"},
		body: string(exampleDirectory("ministry/amina", "ministry/bela", "north/cyra").Bytes())}
	clones = draft{kind: Policy, by: office, signers: []string{"ministry/bela"},
		body: "rule clones\nversion 3fa94be07d11c2aa\nstatus prohibited\nground duplicate\nceiling 5\ndry-run 3\n"}
)

// country is the example that is published: record 4 bars a phone on two persons' word, record 5
// does on a rule's, with two others that the receipt does not show; record 6 is of a kind that only the ledger knows.
func country(t testing.TB) *example {
	x := newExample(t)
	x.add(founding)
	x.add(draft{kind: Denominator, by: office, signers: []string{"ministry/amina", "north/cyra"}, body: "active 112345\nday 2026-11-22\n"})
	x.add(clones)
	x.add(draft{kind: Founding, by: office, signers: []string{"ministry/bela", "north/cyra"},
		body: string(exampleDirectory("ministry/amina", "ministry/bela", "north/cyra", "north/dani").Bytes())})
	x.add(draft{kind: Measure, by: Author{Person, "ministry/amina"}, signers: []string{"ministry/amina", "north/dani"},
		body: "set listed 35227301638634 prohibited barred\n", personal: "The phone was imported without duty being paid; see file 2026/1187."})
	x.add(draft{kind: Measure, by: Author{Rule, "clones"}, authority: 2,
		body:     "set listed 35227301638626 prohibited duplicate\nset listed 35227301638634 prohibited duplicate\nset listed 35227301638642 prohibited duplicate\n",
		personal: "Five subscribers used it on one day.\nFour subscribers used it on one day in places 900 km apart.\nSix subscribers used it on one day.\n"})
	x.add(draft{kind: "step", by: office, body: "{}"})
	return x
}
