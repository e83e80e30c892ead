package detect

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/openceir/openceir/internal/device"
)

// The dimensions that lists and the form of the identifier answer. All but stolen and barred hold
// for devices only that a network saw.

// malformed holds for an identifier whose normal form is not 14 digits.
type malformed struct{}

func (*malformed) kind() string    { return "malformed" }
func (*malformed) params() []param { return nil }

func (*malformed) judge(b *bench, _ window) (bool, device.Day) { return b.h.Text != "", 0 }

func (*malformed) explain(b *bench, _ window, evidence map[string]string) (device.Day, int) {
	put(evidence, "identifier", "%s", b.h.Text)
	return b.firstSeen(), 0
}

// barred holds for a device on the barred list, seen or not.
type barred struct{}

func (*barred) kind() string    { return "barred" }
func (*barred) params() []param { return nil }

func (*barred) judge(b *bench, _ window) (bool, device.Day) {
	return b.marks.OnBarred && !b.nonIdentifying(), 0
}

func (*barred) explain(b *bench, _ window, evidence map[string]string) (device.Day, int) {
	put(evidence, "barred_list", "listed since %s", b.marks.Barred)
	return min(b.asOf, b.marks.Barred), 0
}

// barredTAC holds for a device of a barred model.
type barredTAC struct{}

func (*barredTAC) kind() string    { return "barred_tac" }
func (*barredTAC) params() []param { return nil }

func (*barredTAC) judge(b *bench, _ window) (bool, device.Day) {
	tac, ok := b.tac()
	if !ok || len(b.facts.BarredTACs) == 0 {
		return false, 0
	}
	if in := &b.facts.BarredTACs[0]; tac != b.lastBarred || in != b.barredIn {
		_, b.isBarred = slices.BinarySearch(b.facts.BarredTACs, tac)
		b.lastBarred, b.barredIn = tac, in
	}
	return b.isBarred, 0
}

func (*barredTAC) explain(b *bench, _ window, evidence map[string]string) (device.Day, int) {
	put(evidence, "barred_tac", "%s", b.head(8))
	return 0, 0
}

// testTAC holds for a device whose code is in a range for test equipment: those that the peers
// know (0010 with 01 to 17 after it, 0044, 0086, 0091), or all of the bodies 00 and 02 to 09.
type testTAC struct{ allBodies bool }

func (*testTAC) kind() string { return "test_tac" }
func (d *testTAC) params() []param {
	return []param{{"all_bodies", strconv.FormatBool(d.allBodies)}}
}

func (d *testTAC) judge(b *bench, _ window) (bool, device.Day) {
	if b.h.Text != "" {
		return d.text(b.h.Text), 0
	}
	tac := b.h.IMEI.TAC()
	if d.allBodies {
		return tac.Test(), 0
	}
	four, two := tac/10_000, tac/100%100
	return four == 10 && two >= 1 && two <= 17 || four == 44 || four == 86 || four == 91, 0
}

// text judges the beginning of a malformed identifier.
func (d *testTAC) text(s string) bool {
	if d.allBodies {
		return len(s) >= 2 && s[0] == '0' && digit(s[1]) && s[1] != '1'
	}
	if len(s) >= 6 && s[:4] == "0010" {
		return s[4:6] >= "01" && s[4:6] <= "17" && digit(s[5])
	}
	return len(s) >= 4 && (s[:4] == "0044" || s[:4] == "0086" || s[:4] == "0091")
}

func (*testTAC) explain(b *bench, _ window, evidence map[string]string) (device.Day, int) {
	put(evidence, "test_tac", "%s", b.head(8))
	return 0, 0
}

// monitored holds for a device that has been on the monitoring list for so many days. The day on
// which a list is adopted counts from the day after the last complete one.
type monitored struct{ forDays int }

func (*monitored) kind() string { return "monitored" }
func (d *monitored) params() []param {
	return []param{{"for_days", strconv.Itoa(d.forDays)}}
}

func (d *monitored) judge(b *bench, _ window) (bool, device.Day) {
	if !b.marks.OnMonitored {
		return false, 0
	}
	if due := b.marks.Monitored + device.Day(d.forDays) - 1; d.forDays > 0 && due > b.asOf {
		return false, due
	}
	return true, 0
}

func (*monitored) explain(b *bench, _ window, evidence map[string]string) (device.Day, int) {
	put(evidence, "monitoring_list", "listed since %s", b.marks.Monitored)
	return min(b.asOf, b.marks.Monitored), 0
}

// exempt are device types of the directory that need not be on a list. A code that is in no
// directory has no type and is not exempt.
type exempt struct{ types []string }

func (d *exempt) reads(kind device.FileKind) needs {
	if len(d.types) > 0 {
		return needOf[kind] | needOf[device.FileTAC]
	}
	return needOf[kind]
}

func (d *exempt) params() []param {
	if len(d.types) == 0 {
		return nil
	}
	var quoted []string
	for _, t := range d.types {
		quoted = append(quoted, strconv.QuoteToASCII(t))
	}
	return []param{{"exempt_device_types", "[" + strings.Join(quoted, ", ") + "]"}}
}

func (d *exempt) fields() []field {
	return []field{strs("exempt_device_types", func(s string) string {
		if s != strings.TrimSpace(s) {
			return "write it without spaces around it"
		}
		return prose(s)
	}, &d.types)}
}

// exempts reports whether the device's type is exempt.
func (d *exempt) exempts(b *bench) bool {
	if len(d.types) == 0 {
		return false
	}
	at := b.model()
	if at < 0 {
		return false
	}
	return d.spares(b.facts.TACs.types[b.facts.TACs.models[at].kind])
}

// notRegistered holds for a device that is not registered: not on the registration list, or only
// provisionally.
type notRegistered struct{ exempt }

func (*notRegistered) kind() string { return "not_registered" }

func (d *notRegistered) judge(b *bench, _ window) (bool, device.Day) {
	return !b.marks.Registered && !d.exempts(b), 0
}

func (*notRegistered) explain(b *bench, _ window, evidence map[string]string) (device.Day, int) {
	put(evidence, "registration_list", "not registered")
	return 0, 0
}

// notAssociated holds for a device that no person is associated with.
type notAssociated struct{ exempt }

func (*notAssociated) kind() string { return "not_associated" }

func (d *notAssociated) judge(b *bench, _ window) (bool, device.Day) {
	return !b.marks.Associated && !d.exempts(b), 0
}

func (*notAssociated) explain(b *bench, _ window, evidence map[string]string) (device.Day, int) {
	put(evidence, "device_association_list", "no person")
	return 0, 0
}

// strs reads a list of texts, each once.
func strs(key string, check func(string) string, into *[]string) field {
	return field{name: key, read: func(n *yaml.Node) error {
		if n.Kind != yaml.SequenceNode || len(n.Content) > maxListed {
			return refuse(n, "%s must be a list of at most %d texts, not %s", key, maxListed, shape(n))
		}
		for _, item := range n.Content {
			var s string
			if err := text(key, check, &s).read(item); err != nil {
				return err
			}
			if slices.Contains(*into, s) {
				return refuse(item, "%s has %q twice; keep one", key, clip(s))
			}
			*into = append(*into, s)
		}
		return nil
	}}
}
