package month

import (
	"math"
	"sort"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/subscriber"
)

// part is what a subscriber is in the month.
type part uint8

const (
	clone part = iota
	dual
	malformed
	changer
	unknown
	stolen
	honest
	parts
)

// plan is all that is decided before the first row is written. It does not change afterwards.
type plan struct {
	cfg   Config
	ops   []Operator
	sum   Summary
	from  []int64 // first subscriber of each operator, and one beyond the last
	ranks [parts + 1]int64
	tacs  []tac
	ends  []int64 // devices up to and including each TAC
	// groups has the number of clone users up to and including each cloned IMEI.
	groups []int64
	// Devices are numbered: the cloned ones, the dual ones, one for each rank of the later parts, the
	// second ones of changers, then those that nobody saw: registered, then stolen.
	duals, own, second, unseen, unseenStolen, devices int64
}

func newPlan(cfg Config) (*plan, error) {
	if cfg.Rows < 10_000 || cfg.Rows > 1_000_000_000 {
		return nil, problem.New(problem.Invalid, "a month has from 10,000 to 1,000,000,000 rows, not %d", cfg.Rows)
	}
	if cfg.Pairs < 0 || cfg.Late < 0 {
		return nil, problem.New(problem.Invalid, "there are no negative numbers of rows")
	}
	p := &plan{cfg: cfg, ops: Operators()}
	n := cfg.Rows / 200 * 20 // subscribers: an even number for each operator
	p.sum.Subscribers, p.sum.Rows = n, n*10
	p.from = []int64{0}
	for i, op := range p.ops {
		p.from = append(p.from, p.from[i]+n/10*op.part)
	}
	even := func(permille int64) int64 { return n * permille / 1000 / 2 * 2 }
	for i, size := range []int64{even(15), even(50), even(3), even(50), even(20), even(3)} {
		p.ranks[i+1] = p.ranks[i] + size
	}
	p.ranks[parts] = n
	p.cloneGroups()
	p.number()
	p.sum.Late = cfg.Late
	if cfg.Late == 0 {
		p.sum.Late = 50_000
	}
	p.sum.Late = min(p.sum.Late, cfg.Rows/20)
	p.sum.Pairs = cfg.Pairs
	if cfg.Pairs == 0 {
		p.sum.Pairs = cfg.Rows / 500
	}
	p.count()
	return p, nil
}

// cloneGroups deals the users of clones into groups whose sizes follow a Pareto law of exponent 1,
// from 2 to 400.
func (p *plan) cloneGroups() {
	users := p.ranks[clone+1]
	for done, g := int64(0), uint64(0); done < users; g++ {
		u := float64(p.draw(forGroups, g)>>11) / (1 << 53)
		size := int64(1 / (0.5 - u*(0.5-1.0/400)))
		if users-done-size < 2 {
			size = users - done
		}
		done += size
		p.groups = append(p.groups, done)
	}
}

// number gives the devices their numbers and the TACs their devices.
func (p *plan) number() {
	n := p.sum.Subscribers
	p.duals = int64(len(p.groups))
	p.own = p.duals + p.size(dual)/2 - p.ranks[malformed] // plus the rank
	p.second = p.own + n
	p.unseen = p.own + n + p.size(changer)
	p.unseenStolen = p.unseen + n*58/100
	p.sum.Stolen = min(50_000, n/2)
	p.devices = p.unseenStolen + p.sum.Stolen - p.size(stolen)
	p.newTACs()
	p.share(p.devices)
}

func (p *plan) size(k part) int64 { return p.ranks[k+1] - p.ranks[k] }

// count fills in the summary what follows from the plan.
func (p *plan) count() {
	s := &p.sum
	s.Clones, s.Malformed, s.Unknown = int64(len(p.groups)), p.size(malformed), p.size(unknown)
	s.Devices = s.Clones + p.size(dual)/2 + s.Subscribers - p.ranks[changer] + p.size(changer)
	s.Triplets = s.Subscribers - s.Malformed + (s.Malformed+5)/6 // all zeros are well formed
	for rank := p.ranks[changer]; rank < p.ranks[changer+1]; rank++ {
		if s := p.byRank(rank); p.seen(s, 0, s.changes) && p.seen(s, s.changes, days) {
			p.sum.Triplets++
		} else {
			p.sum.Devices-- // one of the two was not seen
		}
	}
	for d := range p.unseenStolen {
		if p.registered(d) {
			s.Registered++
		}
	}
}

