package listgen

import (
	"context"
	"crypto/md5"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// told is what operators are told: key "list operator key" to what stands there.
type told map[string]string

// The second implementation: every question walks every list, and nothing needs an order.

// verdict is what becomes of a device: "", "prohibited" or "pending".
func (w *world) verdict(m imei.IMEI, text string) (state string, block device.Day, reasons string, amnesty bool) {
	if text == "" {
		if _, is := imei.NonIdentifying(m); is {
			return "", 0, "", false
		}
		for g := range w.country.Golden {
			if fmt.Sprintf("%x", g) == fmt.Sprintf("%x", md5.Sum([]byte(m.String()))) {
				return "", 0, "", false
			}
		}
	}
	why := map[string][]string{}
	from := map[string]device.Day{"prohibited": 1 << 30, "pending": 1 << 30}
	granted := map[string]bool{"prohibited": false, "pending": true}
	note := func(state string, day device.Day, word string) {
		why[state] = append(why[state], word)
		from[state] = min(from[state], day)
	}
	for _, f := range w.findings {
		if f.IMEI != m || f.Text != text {
			continue
		}
		lined := false
		for _, l := range w.lines {
			if text == "" && l.IMEI == m && l.Ground == f.Ground {
				lined = true
				if f.Block > today {
					note("prohibited", l.Day, f.Reason)
				} else {
					note("prohibited", f.Block, f.Reason)
				}
			}
		}
		switch {
		case lined:
		case w.country.Shadow && f.Block <= today && !f.Held:
			note("prohibited", f.Block, f.Reason)
		case text != "" && f.Authority && f.Block <= today && !f.Held:
			note("prohibited", f.Block, f.Reason)
		case w.country.Shadow || f.Authority:
			note("pending", f.Block, f.Reason)
			granted["pending"] = granted["pending"] && f.Amnesty
		}
	}
	for _, l := range w.lines {
		if text != "" || l.IMEI != m {
			continue
		}
		if !slices.ContainsFunc(w.findings, func(f Finding) bool { return f.Text == "" && f.IMEI == m && f.Ground == l.Ground }) {
			note("prohibited", l.Day, l.Ground.String())
		}
	}
	for _, state := range []string{"prohibited", "pending"} {
		if len(why[state]) > 0 {
			slices.Sort(why[state])
			return state, from[state], strings.Join(slices.Compact(why[state]), "|"), granted[state]
		}
	}
	return "", 0, "", false
}

// homes returns whom a subscriber's row goes to.
func (w *world) homes(i subscriber.IMSI, saw ...device.Operator) []device.Operator {
	best := ""
	var home device.Operator
	for op, plmns := range w.networks {
		for _, p := range plmns {
			if i.In(p) && len(p) > len(best) {
				best, home = string(p), op
			}
		}
	}
	if best != "" {
		return []device.Operator{home}
	}
	return saw
}

// mayUse reports whether a subscriber may use a device.
func (w *world) mayUse(m imei.IMEI, i subscriber.IMSI, n subscriber.MSISDN) bool {
	for _, p := range w.shelf.pairings {
		if p.IMEI == m && (p.IMSI == i || p.MSISDN == n && !w.country.Options.NotifyIMSIChange) {
			return true
		}
	}
	for _, p := range w.pairs {
		if p.IMEI == m && (p.IMSI == i && i != 0 || p.IMSI == 0 && p.MSISDN == n) {
			return true
		}
	}
	return false
}

func (w *world) seen(yield func(m imei.IMEI, text string, i subscriber.IMSI, n subscriber.MSISDN, op device.Operator)) {
	for _, d := range w.shelf.days {
		for day := today - device.Day(w.country.Options.LookbackDays) + 1; day <= today; day++ {
			if m, n := day.Month(); m == d.Month && d.All()&(1<<(n-1)) != 0 && d.IMSI != 0 && d.MSISDN != 0 {
				yield(d.IMEI, "", d.IMSI, d.MSISDN, d.Operator)
			}
		}
	}
	for _, m := range w.shelf.malformed {
		i, err := subscriber.ParseIMSI(m.IMSI)
		n, err2 := subscriber.ParseMSISDN(m.MSISDN)
		if m.List == "" && m.Day <= today && m.Day > today-device.Day(w.country.Options.LookbackDays) && err == nil && err2 == nil {
			yield(0, strings.TrimSpace(m.IMEI), i, n, m.Operator)
		}
	}
}

func (w *world) devices() (all []Finding) {
	for _, m := range equipment {
		all = append(all, Finding{IMEI: m})
	}
	if w.country.Options.OutputInvalid {
		for _, t := range texts {
			all = append(all, Finding{Text: t})
		}
	}
	return all
}

func name(m imei.IMEI, text string) string {
	if text != "" {
		return text
	}
	return m.String()
}

func (w *world) naive() told {
	out := told{}
	for _, d := range w.devices() {
		if state, block, reasons, _ := w.verdict(d.IMEI, d.Text); state == "prohibited" {
			out["blacklist  "+name(d.IMEI, d.Text)] = fmt.Sprint(block, " ", reasons)
		}
	}
	w.seen(func(m imei.IMEI, text string, i subscriber.IMSI, n subscriber.MSISDN, op device.Operator) {
		if text != "" && !w.country.Options.OutputInvalid {
			return
		}
		state, block, reasons, amnesty := w.verdict(m, text)
		if state != "pending" || text == "" && w.mayUse(m, i, n) {
			return
		}
		for _, to := range w.homes(i, op) {
			out[fmt.Sprintf("notifications %s %s %s %s", to, name(m, text), i, n)] = fmt.Sprint(block, " ", reasons, " ", amnesty)
		}
	})
	for _, p := range w.shelf.pairings {
		barred := slices.Contains(w.shelf.barred, p.IMEI) || slices.Contains(w.country.BarredTACs, p.IMEI.TAC())
		if !barred || w.country.Options.IncludeBarred {
			w.except(out, p)
		}
	}
	for _, p := range w.pairs {
		twice := func(key string) bool {
			return p.IMSI != 0 && strings.HasPrefix(key, "exceptions ") && strings.Contains(key, fmt.Sprintf(" %s %s ", p.IMEI, p.IMSI))
		}
		if !slices.ContainsFunc(slices.Collect(maps.Keys(out)), twice) {
			w.except(out, p)
		}
	}
	return out
}

func (w *world) except(out told, p device.Pairing) {
	if state, _, _, _ := w.verdict(p.IMEI, ""); w.country.Options.RestrictExceptions && state != "prohibited" {
		return
	}
	for _, to := range w.homes(p.IMSI, operators...) {
		out[fmt.Sprintf("exceptions %s %s %s %s", to, p.IMEI, p.IMSI, p.MSISDN)] = "-"
	}
}

// scribe takes what a run tells, by change; "" is the full lists.
type scribe map[string]told

func (s scribe) put(change, key, value string) error {
	if s[change] == nil {
		s[change] = told{}
	}
	if _, twice := s[change][key]; twice {
		return fmt.Errorf("%s is told twice as %q", key, change)
	}
	s[change][key] = value
	return nil
}

func (s scribe) refusal(change string, r *device.Refusal) error {
	return s.put(change, "blacklist  "+name(r.IMEI, r.Text), fmt.Sprint(r.Block, " ", r.Reasons))
}

func (s scribe) notice(change string, n *device.Notice) error {
	return s.put(change, fmt.Sprintf("notifications %s %s %s %s", n.Operator, name(n.IMEI, n.Text), n.IMSI, n.MSISDN), fmt.Sprint(n.Block, " ", n.Reasons, " ", n.Amnesty))
}

func (s scribe) exception(change string, e *device.Exception) error {
	return s.put(change, fmt.Sprintf("exceptions %s %s %s %s", e.Operator, e.IMEI, e.IMSI, e.MSISDN), "-")
}

// apply does to a full list what the deltas say, and complains of what does not fit.
func (s scribe) apply(t *testing.T, full told) told {
	out := maps.Clone(full)
	for change, rows := range s {
		for key, value := range rows {
			was, there := full[key]
			switch change {
			case "":
			case Blocked, New, Added:
				if out[key] = value; there {
					t.Errorf("%s: %s was there", change, key)
				}
			case Changed:
				if out[key] = value; !there || was == value {
					t.Errorf("%s: %s was %q, is %q", change, key, was, value)
				}
			case Unblocked, Removed, Resolved, Blacklisted, NoLongerSeen:
				if delete(out, key); was != value {
					t.Errorf("%s: %s was %q, is told as %q", change, key, was, value)
				}
			default:
				t.Errorf("there is no change %q", change)
			}
		}
	}
	return out
}

// The lists are those of the second implementation, and from the delta of any run to any other, in
// whatever order they were made, follows the one from the other.
func TestAgainstNaive(t *testing.T) {
	seeds, runs := uint64(1500), 4
	if testing.Short() {
		seeds = 300
	}
	rows, gone := 0, map[string]int{}
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 1))
		w := newWorld(r)
		var kept shelf
		var worlds []world
		var made []*device.ListRun
		for range runs {
			run, err := w.run(t.Context(), &kept)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			worlds, made = append(worlds, *w), append(made, run)
			w.shelf.days, w.shelf.pairings, w.shelf.malformed = slices.Clone(w.shelf.days), slices.Clone(w.shelf.pairings), slices.Clone(w.shelf.malformed)
			w.change(r)
		}
		for i := range made {
			want := worlds[i].naive()
			rows += len(want)
			for k := range made {
				got := scribe{}
				if err := compare(t.Context(), &kept, made[k].Parts, made[i].Parts, got); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				if got[""] == nil {
					got[""] = told{}
				}
				if diff := cmp.Diff(want, got[""]); diff != "" {
					t.Fatalf("seed %d, run %d: -naive +ours\n%s", seed, i, diff)
				}
				if diff := cmp.Diff(want, got.apply(t, worlds[k].naive())); diff != "" {
					t.Fatalf("seed %d: run %d with the delta to %d is not run %d:\n%s", seed, k, i, i, diff)
				}
				worlds[i].wentAs(t, got, gone)
				if t.Failed() {
					t.Fatalf("seed %d, runs %d and %d", seed, k, i)
				}
			}
		}
	}
	for _, change := range []string{"prohibited", "paired", "pending", ""} {
		if gone[change] == 0 {
			t.Errorf("no notice ever ended as %q", change)
		}
	}
	t.Logf("%d rows; notices that ended: %v", rows, gone)
}

