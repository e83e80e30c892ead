package adopt

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/openceir/openceir/internal/device"
)

// Class says what makes a row differ.
type Class string

// The classes.
const (
	ClassUnexplained Class = "unexplained" // nothing that is known here says why

	ClassMalformed Class = "malformed"  // the identifier is malformed, and lists here have none
	ClassNoDevice  Class = "no-device"  // the value identifies no device, so nothing follows from it here
	ClassGolden    Class = "golden"     // the device is on the golden list here
	ClassNotSeen   Class = "not-seen"   // no file that was taken in here has it: other data
	ClassGrace     Class = "grace"      // both found it; the days from which it is refused differ
	ClassAmnesty   Class = "amnesty"    // an amnesty was granted on one side
	ClassEnded     Class = "ended"      // it holds no longer here
	ClassHeld      Class = "incomplete" // days or lists are missing here, so nothing is refused for it
	ClassInforms   Class = "informs"    // the rule only informs here
	ClassShadow    Class = "shadow"     // no policy lets the rule refuse
	ClassWaits     Class = "waits"      // the policy's ceiling is reached, or no claim stands out
	ClassNoRule    Class = "no-rule"    // no rule here gives this reason
	ClassOff       Class = "rule-off"   // the rule was stopped, or what it needs is missing
	ClassDesign    Class = "design"     // the rule differs from the condition by design, see divergences
	ClassRuleHere  Class = "rule-here"  // a rule here has no condition there
	ClassLater     Class = "later"      // it was found after the other system's run
	ClassPeople    Class = "people"     // people decided it here

	ClassPaired     Class = "paired"     // the subscriber is paired with the device here
	ClassElsewhere  Class = "elsewhere"  // the subscriber is paired with another device: their defect 2
	ClassHome       Class = "home"       // the home network is another here
	ClassPairs      Class = "pairs"      // the pairing lists differ
	ClassBarred     Class = "barred"     // the device or its model is barred: their defect 3
	ClassRestricted Class = "restricted" // exceptions are only for devices that are refused
	ClassInvalid    Class = "invalid"    // the row names no valid subscriber or device
)

// The sides that have a row.
const (
	sideTheirs = "theirs"
	sideOurs   = "ours"
	sideBoth   = "both"
)

// Difference is one row that differs, explained.
type Difference struct {
	List     string          `json:"list"`
	Operator device.Operator `json:"operator,omitempty"`
	IMEI     string          `json:"imei,omitempty"`
	IMSI     string          `json:"imsi,omitempty"`
	MSISDN   string          `json:"msisdn,omitempty"`
	Side     string          `json:"side"` // who has it: theirs, ours, both
	Theirs   string          `json:"theirs,omitempty"`
	Ours     string          `json:"ours,omitempty"`
	Class    Class           `json:"class"`
	Why      string          `json:"why"`
}

// ListCount counts the rows of one list.
type ListCount struct {
	List      string `json:"list"`
	Theirs    int64  `json:"theirs"`
	Ours      int64  `json:"ours"`
	Same      int64  `json:"same"`
	Different int64  `json:"different"`
}

// ClassCount counts the differences of one class.
type ClassCount struct {
	List  string `json:"list"`
	Class Class  `json:"class"`
	Rows  int64  `json:"rows"`
}

// Comparison is what came of comparing.
type Comparison struct {
	Run         uint64       `json:"run"`
	Shadow      bool         `json:"shadow"`
	Day         string       `json:"day"`    // of our run
	Their       string       `json:"theirs"` // day of theirs
	Unexplained int64        `json:"unexplained"`
	Lists       []ListCount  `json:"lists"`
	Classes     []ClassCount `json:"classes"`
	Differences []Difference `json:"differences"`
}

func newComparison(c *Comparer) *Comparison {
	out := &Comparison{Shadow: c.Run.Shadow, Day: c.Run.Day.String(), Their: c.Theirs.Day.String(), Classes: []ClassCount{}, Differences: []Difference{}}
	for _, list := range []string{blacklist, notifications, exceptions} {
		out.Lists = append(out.Lists, ListCount{List: list})
	}
	return out
}

func (c *Comparison) count(list string) *ListCount {
	return &c.Lists[slices.IndexFunc(c.Lists, func(n ListCount) bool { return n.List == list })]
}

