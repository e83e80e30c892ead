package adopt_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/adopt"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// ours is a run of ours in memory, read a few rows at a time.
type ours struct {
	devices    []device.Refusal
	notices    []device.Notice
	exceptions []device.Exception
}

func batches[T any](rows []T) iter.Seq2[[]T, error] {
	return func(yield func([]T, error) bool) {
		for in := range slices.Chunk(rows, 3) {
			if !yield(in, nil) {
				return
			}
		}
	}
}

func (o *ours) Refusals(context.Context, []device.Part) iter.Seq2[[]device.Refusal, error] {
	return batches(o.devices)
}

func (o *ours) Notices(context.Context, []device.Part) iter.Seq2[[]device.Notice, error] {
	return batches(o.notices)
}

func (o *ours) Exceptions(context.Context, []device.Part) iter.Seq2[[]device.Exception, error] {
	return batches(o.exceptions)
}

// known is what is known of the devices.
type known struct {
	files     map[imei.IMEI]adopt.File
	texts     map[string]adopt.File
	elsewhere []device.Pairing
}

func (k *known) Look(_ context.Context, bucket int, files map[imei.IMEI]*adopt.File) error {
	for m, f := range files {
		if device.BucketOf(m) != bucket {
			return fmt.Errorf("%s is not of bucket %d", m, bucket)
		}
		*f = k.files[m]
	}
	return nil
}

func (k *known) LookTexts(_ context.Context, files map[string]*adopt.File) error {
	for text, f := range files {
		*f = k.texts[text]
	}
	return nil
}

func (k *known) PairedElsewhere(_ context.Context, who []device.Pairing) ([]bool, error) {
	out := make([]bool, len(who))
	for i, w := range who {
		out[i] = slices.Contains(k.elsewhere, w)
	}
	return out, nil
}

var m1 = imei.New(35803085, 1)

const (
	imsi   = subscriber.IMSI(1010000090017)
	number = subscriber.MSISDN(99971550131)
)

// comparer compares as of today, with rules whose conditions are those of the other system.
func comparer(theirs *adopt.Lists, state []device.Adopted, o *ours, k *known) *adopt.Comparer {
	return &adopt.Comparer{
		Theirs: &adopt.Taken{Day: today, Lists: theirs, State: state, Rules: []device.AdoptedRule{{Condition: "S", Rule: "stolen"}, {Condition: "T", Rule: "type"}, {Condition: "U", Rule: "users"}}},
		Ours:   o, Run: &device.ListRun{Day: today, Shadow: true}, Known: k,
		Rules: []adopt.Rule{{Name: "stolen", Reason: "Stolen", Blocks: true}, {Name: "type", Reason: "Type", Blocks: true}, {Name: "users", Reason: "Users", Blocks: true, Differs: []string{"only valid numbers count"}},
			{Name: "told", Reason: "Told"}, {Name: "off", Reason: "Off", Blocks: true, Off: "was suspended"}, {Name: "new", Reason: "New", Blocks: true}},
		Home: func(i subscriber.IMSI) (device.Operator, bool) { return "north", i == imsi },
	}
}

