package store_test

import (
	"testing"

	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/store"
	"github.com/openceir/openceir/internal/store/storetest"
)

func sqliteStore(t testing.TB) *store.Store {
	return opened(t, store.Config{Data: t.TempDir()})
}

func postgresStore(t testing.TB) *store.Store {
	return opened(t, store.Config{URL: storetest.Postgres(t)})
}

func opened(t testing.TB, c store.Config) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

var dialects = map[string]func(testing.TB) *store.Store{"sqlite": sqliteStore, "postgres": postgresStore}

func TestQuick(t *testing.T) {
	for name, open := range dialects {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			st := storetest.Tell(t, storetest.New(t, s, 1))
			r := st.Clean(t)
			t.Logf("%+v", r)
		})
	}
}

var _ ledger.Store
