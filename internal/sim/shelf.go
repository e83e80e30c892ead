package sim

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
)

// shelf is the lake as far as this world has one: parts of findings by digest, which nobody changes.
type shelf map[string][]ledger.FindingRow

// keep writes a part.
func (s shelf) keep(rows map[string]ledger.FindingRow) device.Part {
	var part []ledger.FindingRow
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		part = append(part, rows[key])
	}
	text := ledger.Encode(part)
	sum := sha256.Sum256(text)
	p := device.Part{Digest: hex.EncodeToString(sum[:]), Table: ledger.TableFindings, Rows: int64(len(part)), Bytes: int64(len(text))}
	s[p.Digest] = part
	return p
}

// open returns the findings that parts leave open, by key.
func (s shelf) open(parts []ledger.PartRow) map[string]device.Finding {
	out := map[string]device.Finding{}
	for _, p := range parts {
		for _, row := range s[p.Part.Digest] {
			if row.Closed {
				delete(out, row.Finding.Key())
			} else {
				out[row.Finding.Key()] = row.Finding
			}
		}
	}
	return out
}

// findingParts returns the parts of findings in the order in which they count.
func findingParts(ctx context.Context, t ledger.Tx) ([]ledger.PartRow, error) {
	out, err := rows(ctx, &step{Tx: t}, ledger.Parts, func(p ledger.PartRow) bool { return p.Part.Table == ledger.TableFindings })
	slices.SortFunc(out, func(a, b ledger.PartRow) int { return cmp.Compare(a.Key(), b.Key()) })
	return out, err
}
