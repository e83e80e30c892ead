package decide

import (
	"fmt"
	"testing"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
	"github.com/openceir/openceir/subscriber"
)

func tracks(g list.Ground, ceiling uint64) list.Policy {
	p := prohibits(g, ceiling)
	p.Status = list.Tracked
	return p
}

func key(f device.Finding) findingKey { return findingKey{IMEI: f.IMEI, Rule: f.Rule} }

const (
	one      = "listed 35227402000001 prohibited barred"
	two      = "listed 35227402000002 prohibited barred"
	oneMild  = "listed 35227402000001 tracked barred"
	twoMild  = "listed 35227402000002 tracked barred"
	dup      = "listed 35227402000005 prohibited duplicate"
	dupPair  = "pair 35227402000005 allowed duplicate subscriber imsi-001010123456789 overrides duplicate"
	stolenIs = "listed 35227402000001 prohibited stolen"
)

// A milder policy makes milder what the rule had set, as many a day as its ceiling says: the
// releases are counted like refusals.
func TestMilder(t *testing.T) {
	o := newOffice(t, prohibits(list.Barred, 2))
	o.find(changes{Open: []device.Finding{found(1, 1), found(2, 2)}})
	o.stands(one, two)
	o.policy(tracks(list.Barred, 1))
	o.stands(one, two)
	if !o.told("2 measures of r wait") {
		t.Error("nothing tells that they wait for the day's sums")
	}
	o.tomorrow()
	o.stands(oneMild, two)
	o.tomorrow()
	o.find(changes{Closed: []findingKey{key(found(2, 2))}}) // what closed goes, by way of what the policy can set
	o.stands(oneMild)
	released := uint64(0)
	report := o.Clean(t)
	o.Store.View(t.Context(), func(tx ledger.Tx) error {
		for l, err := range tx.Leaves(t.Context(), report.Size-6) {
			r, _ := receipt.ParseRecord(l.Text)
			if err == nil && r != nil {
				released += r.Releases
			}
		}
		return nil
	})
	if released != 2 {
		t.Errorf("%d releases are on record, want 2", released)
	}
}

// A harder policy makes harder what the rule may still act on, strongest first.
func TestHarder(t *testing.T) {
	weak, strong, incomplete := found(1, 1), found(2, 2), found(3, 3)
	o := newOffice(t, tracks(list.Barred, 2))
	o.find(changes{Open: []device.Finding{weak, strong, incomplete}})
	o.stands(oneMild, twoMild, "listed 35227402000003 tracked barred")
	incomplete.Incomplete = true
	o.find(changes{Open: []device.Finding{incomplete}})
	o.policy(prohibits(list.Barred, 1))
	o.stands(oneMild, two, "listed 35227402000003 tracked barred")
	o.tomorrow()
	o.stands(one, two, "listed 35227402000003 tracked barred")
	o.find(changes{Closed: []findingKey{key(incomplete)}})
	o.stands(one, two, "listed 35227402000003 tracked barred") // to lift it, the rule would have to prohibit it
	if !o.told("only people can lift") {
		t.Error("nothing tells that people must lift it")
	}
	o.people("drop listed 35227402000003 tracked barred\n")
	o.stands(one, two)
	o.people("set listed 35227402000004 tracked barred\n")
	o.find(changes{Open: []device.Finding{found(4, 9)}})
	o.tomorrow()
	o.stands(one, two, "listed 35227402000004 tracked barred") // people's, not the rule's to make harder
	o.Clean(t)
}

// Policies may go back and forth, and the list with them.
func TestBackAndForth(t *testing.T) {
	o := newOffice(t)
	o.find(changes{Open: []device.Finding{found(1, 1)}})
	for range 3 {
		o.policy(prohibits(list.Barred, 5))
		o.stands(one)
		o.policy(tracks(list.Barred, 5))
		o.stands(oneMild)
		o.tomorrow()
	}
	o.policy(tracks(list.Barred, 0)) // stopped: it sets nothing more, and what it set stands
	o.find(changes{Open: []device.Finding{found(2, 1)}})
	o.stands(oneMild)
	o.Clean(t)
}

// A policy on another ground can not touch what stands on the former: people are told.
func TestAnotherGround(t *testing.T) {
	o := newOffice(t, prohibits(list.Barred, 5))
	o.find(changes{Open: []device.Finding{found(1, 1)}})
	o.stands(one)
	o.policy(prohibits(list.Fraud, 5))
	o.stands(one, "listed 35227402000001 prohibited fraud")
	if !o.told("another ground now") {
		t.Error("nobody is told")
	}
}

// Releasing what was stolen takes what it always takes: two persons behind the policy.
func TestMilderOnStolen(t *testing.T) {
	o := newOffice(t, prohibits(list.Stolen, 5))
	o.find(changes{Open: []device.Finding{found(1, 1)}})
	o.stands(stolenIs)
	o.policy(tracks(list.Stolen, 5), "ministry/amina")
	o.stands(stolenIs)
	if !o.told("releasing 1 stolen") {
		t.Error("the guard let one person release a stolen device")
	}
	o.policy(tracks(list.Stolen, 5), "ministry/amina", "ministry/bela")
	o.stands("listed 35227402000001 tracked stolen")
	o.Clean(t)
}

