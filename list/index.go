package list

import (
	"fmt"
	"strconv"
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
	var err error
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch {
		case name == "size":
			x.Size, err = strconv.ParseUint(value, 10, 63)
		case strings.ContainsAny(value, "/\\"):
			err = fmt.Errorf("%q is no file name", value)
		case name == "snapshot":
			x.Snapshot = value
		case name == "delta":
			x.Deltas = append(x.Deltas, value)
		default:
			err = fmt.Errorf("it has a line %q", line)
		}
		if err != nil {
			return nil, fmt.Errorf("reading the index of a stream: %w", err)
		}
	}
	return x, nil
}
