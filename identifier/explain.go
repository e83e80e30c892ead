package identifier

import (
	"slices"
	"strings"

	"github.com/openceir/openceir/imei"
)

// Layer is one of the five layers of judgement, in the order in which they are given.
type Layer string

// The layers.
const (
	Form         Layer = "form"
	CheckDigit   Layer = "check digit"
	Allocation   Layer = "allocation"
	Plausibility Layer = "plausibility"
	Observation  Layer = "observation"
)

// Layers are the five layers in order.
var Layers = [...]Layer{Form, CheckDigit, Allocation, Plausibility, Observation}

// Verdict is what one rule says.
type Verdict string

// The verdicts, from the best to the worst after NotApplicable.
const (
	NotApplicable Verdict = "not applicable"
	Pass          Verdict = "pass"
	Warn          Verdict = "warn"
	Fail          Verdict = "fail"
)

func (v Verdict) rank() int {
	return slices.Index([]Verdict{NotApplicable, Pass, Warn, Fail}, v)
}

// Judgement is what one rule found in one layer.
type Judgement struct {
	Layer   Layer   `json:"layer"`
	Verdict Verdict `json:"verdict"`
	Rule    string  `json:"rule"`           // which rule, for example imei.check-digit
	Version string  `json:"version"`        // of the rule
	Data    string  `json:"data,omitempty"` // version of the data the rule looked at, "" if none
	Text    string  `json:"text"`           // what was found, one sentence
	Next    string  `json:"next,omitempty"` // what to do next, "" if nothing
}

// Fact is one thing that can be read from the identifier itself.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Candidate is one reading of the text.
type Candidate struct {
	Kind       Kind   `json:"kind"`
	Name       string `json:"name"`
	Canonical  string `json:"canonical"`            // the value in the one form it is kept in
	Likelihood int    `json:"likelihood"`           // 0 to 100: how much the text itself speaks for this reading
	Hypothesis string `json:"hypothesis,omitempty"` // what must be assumed for this reading, "" if nothing
	Facts      []Fact `json:"facts,omitempty"`
	// Judgements has at least one for each layer, in the order of the layers.
	Judgements []Judgement `json:"judgements"`
}

// Verdict returns the worst verdict of a layer.
func (c *Candidate) Verdict(l Layer) Verdict {
	worst := NotApplicable
	for _, j := range c.Judgements {
		if j.Layer == l && j.Verdict.rank() > worst.rank() {
			worst = j.Verdict
		}
	}
	return worst
}

// Explanation is all that a text may be.
type Explanation struct {
	Raw        string      `json:"raw"`                  // exactly as given
	Problem    string      `json:"problem,omitempty"`    // why nothing, or nothing sure, can be read
	Candidates []Candidate `json:"candidates,omitempty"` // the most likely first
}

// Failed reports whether nothing could be read, or the most likely reading fails in some layer.
func (e Explanation) Failed() bool {
	if len(e.Candidates) == 0 {
		return true
	}
	for _, l := range Layers {
		if e.Candidates[0].Verdict(l) == Fail {
			return true
		}
	}
	return false
}

// Explainer explains texts with what its caller knows. Its zero value knows nothing of the world,
// and says so in the layers that would ask.
type Explainer struct {
	// FromNetwork says that the texts were sent by networks, not typed or scanned by people: the
	// fifteenth digit of an IMEI is then not looked at.
	FromNetwork bool
	// Allocated says what a TAC was allocated for, or false if it was not. AllocatedVersion names
	// the edition of the directory it asks.
	Allocated        func(imei.TAC) (device string, ok bool)
	AllocatedVersion string
	// Observed judges what has been seen of a device and says it in a sentence; NotApplicable if
	// nothing has. ObservedVersion names the state of the records it asks.
	Observed        func(imei.IMEI) (Verdict, string)
	ObservedVersion string
}

// Explain explains a text with the built-in knowledge alone.
func Explain(text string) Explanation { return new(Explainer).Explain(text) }

// Explain says what a text may be. It never fails: what cannot be read is told in Problem.
func (x *Explainer) Explain(text string) Explanation {
	e := Explanation{Raw: text}
	in, err := clean(text)
	if err != nil {
		e.Problem = err.Error()
		return e
	}
	if e.Problem = spoiled(in); e.Problem != "" {
		return e
	}
	for _, read := range readers {
		e.Candidates = append(e.Candidates, read(x, in)...)
	}
	if len(e.Candidates) == 0 {
		e.Candidates = lastResort(in)
	}
	for i := range e.Candidates {
		e.Candidates[i].finish(in)
	}
	slices.SortStableFunc(e.Candidates, func(a, b Candidate) int { return b.Likelihood - a.Likelihood })
	if len(e.Candidates) > maxCandidates {
		e.Candidates = e.Candidates[:maxCandidates]
	}
	if len(e.Candidates) == 0 {
		e.Problem = "no known identifier has this form: compare with the original, and type the number without other words"
	}
	return e
}

// readers are asked in this order; a tie in likelihood keeps it.
var readers = [...]func(*Explainer, *input) []Candidate{
	readNetworkForms, readIMEI, readStripped, readLetters, readTBCD, readElements,
	readMEID, readESN, readEID, readICCID, readEUI, readUUID, readTrade, readVIN,
	readIMSI, readMSISDN, readTAC, readPON, readMatter, readIPEI, readTEI, readDrone, readUEID,
}

// judge adds a judgement. The rule is "name/version".
func (c *Candidate) judge(l Layer, v Verdict, rule, text, next string) *Judgement {
	name, version, _ := strings.Cut(rule, "/")
	c.Judgements = append(c.Judgements, Judgement{Layer: l, Verdict: v, Rule: name, Version: version, Text: text, Next: next})
	return &c.Judgements[len(c.Judgements)-1]
}

func (c *Candidate) fact(name, value string) { c.Facts = append(c.Facts, Fact{name, value}) }

// absent says, for each layer, why nothing was judged where no rule of the kind spoke.
var absent = map[Layer]string{
	Form:         "nothing to say of its form",
	CheckDigit:   "this form has no check digit",
	Allocation:   "no directory of what was allocated is given for this kind",
	Plausibility: "no rule of plausibility is known for this kind",
	Observation:  "no records of what was observed are given for this kind",
}

// finish gives the candidate its name, raises it if the text's own label named it, notes what was
// changed in the text, and fills every layer that no rule spoke in.
func (c *Candidate) finish(in *input) {
	entry, _ := Lookup(c.Kind)
	c.Name = entry.Name
	if in.label != "" {
		if in.label == c.Kind || entry.Family != "" && entry.Family == in.label {
			c.Likelihood = min(100, c.Likelihood+40)
		} else {
			c.Likelihood = max(1, c.Likelihood-40)
		}
	}
	var all []Judgement
	for _, l := range Layers {
		found := false
		for _, j := range c.Judgements {
			if j.Layer != l {
				continue
			}
			if l == Form && !found && len(in.notes) > 0 {
				j.Text += " (" + strings.Join(in.notes, "; ") + ")"
			}
			all, found = append(all, j), true
		}
		if !found {
			all = append(all, Judgement{Layer: l, Verdict: NotApplicable, Rule: string(c.Kind) + "." + strings.ReplaceAll(string(l), " ", "-"), Version: "1", Text: absent[l]})
		}
	}
	c.Judgements = all
}
