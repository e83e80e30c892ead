package list

import (
	"bufio"
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/subscriber"
)

// The precedence, told in testdata/precedence.txt. Every list is asked as it was folded, as it was
// written to a snapshot and read again, and against the naive reading below.
func TestPrecedence(t *testing.T) {
	f, err := os.Open("testdata/precedence.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []Line
	asked := 0
	for s, n := bufio.NewScanner(f), 1; s.Scan(); n++ {
		switch text := strings.TrimSpace(s.Text()); {
		case text == "":
			all = nil
		case strings.HasPrefix(text, "#"):
		case strings.HasPrefix(text, "ask "):
			ask(t, n, all, strings.TrimPrefix(text, "ask "))
			asked++
		default:
			l, err := ParseLine(text)
			if err != nil {
				t.Fatalf("row %d: %v", n, err)
			}
			l.Act = uint64(n)
			all = append(all, l)
		}
	}
	if asked < 60 {
		t.Fatalf("only %d questions were read", asked)
	}
}

func ask(t *testing.T, n int, all []Line, text string) {
	question, want, _ := strings.Cut(text, " = ")
	q := query(t, strings.Fields(question))
	folded := NewTable(nil)
	for _, l := range all {
		folded.Apply([]Op{{Line: l}})
	}
	for name, a := range map[string]Answer{"folded": folded.Decide(&q), "mapped": reopened(t, folded).Decide(&q), "naive": naive(all, &q)} {
		got := fmt.Sprintf("%s, %s", a.Status, a.Reason)
		if a.Line.Class != 0 {
			got += ", " + a.Line.Ground.String()
		}
		if got != want {
			t.Errorf("row %d (%s): %s, want %s", n, name, got, want)
		}
	}
}

func query(t testing.TB, f []string) Query {
	q := Query{Version: AnyVersion}
	var err error
	if q.IMEI, err = imei.Parse(f[0]); err != nil {
		return Query{Malformed: true, Version: AnyVersion}
	}
	for f = f[1:]; len(f) > 1; f = f[2:] {
		switch f[0] {
		case "imsi":
			q.IMSI, err = subscriber.ParseIMSI(f[1])
		case "msisdn":
			q.MSISDN, err = subscriber.ParseMSISDN(f[1])
		case "version":
			var v uint64
			v, err = strconv.ParseUint(f[1], 10, 7)
			q.Version = uint8(v)
		default:
			t.Fatalf("what is %q?", f[0])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return q
}

// naive answers from the text of Decide, looking at every line again for each step.
func naive(all []Line, q *Query) Answer {
	if q.Malformed {
		return Answer{Status: Allowed, Reason: ByMalformed}
	}
	// pick returns the narrowest line of the device that is meant, then prohibited before tracked
	// before allowed, then the lower ground, then the lower subscriber.
	pick := func(meant func(l Line) bool) *Line {
		var found []Line
		for _, l := range all {
			if l.From <= q.IMEI && q.IMEI <= l.To && (l.Version == AnyVersion || l.Version == q.Version) && meant(l) {
				found = append(found, l)
			}
		}
		if len(found) == 0 {
			return nil
		}
		slices.SortFunc(found, func(a, b Line) int {
			return cmp.Or(cmp.Compare(a.To-a.From, b.To-b.From), -cmp.Compare(a.Status, b.Status), cmp.Compare(a.Ground, b.Ground),
				cmp.Compare(a.From, b.From), cmp.Compare(a.Version, b.Version))
		})
		return &found[0]
	}
	mine := func(l Line) bool {
		return q.IMSI != 0 && l.Subscriber == subscriber.ID(q.IMSI) || q.MSISDN != 0 && l.Subscriber == subscriber.Of(0, q.MSISDN)
	}
	against := func(spared func(l Line) bool) Answer {
		best := pick(func(l Line) bool {
			if l.Class != Listed {
				return false
			}
			for _, p := range all {
				if p.Class == Pair && p.From == q.IMEI && spared(p) && p.Overrides.Has(l.Ground) {
					return false
				}
			}
			return true
		})
		switch {
		case best == nil:
			return Answer{Status: Allowed, Reason: ByDefault}
		case best.From == best.To:
			return Answer{best.Status, ByDevice, *best}
		}
		return Answer{best.Status, ByRange, *best}
	}

	if l := pick(func(l Line) bool { return l.Class == Override }); l != nil {
		return Answer{Allowed, ByOverride, *l}
	}
	if l := pick(func(l Line) bool { return l.Class == Special }); l != nil {
		return Answer{l.Status, BySpecial, *l}
	}
	if _, is := imei.NonIdentifying(q.IMEI); is {
		return Answer{Status: Tracked, Reason: BySpecial}
	}
	if l := pick(func(l Line) bool {
		return l.Class == Listed && (l.Ground == Stolen || l.Ground == Lost) && l.Status.Refuses()
	}); l != nil {
		return Answer{l.Status, ByTheft, *l}
	}
	a := against(mine)
	if b := against(func(Line) bool { return false }); !b.Status.Refuses() && a.Status.Refuses() {
		a = b
	}
	var myPairs []Line
	for _, l := range all {
		if l.Class == Pair && l.From == q.IMEI && mine(l) {
			myPairs = append(myPairs, l)
		}
	}
	if len(myPairs) > 0 && a.Status == Allowed {
		first := slices.MinFunc(myPairs, func(a, b Line) int {
			return cmp.Or(cmp.Compare(a.Subscriber, b.Subscriber), cmp.Compare(a.Ground, b.Ground))
		})
		return Answer{Allowed, ByPair, first}
	}
	if l := pick(func(l Line) bool { return l.Class == Exempt }); l != nil {
		return Answer{Allowed, ByExempt, *l}
	}
	// compared reports whether the asker can be compared with all pairs of the device.
	compared := func() bool {
		if q.IMSI == 0 && q.MSISDN == 0 {
			return false
		}
		marked := strings.Contains(subscriber.Of(q.IMSI, q.MSISDN).String(), "-p")
		for _, p := range all {
			if p.Class == Pair && p.From == q.IMEI && strings.Contains(p.Subscriber.String(), "-p") != marked {
				return false
			}
		}
		return true
	}
	if a.Status.Refuses() && !compared() {
		for _, p := range all {
			if p.Class == Pair && p.From == q.IMEI {
				if !against(func(l Line) bool { return l.Subscriber == p.Subscriber }).Status.Refuses() {
					return Answer{Tracked, ByPairless, a.Line}
				}
			}
		}
	}
	return a
}

// reopened writes a table to a snapshot and reads it again.
func reopened(t interface{ Fatal(...any) }, table *Table) *Table {
	b, err := table.Snapshot(nothing)
	if err != nil {
		t.Fatal(err)
	}
	s, err := OpenSnapshot(b)
	if err != nil {
		t.Fatal(err)
	}
	return NewTable(s)
}

// anyLine draws lines of a few devices and ranges, so that they meet.
func anyLine(form func(*rapid.T) uint64) *rapid.Generator[Line] {
	return rapid.Custom(func(t *rapid.T) Line {
		for {
			l := Line{Class: rapid.SampledFrom([]Class{Listed, Pair, Listed, Pair, Listed, Exempt, Special, Override}).Draw(t, "class"),
				Version: AnyVersion, Status: Allowed, Ground: someGround(t)}
			l.From = device(t)
			l.To = l.From
			if rapid.IntRange(0, 3).Draw(t, "form") == 0 {
				switch rapid.IntRange(0, 2).Draw(t, "wide") {
				case 0:
					l.From, l.To = l.From.TAC().First(), l.From.TAC().Last()
				case 1:
					l.To = min(imei.Max, l.From+imei.IMEI(rapid.IntRange(1, 3_000_000).Draw(t, "length")))
				case 2:
					l.From, l.To = 0, imei.Max
				}
			}
			if l.Class == Listed || l.Class == Special {
				l.Status = rapid.SampledFrom([]Status{Prohibited, Tracked, Allowed, Unknown}).Draw(t, "status")
			}
			if l.Class == Pair {
				l.Subscriber = anybody(t, form(t))
				l.Overrides = GroundSet(someGround(t), someGround(t))
			}
			if l.Class == Listed && rapid.IntRange(0, 4).Draw(t, "versioned") == 0 {
				l.Version = uint8(rapid.IntRange(0, 2).Draw(t, "version"))
			}
			if l.check() == nil {
				return l
			}
		}
	})
}

// someGround prefers a few, so that pairs meet what they set aside.
func someGround(t *rapid.T) Ground {
	if rapid.IntRange(0, 9).Draw(t, "rare") == 9 {
		return Ground(rapid.IntRange(1, len(grounds)-1).Draw(t, "ground"))
	}
	return rapid.SampledFrom([]Ground{Duplicate, Barred, Mode, Stolen, NotAllocated}).Draw(t, "ground")
}

func device(t *rapid.T) imei.IMEI {
	return imei.New(imei.TAC(35227301+rapid.IntRange(0, 2).Draw(t, "tac")), uint32(rapid.SampledFrom([]int{0, 1, 2, 999_999}).Draw(t, "serial")))
}

// anybody draws from a few subscribers; form is 0 or subscriber.Mark.
func anybody(t *rapid.T, form uint64) subscriber.ID {
	return rapid.SampledFrom([]subscriber.ID{subscriber.Of(subscriber.IMSI(1010123456789|form), 0),
		subscriber.Of(subscriber.IMSI(1010123456780|form), 0), subscriber.Of(0, subscriber.MSISDN(49301234567|form))}).Draw(t, "subscriber")
}

// anyForm draws clear numbers more often than pseudonyms.
func anyForm(t *rapid.T) uint64 {
	return rapid.SampledFrom([]uint64{0, 0, subscriber.Mark}).Draw(t, "form of numbers")
}

func TestDecideAgainstNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		byKey := map[Key]Line{}
		folded := NewTable(nil)
		for i := range rapid.IntRange(0, 25).Draw(t, "lines") {
			l := anyLine(anyForm).Draw(t, "line")
			l.Act = uint64(i)
			byKey[l.Key()] = l
			folded.Apply([]Op{{Line: l}})
		}
		var all []Line
		for _, l := range byKey {
			all = append(all, l)
		}
		mapped := reopened(t, folded)
		for range 12 {
			q := Query{IMEI: device(t), Version: rapid.SampledFrom([]uint8{AnyVersion, 0, 1}).Draw(t, "version")}
			if rapid.Bool().Draw(t, "imsi") {
				q.IMSI = subscriber.IMSI(rapid.SampledFrom([]uint64{1010123456789, 1010123456780, 1010123456700}).Draw(t, "who") | anyForm(t))
			}
			if rapid.IntRange(0, 2).Draw(t, "msisdn") == 0 {
				q.MSISDN = subscriber.MSISDN(49301234567 | anyForm(t))
			}
			want := naive(all, &q)
			for name, table := range map[string]*Table{"folded": folded, "mapped": mapped} {
				if got := table.Decide(&q); got != want {
					t.Fatalf("%s: %+v\n got %s %s %s\nwant %s %s %s", name, q, got.Status, got.Reason, got.Line.String(), want.Status, want.Reason, want.Line.String())
				}
			}
		}
	})
}
