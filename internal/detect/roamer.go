package detect

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// usedBy holds for a device that was seen in the window with an IMSI of one of three sorts: of the
// networks given, of another network of their countries, or of a foreign country.
type usedBy struct {
	who      sort
	networks []string // five or six digits each

	homes     []uint32 // the networks by their first six digits, five-digit ones times ten
	countries []uint16
}

// sort is whose an IMSI is.
type sort uint8

const (
	home     sort = iota // of a network given
	national             // of another network with the country code of one
	foreign              // of any other country
)

var sortNames = []string{"home", "national", "foreign"}

func (*usedBy) kind() string { return "used_by" }

func (d *usedBy) params() []param {
	return []param{{"subscriber", sortNames[d.who]}, {"networks", `["` + strings.Join(d.networks, `", "`) + `"]`}}
}

func (d *usedBy) fields() []field {
	var who string
	name := text("subscriber", oneOf(sortNames...), &who)
	read := name.read
	name.read = func(n *yaml.Node) error {
		err := read(n)
		d.who = sort(max(0, slices.Index(sortNames, who)))
		return err
	}
	networks := strs("networks", func(s string) string {
		if _, err := subscriber.ParsePLMN(s); err != nil {
			return "write the country code and the network code, five or six digits in quotes"
		}
		return ""
	}, &d.networks)
	return []field{name, must(field{name: "networks", read: func(n *yaml.Node) error {
		if err := networks.read(n); err != nil {
			return err
		}
		if len(d.networks) == 0 {
			return refuse(n, "networks must name at least one network")
		}
		for _, p := range d.networks {
			six := number6(p)
			d.homes = append(d.homes, six)
			d.countries = append(d.countries, uint16(six/1000))
		}
		return nil
	}})}
}

// number6 returns five or six digits as six.
func number6(p string) (n uint32) {
	for i := range 6 {
		n *= 10
		if i < len(p) {
			n += uint32(p[i] - '0')
		}
	}
	return n
}

// sortOf returns whose an IMSI is.
func (d *usedBy) sortOf(i subscriber.IMSI) sort {
	i = i.Digits()
	six := uint32(i / 1_000_000_000)
	if i >= 20_000_000_000_000 && i < 100_000_000_000_000 {
		six = uint32(i / 100_000_000) // fourteen digits
	}
	for k, h := range d.homes {
		if h == six || len(d.networks[k]) == 5 && h == six/10*10 {
			return home
		}
	}
	if slices.Contains(d.countries, uint16(six/1000)) {
		return national
	}
	return foreign
}

func (d *usedBy) judge(b *bench, w window) (bool, device.Day) {
	_, last := d.span(b, w)
	if last < 0 {
		return false, 0
	}
	return true, b.base + device.Day(last+w.days)
}

// span returns the first and last bit of the window on which such an IMSI was seen, -1 if none was.
func (d *usedBy) span(b *bench, w window) (first, last int) {
	start := b.start(w)
	first, last = b.horizon, -1
	for i := range b.h.Days {
		row := &b.h.Days[i]
		if row.IMSI == 0 || d.sortOf(row.IMSI) != d.who {
			continue
		}
		days := b.past(row)
		back := int(b.month - row.Month)
		if days == 0 || back >= len(b.offsets) || b.offsets[back] < -31 {
			continue
		}
		low, high := bitsOf(days)
		if at := b.offsets[back] + high; at >= start {
			last = max(last, at)
			for low < high && b.offsets[back]+low < start {
				days &= days - 1
				low, high = bitsOf(days)
			}
			first = min(first, b.offsets[back]+low)
		}
	}
	return first, last
}

func (d *usedBy) explain(b *bench, w window, evidence map[string]string) (device.Day, int) {
	first, last := d.span(b, w)
	put(evidence, "used_by", "%s subscriber, %s..%s", sortNames[d.who], b.base+device.Day(first), b.base+device.Day(last))
	return b.base + device.Day(first), 0
}
