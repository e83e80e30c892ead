package store_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/store"
	"github.com/openceir/openceir/internal/store/storetest"
	"github.com/openceir/openceir/receipt"
)

const (
	writers  = 8  // submitting at the same time in a process that will be killed
	lives    = 20 // kills of one register, before a new one: a long ledger takes long to verify each time
	longest  = 40 * time.Millisecond
	writerIn = "OPENCEIR_KILL_WRITER" // holds the life of a writer process
)

// kills is how many times a test kills: enough to be worth its time, fewer in the short run, and as
// many as OPENCEIR_KILLS says for a proof.
func kills(t *testing.T, usual, short int) int {
	if s := os.Getenv("OPENCEIR_KILLS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("OPENCEIR_KILLS=%q is no number", s)
		}
		return max(1, n*usual/1000)
	}
	if testing.Short() {
		return short
	}
	return usual
}

// life is what a writer process is told: where the register is, and the number of the act that each
// of its writers begins with. That act may have been written in an earlier life and never been
// acknowledged: its key makes asking again harmless.
type life struct {
	Config  store.Config
	Begin   [writers]int
	Planted string // "early" for a writer that acknowledges too early
}

// ack is one acknowledged act: number n of a writer is at the index.
type ack struct {
	writer, n int
	index     uint64
}

func act(t testing.TB, r *storetest.Register, writer, n int) ledger.Draft {
	return r.Draft(t, actName(writer, n), receipt.Content{Kind: ledger.KindNode, By: storetest.Office("feed")},
		ledger.Encode(device.NodeReport{Node: fmt.Sprintf("north/eir-%d", writer), Size: uint64(n), State: device.InForce}), nil)
}

func actName(writer, n int) string { return fmt.Sprintf("writer %d act %d", writer, n) }

// TestWriterProcess is no test: it is the process that TestKilledWriter kills. It appends as fast
// as it can and writes what was acknowledged to its file descriptor 3, a pipe that outlives it.
func TestWriterProcess(t *testing.T) {
	var l life
	if os.Getenv(writerIn) == "" {
		t.Skip("it runs only as the child of TestKilledWriter")
	}
	if err := json.Unmarshal([]byte(os.Getenv(writerIn)), &l); err != nil {
		t.Fatal(err)
	}
	out := os.NewFile(3, "acknowledged")
	s := open(t, l.Config)
	var kept ledger.Store = s
	if l.Planted == "early" {
		kept = early{s}
	}
	r := storetest.New(t, kept, 1)
	for w := range writers {
		go func() {
			for n := l.Begin[w]; ; n++ {
				index, err := r.Seq.Submit(t.Context(), act(t, r, w, n))
				if err != nil {
					fmt.Fprintf(out, "failed %v\n", err)
					return
				}
				fmt.Fprintf(out, "%d %d %d\n", w, n, index) // one write: it arrives whole or not at all
			}
		}()
	}
	select {}
}

// A writer killed at any moment, from its first instruction on, loses nothing it acknowledged: after
// the restart every act is there once, where it was acknowledged, and the register verifies.
func TestKilledWriter(t *testing.T) {
	for _, d := range dialects {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			n, seed := kills(t, 1000, 40), rand.Uint64()
			t.Logf("seed %d", seed)
			dice := rand.New(rand.NewPCG(seed, 0))
			acts, early := 0, 0
			for done := 0; done < n; done += lives {
				k := &killed{T: t, config: d.make(t)}
				k.live(dice, min(lives, n-done))
				k.fail()
				acts, early = acts+k.acts(), early+k.early
			}
			t.Logf("%d kills of the writer, %d of them before its first acknowledgement; %d acts acknowledged, 0 lost, 0 doubled, 0 out of order; %s",
				n, early, acts, bound(n))
		})
	}
}

// A writer that acknowledges before it has committed is caught, so that the counts above mean
// something.
func TestKillsCatchEarlyAcknowledgement(t *testing.T) {
	for _, d := range dialects {
		t.Run(d.name, func(t *testing.T) {
			k := &killed{T: t, config: d.make(t), planted: "early"}
			k.live(rand.New(rand.NewPCG(1, 0)), 12)
			if len(k.faults) == 0 {
				t.Errorf("%d acts were acknowledged before they were committed, the writer was killed 12 times, and nothing was missed", k.acts())
			}
		})
	}
}

// bound says what n kills without a loss show.
func bound(n int) string {
	return fmt.Sprintf("with 95 %% confidence at most %.3g %% of kills lose any (3/N)", min(100, 300/float64(n)))
}

// early acknowledges what is not committed yet: the fault that the kills must catch.
type early struct{ *store.Store }

func (e early) Update(ctx context.Context, f func(ledger.Tx) error) error {
	told := make(chan error, 2)
	go func() {
		told <- e.Store.Update(ctx, func(tx ledger.Tx) error {
			err := f(tx)
			told <- err
			time.Sleep(3 * time.Millisecond)
			return err
		})
	}()
	return <-told
}

// killed is a register whose writer is killed over and over, with what was acknowledged.
type killed struct {
	*testing.T
	config  store.Config
	planted string
	acked   [writers][]uint64 // index of each writer's acts, by number
	early   int               // kills before the first acknowledgement of a life
	faults  []string
}

func (k *killed) fault(format string, args ...any) {
	k.faults = append(k.faults, fmt.Sprintf(format, args...))
}

// fail fails the test with what was wrong.
func (k *killed) fail() {
	k.Helper()
	if len(k.faults) > 0 {
		k.Fatalf("%d faults, the first: %s", len(k.faults), k.faults[0])
	}
}

