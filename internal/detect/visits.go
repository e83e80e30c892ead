package detect

import (
	"slices"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// visitors says whose each visit up to asOf is: computed when first asked for, because most devices
// have one user and nobody asks.
type visitors struct {
	ready bool
	user  []int32 // of each visit the user after continuity; -1 where user or area is not known
	lone  bool    // no two users, or no two areas: there is no conflict
	byID  map[subscriber.ID]int32
	apart map[[2]int32]bool // pairs asked for, whether they were in two places at once
	// scratch of conflicts
	active []int32
	used   []bool
}

// settleVisits finds the user of each visit. A subscriber of visits only is a user without days.
func (b *bench) settleVisits() {
	m := &b.visits
	if m.ready {
		return
	}
	m.ready, m.lone = true, true
	m.user = m.user[:0]
	if m.apart == nil {
		m.apart = make(map[[2]int32]bool)
	}
	clear(m.apart)
	if len(b.h.Visits) == 0 {
		return
	}
	b.index()
	firstUser, firstArea := int32(-1), device.Area(0)
	users, areas := 0, 0
	for i := range b.h.Visits {
		v := &b.h.Visits[i]
		if v.From >= b.end {
			break
		}
		u := int32(-1)
		if v.Area != 0 && v.Subscriber != 0 {
			if u = b.visitor(v.Subscriber); users == 0 {
				firstUser, firstArea = u, v.Area
				users, areas = 1, 1
			}
			if u != firstUser {
				users = 2
			}
			if v.Area != firstArea {
				areas = 2
			}
		}
		m.user = append(m.user, u)
	}
	m.lone = users < 2 || areas < 2
}

// fewUsers is up to how many users a search in a row is faster than a map.
const fewUsers = 8

// index prepares the search of users by subscriber.
func (b *bench) index() {
	if len(b.users) <= fewUsers {
		return
	}
	if b.visits.byID == nil {
		b.visits.byID = make(map[subscriber.ID]int32)
	}
	clear(b.visits.byID)
	for u := range b.users {
		b.visits.byID[b.users[u].id] = int32(u)
	}
}

// visitor returns the user, after continuity, that a visit's subscriber is.
func (b *bench) visitor(id subscriber.ID) int32 {
	if len(b.users) > fewUsers {
		if u, ok := b.visits.byID[id]; ok {
			return b.users[u].root
		}
	} else if u := slices.IndexFunc(b.users, func(u user) bool { return u.id == id }); u >= 0 {
		return b.users[u].root
	}
	u := int32(len(b.users))
	b.users = append(b.users, user{id, u})
	if len(b.users) == fewUsers+1 {
		b.index()
	} else if len(b.users) > fewUsers {
		b.visits.byID[id] = u
	}
	return u
}
