package store_test

import (
	"testing"

	"github.com/openceir/openceir/internal/store"
	"github.com/openceir/openceir/internal/store/storetest"
)

func TestQuick(t *testing.T) {
	s, err := store.Open(t.Context(), store.Config{Data: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	st := storetest.Tell(t, storetest.New(t, s, 1))
	r := st.Clean(t)
	t.Logf("%+v", r)
}