// acts returns how many acts were acknowledged.
func (k *killed) acts() (n int) {
	for _, a := range k.acked {
		n += len(a)
	}
	return n
}

// live lets the writer live and die n times, or until something is wrong.
func (k *killed) live(dice *rand.Rand, n int) {
	for i := 0; i < n && len(k.faults) == 0; i++ {
		k.once(dice.IntN(3) == 0, time.Duration(dice.Int64N(int64(longest))))
		k.check(i)
	}
}

// once starts a writer, kills it so long after its start or after its first acknowledgement, and
// takes down what it acknowledged.
func (k *killed) once(start bool, after time.Duration) {
	l := life{Config: k.config, Planted: k.planted}
	for w := range writers {
		l.Begin[w] = len(k.acked[w])
	}
	r, w, err := os.Pipe()
	if err != nil {
		k.Fatal(err)
	}
	defer r.Close()
	c := exec.Command(os.Args[0], "-test.run=^TestWriterProcess$")
	c.Env = append(os.Environ(), writerIn+"="+string(ledger.Encode(l)))
	c.ExtraFiles = []*os.File{w}
	if err := c.Start(); err != nil {
		k.Fatal(err)
	}
	w.Close()
	from := bufio.NewReader(r)
	if !start {
		from.Peek(1)
	}
	time.AfterFunc(after, func() { c.Process.Kill() })
	before := k.acts()
	k.read(from)
	c.Wait()
	if k.acts() == before {
		k.early++
	}
}

func (k *killed) read(r io.Reader) {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		var a ack
		if _, err := fmt.Sscanf(lines.Text(), "%d %d %d", &a.writer, &a.n, &a.index); err != nil {
			k.fault("the writer said %q", lines.Text())
		} else if a.n != len(k.acked[a.writer]) {
			k.fault("writer %d had act %d acknowledged after %d", a.writer, a.n, len(k.acked[a.writer])-1)
		} else {
			k.acked[a.writer] = append(k.acked[a.writer], a.index)
		}
	}
}

// check opens the register again and holds it against what was acknowledged.
func (k *killed) check(i int) {
	s, err := store.Open(k.Context(), k.config)
	if err != nil {
		k.Fatalf("kill %d: opening the register again: %v", i, err)
	}
	defer s.Close()
	r := storetest.New(k.T, s, 1)
	// In an Update, because the server may still be busy with what the dead writer last sent.
	err = s.Update(k.Context(), func(tx ledger.Tx) error {
		report, err := ledger.Verify(k.Context(), tx, r.Log, nil)
		if err != nil {
			return err
		}
		for _, f := range report.Faults {
			k.fault("kill %d: %s", i, f)
		}
		return k.compare(tx)
	})
	if err != nil {
		k.fault("kill %d: %v", i, err)
	}
}

// compare finds each acknowledged act at its index, and beyond them at most the one act that each
// writer was waiting for.
func (k *killed) compare(tx ledger.Tx) error {
	var keys []receipt.Digest
	for l, err := range tx.Leaves(k.Context(), 0) {
		e, err2 := receipt.ParseRecord(l.Text)
		if err := errors.Join(err, err2); err != nil {
			return err
		}
		keys = append(keys, e.Content.Key)
	}
	seen, known := map[receipt.Digest]bool{}, 0
	for w := range writers {
		for n, index := range k.acked[w] {
			if index >= uint64(len(keys)) || keys[index] != ledger.KeyOf("storetest", actName(w, n)) {
				k.fault("%s was acknowledged at %d and is not there", actName(w, n), index)
			}
			if n > 0 && index <= k.acked[w][n-1] {
				k.fault("%s is at %d, not after the one before it", actName(w, n), index)
			}
		}
		known += len(k.acked[w])
	}
	for i, key := range keys {
		if seen[key] {
			k.fault("record %d repeats a key", i)
		}
		seen[key] = true
	}
	if len(keys) < known || len(keys) > known+writers {
		k.fault("%d acts were acknowledged and %d records are there", known, len(keys))
	}
	return nil
}

// A PostgreSQL server stopped in the middle of everything, under the same writers, who ask again
// until they are answered: nothing acknowledged is lost, and nobody has to be restarted.
func TestKilledServer(t *testing.T) {
	if testing.Short() {
		t.Skip("PostgreSQL is left out of the short run")
	}
	n, seed := kills(t, 20, 0), rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	server := storetest.NewServer(t)
	k := &killed{T: t, config: store.Config{URL: server.Database(t)}}
	r := storetest.New(t, open(t, k.config), 1)
	stop := make(chan bool)
	var wait sync.WaitGroup
	for w := range writers {
		wait.Go(func() { k.write(r, w, stop) })
	}
	for range n {
		time.Sleep(time.Duration(100+dice.IntN(300)) * time.Millisecond)
		if err := server.Kill(); err != nil {
			t.Error(err)
		}
		if err := server.Start(); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	wait.Wait()
	k.check(n)
	k.fail()
	t.Logf("%d kills of the server; %d acts acknowledged, 0 lost, 0 doubled, 0 out of order; %s", n, k.acts(), bound(n))
}

// write submits one act after another, each until it is acknowledged.
func (k *killed) write(r *storetest.Register, w int, stop chan bool) {
	for {
		d := act(k.T, r, w, len(k.acked[w]))
		for {
			index, err := r.Seq.Submit(k.Context(), d)
			if err == nil {
				k.acked[w] = append(k.acked[w], index)
				break
			}
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
		select {
		case <-stop:
			return
		default:
		}
	}
}