// change makes a later day of the same country: some lists stay, some are dealt anew.
func (w *world) change(r *rand.Rand) {
	was := *w
	w.deal(r)
	if r.IntN(2) == 0 {
		w.shelf.days = was.shelf.days
	}
	if r.IntN(2) == 0 {
		w.shelf.pairings = was.shelf.pairings
	}
	if r.IntN(2) == 0 {
		w.findings = was.findings
	}
	if r.IntN(2) == 0 {
		w.lines = was.lines
	}
}

// wentAs checks why each notice ended, by what the world says of its device now.
func (w *world) wentAs(t *testing.T, got scribe, count map[string]int) {
	for _, change := range []string{Resolved, Blacklisted, NoLongerSeen} {
		for key := range got[change] {
			for _, d := range w.devices() {
				if !strings.Contains(key, " "+name(d.IMEI, d.Text)+" ") {
					continue
				}
				state, _, _, _ := w.verdict(d.IMEI, d.Text)
				paired := false
				w.seen(func(m imei.IMEI, text string, i subscriber.IMSI, n subscriber.MSISDN, op device.Operator) {
					for _, to := range w.homes(i, op) {
						paired = paired || text == "" && w.mayUse(m, i, n) && key == fmt.Sprintf("notifications %s %s %s %s", to, m, i, n)
					}
				})
				want := map[string]string{"prohibited": Blacklisted, "pending": NoLongerSeen, "": Resolved}[state]
				if state == "pending" && paired {
					state, want = "paired", Resolved
				}
				if count[state]++; want != change {
					t.Errorf("%s went as %s, not %s", key, change, want)
				}
			}
		}
	}
}

// Equal input gives equal parts, and a run with itself has no delta.
func TestAgainNothingNew(t *testing.T) {
	for seed := range uint64(50) {
		w := newWorld(rand.New(rand.NewPCG(seed, 2)))
		var kept shelf
		a, err := w.run(context.Background(), &kept)
		if err != nil {
			t.Fatal(err)
		}
		b, err := w.run(context.Background(), &kept)
		if err != nil {
			t.Fatal(err)
		}
		got := scribe{}
		if err := compare(context.Background(), &kept, a.Parts, b.Parts, got); err != nil {
			t.Fatal(err)
		}
		if delete(got, ""); len(got) > 0 {
			t.Fatalf("seed %d: nothing changed, and the delta says %v", seed, got)
		}
	}
}