// share gives each TAC its part of the devices, by Zipf's law but at most a million: more serial
// numbers there are not.
func (p *plan) share(devices int64) {
	const most = 1_000_000
	total := func(scale float64) (n int64) {
		for i := range p.tacs {
			n += min(most, int64(scale*p.tacs[i].weight))
		}
		return n
	}
	low, high := 0.0, 1.0
	for total(high) < devices {
		high *= 2
	}
	for range 60 {
		if middle := (low + high) / 2; total(middle) <= devices {
			low = middle
		} else {
			high = middle
		}
	}
	left, end := devices-total(low), int64(0)
	for i := range p.tacs {
		size := min(most, int64(low*p.tacs[i].weight))
		more := min(most-size, left)
		left -= more
		end += size + more
		p.ends = append(p.ends, end)
	}
}

// device returns the IMEI of a device and the row of its TAC.
func (p *plan) device(d int64) (imei.IMEI, *tac) {
	at := int64(scatter(uint64(d), uint64(p.devices), p.cfg.Seed^forDevices))
	i := sort.Search(len(p.ends), func(i int) bool { return p.ends[i] > at })
	first := int64(0)
	if i > 0 {
		first = p.ends[i-1]
	}
	t := &p.tacs[i]
	return imei.New(t.code, uint32(scatter(uint64(at-first), 1_000_000, uint64(t.code)))), t
}

// registered reports whether a device is on the registration list. Those that nobody saw are, but
// for the stolen ones that come last.
func (p *plan) registered(d int64) bool {
	if d >= p.unseen {
		return d < p.unseenStolen
	}
	if rank := d - p.own; d >= p.duals+p.size(dual)/2 && rank >= p.ranks[unknown] && rank < p.ranks[unknown+1] {
		return false
	}
	return p.draw(forRegistration, uint64(d))%100 < 92
}

// person is a subscriber with the part that they have.
type person struct {
	rank    int64
	part    part
	first   int64 // device; for an unknown or malformed IMEI its number among those
	second  int64 // of a changer
	changes int   // day of the month from which a changer has the second, from 0
	days    uint64
	key     uint64
}

// byRank returns the subscriber of a rank.
func (p *plan) byRank(rank int64) person { return p.person(p.numberOf(rank), rank) }

func (p *plan) person(n, rank int64) person {
	s := person{rank: rank, part: honest, key: p.draw(forPeople, uint64(rank))}
	for k := range parts {
		if rank < p.ranks[k+1] {
			s.part = k
			break
		}
	}
	s.days = 1 + p.draw(forDays, uint64(n/2))%19 // two neighbours have twenty days
	if n%2 == 1 {
		s.days = 20 - s.days
	}
	switch s.part {
	case clone:
		s.first = int64(sort.Search(len(p.groups), func(i int) bool { return p.groups[i] > rank }))
	case dual:
		s.first = p.duals + (rank-p.ranks[dual])/2
	case malformed, unknown:
		s.first = rank - p.ranks[s.part]
	case changer:
		s.second = p.second + rank - p.ranks[changer]
		s.changes = 5 + int(s.key>>40%20)
		s.first = p.own + rank
	default:
		s.first = p.own + rank
	}
	return s
}

// subscriber returns the subscriber of a number; numbers stand in the order of operators.
func (p *plan) subscriber(n int64) person {
	return p.person(n, int64(scatter(uint64(n), uint64(p.sum.Subscribers), p.cfg.Seed^forRanks)))
}

// numberOf returns the number of the subscriber of a rank.
func (p *plan) numberOf(rank int64) int64 {
	return int64(gather(uint64(rank), uint64(p.sum.Subscribers), p.cfg.Seed^forRanks))
}

// on reports whether a subscriber was seen on a day of the month, counted from 0: on exactly as
// many days as they have.
func (s *person) on(day int) bool { return scatter(uint64(day), days, s.key) < s.days }

func (p *plan) seen(s person, from, to int) bool {
	for day := from; day < to; day++ {
		if s.on(day) {
			return true
		}
	}
	return false
}

// imsi returns the subscription of a number, which may lie beyond the subscribers.
func (p *plan) imsi(op int, n int64) subscriber.IMSI {
	return subscriber.IMSI(999_010_000_000_000 + uint64(op)*10_000_000_000 + scatter(uint64(n), 10_000_000_000, p.cfg.Seed^forIMSI))
}

// msisdn returns the telephone number of the subscriber of a number.
func (p *plan) msisdn(n int64) subscriber.MSISDN {
	return subscriber.MSISDN(999_000_000_000 + scatter(uint64(n), 1_000_000_000, p.cfg.Seed^forMSISDN))
}

// operatorOf returns the operator of the subscriber of a number.
func (p *plan) operatorOf(n int64) int {
	op := 0
	for op < len(p.ops)-1 && n >= p.from[op+1] {
		op++
	}
	return op
}

// zipf is the weight of a rank, from 0.
func zipf(rank int) float64 { return math.Pow(float64(rank+1), -1.05) }
