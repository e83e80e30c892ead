package list

import (
	"bytes"
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/subscriber"
)

// Class says how a line takes part in the precedence.
type Class uint8

// The classes. Their numbers are part of the snapshot format: add at the end.
const (
	Override Class = iota + 1 // answers before anything else; always allowed
	Special                   // an entry of the non-identifying catalogue
	Pair                      // the device with this subscriber is allowed in spite of some grounds
	Exempt                    // nothing but stolen and lost is held against the device
	Listed                    // the common line: a device, a range or a TAC has a status
)

var classes = []string{"", "override", "special", "pair", "exempt", "listed"}

// String returns the word for the class.
func (c Class) String() string { return classes[c] }

// AnyVersion is the software version of a line that is for all of them.
const AnyVersion = 0xff

// Line is one line of the list. Its text is its class, subject, status and ground, then what
// narrows it:
//
//	listed 35904222514492 prohibited stolen
//	listed 35227301 prohibited not-allocated                     a TAC
//	listed 35904222514492-35904222514499 tracked barred          a range
//	listed 35904222514492 prohibited barred version 02
//	pair 35904222514492 allowed duplicate subscriber imsi-001010123456789 overrides duplicate,not-registered
//
// A line has no end date: expiry is an act of its own, so that no clock releases or refuses anybody.
type Line struct {
	Class      Class
	From, To   imei.IMEI // equal for one device
	Status     Status
	Ground     Ground
	Subscriber subscriber.ID // of pairs
	Overrides  Grounds       // of pairs: what they set aside
	Version    uint8         // software version 0 to 99, or AnyVersion; only on lines of one device
	Act        uint64        // index of the act that set the line; not part of its text
}

// Key is what makes a line the same line: setting it again replaces it, dropping it removes it.
type Key struct {
	Class      Class
	From, To   imei.IMEI
	Ground     Ground
	Subscriber subscriber.ID
	Version    uint8
}

// Key returns the line's key.
func (l *Line) Key() Key { return Key{l.Class, l.From, l.To, l.Ground, l.Subscriber, l.Version} }

// One reports whether the line is of a single device.
func (l *Line) One() bool { return l.From == l.To }

// Covers reports whether the device is in the line's subject.
func (l *Line) Covers(m imei.IMEI) bool { return l.From <= m && m <= l.To }

// String returns the line's text.
func (l *Line) String() string { return string(l.append(nil)) }

// append appends the line's text.
func (l *Line) append(b []byte) []byte {
	b = append(append(b, l.Class.String()...), ' ')
	b = append(appendSubject(b, l.From, l.To), ' ')
	b = append(append(b, l.Status.String()...), ' ')
	b = append(b, l.Ground.String()...)
	if l.Subscriber != 0 {
		b = append(append(b, " subscriber "...), l.Subscriber.String()...)
	}
	if l.Overrides != 0 {
		b = append(append(b, " overrides "...), l.Overrides.String()...)
	}
	if l.Version != AnyVersion {
		b = fmt.Appendf(b, " version %02d", l.Version)
	}
	return b
}

func appendSubject(b []byte, from, to imei.IMEI) []byte {
	switch {
	case from == to:
		return from.Append(b)
	case from == from.TAC().First() && to == from.TAC().Last():
		return append(b, from.TAC().String()...)
	}
	return to.Append(append(from.Append(b), '-'))
}

// ParseLine reads what String writes, and nothing else.
func ParseLine(s string) (Line, error) {
	l, err := parseLine(s)
	if err == nil {
		err = l.check()
	}
	var text [128]byte
	if err == nil && string(l.append(text[:0])) != s {
		err = fmt.Errorf("it would be written %q", l.String())
	}
	if err != nil {
		return Line{}, fmt.Errorf("reading line %q: %w", s, err)
	}
	return l, nil
}

func parseLine(s string) (l Line, err error) {
	var words [12]string // more than any line has
	f := words[:0]
	for rest, more := s, true; more && len(f) < len(words); {
		var word string
		word, rest, more = strings.Cut(rest, " ")
		f = append(f, word)
	}
	if len(f) < 4 || len(f)%2 != 0 || len(f) == len(words) {
		return l, fmt.Errorf("write class, subject, status and ground, then name and value of what narrows it")
	}
	l.Version = AnyVersion
	if l.Class, err = parseClass(f[0]); err != nil {
		return l, err
	}
	if l.From, l.To, err = parseSubject(f[1]); err != nil {
		return l, err
	}
	if l.Status, err = ParseStatus(f[2]); err != nil {
		return l, err
	}
	if l.Ground, err = ParseGround(f[3]); err != nil {
		return l, err
	}
	for i := 4; i < len(f) && err == nil; i += 2 {
		switch f[i] {
		case "subscriber":
			l.Subscriber, err = subscriber.Parse(f[i+1])
		case "overrides":
			l.Overrides, err = ParseGrounds(f[i+1])
		case "version":
			var n uint64
			n, err = strconv.ParseUint(f[i+1], 10, 7)
			l.Version = uint8(n)
		default:
			err = fmt.Errorf("%q narrows nothing: write subscriber, overrides or version", f[i])
		}
	}
	return l, err
}

