package storetest

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/authz"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

// Story is what happened in a register: the indexes of the acts that tests come back to.
type Story struct {
	*Register
	Founding, Denominator, Policy   uint64
	Automatic, Signed, Range        uint64
	Proposal, Enacted, Waiting      uint64
	Erased                          uint64 // whose personal part was erased
	FileA, FileB, FileTAC, FileTwin device.File
	WaitingContent                  receipt.Content
	Drafts                          map[string]ledger.Draft
}

// Devices of the story.
var (
	Blocked  = imei.New(35227301, 738634)
	Reported = imei.New(35227301, 738699)
	Proposed = imei.New(1124500, 42) // a TAC with a leading zero
	Spare    = imei.New(86012304, 17)
)

// ErasedText is the personal part that the story erases.
var ErasedText = []byte("reported by a citizen at the counter")

// Tell runs the story: a ledger is founded by two organisations, files are adopted, findings come
// and go, measures are taken automatically, by a person and by proposal, and something is erased.
func Tell(t testing.TB, r *Register) *Story {
	t.Helper()
	s := &Story{Register: r, Drafts: map[string]ledger.Draft{}}
	s.found(t)
	s.adopt(t)
	s.observe(t)
	s.measure(t)
	s.propose(t)
	s.open(t)
	s.grant(t)
	s.follow(t)
	s.erase(t)
	return s
}

func (s *Story) act(t testing.TB, name string, d ledger.Draft) uint64 {
	t.Helper()
	s.Clock.Add(time.Second)
	s.Drafts[name] = d
	return s.Must(t, d)
}

func (s *Story) found(t testing.TB) {
	amina := Person("ministry/amina")
	s.Founding = s.act(t, "founding", s.Draft(t, "founding", receipt.Content{Kind: receipt.Founding, By: amina},
		Directory().Bytes(), nil, "ministry/amina", "north/chidi"))
	s.Denominator = s.act(t, "denominator", s.Draft(t, "denominator", receipt.Content{Kind: receipt.Denominator, By: amina},
		list.Active{Pairs: 1_000_000, Day: "2026-11-22"}.Bytes(), nil, "ministry/amina", "south/dina"))
	p := list.Policy{Rule: "stolen-list", Version: "3fa94be07d11c2aa", Status: list.Prohibited, Ground: list.Stolen, Ceiling: 300, DryRun: 274}
	s.Policy = s.act(t, "policy", s.Draft(t, "policy", receipt.Content{Kind: receipt.Policy, By: amina},
		p.Bytes(), nil, "ministry/amina", "ministry/bela"))
	s.act(t, "conditions", s.Draft(t, "conditions", receipt.Content{Kind: ledger.KindConditions, By: Office("detect")},
		[]byte("rules:\n  - name: stolen-list\n"), nil))
}

func digest(of string) string { return ledger.KeyOf("file", of).String() }

func file(kind device.FileKind, operator device.Operator, name string, parts ...device.Part) device.File {
	return device.File{Digest: digest(name), Kind: kind, Name: name, Operator: operator, From: 20000, To: 20030,
		Rows: 1000, Refused: 3, Malformed: 1, Stats: map[string]int64{"unclean": 4, "clean": 996}, Parts: parts}
}

func (s *Story) adopt(t testing.TB) {
	days := func(of string, bucket int) device.Part {
		return device.Part{Digest: digest(of), Table: "days", Month: 682, Bucket: bucket, Rows: 120, Bytes: 4096}
	}
	s.FileA = file(device.FileOperator, "north", "north-2026-11.csv", days("p1", 0), days("p2", 1),
		device.Part{Digest: digest("p3"), Table: "malformed", Month: 682, Rows: 1, Bytes: 99})
	s.FileB = file(device.FileOperator, "south", "south \"ноябрь\" \\ 2026.csv", days("p4", 0))
	s.FileTAC = file(device.FileTAC, "", "gsma.txt", device.Part{Digest: digest("p5"), Table: "tacs", Rows: 9, Bytes: 512})
	s.FileTAC.Stats, s.FileTAC.From = nil, -3
	s.FileTwin = file(device.FileOperator, "south", "south-again.csv", days("p4", 0), days("p1", 0))
	for _, f := range []device.File{s.FileA, s.FileB, s.FileTAC, s.FileTwin} {
		s.act(t, f.Name, s.Draft(t, f.Name, receipt.Content{Kind: ledger.KindFile, By: Office("import")}, ledger.Encode(f), nil))
	}
	w := ledger.Withdrawal{File: s.FileB.Digest, Reason: "loaded with the wrong month"}
	s.act(t, "withdrawal", s.Draft(t, "withdrawal", receipt.Content{Kind: ledger.KindWithdrawal, By: Person("ministry/bela")}, ledger.Encode(w), nil))
}

