package detect

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/openceir/openceir/internal/device"
)

// stolen holds for a device on the stolen list with a status that asks for a block, seen or not
// (Q.5051). Values that identify no device cannot be claimed, so they never match.
type stolen struct{}

func (*stolen) kind() string    { return "stolen" }
func (*stolen) params() []param { return nil }

func (*stolen) row(b *bench) (device.Stolen, bool) {
	row := b.marks.Stolen
	return row, b.marks.OnStolen && row.Blocks() && !b.nonIdentifying()
}

func (d *stolen) judge(b *bench, _ window) (bool, device.Day) {
	_, ok := d.row(b)
	return ok, 0
}

func (d *stolen) explain(b *bench, _ window, evidence map[string]string) (device.Day, int) {
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

func (d *tacNotAllocated) judge(b *bench, _ window) (bool, device.Day) {
	if b.facts.TACs == nil || b.model() >= 0 {
		return false, 0
	}
	if tac, _ := b.tac(); !d.includeTest && (b.nonIdentifying() || b.h.Text == "" && tac.Test()) {
		return false, 0
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
	_, days := d.delay(b)
	return first + device.Day(days)
}

// delay returns the reporting body, "none" where the first two characters are no digits, and how
// long its codes take.
func (d *tacNotAllocated) delay(b *bench) (body string, days int) {
	if text := b.h.Text; text != "" {
		if len(text) < 2 || !digit(text[0]) || !digit(text[1]) {
			return "none", 0
		}
		return text[:2], d.delays[int(text[0]-'0')*10+int(text[1]-'0')]
	}
	n := b.h.IMEI.TAC() / 1_000_000
	return fmt.Sprintf("%02d", n), d.delays[n]
}

func (d *tacNotAllocated) explain(b *bench, _ window, evidence map[string]string) (device.Day, int) {
	body, days := d.delay(b)
	put(evidence, "tac", "%s", b.head(8))
	put(evidence, "first_seen", "%s", b.firstSeen())
	put(evidence, "delay_days", "%d for body %s", days, body)
	return d.due(b), 0
}
