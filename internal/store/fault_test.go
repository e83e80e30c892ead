package store_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/internal/store"
	"github.com/openceir/openceir/internal/store/storetest"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// Each statement of a batch fails once before and once after it took effect: nothing of the batch is
// there, or, where the COMMIT itself took effect, all of it; and the same sequencer goes on and
// takes the same acts.
func TestEachStatementFails(t *testing.T) {
	for _, d := range dialects {
		t.Run(d.name, func(t *testing.T) {
			s := open(t, d.make(t))
			b := &broken{T: t, story: storetest.Tell(t, storetest.New(t, s, 1)), sound: s}
			n := 0
			for _, after := range []bool{false, true} {
				for b.round(after) {
					n++
				}
			}
			t.Logf("%d statements failed", n)
		})
	}
}

type broken struct {
	*testing.T
	story *storetest.Story
	sound ledger.Store
	at    int    // the next statement to fail
	batch int    // number of the next batch
	size  uint64 // records, if known
}

// round fails one statement of one batch. It returns false once all have failed.
func (b *broken) round(after bool) bool {
	drafts := b.drafts()
	before := b.size
	if before == 0 {
		before = b.story.Clean(b.T).Size
	}
	f := &store.Failing{At: b.at, After: after}
	if b.at++; testing.Short() {
		b.at += 2
	}
	b.story.Seq.Store = store.Inject(b.sound.(*store.Store), f)
	err := b.append(drafts)
	b.story.Seq.Store = b.sound
	if f.Seen <= f.At {
		if err != nil {
			b.Fatal(err)
		}
		b.at, b.size = 0, 0
		return false
	}
	if !errors.Is(err, store.ErrInjected) {
		b.Fatalf("statement %d failed and the batch ended with %v", f.At, err)
	}
	whole := before + uint64(len(drafts)) + 1
	want := before
	if f.Committed {
		want = whole
	}
	if size := b.story.Clean(b.T).Size; size != want {
		b.Errorf("statement %d failed (after it took effect: %v) and there are %d records, want %d", f.At, after, size, want)
	}
	if err := b.append(drafts); err != nil {
		b.Errorf("after statement %d failed: %v", f.At, err)
	}
	if b.size = b.story.Clean(b.T).Size; b.size != whole {
		b.Errorf("after statement %d failed, %d records were added to %d", f.At, b.size-before, before)
	}
	return true
}

// append appends the drafts and erases the personal part of the first.
func (b *broken) append(drafts []ledger.Draft) error {
	return b.story.Seq.Do(b.Context(), func(_ ledger.Tx, batch *ledger.Batch) error {
		var first uint64
		for i, d := range drafts {
			index, err := batch.Append(d)
			if err != nil {
				return err
			}
			if i == 0 {
				first = index
			}
		}
		err := batch.Erase(first, storetest.Office("privacy"))
		if problem.Of(err) == problem.Conflict {
			return nil // asked again, after a COMMIT that took effect
		}
		return err
	})
}

// drafts writes to every kind of table.
func (b *broken) drafts() []ledger.Draft {
	b.batch++
	name := func(what string) string { return fmt.Sprintf("%s of batch %d", what, b.batch) }
	file := b.story.FileA
	file.Digest = ledger.KeyOf(name("file")).String()
	part := device.Part{Digest: ledger.KeyOf(name("part")).String(), Table: ledger.TableFindings, Rows: int64(b.batch), Bytes: 9}
	changes := ledger.Detection{Upto: uint64(b.batch), Added: []device.Part{part}, Gone: []ledger.FindingPart{{Act: 11, Digest: part.Digest}}}
	line := list.Line{Class: list.Listed, From: storetest.Spare + 1, To: storetest.Spare + 1, Status: list.Tracked, Ground: list.Court, Version: list.AnyVersion}
	var out []ledger.Draft
	for _, a := range []struct {
		kind           receipt.Kind
		body, personal []byte
	}{
		{ledger.KindDay, ledger.Encode(ledger.Day{Day: device.Day(b.batch)}), []byte("somebody's name")},
		{ledger.KindFile, ledger.Encode(file), nil},
		{ledger.KindFindings, ledger.Encode(changes), nil},
		{ledger.KindNode, ledger.Encode(device.NodeReport{Node: "south/eir-1", Size: uint64(b.batch), State: device.InForce}), nil},
	} {
		out = append(out, b.story.Draft(b.T, name(string(a.kind)), receipt.Content{Kind: a.kind, By: storetest.Office("test")}, a.body, a.personal))
	}
	return append(out, b.story.Draft(b.T, name("measure"), receipt.Content{Kind: receipt.Measure, By: storetest.Person("ministry/amina")},
		list.OpsText([]list.Op{{Line: line}}), nil, "ministry/amina"))
}

