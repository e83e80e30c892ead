package sim

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/receipt"
)

// World is a country in one process.
type World struct {
	seed   uint64
	size   size
	ctx    context.Context
	dir    string // for list files
	dice   *rand.Rand
	random *rand.ChaCha8 // salts and keys
	plant  plant

	now         time.Time     // true time
	centreWrong time.Duration // by how much the centre's clock is wrong
	signer      note.Signer
	log         note.Verifier
	keys        map[string]ed25519.PrivateKey
	directory   *receipt.Directory // in force
	nation      nation
	founders    receipt.Digest

	memory    *Memory
	shelf     shelf
	processes [2]*process
	operators []*operator
	witness   *Witness

	acked    map[receipt.Digest]uint64 // acts acknowledged: their index
	barred   map[receipt.Digest]string // acts refused: why
	doubt    []ledger.Draft            // acts whose answer was an error of the store: to be asked again
	drafts   []ledger.Draft            // some acknowledged acts, to be asked again
	proposed map[receipt.Digest]bool   // acts that may still enter when their signatures suffice
	groups   [][]receipt.Digest        // acts of one transaction whose answer was an error
	open     []ledger.Draft            // proposed and not yet enacted, as far as the world knows
	past     []*register               // some states of the register, to be brought back
	story    []string
	tallies  map[string]int
}

// size is how large a world is.
type size struct {
	events    int
	operators int
}

// Limits of a world.
const (
	leastEvents = 90
	moreEvents  = 50
	lastTold    = 12 // events printed with a failure
	keptStates  = 40 // states of the register kept to be brought back
)

// newWorld draws a world from a seed. Its files are in dir.
func newWorld(seed uint64, dir string, p plant) *World {
	var key [32]byte
	copy(key[:], fmt.Sprintf("openceir world %d", seed))
	w := &World{seed: seed, ctx: context.Background(), dir: dir, dice: rand.New(rand.NewPCG(seed, 1)), random: rand.NewChaCha8(key), plant: p,
		now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), memory: NewMemory(), shelf: shelf{}, acked: map[receipt.Digest]uint64{},
		barred: map[receipt.Digest]string{}, proposed: map[receipt.Digest]bool{}, tallies: map[string]int{}}
	w.size = size{events: leastEvents + w.dice.IntN(moreEvents), operators: 2 + w.dice.IntN(3)}
	private, public, err := note.GenerateKey(w.random, "sim.openceir")
	w.must(err)
	w.signer, err = note.NewSigner(private)
	w.must(err)
	w.log, err = note.NewVerifier(public)
	w.must(err)
	w.drawPeople()
	w.drawNation()
	w.witness = newWitness(w.log, &w.nation)
	w.processes = [2]*process{w.start(), w.start()}
	for i := range w.size.operators {
		o := w.newOperator(i)
		w.must(w.plant.boot(o))
		w.operators = append(w.operators, o)
	}
	return w
}

// run tells the whole story and returns what is wrong with it.
func (w *World) run() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = w.failure(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	for n := range w.size.events {
		what := w.event(n)
		w.story = append(w.story, fmt.Sprintf("%3d %s  %s", n, w.now.Format("01-02 15:04"), what))
		if err := w.check(n); err != nil {
			return w.failure(err)
		}
	}
	if err := w.end(); err != nil {
		return w.failure(err)
	}
	return nil
}

func (w *World) failure(err error) error {
	last := w.story[max(0, len(w.story)-lastTold):]
	return fmt.Errorf("seed %d, event %d: %w\nthe last events:\n  %s\nagain: go test ./internal/sim -run World -seed %d",
		w.seed, len(w.story)-1, err, strings.Join(last, "\n  "), w.seed)
}

// must is for what can only go wrong if the world itself is wrong, or an answer contradicts another.
func (w *World) must(err error) {
	if err != nil {
		panic(err)
	}
}

// chance is true once in n.
func (w *World) chance(n int) bool { return w.dice.IntN(n) == 0 }

func (w *World) tally(what string) { w.tallies[what]++ }

func (w *World) trueTime() time.Time { return w.now }

func (w *World) centreTime() time.Time { return w.now.Add(w.centreWrong) }

func (w *World) anyProcess() *process { return w.processes[w.dice.IntN(2)] }

// submit asks for an act, and remembers what was answered.
func (w *World) submit(d ledger.Draft) string {
	index, err := w.anyProcess().sequencer.Submit(w.ctx, d)
	w.answered(d, index, err)
	return outcome(index, err)
}

func outcome(index uint64, err error) string {
	if err != nil {
		return fmt.Sprintf("answered: %v", err)
	}
	return fmt.Sprintf("answered: record %d", index)
}

// answered remembers an answer. An acknowledged act must be there from now on; a refused one must
// not; after an error of the store nobody knows, and whoever asked asks again.
func (w *World) answered(d ledger.Draft, index uint64, err error) {
	key := d.Content.Key
	switch {
	case err == nil:
		if was, ok := w.acked[key]; ok && was != index {
			w.must(fmt.Errorf("the key %s was acknowledged as record %d and as %d", key, was, index))
		}
		w.acked[key] = index
		delete(w.barred, key)
		if len(w.drafts) < 100 {
			w.drafts = append(w.drafts, d)
		}
		w.tally(string(d.Content.Kind) + " admitted")
	case problem.Of(err) == problem.Broken:
		w.doubt = append(w.doubt, d)
		w.tally("answered by an error")
	default:
		if _, there := w.acked[key]; !there && !w.proposed[key] {
			w.barred[key] = err.Error()
		}
		w.tally(string(d.Content.Kind) + " " + string(problem.Of(err)))
	}
}

// together asks for several acts in one transaction.
func (w *World) together(drafts []ledger.Draft) string {
	at := make([]uint64, len(drafts))
	err := w.anyProcess().sequencer.Do(w.ctx, func(_ ledger.Tx, b *ledger.Batch) error {
		for i, d := range drafts {
			var err error
			if at[i], err = b.Append(d); err != nil {
				return err
			}
		}
		return nil
	})
	var keys []receipt.Digest
	for i, d := range drafts {
		if err == nil || problem.Of(err) == problem.Broken {
			w.answered(d, at[i], err)
		}
		keys = append(keys, d.Content.Key)
	}
	if err != nil {
		w.groups = append(w.groups, keys)
	}
	return outcome(at[0], err)
}

// stages lets a process step its stages until they are idle.
func (w *World) stages() string {
	if err := w.anyProcess().runner.UntilIdle(w.ctx); err != nil {
		return fmt.Sprintf("the stages stop: %v", err)
	}
	return "the stages step"
}
