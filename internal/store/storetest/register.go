package storetest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/receipt"
	"github.com/openceir/openceir/subscriber"
)

// Register is a register under test with everybody who may sign in it.
type Register struct {
	Store ledger.Store
	Seq   *ledger.Sequencer
	Log   note.Verifier
	Clock *Clock

	random io.Reader
	skey   string
}

// LogName is the name of the log under test.
const LogName = "ceir.example"

// People are those who may sign: two in the ministry, one each at two operators.
var People = []string{"ministry/amina", "ministry/bela", "north/chidi", "south/dina"}

// New returns a register on the store. Everything random in it follows from the seed; two
// registers of one seed have the same keys, so that they can stand for two processes.
func New(t testing.TB, s ledger.Store, seed uint64) *Register {
	t.Helper()
	random := Random(seed, "log key")
	skey, vkey, err := note.GenerateKey(random, LogName)
	if err != nil {
		t.Fatal(err)
	}
	log, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	r := &Register{Store: s, Log: log, Clock: new(Clock), random: Random(seed, "salts"), skey: skey}
	r.Clock.Set(time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC))
	r.Seq = r.Sequencer(t, s)
	return r
}

// Sequencer returns one more sequencer of the register's log on a store, as another process has it.
func (r *Register) Sequencer(t testing.TB, s ledger.Store) *ledger.Sequencer {
	t.Helper()
	signer, err := note.NewSigner(r.skey)
	if err != nil {
		t.Fatal(err)
	}
	return &ledger.Sequencer{Store: s, Signer: signer, Log: r.Log, Now: r.Clock.Now, Random: r.random}
}

// Random returns a stream of random bytes, safe for concurrent use, that follows from the seed and
// what it is for.
func Random(seed uint64, purpose string) io.Reader {
	key := sha256.Sum256(fmt.Appendf(nil, "%d %s", seed, purpose))
	return &stream{from: rand.NewChaCha8(key)}
}

type stream struct {
	mu   sync.Mutex // guards from
	from *rand.ChaCha8
}

func (s *stream) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.from.Read(p)
}

// Clock is a clock that stands until it is set.
type Clock struct {
	mu  sync.Mutex // guards now
	now time.Time
}

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Set sets the time.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// Add moves the time, back where d is negative.
func (c *Clock) Add(d time.Duration) { c.Set(c.Now().Add(d)) }

// key returns a person's key; it follows from the name.
func key(person string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("key of " + person))
	return ed25519.NewKeyFromSeed(seed[:])
}

// Directory returns the directory of People and one node.
func Directory() *receipt.Directory {
	d := &receipt.Directory{
		Organisations: map[string][]subscriber.PLMN{"ministry": nil, "north": {"00101"}, "south": {"00102"}},
		Persons:       map[string]ed25519.PublicKey{},
		Nodes:         map[string]ed25519.PublicKey{"north/eir-1": key("north/eir-1").Public().(ed25519.PublicKey)},
	}
	for _, p := range People {
		d.Persons[p] = key(p).Public().(ed25519.PublicKey)
	}
	return d
}

// Draft makes an act of what content says, its key derived from a name, signed by the people.
func (r *Register) Draft(t testing.TB, name string, c receipt.Content, effect, personal []byte, signers ...string) ledger.Draft {
	t.Helper()
	if c.Key == (receipt.Digest{}) {
		c.Key = ledger.KeyOf("storetest", name)
	}
	d, err := ledger.NewDraft(r.random, c, effect, personal)
	if err != nil {
		t.Fatal(err)
	}
	return Signed(d, signers...)
}

// Signed adds people's approvals to a draft.
func Signed(d ledger.Draft, signers ...string) ledger.Draft {
	for _, p := range signers {
		d.Approvals = append(d.Approvals, Approval(p, &d.Content))
	}
	return d
}

// Approval is a person's approval of a content; its author asks.
func Approval(person string, c *receipt.Content) receipt.Approval {
	verdict := receipt.Approve
	if c.By == Person(person) {
		verdict = receipt.Asks
	}
	return receipt.Sign(key(person), person, verdict, c.Digest())
}

// Person, Rule and Office name authors.
func Person(name string) receipt.Author { return receipt.Author{Sort: receipt.Person, Name: name} }

// Rule names a rule as an author.
func Rule(name string) receipt.Author { return receipt.Author{Sort: receipt.Rule, Name: name} }

// Office names a part of the system as an author.
func Office(name string) receipt.Author { return receipt.Author{Sort: receipt.Office, Name: name} }

// Must appends an act that must enter and returns its index.
func (r *Register) Must(t testing.TB, d ledger.Draft) uint64 {
	t.Helper()
	index, err := r.Seq.Submit(t.Context(), d)
	if err != nil {
		t.Fatalf("submitting %s by %s: %v", d.Content.Kind, d.Content.By, err)
	}
	return index
}

// Verify checks the whole register.
func (r *Register) Verify(t testing.TB, held []byte) *ledger.Report {
	t.Helper()
	var report *ledger.Report
	err := r.Store.View(t.Context(), func(tx ledger.Tx) (err error) {
		report, err = ledger.Verify(t.Context(), tx, r.Log, held)
		return err
	})
	if err != nil {
		t.Fatalf("verifying: %v", err)
	}
	return report
}

// Clean fails the test unless the whole register verifies.
func (r *Register) Clean(t testing.TB) *ledger.Report {
	t.Helper()
	report := r.Verify(t, nil)
	for _, f := range report.Faults {
		t.Errorf("verify: %s", f)
	}
	if len(report.Faults) > 0 {
		t.FailNow()
	}
	return report
}