// A full disk is said to be that, loses nothing, and is forgotten when there is room again.
func TestFullDisk(t *testing.T) {
	s := open(t, dialects[0].make(t))
	st := storetest.Tell(t, storetest.New(t, s, 1))
	if err := store.Full(t.Context(), s, true); err != nil {
		t.Fatal(err)
	}
	d := st.Draft(t, "large", receipt.Content{Kind: ledger.KindConditions, By: storetest.Office("test")}, bytes.Repeat([]byte{1}, 1<<20), nil)
	if _, err := st.Seq.Submit(t.Context(), d); !errors.Is(err, problem.Busy) {
		t.Errorf("on a full disk: %v, want %v", err, problem.Busy)
	}
	st.Clean(t)
	if err := store.Full(t.Context(), s, false); err != nil {
		t.Fatal(err)
	}
	st.Must(t, d)
	st.Clean(t)
}

// A register file that is damaged stops the writing: nothing more is acknowledged on it.
func TestDamagedFile(t *testing.T) {
	c := dialects[0].make(t)
	s, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	storetest.Tell(t, storetest.New(t, s, 1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	scribble(t, filepath.Join(c.Data, "register.sqlite"))
	if s, err = store.Open(t.Context(), c); err != nil {
		return // seen at once
	}
	defer s.Close()
	r := storetest.New(t, s, 1)
	write := func() error {
		_, err := r.Seq.Submit(t.Context(), r.Draft(t, "after", receipt.Content{Kind: ledger.KindStep, By: storetest.Office("test")},
			ledger.Encode(ledger.Step{Stage: "s"}), nil))
		return err
	}
	if err := write(); problem.Of(err) != problem.Broken {
		t.Errorf("on a damaged file: %v, want %v", err, problem.Broken)
	}
	if err := s.Update(t.Context(), func(ledger.Tx) error { return nil }); !errors.Is(err, problem.Broken) {
		t.Errorf("after that: %v, want %v", err, problem.Broken)
	}
}

// scribble overwrites every page but the first two, which hold the schema.
func scribble(t *testing.T, name string) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	for at := int64(3 * page); at < info.Size(); at += page {
		if _, err := f.WriteAt(bytes.Repeat([]byte{0xa5}, page), at); err != nil {
			t.Fatal(err)
		}
	}
}

// What was erased is in no file of an embedded register any more.
func TestErasedFromTheFiles(t *testing.T) {
	c := dialects[0].make(t)
	st := storetest.Tell(t, storetest.New(t, open(t, c), 1)) // ends with an erasure
	err := st.Seq.Do(t.Context(), func(_ ledger.Tx, b *ledger.Batch) error { return b.Erase(st.Enacted, storetest.Office("privacy")) })
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(c.Data, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{string(storetest.ErasedText), "case 17", base64.StdEncoding.EncodeToString([]byte("case 17"))} { // as JSON keeps it
			if strings.Contains(string(content), text) {
				t.Errorf("%s still holds %q, which was erased", filepath.Base(name), text)
			}
		}
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s is open to others: %v %v", filepath.Base(name), info.Mode(), err)
		}
	}
	st.Clean(t)
}

// Killing a process shows nothing about power cuts: that each COMMIT is synced is a setting of the
// connection that writes.
func TestSyncedCommit(t *testing.T) {
	for _, d := range dialects {
		t.Run(d.name, func(t *testing.T) {
			c := d.make(t)
			questions := map[string]string{"PRAGMA synchronous": "2", "PRAGMA journal_mode": "wal", "PRAGMA secure_delete": "1"}
			if c.URL != "" {
				rawOf(t, c).must("ALTER ROLE postgres SET synchronous_commit = off")
				defer rawOf(t, c).must("ALTER ROLE postgres RESET synchronous_commit")
				questions = map[string]string{"SHOW synchronous_commit": "on", "SHOW fsync": "on", "SHOW transaction_isolation": "repeatable read"}
			}
			s := open(t, c)
			for ask, want := range questions {
				if got, err := store.Ask(t.Context(), s, ask); got != want || err != nil {
					t.Errorf("%s: %q (%v), want %q", ask, got, err, want)
				}
			}
		})
	}
}

// What is not a register's address is refused with a word on what to do.
func TestOpenRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []store.Config{{}, {Data: "a", URL: "b"}, {Data: file}, {URL: "postgres://nobody@127.0.0.1:1/none"}, {URL: "no url"}} {
		if s, err := store.Open(t.Context(), c); err == nil {
			s.Close()
			t.Errorf("%+v was opened", c)
		}
	}
	c := dialects[0].make(t)
	open(t, c)
	rawOf(t, c).must("INSERT INTO schema (version, digest) VALUES (99, 'of a newer program')")
	if _, err := store.Open(t.Context(), c); !errors.Is(err, problem.Refused) {
		t.Errorf("a register of a newer program: %v, want %v", err, problem.Refused)
	}
}