func findingPart(of string, bucket int) device.Part {
	return device.Part{Digest: digest(of), Table: ledger.TableFindings, Bucket: bucket, Rows: 12, Bytes: 2048}
}

func duePart(of string, bucket int) device.Part {
	return device.Part{Digest: digest(of), Table: ledger.TableDue, Bucket: bucket, Rows: 7, Bytes: 512}
}

func (s *Story) observe(t testing.TB) {
	open := ledger.Detection{Upto: 9, Day: 20030, Devices: 1000, Rules: map[string]ledger.RuleCount{"stolen-list": {Open: 10}, "conflict": {Open: 9, Ended: 1, Stopped: true}},
		Added: []device.Part{findingPart("f1", 0), findingPart("f2", 1), findingPart("f3", device.Buckets), duePart("d1", 0), duePart("d2", 1)}, By: "judged by", Text: map[string]string{"operators": "2 of 2"}}
	first := s.act(t, "findings", s.Draft(t, "findings", receipt.Content{Kind: ledger.KindFindings, By: Office("detect")}, ledger.Encode(open), nil))

	later := ledger.Detection{Upto: 10, Day: 20031, Rules: map[string]ledger.RuleCount{"stolen-list": {Open: 10}},
		Added: []device.Part{findingPart("f0", 0), findingPart("f2", 1), findingPart("f4", 2), duePart("d3", 0)}, By: "judged by", // one takes the place of two, one comes again
		Gone: []ledger.FindingPart{{Act: first, Digest: digest("f2")}, {Act: first, Digest: digest("f3")}, {Act: first, Digest: digest("d2")}, {Act: first, Digest: digest("never there")}}}
	s.act(t, "findings later", s.Draft(t, "findings later", receipt.Content{Kind: ledger.KindFindings, By: Office("detect")}, ledger.Encode(later), nil))
	s.act(t, "day", s.Draft(t, "day", receipt.Content{Kind: ledger.KindDay, By: Office("calendar")}, ledger.Encode(ledger.Day{Day: 20031}), nil))
}

// Block returns the ops that prohibit a device.
func Block(m imei.IMEI, g list.Ground) []list.Op {
	return []list.Op{{Line: list.Line{Class: list.Listed, From: m, To: m, Status: list.Prohibited, Ground: g, Version: list.AnyVersion}}}
}

func (s *Story) measure(t testing.TB) {
	s.Automatic = s.act(t, "automatic", s.Draft(t, "automatic",
		receipt.Content{Kind: receipt.Measure, By: Rule("stolen-list"), Authority: s.Policy}, list.OpsText(Block(Blocked, list.Stolen)), nil))
	s.Signed = s.act(t, "signed", s.Draft(t, "signed", receipt.Content{Kind: receipt.Measure, By: Person("ministry/amina")},
		list.OpsText(Block(Reported, list.Lost)), ErasedText, "ministry/amina"))
	wide := []list.Op{{Line: list.Line{Class: list.Listed, From: imei.New(35227301, 738600), To: imei.New(35227301, 738650),
		Status: list.Tracked, Ground: list.Barred, Version: list.AnyVersion}}}
	wide = append(wide, Block(Spare, list.Fraud)...)
	s.Range = s.act(t, "range", s.Draft(t, "range", receipt.Content{Kind: receipt.Measure, By: Person("ministry/bela")},
		list.OpsText(wide), nil, "ministry/bela", "north/chidi"))
}

// propose puts a measure before people, who sign it and have it enacted, and another that waits.
func (s *Story) propose(t testing.TB) {
	asked := s.Draft(t, "asked", receipt.Content{Kind: receipt.Measure, By: Person("south/dina")},
		list.OpsText(Block(Proposed, list.Duplicate)), []byte("case 17"))
	s.Proposal = s.act(t, "proposal", s.proposal(t, "proposal", asked))
	for _, p := range []string{"south/dina", "ministry/amina"} {
		s.act(t, "signature of "+p, s.signature(t, p, &asked.Content))
	}
	enacted := Signed(asked, "south/dina", "ministry/amina")
	enacted.Proposal = s.Proposal
	s.Enacted = s.act(t, "enacted", enacted)

	waits := s.Draft(t, "waits", receipt.Content{Kind: receipt.Measure, By: Person("north/chidi")},
		list.OpsText(Block(imei.New(35227301, 5), list.Barred)), nil)
	s.WaitingContent = waits.Content
	s.Waiting = s.act(t, "waiting", s.proposal(t, "waiting", waits))
	s.act(t, "signature that waits", s.signature(t, "north/chidi", &waits.Content))
}

