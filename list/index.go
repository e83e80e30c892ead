package list

import (
	"fmt"
	"strings"
)

// Index says what a stream's directory offers to a node that starts: the newest snapshot and the
// deltas that lead from it to the newest size. It is unsigned, for the files prove themselves.
//
//	size 4211
//	snapshot 4000.snapshot
//	delta 4000-4100.delta
//	delta 4100-4211.delta
type Index struct {
	Size     uint64
	Snapshot string
	Deltas   []string
}

// Bytes returns the index's text.
func (x *Index) Bytes() []byte {
	b := fmt.Appendf(nil, "size %d\nsnapshot %s\n", x.Size, x.Snapshot)
	for _, d := range x.Deltas {
		b = fmt.Appendf(b, "delta %s\n", d)
	}
	return b
}

// ParseIndex reads an index.
func ParseIndex(text []byte) (*Index, error) {
	x := new(Index)
	s := &scanner{rest: string(text)}
	x.Size = s.count("size", 1<<63-1)
	x.Snapshot = s.name("snapshot")
	for s.err == nil && s.rest != "" {
		x.Deltas = append(x.Deltas, s.name("delta"))
	}
	if s.err != nil {
		return nil, fmt.Errorf("reading the index of a stream: %w", s.err)
	}
	return x, nil
}

// name reads a line "kind FILE": letters, digits and points, so that it leads nowhere else.
func (s *scanner) name(kind string) string {
	v, ok := strings.CutPrefix(s.line(), kind+" ")
	strange := func(r rune) bool { return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r == '-' || r == '.') }
	if !ok || v == "" || v[0] == '.' || strings.ContainsFunc(v, strange) {
		s.fail("a line %q with the name of a file is missing", kind)
	}
	return v
}
