package detect

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

// stolen holds for a device on the stolen list with a status that asks for a block, seen or not
// (Q.5051). Values that identify no device cannot be claimed, so they never match.
type stolen struct{}

func (*stolen) kind() string    { return "stolen" }
func (*stolen) params() []param { return nil }

func (*stolen) row(b *bench) (device.Stolen, bool) {
	if b.facts.Stolen == nil {
		return device.Stolen{}, false
	}
	row, listed := b.facts.Stolen.Stolen(b.h.IMEI)
	if !listed || !row.Blocks() {
		return row, false
	}
	_, none := imei.NonIdentifying(b.h.IMEI)
	return row, !none
}

func (d *stolen) judge(b *bench, _ int) (bool, device.Day) {
	_, ok := d.row(b)
	return ok, 0
}

func (d *stolen) explain(b *bench, _ int, evidence map[string]string) (device.Day, int) {
	row, _ := d.row(b)
	put(evidence, "stolen_list", "listed")
	if row.Reported == 0 {
		return b.asOf, 0
	}
	put(evidence, "reported", "%s", row.Reported)
	return row.Reported, 0
}

// tacNotAllocated holds for a device whose type allocation code is in no directory, from as many
// days after its first sighting as new codes of that reporting body take to get there. Test ranges
// and values that identify no device are left alone unless asked for.
type tacNotAllocated struct {
	delays      [100]int // days, by the first two digits of the code
	feedMaxAge  int      // days after which the directory is too old to accuse anybody
	includeTest bool
}

func (*tacNotAllocated) kind() string { return "tac_not_allocated" }

func (d *tacNotAllocated) params() []param {
	var delays []string
	for body, days := range d.delays {
		if days > 0 {
			delays = append(delays, fmt.Sprintf(`"%02d": %d`, body, days))
		}
	}
	return []param{
		{"delay_days", "{" + strings.Join(delays, ", ") + "}"},
		{"feed_max_age_days", strconv.Itoa(d.feedMaxAge)},
		{"include_test", strconv.FormatBool(d.includeTest)},
	}
}

// readDelays reads a mapping of reporting bodies, two digits each, to days.
func (d *tacNotAllocated) readDelays(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return refuse(n, `delay_days must be a mapping such as {"35": 20}, not %s`, shape(n))
	}
	var lines [100]int
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		body, err := strconv.Atoi(key.Value)
		if key.Kind != yaml.ScalarNode || err != nil || len(key.Value) != 2 || key.Value[0] < '0' || key.Value[0] > '9' {
			return refuse(key, "delay_days has the key %s; write the two digits of a reporting body in quotes", shape(key))
		}
		if lines[body] != 0 {
			return refuse(key, "delay_days has the key %q twice, first on line %d; keep one", key.Value, lines[body])
		}
		lines[body] = key.Line
		if err := integer(fmt.Sprintf("the delay of %q", key.Value), 0, maxWindow, &d.delays[body]).read(n.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (d *tacNotAllocated) judge(b *bench, _ int) (bool, device.Day) {
	tac := b.h.IMEI.TAC()
	if b.facts.TACs == nil || b.facts.TACs.Known(tac) {
		return false, 0
	}
	if !d.includeTest {
		if _, none := imei.NonIdentifying(b.h.IMEI); none || tac.Test() {
			return false, 0
		}
	}
	due := d.due(b)
	switch {
	case due == never:
		return false, 0
	case due > b.asOf:
		return false, due
	}
	return true, 0
}

// due returns the day on which the delay has run out, never for a device not seen.
func (d *tacNotAllocated) due(b *bench) device.Day {
	first := b.firstSeen()
	if first == never {
		return never
	}
	return first + device.Day(d.delays[b.h.IMEI.TAC()/1_000_000])
}

func (d *tacNotAllocated) explain(b *bench, _ int, evidence map[string]string) (device.Day, int) {
	tac := b.h.IMEI.TAC()
	put(evidence, "tac", "%s", tac)
	put(evidence, "first_seen", "%s", b.firstSeen())
	put(evidence, "delay_days", "%d for body %02d", d.delays[tac/1_000_000], tac/1_000_000)
	return d.due(b), 0
}
