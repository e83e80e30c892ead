package country

import (
	"regexp"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/subscriber"
)

// Config says what country to make. Population is required; every other field works when zero.
type Config struct {
	// Population is the number of the country's subscriptions, from 100 to 20,000,000.
	Population int
	// Months is the number of civil months, 1 to 36, ending with the month of Last. Default 2.
	Months int
	// Seed chooses among countries of the same kind.
	Seed uint64
	// Operators are the networks, one to nine, all of one MCC. Default DefaultOperators.
	Operators []Operator
	// Last is the last day. Default DefaultLast, so that nothing depends on today.
	Last device.Day
	// TimedDays is the number of last days that have timed attaches, at most the period. Default 14.
	TimedDays int
	// Rates are how often things happen; nil means DefaultRates.
	Rates *Rates
}

// Operator is one network.
type Operator struct {
	Name  device.Operator // of a-z and 0-9, at most 20
	PLMN  subscriber.PLMN
	Share float64 // its part of the subscriptions, relative to the others'
}

// DefaultLast is the last day of a country that names none: 30 June 2026.
const DefaultLast = device.Day(20634)

// DefaultOperators returns three networks of MCC 001 with 45, 35 and 20 % of the subscriptions.
func DefaultOperators() []Operator {
	return []Operator{
		{Name: "gannet", PLMN: "00101", Share: 0.45},
		{Name: "heron", PLMN: "00102", Share: 0.35},
		{Name: "tern", PLMN: "00103", Share: 0.20},
	}
}

// Rates are shares of Population unless a field says otherwise: "a month" means per month of the
// period. A rate above zero happens at least once, however small the country.
type Rates struct {
	// Honest ways of owning devices.
	DualSIM     float64 // phones with two IMEIs and two cards
	TwoSlots    float64 // phones with two IMEIs of which the owner uses one, or one after the other
	Family      float64 // phones shared by two to four cards
	IoT         float64 // modules: one card, data only, always in one place or on a vehicle
	MiFi        float64 // mobile hotspots
	Test        float64 // laboratory devices in the test ranges, outside the directory
	SharedValue float64 // genuine modems that all show one known default value
	Shops       float64 // repair shops, each with a bench phone
	Unused      float64 // registered devices that are never switched on

	// Honest things that happen.
	Roamers  float64 // visitors from abroad a month, of 3 to 14 days, beside the population
	Repaired float64 // people a month whose card spends one to three days in a bench phone
	Changed  float64 // people a month who buy a new phone
	Gifted   float64 // phones a month given to somebody who then leaves an old one
	Resold   float64 // phones a month sold second-hand
	Ported   float64 // people a month who keep the number and change the operator
	Replaced float64 // people a month whose card is replaced: new IMSI, same number
	Joined   float64 // people a month whose subscription begins inside the period

	// Wrongdoing.
	Stolen        float64 // phones stolen; see theft.go for what becomes of them
	NonAllocated  float64 // devices under TACs that nobody allocated
	Counterfeit   float64 // devices under the TAC of another model
	BulkLarge     float64 // handsets that share the most-copied value
	BulkSecond    float64 // handsets that share the second value
	BulkSmall     float64 // handsets in groups of 5 to 60 that share a value
	Cloned        float64 // victims of exactly one cloner
	ClonedNearby  float64 // of them, the part whose cloner lives in the victim's town
	SIMBox        float64 // cards in SIM boxes
	Reprogrammed  float64 // of the stolen, the part that comes back with another IMEI
	Recovered     float64 // of the stolen, the part that is found and taken off the list
	NeverSeen     float64 // of the stolen, the part that is never seen again
	StolenEarlier float64 // of the stolen, the part stolen before the period

	// Faults of the files, as shares of rows, or of subscriptions for Stripped.
	Malformed  float64
	Duplicated float64
	Stripped   float64
	WholeDays  bool // one missing day, and one late day if there are two months
}

// DefaultRates returns the rates of a country in which about 0.3 % of the subscriptions lost a phone
// to a thief, 0.5 % use a device nobody allocated, and 1 % use a cloned number.
func DefaultRates() Rates {
	return Rates{
		DualSIM: 0.06, TwoSlots: 0.10, Family: 0.01, IoT: 0.03, MiFi: 0.02, Test: 0.0001, SharedValue: 0.0005, Shops: 0.0001, Unused: 0.03,
		Roamers: 0.02, Repaired: 0.015, Changed: 0.02, Gifted: 0.004, Resold: 0.006, Ported: 0.003, Replaced: 0.004, Joined: 0.01,
		Stolen: 0.003, NonAllocated: 0.005, Counterfeit: 0.002,
		BulkLarge: 0.006, BulkSecond: 0.002, BulkSmall: 0.001, Cloned: 0.001, ClonedNearby: 0.3, SIMBox: 0.001,
		Reprogrammed: 0.12, Recovered: 0.13, NeverSeen: 0.35, StolenEarlier: 0.25,
		Malformed: 0.003, Duplicated: 0.002, Stripped: 0.0002, WholeDays: true,
	}
}

var operatorName = regexp.MustCompile(`^[a-z][a-z0-9]{0,19}$`)

// resolved returns the configuration with its defaults filled in.
func (c Config) resolved() (Config, error) {
	if c.Months == 0 {
		c.Months = 2
	}
	if c.Last == 0 {
		c.Last = DefaultLast
	}
	if c.TimedDays == 0 {
		c.TimedDays = 14
	}
	if len(c.Operators) == 0 {
		c.Operators = DefaultOperators()
	}
	if c.Rates == nil {
		r := DefaultRates()
		c.Rates = &r
	}
	return c, c.check()
}

func (c Config) check() error {
	switch {
	case c.Population < 100 || c.Population > 20_000_000:
		return problem.New(problem.Invalid, "the population is %d: it must be from 100 to 20,000,000", c.Population)
	case c.Months < 1 || c.Months > 36:
		return problem.New(problem.Invalid, "the country has %d months: it must have 1 to 36", c.Months)
	case c.TimedDays < 1 || c.TimedDays > c.days():
		return problem.New(problem.Invalid, "timed days are %d: there must be at least one and at most the %d days of the period", c.TimedDays, c.days())
	case c.days() < 20:
		return problem.New(problem.Invalid, "the period has %d days: choose a last day or months that give 20 at least", c.days())
	case len(c.Operators) > 9:
		return problem.New(problem.Invalid, "there are %d operators: nine at most", len(c.Operators))
	}
	for i, op := range c.Operators {
		if !operatorName.MatchString(string(op.Name)) || op.Share <= 0 {
			return problem.New(problem.Invalid, "operator %q: the name is of a-z and 0-9, at most 20, and the share above zero", op.Name)
		}
		if _, err := subscriber.ParsePLMN(string(op.PLMN)); err != nil {
			return problem.New(problem.Invalid, "operator %s: %w", op.Name, err)
		}
		for _, other := range c.Operators[:i] {
			if other.Name == op.Name || other.PLMN == op.PLMN || other.PLMN.MCC() != op.PLMN.MCC() {
				return problem.New(problem.Invalid, "operators %s and %s: names and PLMNs differ, and the country code (MCC) is the same", other.Name, op.Name)
			}
		}
	}
	return nil
}

func (c Config) first() device.Day {
	m, _ := c.Last.Month()
	return (m - device.Month(c.Months) + 1).First()
}

func (c Config) days() int { return int(c.Last-c.first()) + 1 }
