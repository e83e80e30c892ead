package store_test

import (
	"testing"

	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/store"
	"github.com/openceir/openceir/internal/store/storetest"
)

// dialects are the two databases: each gives the configuration of a new and empty register.
var dialects = []struct {
	name string
	make func(testing.TB) store.Config
}{
	{"sqlite", func(t testing.TB) store.Config { return store.Config{Data: t.TempDir()} }},
	{"postgres", func(t testing.TB) store.Config { return store.Config{URL: storetest.Postgres(t)} }},
}

func open(t testing.TB, c store.Config) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestConformance(t *testing.T) {
	for _, d := range dialects {
		t.Run(d.name, func(t *testing.T) {
			storetest.Run(t, func(t testing.TB) func() ledger.Store {
				c := d.make(t)
				return func() ledger.Store { return open(t, c) }
			})
		})
	}
}

// Without the lock that lets writers wait for one another, PostgreSQL's serialization and the
// compare-and-set alone keep two processes from forking the ledger.
func TestRacingWriters(t *testing.T) {
	c := store.Config{URL: storetest.Postgres(t)}
	lost := storetest.TwoProcesses(t, func() ledger.Store { return store.Racing(open(t, c)) }, 6)
	t.Logf("a process gave up %d times", lost)
}