// Each class is given to what it is for, and to nothing that is not so.
func TestClasses(t *testing.T) {
	listed := func(reasons string) *adopt.Lists {
		return &adopt.Lists{Devices: []device.Refusal{{IMEI: m1, Block: today - 5, Reasons: reasons}}}
	}
	found := func(rule string, block device.Day) device.Finding {
		return device.Finding{IMEI: m1, Rule: rule, Since: today - 9, Found: today - 9, Block: block}
	}
	with := func(f ...device.Finding) adopt.File {
		return adopt.File{Findings: f, Seen: []device.Days{{IMEI: m1, IMSI: 7, MSISDN: 8}}}
	}
	refused := func(reasons string) *ours {
		return &ours{devices: []device.Refusal{{IMEI: m1, Block: today - 5, Reasons: reasons}}}
	}
	notice := func(op device.Operator) []device.Notice {
		return []device.Notice{{IMEI: m1, IMSI: imsi, MSISDN: number, Operator: op, Block: today + 5, Reasons: "Type"}}
	}
	pending := []device.Refusal{{IMEI: m1, Block: today + 5, Reasons: "Type", Pending: true}}
	ended, forgiven, held := found("type", today-5), found("type", 0), found("type", today-5)
	ended.Ended, forgiven.Amnesty, held.Incomplete = today-1, true, true
	late := found("type", today-5)
	late.Since, late.Found = today+1, today+1
	pair := device.Pairing{IMEI: m1, IMSI: imsi, MSISDN: number}
	exception := func(op device.Operator) []device.Exception {
		return []device.Exception{{IMEI: m1, IMSI: imsi, MSISDN: number, Operator: op}}
	}
	for _, c := range []struct {
		name   string
		theirs *adopt.Lists
		state  []device.Adopted
		ours   *ours
		file   adopt.File
		change func(*adopt.Comparer)
		want   adopt.Class
	}{
		{"seen and not found", listed("Type"), nil, nil, with(), nil, adopt.ClassUnexplained},
		{"not seen", listed("Type"), nil, nil, adopt.File{}, nil, adopt.ClassNotSeen},
		{"found, as if to be listed", listed("Type"), nil, nil, with(found("type", today-5)), nil, adopt.ClassUnexplained},
		{"grace", listed("Type"), nil, nil, with(found("type", today+5)), nil, adopt.ClassGrace},
		{"amnesty", listed("Type"), nil, nil, with(forgiven), nil, adopt.ClassAmnesty},
		{"ended", listed("Type"), nil, nil, with(ended), nil, adopt.ClassEnded},
		{"held", listed("Type"), nil, nil, with(held), nil, adopt.ClassHeld},
		{"informs", listed("Told"), nil, nil, with(found("told", 0)), nil, adopt.ClassInforms},
		{"off", listed("Off"), nil, nil, with(), nil, adopt.ClassOff},
		{"no rule", listed("Else"), nil, nil, with(), nil, adopt.ClassNoRule},
		{"design", listed("Users"), nil, nil, with(), nil, adopt.ClassDesign},
		{"design, of numbers", listed("Users"), nil, nil, adopt.File{Seen: []device.Days{{IMEI: m1, MSISDN: 8}}}, func(c *adopt.Comparer) { c.Rules[2].Numbers = true }, adopt.ClassDesign},
		{"design, and all numbers are good", listed("Users"), nil, nil, with(), func(c *adopt.Comparer) { c.Rules[2].Numbers = true }, adopt.ClassUnexplained},
		{"golden", listed("Type"), nil, nil, adopt.File{Golden: true}, nil, adopt.ClassGolden},
		{"one cause of two is not explained", listed("Told|Type"), nil, nil, with(found("told", 0)), nil, adopt.ClassUnexplained},
		{"shadow", listed("Type"), nil, nil, with(found("type", today-5)), func(c *adopt.Comparer) { c.Run.Shadow = false }, adopt.ClassShadow},
		{"waits", listed("Type"), nil, nil, with(found("type", today-5)), func(c *adopt.Comparer) { c.Run.Shadow = false; c.Rules[1].May = true }, adopt.ClassWaits},
		{"zeros", &adopt.Lists{Devices: []device.Refusal{{IMEI: 0, Block: 1, Reasons: "Type"}}}, nil, nil, adopt.File{}, nil, adopt.ClassNoDevice},
		{"malformed", &adopt.Lists{Devices: []device.Refusal{{Text: "A", Block: 1, Reasons: "Type"}}}, nil, nil, adopt.File{}, nil, adopt.ClassMalformed},
		{"malformed, and wanted", &adopt.Lists{Devices: []device.Refusal{{Text: "A", Block: 1, Reasons: "Type"}}}, nil, nil, with(), func(c *adopt.Comparer) { c.Run.Options.OutputInvalid = true }, adopt.ClassUnexplained},

		{"ours alone", &adopt.Lists{}, nil, refused("Type"), with(found("type", today-5)), nil, adopt.ClassUnexplained},
		{"ours, of people", &adopt.Lists{}, nil, refused("Type"), with(), nil, adopt.ClassPeople},
		{"ours, there later", &adopt.Lists{}, []device.Adopted{{IMEI: m1, Rule: "type", Since: today - 2, Block: today + 9}}, refused("Type"), with(found("type", today-5)), nil, adopt.ClassGrace},
		{"ours, there due", &adopt.Lists{}, []device.Adopted{{IMEI: m1, Rule: "type", Since: today - 9, Block: today - 8}}, refused("Type"), with(found("type", today-5)), nil, adopt.ClassUnexplained},
		{"ours, there forgiven", &adopt.Lists{}, []device.Adopted{{IMEI: m1, Rule: "type", Since: today - 9, Amnesty: true}}, refused("Type"), with(found("type", today-5)), nil, adopt.ClassAmnesty},
		{"ours, after them", &adopt.Lists{}, nil, refused("Type"), with(late), nil, adopt.ClassLater},
		{"ours, of a new rule", &adopt.Lists{}, nil, refused("New"), with(found("new", today-5)), nil, adopt.ClassRuleHere},
		{"ours, by design", &adopt.Lists{}, nil, refused("Users"), with(found("users", today-5)), nil, adopt.ClassDesign},

		{"another day, of its own", listed("Type"), nil, &ours{devices: []device.Refusal{{IMEI: m1, Block: today - 3, Reasons: "Type"}}}, with(found("type", today-3)), nil, adopt.ClassGrace},
		{"another day, continued", listed("Type"), []device.Adopted{{IMEI: m1, Rule: "type", Since: today - 9, Block: today - 3}}, &ours{devices: []device.Refusal{{IMEI: m1, Block: today - 3, Reasons: "Type"}}}, with(found("type", today-3)), nil, adopt.ClassUnexplained},
		{"another reason", listed("Stolen|Type"), nil, refused("Type"), with(found("type", today-5)), nil, adopt.ClassUnexplained},

		{"notice: paired", &adopt.Lists{Notices: notice("north")}, nil, &ours{devices: pending, notices: func() []device.Notice { n := notice("north"); n[0].Paired = true; return n }()}, with(), nil, adopt.ClassPaired},
		{"notice: refused here", &adopt.Lists{Notices: notice("north")}, nil, refused("Type"), with(found("type", today-5)), nil, adopt.ClassUnexplained},
		{"notice: not seen", &adopt.Lists{Notices: notice("north")}, nil, &ours{devices: pending}, with(found("type", today+5)), nil, adopt.ClassNotSeen},
		{"notice: seen", &adopt.Lists{Notices: notice("north")}, nil, &ours{devices: pending}, adopt.File{Seen: []device.Days{{IMSI: imsi, MSISDN: number}}}, nil, adopt.ClassUnexplained},
		{"notice: of another network", &adopt.Lists{Notices: notice("south")}, nil, &ours{devices: pending}, adopt.File{Seen: []device.Days{{IMSI: imsi, MSISDN: number}}}, nil, adopt.ClassHome},
		{"notice: of nothing found", &adopt.Lists{Notices: notice("north")}, nil, nil, with(), nil, adopt.ClassUnexplained},
		{"notice: ours, paired elsewhere", &adopt.Lists{}, nil, &ours{devices: pending, notices: notice("north")}, with(found("type", today+5)), nil, adopt.ClassElsewhere},
		{"notice: ours, refused there", listed("Type"), nil, &ours{devices: pending, notices: notice("north")}, with(found("type", today+5)), func(c *adopt.Comparer) { c.Known.(*known).elsewhere = nil }, adopt.ClassGrace},
		{"notice: ours alone", &adopt.Lists{}, nil, &ours{devices: pending, notices: notice("north")}, with(found("type", today+5)), func(c *adopt.Comparer) { c.Known.(*known).elsewhere = nil }, adopt.ClassUnexplained},
		{"notice: another day", &adopt.Lists{Notices: notice("north")}, nil, &ours{devices: pending, notices: func() []device.Notice { n := notice("north"); n[0].Block++; return n }()}, with(found("type", today+6)), nil, adopt.ClassGrace},

		{"pair: not on the list", &adopt.Lists{Exceptions: exception("north")}, nil, nil, adopt.File{}, nil, adopt.ClassPairs},
		{"pair: barred", &adopt.Lists{Exceptions: exception("north")}, nil, nil, adopt.File{Pairings: []device.Pairing{pair}, Barred: true}, nil, adopt.ClassBarred},
		{"pair: restricted", &adopt.Lists{Exceptions: exception("north")}, nil, nil, adopt.File{Pairings: []device.Pairing{pair}}, func(c *adopt.Comparer) { c.Run.Options.RestrictExceptions = true }, adopt.ClassRestricted},
		{"pair: home", &adopt.Lists{Exceptions: exception("south")}, nil, nil, adopt.File{Pairings: []device.Pairing{pair}}, nil, adopt.ClassHome},
		{"pair: alone", &adopt.Lists{Exceptions: exception("north")}, nil, nil, adopt.File{Pairings: []device.Pairing{pair}}, nil, adopt.ClassUnexplained},
		{"pair: ours, of people", &adopt.Lists{}, nil, &ours{exceptions: exception("north")}, adopt.File{}, nil, adopt.ClassPeople},
		{"pair: ours, of an unknown list", &adopt.Lists{}, nil, &ours{exceptions: exception("north")}, adopt.File{Pairings: []device.Pairing{pair}}, nil, adopt.ClassPairs},
		{"pair: ours, of the same list", &adopt.Lists{}, nil, &ours{exceptions: exception("north")}, adopt.File{Pairings: []device.Pairing{pair}}, func(c *adopt.Comparer) { c.Theirs.Imports = []device.AdoptedFile{{Kind: device.FilePairing}} }, adopt.ClassUnexplained},
		{"a row of nobody", &adopt.Lists{Apart: []adopt.Apart{{List: "notifications", Row: "1,2,3", Why: "no number"}}}, nil, nil, adopt.File{}, nil, adopt.ClassInvalid},
	} {
		if c.ours == nil {
			c.ours = &ours{}
		}
		k := &known{files: map[imei.IMEI]adopt.File{m1: c.file}, texts: map[string]adopt.File{"A": c.file}, elsewhere: []device.Pairing{pair}}
		cmp := comparer(c.theirs, c.state, c.ours, k)
		if c.change != nil {
			c.change(cmp)
		}
		got, err := cmp.Compare(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if !slices.ContainsFunc(got.Differences, func(d adopt.Difference) bool { return d.Class == c.want && d.Why != "" }) {
			t.Errorf("%s: no %s among %+v", c.name, c.want, got.Differences)
		}
		if c.want != adopt.ClassUnexplained && got.Differences[0].Class == adopt.ClassUnexplained && !strings.HasPrefix(c.name, "notice: ours, refused") {
			t.Errorf("%s: unexplained as well: %+v", c.name, got.Differences)
		}
		if headline := strings.Contains(got.String(), "UNEXPLAINED"); headline != (got.Unexplained > 0) {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}

// Nothing is dropped and nothing is told twice: what differs is what a slower comparison by maps
// finds, row by row.
func TestCompareAgainstSlower(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 3))
		theirs, here := &adopt.Lists{}, &ours{}
		want := map[string]string{} // "list key": side
		same := map[string]int64{}
		for i := range 60 {
			m := imei.New(35803085, uint32(i))
			for _, list := range []string{"blacklist", "notifications", "exceptions"} {
				there, is := r.IntN(2) == 0, r.IntN(2) == 0
				a, b := device.Day(100+r.IntN(2)), device.Day(100+r.IntN(2))
				key := fmt.Sprintf("%s %s", list, m)
				hidden := r.IntN(4) == 0 // a row that stands in no file: pending, or paired
				switch list {
				case "blacklist":
					if there {
						theirs.Devices = append(theirs.Devices, device.Refusal{IMEI: m, Block: a, Reasons: "x"})
					}
					if is {
						here.devices = append(here.devices, device.Refusal{IMEI: m, Block: b, Reasons: "x", Pending: hidden})
					}
				case "notifications":
					if there {
						theirs.Notices = append(theirs.Notices, device.Notice{IMEI: m, IMSI: imsi, MSISDN: number, Operator: "north", Block: a, Reasons: "x"})
					}
					if is {
						here.notices = append(here.notices, device.Notice{IMEI: m, IMSI: imsi, MSISDN: number, Operator: "north", Block: b, Reasons: "x", Paired: hidden})
					}
				case "exceptions":
					a, b, hidden = 0, 0, false
					if there {
						theirs.Exceptions = append(theirs.Exceptions, device.Exception{IMEI: m, IMSI: imsi, MSISDN: number, Operator: "north"})
					}
					if is {
						here.exceptions = append(here.exceptions, device.Exception{IMEI: m, IMSI: imsi, MSISDN: number, Operator: "north"})
					}
				}
				is = is && !hidden
				switch {
				case there && is && a == b:
					same[list]++
				case there && is:
					want[key] = "both"
				case there:
					want[key] = "theirs"
				case is:
					want[key] = "ours"
				}
			}
		}
		got, err := comparer(theirs, nil, here, &known{}).Compare(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		told := map[string]string{}
		for _, d := range got.Differences {
			key := d.List + " " + d.IMEI
			if told[key] != "" {
				t.Errorf("seed %d: %s is told twice", seed, key)
			}
			told[key] = d.Side
		}
		if !maps.Equal(told, want) {
			t.Errorf("seed %d: told %v, want %v", seed, told, want)
		}
		n := int64(0)
		for _, c := range got.Classes {
			n += c.Rows
		}
		for _, l := range got.Lists {
			n -= l.Different
			if l.Same != same[l.List] {
				t.Errorf("seed %d: %+v, the same are %d", seed, l, same[l.List])
			}
		}
		if n != 0 {
			t.Errorf("seed %d: classes and lists do not add up", seed)
		}
		var b bytes.Buffer
		if err := got.WriteCSV(&b); err != nil {
			t.Fatal(err)
		}
		if rows, err := csv.NewReader(&b).ReadAll(); err != nil || len(rows) != 1+len(want) {
			t.Errorf("seed %d: %d rows of CSV, %v", seed, len(rows), err)
		}
	}
}
