package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/openceir/openceir/imei"
)

// op is an op of a measure as the witness reads it from its text.
type op struct {
	drop bool
	line
}

// line is a line of the list, as text and taken apart.
type line struct {
	text       string
	key        string // what makes it the same line
	class      string
	from, to   uint64
	status     string
	ground     string
	subscriber string
	overrides  []string
	version    int // -1 for all
	act        uint64
}

func readOps(body []byte, act uint64) (ops []op, err error) {
	for _, s := range strings.Split(strings.TrimSuffix(string(body), "\n"), "\n") {
		verb, rest, _ := strings.Cut(s, " ")
		l, err := readLine(rest, act)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", s, err)
		}
		ops = append(ops, op{verb == "drop", l})
	}
	return ops, nil
}

func readLine(s string, act uint64) (l line, err error) {
	w := strings.Split(s, " ")
	if len(w) < 4 {
		return l, fmt.Errorf("it has too few words")
	}
	l = line{text: s, class: w[0], status: w[2], ground: w[3], version: -1, act: act}
	from, to, _ := strings.Cut(w[1], "-")
	switch {
	case len(from) == 8:
		from, to = from+"000000", from+"999999"
	case to == "":
		to = from
	}
	if l.from, err = strconv.ParseUint(from, 10, 64); err == nil {
		l.to, err = strconv.ParseUint(to, 10, 64)
	}
	for i := 4; i+1 < len(w); i += 2 {
		switch w[i] {
		case "subscriber":
			l.subscriber = w[i+1]
		case "overrides":
			l.overrides = strings.Split(w[i+1], ",")
		case "version":
			l.version, _ = strconv.Atoi(w[i+1])
		}
	}
	l.key = fmt.Sprint(l.class, l.from, "-", l.to, l.ground, l.subscriber, "v", l.version)
	return l, err
}

// table is the list as the witness folds it: lines by key.
type table map[string]line

func (t table) apply(ops []op) {
	for _, o := range ops {
		if o.drop {
			delete(t, o.key)
		} else {
			t[o.key] = o.line
		}
	}
}

// over returns the lines that cover a device.
func (t table) over(m imei.IMEI) (out []line) {
	for _, l := range t {
		if l.from <= uint64(m) && uint64(m) <= l.to {
			out = append(out, l)
		}
	}
	return out
}

// asker is who asks about a device: nobody known, or a subscriber; with a software version or -1.
type asker struct {
	subscriber string // "" if the network did not say, "imsi-…" else
	version    int
}

// verdict answers from the lines that cover a device, in the order of the precedence.
func verdict(lines []line, m imei.IMEI, a asker) string {
	if slices.ContainsFunc(lines, func(l line) bool { return l.class == "override" }) {
		return "allowed"
	}
	for _, l := range lines {
		if l.class == "special" {
			return l.status
		}
	}
	if nobodys[uint64(m)] {
		return "tracked"
	}
	for _, l := range lines {
		if l.steals(a.version) {
			return "prohibited"
		}
	}
	aside, paired := asides(lines, a.subscriber)
	answer := held(lines, a.version, aside)
	if paired && refuses(answer) { // to set a mild line aside does not uncover a hard one
		if plain := held(lines, a.version, nil); !refuses(plain) {
			answer = plain
		}
	}
	if paired && answer == "allowed" || slices.ContainsFunc(lines, func(l line) bool { return l.class == "exempt" }) {
		return "allowed"
	}
	if refuses(answer) && a.subscriber == "" {
		for _, l := range lines {
			if l.class != "pair" {
				continue
			}
			if aside, _ := asides(lines, l.subscriber); !refuses(held(lines, a.version, aside)) {
				return "tracked" // a victim is not cut off because a field was empty
			}
		}
	}
	return answer
}

func refuses(status string) bool { return status == "prohibited" || status == "unknown" }

func (l *line) forVersion(v int) bool { return l.version == -1 || l.version == v }

// steals reports whether the line refuses a device as stolen or lost.
func (l *line) steals(version int) bool {
	return l.class == "listed" && (l.ground == "stolen" || l.ground == "lost") && refuses(l.status) && l.forVersion(version)
}

// asides returns the grounds that a subscriber's pairs set aside.
func asides(lines []line, subscriber string) (grounds map[string]bool, paired bool) {
	grounds = map[string]bool{}
	for _, l := range lines {
		if l.class == "pair" && subscriber != "" && l.subscriber == subscriber {
			paired = true
			for _, g := range l.overrides {
				grounds[g] = true
			}
		}
	}
	return grounds, paired
}

var ranks = map[string]int{"allowed": 1, "tracked": 2, "prohibited": 3, "unknown": 4}

// held is what the listed lines say: the narrowest, and of those the hardest.
func held(lines []line, version int, aside map[string]bool) string {
	best := line{status: "allowed", to: 1 << 62}
	for _, l := range lines {
		if l.class != "listed" || aside[l.ground] || !l.forVersion(version) {
			continue
		}
		a, b := l.to-l.from, best.to-best.from
		if a < b || a == b && ranks[l.status] > ranks[best.status] {
			best = l
		}
	}
	return best.status
}

// nobodys are the values that identify no device (identifiers page, section on such values).
var nobodys = func() map[uint64]bool {
	out := map[uint64]bool{}
	for _, s := range strings.Fields(`00000000000000 00440015202000 00499901064000 01234567890123 11111111111111
		12345678901234 13579024681122 22222222222222 33333333333333 35227301738634 35275101952326 44444444444444
		49015420323751 55555555555555 66666666666666 77777777777777 88888888888888 98765432109876 99999999999999`) {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			panic(err) // the table above
		}
		out[n] = true
	}
	return out
}()
