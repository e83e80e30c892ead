package listgen

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// Faults of another system that this one must not have: docs/divergences.md names these tests.

// threatened is a country in which each of so many subscribers uses a device of its own that is to be
// blocked in ten days.
func threatened(n int) *world {
	w := &world{networks: map[device.Operator][]subscriber.PLMN{"north": {"00101"}, "south": {"00102"}}}
	w.country = Country{Day: today, Shadow: true, Homes: NewHomes(w.networks), Options: device.ListOptions{LookbackDays: 60}}
	month, day := today.Month()
	for i := range n {
		m := imei.New(imei.TAC(35_000_000+i/1_000_000), uint32(i%1_000_000))
		d := device.Days{IMEI: m, IMSI: subscriber.IMSI(1_010_000_000_000 + i), MSISDN: subscriber.MSISDN(999_710_000_000 + i), Operator: "north", Month: month}
		d.Seen[device.Radio4G] = 1 << (day - 1)
		w.shelf.days = append(w.shelf.days, d)
		w.findings = append(w.findings, Finding{IMEI: m, Rule: "cloned", Reason: "cloned", Block: today + 10, Authority: true})
	}
	return w
}

// pair adds a row to the pairing list.
func (w *world) pair(m imei.IMEI, i subscriber.IMSI, n subscriber.MSISDN) {
	w.shelf.pairings = append(w.shelf.pairings, device.Pairing{IMEI: m, IMSI: i, MSISDN: n})
}

// told makes the lists and returns what they have, in full and as the delta against nothing.
func (w *world) told(t *testing.T) scribe {
	t.Helper()
	var kept shelf
	run, err := w.run(t.Context(), &kept)
	if err != nil {
		t.Fatal(err)
	}
	got := scribe{}
	if err := compare(t.Context(), &kept, nil, run.Parts, got); err != nil {
		t.Fatal(err)
	}
	return got
}

// Who is paired with another device is notified of this one all the same; who is paired with this
// one, by card or by number, is not.
func TestPairOfAnotherDevice(t *testing.T) {
	w := threatened(4)
	d := w.shelf.days
	for _, other := range []imei.TAC{34_000_000, 36_000_000} { // others of the same bucket, before and after
		w.pair(imei.New(other, 0), d[0].IMSI, d[0].MSISDN)
		w.pair(imei.New(other, 1), 1_010_000_000_999, d[1].MSISDN)
	}
	w.pair(d[2].IMEI, d[2].IMSI, 999_710_999_999)     // of this device, the card
	w.pair(d[3].IMEI, 1_010_000_000_998, d[3].MSISDN) // of this device, the number
	w.shelf.pairings = distinct(w.shelf.pairings, comparePairings)
	got := w.told(t)
	for i, want := range []bool{true, true, false, false} {
		key := fmt.Sprintf("notifications north %s %s %s", d[i].IMEI, d[i].IMSI, d[i].MSISDN)
		for _, of := range []string{"", New} {
			if _, told := got[of][key]; told != want {
				t.Errorf("subscriber %d, list %q: notified %v, not %v", i, of, told, want)
			}
		}
	}
}

// What keeps a pair off the full list of exceptions keeps it off the deltas: a barred device, a barred
// model, and where only those of prohibited devices are wanted, a device that is not.
func TestDeltaKeepsRestrictions(t *testing.T) {
	w := threatened(4)
	d := w.shelf.days
	for i := range d {
		w.pair(d[i].IMEI, d[i].IMSI, d[i].MSISDN)
	}
	model := imei.New(45_000_000, 1)
	w.pair(model, 1_020_000_000_001, 999_720_000_001)
	w.findings = append(w.findings, Finding{IMEI: model, Rule: "cloned", Reason: "cloned", Block: today, Authority: true})
	w.findings[0].Block, w.findings[1].Block = today, today
	w.shelf.barred = []imei.IMEI{d[0].IMEI}
	w.country.BarredTACs = []imei.TAC{45_000_000}
	for _, c := range []struct {
		restrict, include bool
		want              []imei.IMEI
	}{
		{false, false, []imei.IMEI{d[1].IMEI, d[2].IMEI, d[3].IMEI}},
		{true, false, []imei.IMEI{d[1].IMEI}},
		{false, true, []imei.IMEI{d[0].IMEI, d[1].IMEI, d[2].IMEI, d[3].IMEI, model}},
		{true, true, []imei.IMEI{d[0].IMEI, d[1].IMEI, model}},
	} {
		w.country.Options.RestrictExceptions, w.country.Options.IncludeBarred = c.restrict, c.include
		got := w.told(t)
		for _, of := range []string{"", Added} {
			n := 0
			for key := range got[of] {
				if len(key) > 10 && key[:10] == Exceptions {
					n++
				}
			}
			if n != len(c.want) {
				t.Errorf("%+v, list %q: %d pairs", c, of, n)
			}
			for _, m := range c.want {
				found := false
				for key := range got[of] {
					var op, id string
					fmt.Sscanf(key, "exceptions %s %s", &op, &id)
					found = found || id == m.String()
				}
				if !found {
					t.Errorf("%+v, list %q: no pair of %s", c, of, m)
				}
			}
		}
	}
}

// spent returns the processor time of this process: what else the machine does is not in it.
func spent(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Eight times the notifications and pairs take some eight times the work: nothing compares each with
// each, which would take sixty-four times.
func TestPairsAreNotMultiplied(t *testing.T) {
	least := func(n, times int) time.Duration {
		w := threatened(n)
		for i := range w.shelf.days {
			w.pair(w.shelf.days[i].IMEI, subscriber.IMSI(1_020_000_000_000+i), subscriber.MSISDN(999_720_000_000+i))
		}
		best := time.Hour
		for range times {
			var kept shelf
			from := spent(t)
			run, err := w.run(t.Context(), &kept)
			if best = min(best, spent(t)-from); err != nil || len(run.Parts) == 0 {
				t.Fatal(err)
			}
		}
		return best
	}
	few, many := least(20_000, 5), least(160_000, 2)
	t.Logf("20,000 in %v, 160,000 in %v", few, many)
	if many > 40*few {
		t.Errorf("20,000 take %v and 160,000 take %v", few, many)
	}
}