func parseClass(s string) (Class, error) {
	for i, word := range classes {
		if i > 0 && word == s {
			return Class(i), nil
		}
	}
	return 0, fmt.Errorf("%q is no class: write %s", s, strings.Join(classes[1:], ", "))
}

func parseSubject(s string) (from, to imei.IMEI, err error) {
	if len(s) == 8 {
		tac, err := imei.ParseTAC(s)
		return tac.First(), tac.Last(), err
	}
	a, b, ranged := strings.Cut(s, "-")
	if len(a) != 14 || ranged && len(b) != 14 {
		return 0, 0, fmt.Errorf("a subject is 14 digits, 8 digits (a TAC) or a range of two times 14 digits")
	}
	from, err = imei.Parse(a)
	if to = from; err == nil && ranged {
		to, err = imei.Parse(b)
	}
	return from, to, err
}

// check refuses lines that would mean nothing or more than they seem.
func (l *Line) check() error {
	switch {
	case l.From > l.To || l.To > imei.Max:
		return fmt.Errorf("the range ends before it begins, or is not of IMEIs")
	case l.Overrides&^allGrounds != 0:
		return fmt.Errorf("it overrides grounds that there are not")
	case l.Class == Pair && (l.Subscriber == 0 || l.Overrides == 0 || !l.One() || l.Status != Allowed):
		return fmt.Errorf("a pair allows one device with one subscriber and names the grounds it overrides")
	case l.Class == Pair && (l.Overrides.Has(Stolen) || l.Overrides.Has(Lost)):
		return fmt.Errorf("a pair can not override stolen or lost")
	case l.Class != Pair && (l.Subscriber != 0 || l.Overrides != 0):
		return fmt.Errorf("only a pair has a subscriber and overrides")
	case (l.Class == Override || l.Class == Exempt) && l.Status != Allowed:
		return fmt.Errorf("an override or an exemption can only allow")
	case l.Class == Special && (!l.One() || l.Status.Refuses()):
		return fmt.Errorf("a non-identifying value is one value, and is not refused: it is on many honest devices")
	case l.Version != AnyVersion && (l.Version > 99 || !l.One() || l.Class != Listed || l.Status != Tracked && l.Status != Prohibited):
		return fmt.Errorf("a software version, 00 to 99, narrows a tracked or prohibited line of one device only")
	case l.Status == Unknown && l.Ground != Mode:
		return fmt.Errorf("unknown is the status of a restrictive mode, on the ground mode")
	}
	return nil
}

// Compare orders lines by subject, class, subscriber, version and ground: the order in which a
// table is digested.
func (l *Line) Compare(m *Line) int {
	return cmp.Or(cmp.Compare(l.From, m.From), cmp.Compare(l.To, m.To), cmp.Compare(l.Class, m.Class),
		cmp.Compare(l.Subscriber, m.Subscriber), cmp.Compare(l.Version, m.Version), cmp.Compare(l.Ground, m.Ground))
}

// Op sets or drops a line.
type Op struct {
	Drop bool
	Line Line
}

// String returns "set LINE" or "drop LINE".
func (o *Op) String() string { return string(o.append(nil)) }

func (o *Op) append(b []byte) []byte {
	verb := "set "
	if o.Drop {
		verb = "drop "
	}
	return o.Line.append(append(b, verb...))
}

// ParseOp reads what String writes.
func ParseOp(s string) (Op, error) {
	verb, rest, _ := strings.Cut(s, " ")
	if verb != "set" && verb != "drop" {
		return Op{}, fmt.Errorf("reading %q: it begins with set or drop", s)
	}
	l, err := ParseLine(rest)
	return Op{verb == "drop", l}, err
}

// OpsText returns the body of a measure: its ops, a line each.
func OpsText(ops []Op) []byte {
	var b []byte
	for i := range ops {
		b = append(ops[i].append(b), '\n')
	}
	return b
}

// ParseOps reads the body of a measure; each line is given the act's index.
func ParseOps(body []byte, act uint64) ([]Op, error) {
	ops := make([]Op, 0, bytes.Count(body, []byte{'\n'}))
	ascending := true
	for s := range strings.Lines(string(body)) {
		text, ended := strings.CutSuffix(s, "\n")
		o, err := ParseOp(text)
		if err != nil {
			return nil, err
		}
		if !ended {
			ops = nil
			break
		}
		o.Line.Act = act
		ascending = ascending && (len(ops) == 0 || ops[len(ops)-1].Line.Compare(&o.Line) < 0)
		ops = append(ops, o)
	}
	if len(ops) == 0 {
		return nil, fmt.Errorf("a measure has at least one line, each ended by a line feed")
	}
	if ascending { // as the rules write them: none comes twice
		return ops, nil
	}
	seen := make(map[Key]bool, len(ops))
	for i := range ops {
		if k := ops[i].Line.Key(); seen[k] {
			return nil, fmt.Errorf("line %q comes twice in one measure", ops[i].Line.String())
		} else {
			seen[k] = true
		}
	}
	return ops, nil
}
