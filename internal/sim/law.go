package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openceir/openceir/imei"
)

// rulePolicy is a policy as the witness reads it.
type rulePolicy struct {
	rule, status, ground string
	ceiling, dryRun      uint64
	tier                 int
}

// Tiers, as the documentation of the guard has them.
const (
	nobody = iota
	onePerson
	twoPersons
	twoOrganisations
	timeLock
)

// limit is how many pairs acts of a tier may change in 24 hours.
func (x *Witness) limit(tier int) uint64 {
	a := x.active
	switch tier {
	case onePerson:
		return max(1, min(500, a/10000))
	case twoPersons:
		return max(1, a/1000)
	case twoOrganisations:
		return max(1, a/100)
	case timeLock:
		return 1 << 62
	}
	return 0
}

// judge says what is wrong with a record under the law, and takes it into account.
func (x *Witness) judge(f *fact) error {
	switch f.kind {
	case "directory", "denominator", "policy", "measure":
	default:
		return nil // changes nobody's service
	}
	by := x.directory
	if f.kind == "directory" && f.index == 0 {
		by = readPeople(f.body)
	}
	persons, orgs, err := by.support(f)
	if err != nil {
		return err
	}
	f.persons, f.tier = persons, min(len(persons), twoPersons)
	if orgs >= 2 {
		f.tier = twoOrganisations
	}
	f.announcedTheDayOff = x.announced(f)
	switch f.kind {
	case "directory":
		return x.judgeDirectory(f)
	case "denominator":
		return x.judgeDenominator(f)
	case "policy":
		return x.judgePolicy(f)
	}
	return x.judgeMeasure(f)
}

// announced reports whether the record's proposal has its content and is a day old.
func (x *Witness) announced(f *fact) bool {
	if f.proposal == 0 || f.proposal >= f.index {
		return false
	}
	p := x.facts[f.proposal]
	return p.kind == "proposal" && string(p.body) == f.content && !p.time.Add(24*time.Hour).After(f.time)
}

func (x *Witness) judgeDirectory(f *fact) error {
	next := readPeople(f.body)
	orgs := map[string]bool{}
	for p := range next {
		orgs[organisation(p)] = true
	}
	if f.tier < twoOrganisations || len(orgs) < 2 {
		return fmt.Errorf("a directory of %d organisations on tier %d", len(orgs), f.tier)
	}
	x.directory, x.homes = next, readNetworks(f.body)
	return nil
}

func (x *Witness) judgeDenominator(f *fact) error {
	if f.tier < twoOrganisations {
		return fmt.Errorf("a denominator on tier %d", f.tier)
	}
	_, err := fmt.Sscanf(string(f.body), "active %d\n", &x.active)
	return err
}

func (x *Witness) judgePolicy(f *fact) error {
	v := map[string]string{}
	for _, line := range strings.Split(string(f.body), "\n") {
		name, value, _ := strings.Cut(line, " ")
		v[name] = value
	}
	p := &rulePolicy{rule: v["rule"], status: v["status"], ground: v["ground"], tier: f.tier}
	p.ceiling, _ = strconv.ParseUint(v["ceiling"], 10, 64)
	p.dryRun, _ = strconv.ParseUint(v["dry-run"], 10, 64)
	if p.tier == twoOrganisations && f.announcedTheDayOff {
		p.tier = timeLock
	}
	if p.tier < onePerson || p.ceiling > 0 && max(p.ceiling, p.dryRun) > x.limit(p.tier) {
		return fmt.Errorf("a policy for %d and %d pairs on tier %d", p.ceiling, p.dryRun, p.tier)
	}
	x.policies[f.index], x.current[p.rule] = p, f.index
	return nil
}

