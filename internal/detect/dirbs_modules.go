package detect

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// fallbackGround is that of a condition whose dimensions name none.
const fallbackGround = "barred"

// ours is a dimension in our words.
type ours struct {
	name   string
	params []string
}

// peerModule is one dimension of DIRBS, and how it is carried over.
type peerModule struct {
	name    string
	ground  string   // what it accuses of, "" if it accuses of nothing
	differs []string // what differs from it, for a comment
	carry   func(p *peer, n *yaml.Node) (ours, error)
}

// plain carries a dimension without parameters.
func plain(name string, params ...string) func(*peer, *yaml.Node) (ours, error) {
	return func(_ *peer, n *yaml.Node) (ours, error) {
		return ours{name, params}, mapping(n, "the parameters", nil)
	}
}

const (
	differsValid   = "only numbers of their form count, and an IMSI must begin with a country code"
	differsSpecial = "a value that identifies no device is not matched"
)

// peerModules are the dimensions of DIRBS.
var peerModules = []peerModule{
	{"gsma_not_found", "not-allocated", []string{"without a directory of the last 30 days nobody is accused"}, carryNotFound},
	{"malformed_imei", "non-identifying", []string{"findings on malformed identifiers are for people, no list has them"}, plain("malformed")},
	{"stolen_list", "stolen", []string{differsSpecial}, plain("stolen")},
	{"exists_in_barred_list", "barred", []string{differsSpecial}, plain("barred")},
	{"is_barred_tac", "barred", nil, plain("barred_tac")},
	{"is_test_tac", "test", nil, plain("test_tac")},
	{"exists_in_monitoring_list", "", []string{"the days on the list are counted to the day of judgement, not to the clock's"}, carryMonitored},
	{"not_on_registration_list", "not-registered", []string{"a code that is in no directory is not exempt", "without a list nobody is accused"}, carryExempt("not_registered")},
	{"not_on_association_list", "not-registered", []string{"a code that is in no directory is not exempt", "without a list nobody is accused"}, carryExempt("not_associated")},
	{"inconsistent_rat", "duplicate", []string{"5G counts too", "a model whose bands say nothing is passed over"}, plain("radio_mismatch")},
	{"duplicate_threshold", "duplicate", []string{differsValid}, carryThreshold},
	{"duplicate_daily_avg", "duplicate", []string{differsValid}, carryAverage("imsi")},
	{"daily_avg_uid", "duplicate", []string{"it is the mean over days of persons a day, as documented"}, carryAverage("person")},
	{"transient_imei", "fraud", []string{"numbers are compared in order, malformed identifiers stop nothing"}, carryTransient},
	{"used_by_dirbs_subscriber", "", nil, carryUsedBy(home)},
	{"used_by_local_non_dirbs_roamer", "", nil, carryUsedBy(national)},
	{"used_by_international_roamer", "", nil, carryUsedBy(foreign)},
}

// carryNotFound has the delays that DIRBS has where none are given.
func carryNotFound(_ *peer, n *yaml.Node) (ours, error) {
	d := &tacNotAllocated{feedMaxAge: 30, includeTest: true}
	for body, days := range map[int]int{0: 32, 1: 40, 35: 20, 86: 19, 91: 20, 99: 69} {
		d.delays[body] = days
	}
	ignore := false
	err := mapping(n, "the parameters", []field{truth("ignore_rbi_delays", &ignore), {name: "per_rbi_delays", read: func(v *yaml.Node) error {
		d.delays = [100]int{}
		return d.readDelays(v)
	}}})
	if ignore {
		d.delays = [100]int{}
	}
	var params []string
	for _, x := range d.params() {
		params = append(params, x.key+": "+x.value)
	}
	return ours{d.kind(), params}, err
}

func carryMonitored(_ *peer, n *yaml.Node) (ours, error) {
	days := 0
	err := mapping(n, "the parameters", []field{integer("monitored_days", 0, maxGrace, &days)})
	return ours{"monitored", []string{"for_days: " + strconv.Itoa(days)}}, err
}

func carryExempt(name string) func(*peer, *yaml.Node) (ours, error) {
	return func(p *peer, n *yaml.Node) (ours, error) {
		o := ours{name: name}
		if len(p.exempted) > 0 {
			var quoted []string
			for _, t := range p.exempted {
				quoted = append(quoted, strconv.QuoteToASCII(strings.TrimSpace(t)))
			}
			o.params = []string{"exempt_device_types: [" + strings.Join(quoted, ", ") + "]"}
		}
		return o, mapping(n, "the parameters", nil)
	}
}

// periods reads period_days or period_months, one of them.
type periods struct{ days, months int }

func (w *periods) fields() []field {
	return []field{integer("period_days", 1, maxWindow, &w.days), integer("period_months", 1, maxWindowMonths, &w.months)}
}

func (w *periods) param(n *yaml.Node) (string, error) {
	switch {
	case (w.days > 0) == (w.months > 0):
		return "", refuse(n, "give period_days or period_months, one of them")
	case w.days > 0:
		return "window_days: " + strconv.Itoa(w.days), nil
	}
	return "window_months: " + strconv.Itoa(w.months), nil
}

func carryThreshold(_ *peer, n *yaml.Node) (ours, error) {
	var w periods
	threshold, number := 0, false
	err := mapping(n, "the parameters", append(w.fields(), must(integer("threshold", 1, 1_000_000_000, &threshold)), truth("use_msisdn", &number)))
	if err != nil {
		return ours{}, err
	}
	window, err := w.param(n)
	return ours{"subscribers", []string{"at_least: " + strconv.Itoa(threshold), "identity: " + imsiOr(number, "imsi"), window}}, err
}

func imsiOr(number bool, what string) string {
	if number {
		return "msisdn"
	}
	return what
}

func carryAverage(what string) func(*peer, *yaml.Node) (ours, error) {
	return func(_ *peer, n *yaml.Node) (ours, error) {
		var w periods
		threshold, active, msisdn := 0, 0, false
		fields := append(w.fields(), must(number("threshold", 3, 1, 1_000_000_000, &threshold)), must(integer("min_seen_days", 0, maxWindow, &active)))
		if what == "imsi" {
			fields = append(fields, truth("use_msisdn", &msisdn))
		}
		if err := mapping(n, "the parameters", fields); err != nil {
			return ours{}, err
		}
		window, err := w.param(n)
		return ours{"average_subscribers", []string{"at_least: " + decimal(threshold, 3), "active_days: " + strconv.Itoa(active),
			"identity: " + imsiOr(msisdn, what), window}}, err
	}
}

func carryTransient(_ *peer, n *yaml.Node) (ours, error) {
	period, numbers := 0, 0
	err := mapping(n, "the parameters", []field{must(integer("period", 1, maxWindow, &period)), must(integer("num_msisdns", 1, 1_000_000, &numbers))})
	return ours{"transient", []string{"numbers_a_day: " + strconv.Itoa(numbers), "window_days: " + strconv.Itoa(period)}}, err
}

func carryUsedBy(who sort) func(*peer, *yaml.Node) (ours, error) {
	return func(p *peer, n *yaml.Node) (ours, error) {
		days := 0
		err := mapping(n, "the parameters", []field{must(integer("lookback_days", 1, maxWindow, &days))})
		return ours{"used_by", []string{"subscriber: " + sortNames[who], fmt.Sprintf("networks: [\"%s\"]", strings.Join(p.networks, `", "`)),
			"window_days: " + strconv.Itoa(days)}}, err
	}
}