func (c *Comparison) add(d Difference) {
	c.Differences = append(c.Differences, d)
	c.count(d.List).Different++
	if d.Class == ClassUnexplained {
		c.Unexplained++
	}
}

// rank puts the lists into the order in which they are told.
func rank(list string) int {
	return slices.Index([]string{blacklist, notifications, exceptions}, list)
}

// finish sorts everything, what is unexplained first, and counts the classes.
func (c *Comparison) finish() {
	explained := func(k Class) int {
		if k == ClassUnexplained {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(c.Differences, func(a, b Difference) int {
		return cmp.Or(explained(a.Class)-explained(b.Class), rank(a.List)-rank(b.List), strings.Compare(string(a.Class), string(b.Class)),
			strings.Compare(a.IMEI, b.IMEI), strings.Compare(a.IMSI, b.IMSI), strings.Compare(a.MSISDN, b.MSISDN), strings.Compare(string(a.Operator), string(b.Operator)), strings.Compare(a.Theirs, b.Theirs))
	})
	for i := range c.Differences {
		d := &c.Differences[i]
		if n := len(c.Classes); n > 0 && c.Classes[n-1].List == d.List && c.Classes[n-1].Class == d.Class {
			c.Classes[n-1].Rows++
			continue
		}
		c.Classes = append(c.Classes, ClassCount{d.List, d.Class, 1})
	}
}

// told writes a difference down.
func (d *difference) told(class Class, why string) Difference {
	out := Difference{List: d.list, Operator: d.operator, IMEI: key(d.imei, d.text), IMSI: d.imsi.String(), MSISDN: d.msisdn.String(), Side: sideBoth, Class: class, Why: why}
	say := func(t *told) string {
		if d.list == exceptions {
			return ""
		}
		s := t.block.Compact() + " " + t.reasons
		if t.amnesty {
			s += " (amnesty)"
		}
		return s
	}
	switch {
	case d.ours == nil:
		out.Side, out.Theirs = sideTheirs, say(d.theirs)
	case d.theirs == nil:
		out.Side, out.Ours = sideOurs, say(d.ours)
	default:
		out.Theirs, out.Ours = say(d.theirs), say(d.ours)
	}
	return out
}

// WriteCSV writes every difference as a row, RFC 4180.
func (c *Comparison) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	rows := [][]string{{"list", "operator", "imei", "imsi", "msisdn", "side", "theirs", "ours", "class", "why"}}
	for i := range c.Differences {
		d := &c.Differences[i]
		rows = append(rows, []string{d.List, string(d.Operator), d.IMEI, d.IMSI, d.MSISDN, d.Side, inert(d.Theirs), inert(d.Ours), string(d.Class), inert(d.Why)})
	}
	return out.WriteAll(rows)
}

// inert keeps a spreadsheet from taking a text from elsewhere for a formula.
func inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

// String tells the comparison to people: the headline, then each list and its classes.
func (c *Comparison) String() string {
	var b strings.Builder
	sort := "enforced"
	if c.Shadow {
		sort = "shadow"
	}
	different := int64(0)
	for _, l := range c.Lists {
		different += l.Different
	}
	switch {
	case c.Unexplained > 0:
		fmt.Fprintf(&b, "%d differences, %d of them UNEXPLAINED.", different, c.Unexplained)
	case different > 1:
		fmt.Fprintf(&b, "%d differences, all explained.", different)
	case different == 1:
		b.WriteString("1 difference, explained.")
	default:
		b.WriteString("The lists are the same.")
	}
	fmt.Fprintf(&b, " Theirs of %s, ours of run %d (%s, as of %s).\n", c.Their, c.Run, sort, c.Day)
	for _, l := range c.Lists {
		fmt.Fprintf(&b, "%-14s theirs %d, ours %d, the same %d\n", l.List, l.Theirs, l.Ours, l.Same)
		for _, k := range c.Classes {
			if k.List != l.List {
				continue
			}
			at := slices.IndexFunc(c.Differences, func(d Difference) bool { return d.List == k.List && d.Class == k.Class })
			fmt.Fprintf(&b, "%8d %-12s such as %s: %s\n", k.Rows, k.Class, cmp.Or(c.Differences[at].IMEI, c.Differences[at].Theirs), c.Differences[at].Why)
		}
	}
	return b.String()
}