func (x *Witness) judgeMeasure(f *fact) error {
	if f.authority != 0 {
		p := x.policies[f.authority]
		if p == nil || f.by != "rule "+p.rule || x.current[p.rule] != f.authority {
			return fmt.Errorf("it rests on record %d, which is no policy in force of %s", f.authority, f.by)
		}
		for _, o := range f.ops {
			pair := o.class == "pair" && o.ground == p.ground && slices.Equal(o.overrides, []string{p.ground})
			if !pair && (o.class != "listed" || o.from != o.to || o.status != p.status || o.ground != p.ground) {
				return fmt.Errorf("its policy does not cover %q", o.text)
			}
		}
		f.rule, f.tier = p.rule, max(f.tier, p.tier)
	}
	if f.tier == nobody {
		return fmt.Errorf("nobody signed it")
	}
	f.pairs, f.thefts = x.crowd(f.ops)
	if got := f.refuses + f.releases; uint64(f.pairs) > got {
		return fmt.Errorf("it is recorded as changing %d pairs and changes %d", got, f.pairs)
	}
	if err := x.sums(f); err != nil {
		return err
	}
	x.list.apply(f.ops)
	return nil
}

// sums holds what 24 hours add up to against the limits.
func (x *Witness) sums(f *fact) error {
	own := f.refuses + f.releases
	nation, rule, thefts := own, own, f.thefts
	person := map[string]uint64{}
	for _, e := range x.facts {
		if e.kind != "measure" || !e.time.After(f.time.Add(-24*time.Hour)) {
			continue
		}
		n := e.refuses + e.releases
		if thefts += e.thefts; e.tier <= f.tier {
			nation += n
		}
		if f.rule != "" && e.rule == f.rule {
			rule += n
		}
		for _, p := range e.persons {
			person[p] += n
		}
	}
	if f.thefts > 0 && (f.tier < twoPersons || thefts > 50 && f.tier < twoOrganisations) {
		return fmt.Errorf("it releases %d stolen devices, %d within a day, on tier %d", f.thefts, thefts, f.tier)
	}
	most := nation
	if f.rule != "" {
		if p := x.policies[f.authority]; rule > p.ceiling {
			return fmt.Errorf("the rule changes %d pairs within a day, its ceiling is %d", rule, p.ceiling)
		}
	} else {
		for _, p := range f.persons {
			most = max(most, own+person[p])
		}
	}
	if most <= x.limit(f.tier) {
		return nil
	}
	if f.tier == twoOrganisations && f.rule == "" && f.announcedTheDayOff {
		f.tier = timeLock
		return nil
	}
	return fmt.Errorf("%d pairs within a day on tier %d, whose limit is %d", most, f.tier, x.limit(f.tier))
}

// crowd counts, one by one, the active pairs whose answer the ops change, and the stolen devices
// that they let go, among all devices that anybody has seen.
func (x *Witness) crowd(ops []op) (pairs, thefts int) {
	after := table{}
	for k, l := range x.list {
		after[k] = l
	}
	after.apply(ops)
	by := map[imei.IMEI][]string{}
	for _, p := range x.nation.pairs {
		by[p.device] = append(by[p.device], "imsi-"+p.who.String())
	}
	for _, d := range x.nation.devices {
		by[d] = append(by[d], "")
	}
	for _, o := range ops { // such as were stolen before anybody used them
		if d := imei.IMEI(o.from); o.from == o.to && len(by[d]) == 0 {
			by[d] = append(by[d], "")
		}
	}
	versions := []int{-1, 2}
	most := [2]int{}
	for d, who := range by {
		if !slices.ContainsFunc(ops, func(o op) bool { return o.from <= uint64(d) && uint64(d) <= o.to }) {
			continue
		}
		was, is := x.list.over(d), after.over(d)
		for i, v := range versions {
			for _, s := range who {
				if s != "" && refuses(verdict(was, d, asker{s, v})) != refuses(verdict(is, d, asker{s, v})) {
					most[i]++
				}
			}
		}
		if stolen(was, d) && !stolen(is, d) {
			thefts++
		}
	}
	return max(most[0], most[1]), thefts
}

// stolen reports whether theft is what decides about the device.
func stolen(lines []line, m imei.IMEI) bool {
	before := slices.ContainsFunc(lines, func(l line) bool { return l.class == "override" || l.class == "special" })
	return !before && !nobodys[uint64(m)] && slices.ContainsFunc(lines, func(l line) bool { return l.steals(-1) })
}