func (s *Story) proposal(t testing.TB, name string, of ledger.Draft) ledger.Draft {
	t.Helper()
	p := ledger.Proposal{EffectSalt: of.Effect.Salt[:], Effect: of.Effect.Body, Text: "blocks one device"}
	if of.Personal != nil {
		p.PersonalSalt, p.Personal = of.Personal.Salt[:], of.Personal.Body
	}
	return s.Draft(t, name, receipt.Content{Kind: receipt.Proposal, By: Office("decide")}, of.Content.Bytes(), ledger.Encode(p))
}

func (s *Story) signature(t testing.TB, person string, c *receipt.Content) ledger.Draft {
	t.Helper()
	body := ledger.Signature{Content: c.Digest().String(), Approval: Approval(person, c).String()}
	return s.Draft(t, "signature "+person+" "+body.Content, receipt.Content{Kind: ledger.KindSignature, By: Person(person)}, ledger.Encode(body), nil)
}

func (s *Story) follow(t testing.TB) {
	for i, n := range []device.NodeReport{
		{Node: "north/eir-1", Size: 3, State: device.InForce},
		{Node: "south/eir-1", Size: 9, State: device.Held, Text: "an approval is forged"},
		{Node: "north/eir-1", Size: 12, State: device.InForce},
	} {
		name := fmt.Sprintf("node %d", i)
		s.act(t, name, s.Draft(t, name, receipt.Content{Kind: ledger.KindNode, By: Office("feed")}, ledger.Encode(n), nil))
	}
	for i, upto := range []uint64{7, 20} {
		name := fmt.Sprintf("step %d", i)
		s.act(t, name, s.Draft(t, name, receipt.Content{Kind: ledger.KindStep, By: Office("enforce")}, ledger.Encode(ledger.Step{Stage: "enforce", Upto: upto}), nil))
	}
}

// open opens cases, one of which goes on and is closed, and others of which wait for the clock.
func (s *Story) open(t testing.TB) {
	for _, c := range []ledger.CaseStep{
		{Case: "7K4Q-2QX9-MBPS", Step: "open", Events: 1, State: "drafted", Since: 20030, Due: 20032, Devices: []imei.IMEI{Reported}},
		{Case: "7K4Q-2QX9-MBPS", Step: "confirm", Events: 2, State: "received", Since: 20031, Place: "police/harbour", Devices: []imei.IMEI{Reported, Spare}},
		{Case: "7K4Q-2QX9-MBPS", Step: "reject", Events: 3, State: "rejected", Since: 20033, Closed: true, Place: "police/harbour", Assigned: "police/идрис"},
		{Case: "1000-0000-0002", Step: "open", Events: 1, State: "filed", Since: 20034, Due: 20039, Place: "police/harbour", Devices: []imei.IMEI{Reported}},
		{Case: "0000-0000-0017", Step: "open", Events: 1, State: "filed", Since: 20034, Due: 20039, Place: "police/harbour"},
		{Case: "3000-0000-0006", Step: "open", Events: 1, State: "asked", Since: 20020, Due: 20050, Place: "police/harbour", Assigned: "police/идрис"},
	} {
		c.Sort, c.Role, c.Day = "report", "citizen", c.Since
		name := fmt.Sprintf("case %s %d", c.Case, c.Events)
		d := s.Draft(t, name, receipt.Content{Kind: ledger.KindCase, By: Office("cases")}, ledger.Encode(c), []byte(`{"reason":"so it is"}`))
		d.Content.Key = ledger.CaseKey(c.Case, c.Events)
		s.act(t, name, d)
	}
}

// grant lets people act in roles, and closes an account.
func (s *Story) grant(t testing.TB) {
	public := func(name string) string {
		return base64.StdEncoding.EncodeToString(key(name).Public().(ed25519.PublicKey))
	}
	for i, a := range []ledger.Account{
		{Name: "north/desk", PublicKey: public("north/desk"), Grants: []authz.Grant{{Role: authz.OperatorAgent, Place: "north"}, {Role: authz.CaseOfficer}}},
		{Name: "south/desk", PublicKey: public("south/desk"), Grants: []authz.Grant{{Role: authz.PoliceOfficer, Place: "south/harbour"}}},
		{Name: "south/desk"},
	} {
		signers := [][]string{{"ministry/amina", "north/chidi"}, {"south/dina"}, {"south/dina"}}[i]
		name := fmt.Sprint("account ", i)
		s.act(t, name, s.Draft(t, name, receipt.Content{Kind: ledger.KindAccount, By: Office("people")}, ledger.Encode(a), nil, signers...))
	}
}

func (s *Story) erase(t testing.TB) {
	s.Clock.Add(time.Second)
	s.Erased = s.Signed
	if err := s.erasing(t, s.Erased); err != nil {
		t.Fatalf("erasing: %v", err)
	}
}

func (s *Story) erasing(t testing.TB, index uint64) error {
	return s.Seq.Do(t.Context(), func(_ ledger.Tx, b *ledger.Batch) error { return b.Erase(index, Office("privacy")) })
}