// What people lifted the rule does not set again, whatever its policy becomes.
func TestPeopleHaveTheLastWord(t *testing.T) {
	o := newOffice(t, prohibits(list.Barred, 5))
	o.find(changes{Open: []device.Finding{found(1, 1), found(2, 1)}})
	o.stands(one, two)
	o.people("drop " + one + "\n")
	o.stands(two)
	o.policy(tracks(list.Barred, 9))
	o.stands(twoMild)
	o.people("drop " + twoMild + "\n")
	o.stands()
	o.policy(prohibits(list.Barred, 9))
	o.stands()
	theirs := found(7, 1)
	o.people("set listed 35227402000007 prohibited barred\n")
	o.find(changes{Open: []device.Finding{theirs}})
	o.policy(tracks(list.Barred, 9))
	o.stands("listed 35227402000007 prohibited barred") // not the rule's to make milder
	o.find(changes{Closed: []findingKey{key(theirs)}})
	o.stands("listed 35227402000007 prohibited barred")
	o.Clean(t)
}

// A finding that closes and opens again in the same episode, as when its file was withdrawn by
// mistake, has its line again; unless people took it away in between.
func TestOpenedAgain(t *testing.T) {
	f := found(1, 1)
	o := newOffice(t, prohibits(list.Barred, 9))
	flip := func(p list.Policy) {
		o.find(changes{Closed: []findingKey{key(f)}})
		o.stands()
		o.policy(p)
		o.find(changes{Open: []device.Finding{f}})
	}
	o.find(changes{Open: []device.Finding{f}})
	o.stands(one)
	for range 2 {
		flip(tracks(list.Barred, 9))
		o.stands(oneMild)
		flip(prohibits(list.Barred, 9))
		o.stands(one)
		o.policy(tracks(list.Barred, 9))
		o.stands(oneMild)
	}
	o.people("drop " + oneMild + "\n")
	o.stands()
	flip(prohibits(list.Barred, 9))
	o.stands()
	f.Since = o.nextEpisode() // judged anew
	o.find(changes{Open: []device.Finding{f}})
	o.stands(one)
	o.Clean(t)
}

// What people took away stays away though they, and not the rule, had set it: a phone that its owner
// has back is not refused again because an older report of it is found. A later one is another matter.
func TestFoundAgain(t *testing.T) {
	o := newOffice(t, prohibits(list.Barred, 9))
	o.people("set " + one + "\n")
	o.people("drop " + one + "\n")
	o.find(changes{Open: []device.Finding{found(1, 1), found(2, 1)}})
	o.stands(two)
	later := found(1, 1)
	later.Since = o.nextEpisode()
	o.find(changes{Open: []device.Finding{later}})
	o.stands(one, two)
	o.Clean(t)
}

// When a finding closes, the line and its pair go together, or neither does.
func TestLift(t *testing.T) {
	f := found(5, 100)
	f.Best = subscriber.Of(1010123456789, 0)
	o := newOffice(t, prohibits(list.Duplicate, 1))
	o.find(changes{Open: []device.Finding{f}})
	o.stands(dupPair, dup)
	o.find(changes{Closed: []findingKey{key(f)}})
	o.stands(dupPair, dup) // the ceiling was used up by the block
	if !o.told("today 0 more may be changed") {
		t.Error("nothing tells that the lifting waits")
	}
	o.tomorrow()
	o.stands()
	o.Clean(t)
}

// A pair is not lifted while something that others set would then refuse its subscriber, and a
// device is not refused again without the pair that people took away.
func TestPair(t *testing.T) {
	f := found(5, 100)
	f.Best = subscriber.Of(1010123456789, 0)
	o := newOffice(t, prohibits(list.Duplicate, 9))
	o.find(changes{Open: []device.Finding{f}})
	o.stands(dupPair, dup)
	o.people("set " + dup + "\n") // theirs now
	o.find(changes{Closed: []findingKey{key(f)}})
	o.stands(dupPair, dup)
	if !o.told("it would refuse 1 active pairs") {
		t.Error("nothing tells why the pair stands")
	}
	o.people("drop " + dup + "\n")
	o.stands()

	f.Since = o.nextEpisode()
	o.find(changes{Open: []device.Finding{f}})
	o.stands(dupPair, dup)
	o.tomorrow()
	o.people("drop " + dupPair + "\n")
	o.find(changes{Closed: []findingKey{key(f)}})
	o.stands()
	o.find(changes{Open: []device.Finding{f}})
	o.stands()
	o.Clean(t)
}

// However many measures wait, one note tells.
func TestNotesAreFew(t *testing.T) {
	o := newOffice(t, prohibits(list.Barred, 100))
	var open changes
	for i := range 100 {
		open.Open = append(open.Open, found(uint32(i), 1))
	}
	o.find(open)
	o.look()
	o.policy(tracks(list.Barred, 100))
	o.look()
	if len(o.notes) != 1 {
		t.Errorf("%d notes: %.300s", len(o.notes), fmt.Sprint(o.notes))
	}
}

// A finding that a rule remembers through a gap holds nobody: its line goes, and comes back with it.
func TestGap(t *testing.T) {
	o := newOffice(t, prohibits(list.Barred, 9))
	f := found(1, 1)
	o.find(changes{Open: []device.Finding{f}})
	o.stands("listed 35227402000001 prohibited barred")
	f.Ended = today
	o.find(changes{Open: []device.Finding{f}})
	o.stands()
	f.Ended = 0
	o.find(changes{Open: []device.Finding{f}})
	o.stands("listed 35227402000001 prohibited barred")
}
