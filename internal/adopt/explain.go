package adopt

import (
	"fmt"
	"slices"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

// explaining is a comparison under way.
type explaining struct {
	*Comparer
	rules     map[string][]*Rule        // by the reason they give
	here      map[string]device.Refusal // our rows of devices that are asked about
	elsewhere map[device.Pairing]bool
	out       *Comparison
}

// why explains a difference. A row may have several causes; it is explained only if each is.
func (e *explaining) why(d *difference, f *File) (Class, string) {
	switch d.list {
	case blacklist:
		return e.device(d, f)
	case notifications:
		return e.notice(d, f)
	}
	return e.exception(d, f)
}

// cause is one thing that makes a row differ.
type cause struct {
	class Class
	why   string
}

// worst picks what is told of several causes.
func worst(causes []cause) (Class, string) {
	if len(causes) == 0 {
		return ClassUnexplained, "nothing that is known here says why"
	}
	at := max(0, slices.IndexFunc(causes, func(c cause) bool { return c.class == ClassUnexplained }))
	return causes[at].class, causes[at].why
}

// spared says why a device is on no list of ours, whatever was found.
func (e *explaining) spared(d *difference, f *File) (c cause, ok bool) {
	switch why, special := imei.NonIdentifying(d.imei); {
	case d.text != "" && !e.Run.Options.OutputInvalid:
		return cause{ClassMalformed, "a malformed identifier is in no list here unless output_invalid_imeis is set"}, true
	case d.text == "" && special:
		return cause{ClassNoDevice, "the value names no single device here (" + why + "), so nothing follows from it"}, true
	case f.Golden:
		return cause{ClassGolden, "it is on the golden list here"}, true
	}
	return c, false
}

// device explains a row of the prohibited devices.
func (e *explaining) device(d *difference, f *File) (Class, string) {
	var causes []cause
	if d.ours == nil {
		if c, ok := e.spared(d, f); ok {
			return c.class, c.why
		}
	}
	theirs, ours := words(d.theirs), words(d.ours)
	for _, w := range theirs {
		if !slices.Contains(ours, w) {
			causes = append(causes, e.onlyTheirs(d, f, w))
		}
	}
	for _, w := range ours {
		if !slices.Contains(theirs, w) {
			causes = append(causes, e.onlyOurs(d, f, w))
		}
	}
	if d.theirs != nil && d.ours != nil && d.theirs.block != d.ours.block {
		causes = append(causes, e.days(d, f))
	}
	return worst(causes)
}

func words(t *told) []string {
	if t == nil {
		return nil
	}
	return strings.Split(t.reasons, "|")
}

// onlyTheirs says why a reason that the other system has against a device does not hold here, or not
// yet.
func (e *explaining) onlyTheirs(d *difference, f *File, reason string) cause {
	rules := e.rules[reason]
	if len(rules) == 0 {
		return cause{ClassNoRule, fmt.Sprintf("no rule here gives the reason %q", reason)}
	}
	var first *cause
	for _, r := range rules {
		c := e.notHere(d, f, r)
		if c.class != ClassUnexplained {
			return c
		}
		first = &c
	}
	return *first
}

func (e *explaining) notHere(d *difference, f *File, r *Rule) cause {
	at := slices.IndexFunc(f.Findings, func(x device.Finding) bool { return x.Rule == r.Name })
	if at < 0 {
		switch {
		case r.Off != "":
			return cause{ClassOff, fmt.Sprintf("the rule %s %s", r.Name, r.Off)}
		case len(f.Seen) == 0:
			return cause{ClassNotSeen, "no file of an operator that was taken in has it, and no list for the rule " + r.Name}
		case r.differs(f):
			return cause{ClassDesign, fmt.Sprintf("the rule %s does not find it, which differs by design: %s", r.Name, strings.Join(r.Differs, "; "))}
		}
		return cause{ClassUnexplained, fmt.Sprintf("the rule %s does not find it, though the device was seen", r.Name)}
	}
	x := &f.Findings[at]
	switch {
	case !e.Run.Shadow && !r.May:
		return cause{ClassShadow, fmt.Sprintf("the rule %s finds it and no policy lets it refuse", r.Name)}
	case !r.Blocks:
		return cause{ClassInforms, fmt.Sprintf("the rule %s finds it since %s and only informs", r.Name, x.Since)}
	case x.Ended != 0:
		return cause{ClassEnded, fmt.Sprintf("the rule %s found it until %s", r.Name, x.Ended)}
	case x.Amnesty && x.Block == 0:
		return cause{ClassAmnesty, fmt.Sprintf("the rule %s finds it since %s and an amnesty is granted", r.Name, x.Since)}
	case x.Block > e.Run.Day || x.Block == 0:
		return cause{ClassGrace, fmt.Sprintf("the rule %s finds it since %s; its days of grace end on %s here, %s", r.Name, x.Since, x.Block, e.there(d, r))}
	case x.Incomplete:
		return cause{ClassHeld, fmt.Sprintf("the rule %s finds it, but days of operators or lists are missing, so nothing follows", r.Name)}
	case !e.Run.Shadow:
		return cause{ClassWaits, fmt.Sprintf("the rule %s finds it and its line waits: the ceiling of its policy is reached, or no claim to the device stands out", r.Name)}
	}
	return cause{ClassUnexplained, fmt.Sprintf("the rule %s finds it since %s, to be refused from %s", r.Name, x.Since, x.Block)}
}

// there says from when the other system refuses for what a rule continues.
func (e *explaining) there(d *difference, r *Rule) string {
	switch a := e.state(d, r.Name); {
	case a == nil:
		return "there nobody can see when"
	case a.Block == 0:
		return fmt.Sprintf("there it was found on %s and has no day", a.Since)
	default:
		return fmt.Sprintf("there it was found on %s and they end on %s: adopt the state to continue them", a.Since, a.Block)
	}
}

// differs reports whether the rule may differ on the device by design.
func (r *Rule) differs(f *File) bool {
	return len(r.Differs) > 0 && (!r.Numbers || slices.ContainsFunc(f.Seen, func(s device.Days) bool { return s.IMSI == 0 }))
}

// onlyOurs says why a reason that we have against a device is none in the other system.
func (e *explaining) onlyOurs(d *difference, f *File, reason string) cause {
	first := cause{ClassPeople, "no finding is behind it: people decided it here"}
	for i := range f.Findings {
		x := &f.Findings[i]
		at := slices.IndexFunc(e.Rules, func(r Rule) bool { return r.Name == x.Rule && r.Reason == reason })
		if at < 0 {
			continue
		}
		first = e.notThere(d, f, x, &e.Rules[at])
		if first.class != ClassUnexplained {
			return first
		}
	}
	return first
}

func (e *explaining) notThere(d *difference, f *File, x *device.Finding, r *Rule) cause {
	a := e.state(d, r.Name)
	said := fmt.Sprintf("the rule %s finds it since %s (%s)", r.Name, x.Since, evidence(x))
	continues := slices.ContainsFunc(e.Theirs.Rules, func(c device.AdoptedRule) bool { return c.Rule == r.Name })
	switch {
	case a != nil && a.Amnesty:
		return cause{ClassAmnesty, fmt.Sprintf("%s; there an amnesty was granted", said)}
	case a != nil && d.list == blacklist && (a.Block == 0 || a.Block > e.Theirs.Lists.day(e.Theirs)):
		return cause{ClassGrace, fmt.Sprintf("%s, from %s; %s", said, x.Block, e.there(d, r))}
	case a != nil:
		return cause{ClassUnexplained, fmt.Sprintf("%s; there it has been found since %s, to be refused from %s, and is not on the list", said, a.Since, a.Block)}
	case x.Found > e.Theirs.Day && x.Since > e.Theirs.Day:
		return cause{ClassLater, fmt.Sprintf("%s, after the other system's run of %s", said, e.Theirs.Day)}
	case len(e.Theirs.Rules) > 0 && !continues:
		return cause{ClassRuleHere, fmt.Sprintf("%s; the state there has no condition that it continues", said)}
	case r.differs(f):
		return cause{ClassDesign, fmt.Sprintf("%s, which differs by design: %s", said, strings.Join(r.Differs, "; "))}
	}
	return cause{ClassUnexplained, said + "; the condition there does not"}
}

// day returns the day of the lists.
func (l *Lists) day(t *Taken) device.Day {
	if l.Day != 0 {
		return l.Day
	}
	return t.Day
}

func evidence(x *device.Finding) string {
	var names []string
	for name := range x.Evidence {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		names[i] = name + " " + x.Evidence[name]
	}
	return strings.Join(names, ", ")
}

// days explains that both refuse a device, from different days.
func (e *explaining) days(d *difference, f *File) cause {
	for i := range f.Findings {
		x := &f.Findings[i]
		at := slices.IndexFunc(e.Rules, func(r Rule) bool { return r.Name == x.Rule && slices.Contains(words(d.ours), r.Reason) })
		if at < 0 || x.Block != d.ours.block {
			continue
		}
		a := e.state(d, x.Rule)
		switch {
		case a == nil:
			return cause{ClassGrace, fmt.Sprintf("the rule %s found it on %s here, so its days of grace ended on %s", x.Rule, x.Found, x.Block)}
		case a.Since == x.Found && a.Block == x.Block:
			continue // the same there: something else makes the difference
		}
		return cause{ClassGrace, fmt.Sprintf("the rule %s found it on %s here, there on %s: adopt the state to continue its days", x.Rule, x.Found, a.Since)}
	}
	if len(f.Findings) == 0 {
		return cause{ClassPeople, "no finding is behind it: people decided it here"}
	}
	return cause{ClassUnexplained, "the days differ, and what was found does not say why"}
}

// notice explains a row of the notifications.
func (e *explaining) notice(d *difference, f *File) (Class, string) {
	ours, listed := e.here[key(d.imei, d.text)]
	switch {
	case d.theirs != nil && d.ours != nil:
		if d.theirs.amnesty != d.ours.amnesty && d.theirs.block == d.ours.block && d.theirs.reasons == d.ours.reasons {
			return ClassAmnesty, "an amnesty was granted on one side"
		}
		return e.device(d, f)
	case d.theirs != nil:
		return e.notNotified(d, f, listed, &ours)
	}
	if r := e.refusedThere(d); r != nil {
		return ClassGrace, fmt.Sprintf("there it is refused since %s, here its subscribers are notified until %s", r.Block, d.ours.block)
	}
	there := e.noticesThere(d)
	for i := range there {
		if there[i].IMSI == d.imsi && there[i].MSISDN == d.msisdn {
			return e.home(d, string(there[i].Operator)+" notifies there")
		}
	}
	if e.elsewhere[device.Pairing{IMEI: d.imei, IMSI: d.imsi, MSISDN: d.msisdn}] {
		return ClassElsewhere, "the subscriber is paired with another device, which keeps the notice away there (defect 2)"
	}
	if len(there) == 0 {
		return e.device(d, f)
	}
	return ClassUnexplained, "other subscribers of the device are notified there, this one is not"
}

// notNotified explains a notice that only the other system has.
func (e *explaining) notNotified(d *difference, f *File, listed bool, ours *device.Refusal) (Class, string) {
	switch {
	case d.paired:
		return ClassPaired, "the subscriber is paired with the device here"
	case listed && !ours.Pending:
		return ClassGrace, fmt.Sprintf("here it is refused since %s, there its subscribers are notified until %s", ours.Block, d.theirs.block)
	case !listed:
		if c, ok := e.spared(d, f); ok {
			return c.class, c.why
		}
		var causes []cause
		for _, w := range words(d.theirs) {
			causes = append(causes, e.onlyTheirs(d, f, w))
		}
		return worst(causes)
	}
	seen := slices.ContainsFunc(f.Seen, func(s device.Days) bool { return s.IMSI == d.imsi && s.MSISDN == d.msisdn })
	if !seen {
		return ClassNotSeen, "no file of an operator that was taken in has the device with this subscriber"
	}
	return e.home(d, "the subscriber was seen here")
}

// home explains a row by the home network of its subscriber.
func (e *explaining) home(d *difference, else_ string) (Class, string) {
	home, ok := e.Home(d.imsi)
	if d.theirs != nil && ok && home != d.operator || d.ours != nil && ok && home == d.operator || !ok {
		return ClassHome, fmt.Sprintf("the home network of the IMSI is %q here", home)
	}
	return ClassUnexplained, "the home network is the same here; " + else_
}

// exception explains a row of the exceptions.
func (e *explaining) exception(d *difference, f *File) (Class, string) {
	listed := slices.ContainsFunc(f.Pairings, func(p device.Pairing) bool { return p.IMSI == d.imsi && p.MSISDN == d.msisdn })
	ours, refused := e.here[key(d.imei, "")]
	refused = refused && !ours.Pending
	home, known := e.Home(d.imsi)
	if d.theirs != nil {
		switch {
		case !listed:
			return ClassPairs, "the pairing list in force here does not have the pair"
		case f.Barred && !e.Run.Options.IncludeBarred:
			return ClassBarred, "the device or its model is barred, so its pairs are no exceptions (in deltas their defect 3)"
		case e.Run.Options.RestrictExceptions && !refused:
			return ClassRestricted, "exceptions are restricted to devices that are refused, and this one is not refused here"
		case known && home != d.operator:
			return ClassHome, fmt.Sprintf("the home network of the IMSI is %q here", home)
		}
		return ClassUnexplained, "the pair is on the list here, and nothing says why it is no exception"
	}
	elsewhere := e.exceptionsThere(d)
	same := slices.ContainsFunc(e.Theirs.Imports, func(f device.AdoptedFile) bool { return f.Kind == device.FilePairing })
	switch {
	case len(elsewhere) > 0:
		return ClassHome, fmt.Sprintf("there it is an exception of %s", strings.Join(elsewhere, ", "))
	case !listed:
		return ClassPeople, "a line of the list in force lets the subscriber in: people or a rule decided it here"
	case e.Run.Options.RestrictExceptions && e.refusedThere(d) == nil:
		return ClassRestricted, "exceptions are restricted to devices that are refused, and this one is not refused there"
	case !same:
		return ClassPairs, "the exceptions there do not have the pair, and the directory has no pairing list that would show it"
	}
	return ClassUnexplained, "the pair is on the pairing list of both, and no exception there"
}
