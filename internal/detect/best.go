package detect

import (
	"math/bits"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// The genuine device among duplicates, Q.5052 §8: what sightings alone can say.
// Registration, purchase and inspection are evidence that people weigh later. The points are
// chosen so that nobody stands out without having been first by a clear margin and being active
// still, and so that a rival with most days and a steady pair makes the claim unclear.
const (
	bestFirst  = 400 // seen first, by at least firstMargin days before anybody else
	bestDays   = 300 // seen on at least half again as many days of the horizon as anybody else
	bestStable = 200 // seen in at least three quarters of the weeks since the first sighting
	bestActive = 100 // seen in the last 30 days

	bestEnough = 700 // points needed
	bestLead   = 300 // points ahead of the next
	// firstMargin is two weeks: operators deliver late and files repeat, so days prove nothing.
	firstMargin = 14
)

// claim is what is known of one user's claim to the genuine device.
type claim struct {
	root        int32
	first, last device.Day
	id          subscriber.ID // the subscription it last used
	days        int
	stable      bool
	points      int
}

// best returns the subscriber with the best claim, and writes why. It returns 0 where no claim
// stands out, for a history that is not whole, and for bulk values, where nobody searches.
func (b *bench) best(evidence map[string]string) subscriber.ID {
	switch {
	case b.pairs >= bulkSubscribers:
		put(evidence, "best", "not searched: %d active subscribers", b.pairs)
		return 0
	case b.h.Truncated || len(b.roots) < 2:
		return 0
	}
	best, next := b.rank(b.claims())
	if best.points < bestEnough || best.points-next.points < bestLead || best.last <= b.asOf-activeDays {
		put(evidence, "best", "none stands out: %d points, next %d", best.points, next.points)
		return 0
	}
	put(evidence, "best", "%d points, next %d: first seen %s, %d days, next user first seen %s, %d days",
		best.points, next.points, best.first, best.days, next.first, next.days)
	return best.id
}

// rank gives points to each claim and returns the best and the next.
func (b *bench) rank(claims []claim) (best, next *claim) {
	for i := range claims {
		c := &claims[i]
		first, most := true, true
		for j := range claims {
			if o := &claims[j]; i != j {
				first = first && c.first+firstMargin <= o.first
				most = most && c.days*2 >= o.days*3
			}
		}
		if first {
			c.points += bestFirst
		}
		if most {
			c.points += bestDays
		}
		if c.stable {
			c.points += bestStable
		}
		if c.last > b.asOf-activeDays {
			c.points += bestActive
		}
		switch {
		case best == nil || c.points > best.points:
			best, next = c, best
		case next == nil || c.points > next.points:
			next = c
		}
	}
	return best, next
}

// claims collects first and last sightings over the whole history, and days within the horizon.
func (b *bench) claims() []claim {
	claims := make([]claim, 0, len(b.roots))
	at := make(map[int32]int, len(b.roots))
	for _, r := range b.roots {
		at[r] = len(claims)
		c := claim{root: r, first: never}
		for _, v := range b.of(r) {
			c.days += bits.OnesCount64(v)
		}
		claims = append(claims, c)
	}
	u := -1
	for i := range b.h.Days {
		row := &b.h.Days[i]
		days, id := b.past(row), row.Subscriber()
		if days == 0 || id == 0 {
			continue
		}
		if u < 0 || b.users[u].id != id {
			u++
		}
		k, ok := at[b.users[u].root]
		if !ok {
			continue
		}
		month := row.Month.First()
		c := &claims[k]
		c.first = min(c.first, month+device.Day(bits.TrailingZeros32(days)))
		if last := month + device.Day(31-bits.LeadingZeros32(days)); last > c.last {
			c.last, c.id = last, id
		}
	}
	for k := range claims {
		claims[k].stable = b.steady(&claims[k])
	}
	return claims
}

// steady reports whether the user was seen in three quarters of the weeks from its first day to
// asOf, as far as the horizon reaches.
func (b *bench) steady(c *claim) bool {
	start := max(0, int(c.first-b.base))
	weeks, seen := 0, 0
	for ; start < b.horizon; start += 7 {
		weeks++
		for s := start; s < min(start+7, b.horizon); s++ {
			if b.of(c.root)[s>>6]>>uint(s&63)&1 != 0 {
				seen++
				break
			}
		}
	}
	return seen*4 >= weeks*3
}
