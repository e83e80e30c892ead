package cases

import "github.com/openceir/openceir/internal/authz"

// Roles that often go together.
var (
	person   = []authz.Role{authz.Citizen, authz.Visitor, authz.OperatorAgent}
	officers = []authz.Role{authz.PoliceOfficer, authz.PoliceSupervisor, authz.CaseOfficer, authz.AppealsOfficer}
	system   = []authz.Role{authz.Walk}
	clock    = []authz.Role{authz.Clock}
)

// Steps that change who has a case.
const (
	Assign   = "assign"    // to a person
	HandOver = "hand over" // to another place
	TakeUp   = "take up"   // by whoever takes it
)

// always are the steps that may be taken in every open case.
var always = []Step{
	{Name: "note", Who: append([]authz.Role{authz.HelpDesk}, officers...), Audit: "a note was written"},
	{Name: "add evidence", Who: append(append([]authz.Role{}, person...), officers...), Audit: "evidence was added"},
	{Name: Assign, Who: officers, Audit: "the case was given to somebody"},
	{Name: HandOver, Who: []authz.Role{authz.PoliceSupervisor, authz.CaseOfficer}, Reasoned: true, Audit: "the case was handed to another place"},
}

// report is of a device that was lost or stolen, until it is found or for good.
var report = Machine{
	Name: "report", About: "A device was lost or stolen.",
	Opens:  append([]authz.Role{authz.PoliceOfficer, authz.CaseOfficer}, person...),
	Claims: true,
	States: []State{
		{Name: "drafted", Told: "We sent a code to the contact you gave. The report counts when you enter it.", Days: 2, Then: "forget"},
		{Name: "received", Told: "We have your report and make sure that the device was yours."},
		{Name: "watched", Told: "The device works on, and we look where it is used. You can have it blocked at any time.", Days: 180, Then: "stop watching"},
		{Name: "ordered", Told: "The device is being blocked at every operator."},
		{Name: "enforced", Told: "The device is blocked at every operator."},
		{Name: "contested", Told: "Somebody says that the device is theirs. An officer who had no part in this decides."},
		{Name: "found", Told: "The device is said to be found. It is let back when you confirm it."},
		{Name: "restoring", Told: "The device is being let back at every operator."},
		{Name: "restored", Told: "The device works again at every operator.", Outcome: Granted},
		{Name: "rejected", Told: "We could not act on the report. The reason is below; you can appeal.", Outcome: Refused},
		{Name: "merged", Told: "The device was reported before: both reports are one now, under the earlier number.", Outcome: Withdrawn},
		{Name: "cancelled", Told: "You took the report back.", Outcome: Withdrawn},
		{Name: "lapsed", Told: "The report has ended because time ran out. You can open it again.", Outcome: Lapsed},
	},
	Steps: []Step{
		{Name: "confirm", From: []string{"drafted"}, To: "received", Who: append([]authz.Role{authz.PoliceOfficer, authz.CaseOfficer}, person...), Audit: "the reporter was shown to be who they are"},
		{Name: "forget", From: []string{"drafted"}, To: "lapsed", Who: clock, Audit: "the code was never entered"},
		{Name: "watch", From: []string{"received"}, To: "watched", Who: []authz.Role{authz.PoliceOfficer, authz.CaseOfficer, authz.Walk}, Audit: "possession was shown; the device is watched"},
		{Name: "block", From: []string{"received"}, To: "ordered", Who: []authz.Role{authz.PoliceOfficer, authz.CaseOfficer, authz.Walk}, Audit: "possession was shown; the device is to be blocked"},
		{Name: "block", From: []string{"watched", "found"}, To: "ordered", Who: append([]authz.Role{authz.PoliceOfficer, authz.CaseOfficer}, person...), Audit: "the reporter wants the device blocked"},
		{Name: "reject", From: []string{"received"}, To: "rejected", Who: []authz.Role{authz.PoliceOfficer, authz.CaseOfficer}, Reasoned: true, Audit: "the report was rejected"},
		{Name: "merge", From: []string{"received"}, To: "merged", Who: []authz.Role{authz.CaseOfficer, authz.Walk}, Audit: "an earlier report covers the device"},
		{Name: "cancel", From: []string{"drafted", "received"}, To: "cancelled", Who: person, Audit: "the reporter took it back"},
		{Name: "enforce", From: []string{"ordered"}, To: "enforced", Who: system, Audit: "every operator has the block in force"},
		{Name: "contest", From: []string{"watched", "ordered", "enforced"}, To: "contested", Who: []authz.Role{authz.CaseOfficer, authz.AppealsOfficer, authz.Walk}, Audit: "somebody claims the device"},
		{Name: "uphold", From: []string{"contested"}, To: "ordered", Who: []authz.Role{authz.AppealsOfficer, authz.Court}, Stranger: true, Reasoned: true, Audit: "the report stands against the claim"},
		{Name: "yield", From: []string{"contested"}, To: "restoring", Who: []authz.Role{authz.AppealsOfficer, authz.Court}, Stranger: true, Reasoned: true, Audit: "the claim stands against the report"},
		{Name: "find", From: []string{"watched", "ordered", "enforced"}, To: "found", Who: append([]authz.Role{authz.PoliceOfficer, authz.PoliceSupervisor}, person...), Audit: "the device is said to be found"},
		{Name: "look on", From: []string{"found"}, To: "watched", Who: person, Audit: "the device was not found after all; the reporter wants it watched"},
		{Name: "restore", From: []string{"found"}, To: "restoring", Who: []authz.Role{authz.Citizen, authz.Visitor}, Audit: "the reporter confirmed it with their own code"},
		{Name: "restore for them", From: []string{"found"}, To: "restoring", Who: []authz.Role{authz.PoliceSupervisor, authz.CaseOfficer}, Apart: []string{"find"}, Reasoned: true, Audit: "a second person confirmed it for the reporter"},
		{Name: "complete", From: []string{"restoring"}, To: "restored", Who: system, Audit: "every operator has let the device back"},
		{Name: "stop watching", From: []string{"watched"}, To: "lapsed", Who: clock, Audit: "the time of watching is over"},
		{Name: "reopen", From: []string{"restored", "rejected", "merged", "cancelled", "lapsed"}, To: "received", Who: append([]authz.Role{authz.CaseOfficer, authz.Court}, person...), Reasoned: true, Audit: "the report was opened again"},
	},
}

// duplicate is of one identity that several devices show.
var duplicate = Machine{
	Name: "duplicate", About: "Several devices show one identity.",
	Opens: []authz.Role{authz.Walk, authz.CaseOfficer},
	States: []State{
		{Name: "detected", Told: "Several devices show the identity of yours. Nothing has changed for you."},
		{Name: "notified", Told: "Several devices show the identity of yours. Send us what shows that yours is the right one.", Days: 30, Then: "weigh"},
		{Name: "weighed", Told: "The time for evidence is over. An officer weighs it."},
		{Name: "paired", Told: "One user keeps the identity with their number, and was told. The others are refused soon.", Days: 5, Then: "refuse the others"},
		{Name: "ordered", Told: "The identity is being refused with all other numbers."},
		{Name: "resolved", Told: "The identity works with the numbers that were decided, and no other.", Outcome: Granted},
		{Name: "dismissed", Told: "It was a false alarm. Nothing changes.", Outcome: Refused},
	},
	Steps: []Step{
		{Name: "notify", From: []string{"detected"}, To: "notified", Who: []authz.Role{authz.CaseOfficer, authz.Walk}, Audit: "everybody seen with the identity is told"},
		{Name: "dismiss", From: []string{"detected", "notified", "weighed"}, To: "dismissed", Who: []authz.Role{authz.CaseOfficer}, Reasoned: true, Audit: "it was a false alarm"},
		{Name: "weigh", From: []string{"notified"}, To: "weighed", Who: []authz.Role{authz.Clock, authz.CaseOfficer}, Audit: "the time for evidence is over"},
		{Name: "pair", From: []string{"weighed"}, To: "paired", Who: []authz.Role{authz.CaseOfficer}, Reasoned: true, Audit: "the user with the best evidence is paired and told first"},
		{Name: "refuse all", From: []string{"weighed"}, To: "ordered", Who: []authz.Role{authz.BulkApprover}, Apart: []string{"notify"}, Reasoned: true, Audit: "the value is on so many devices that none is looked for"},
		{Name: "refuse the others", From: []string{"paired"}, To: "ordered", Who: clock, Audit: "the others are to be refused"},
		{Name: "complete", From: []string{"ordered"}, To: "resolved", Who: system, Audit: "every operator has it in force"},
		{Name: "reopen", From: []string{"resolved", "dismissed"}, To: "weighed", Who: []authz.Role{authz.CaseOfficer, authz.AppealsOfficer, authz.Court}, Reasoned: true, Audit: "the case was opened again"},
	},
}

// appeal is against any measure.
var appeal = Machine{
	Name: "appeal", About: "Somebody says that a measure against their device is wrong.",
	Opens: append([]authz.Role{authz.HelpDesk}, person...),
	States: []State{
		{Name: "filed", Told: "We have your appeal. An officer who had no part in the measure takes it up.", Days: 5, Then: "escalate"},
		{Name: "overdue", Told: "Nobody took your appeal up in time. Those responsible were told."},
		{Name: "assigned", Told: "An officer who had no part in the measure has your appeal."},
		{Name: "asked", Told: "The officer asked you for something. You have until the day below.", Days: 30, Then: "go on"},
		{Name: "upheld", Told: "You were right. The measure is being taken back at every operator."},
		{Name: "executed", Told: "You were right. The measure was taken back at every operator, and is not taken again for the same reason.", Outcome: Granted},
		{Name: "refused", Told: "The measure stands. The reason is below; you can go to court.", Outcome: Refused},
		{Name: "cancelled", Told: "You took the appeal back.", Outcome: Withdrawn},
	},
	Steps: []Step{
		{Name: "escalate", From: []string{"filed"}, To: "overdue", Who: clock, Audit: "nobody took the appeal up in time"},
		{Name: TakeUp, From: []string{"filed", "overdue"}, To: "assigned", Who: []authz.Role{authz.AppealsOfficer}, Stranger: true, Audit: "an officer took the appeal up"},
		{Name: "stay", Who: []authz.Role{authz.AppealsOfficer, authz.Court, authz.Walk}, Stranger: true, Audit: "the measure rests until the appeal is decided"},
		{Name: "end the stay", Who: []authz.Role{authz.AppealsOfficer, authz.Court}, Stranger: true, Reasoned: true, Audit: "the measure counts again"},
		{Name: "ask", From: []string{"assigned"}, To: "asked", Who: []authz.Role{authz.AppealsOfficer}, Stranger: true, Reasoned: true, Audit: "the person was asked for something"},
		{Name: "answer", From: []string{"asked"}, To: "assigned", Who: person, Audit: "the person answered"},
		{Name: "go on", From: []string{"asked"}, To: "assigned", Who: clock, Audit: "no answer came in time"},
		{Name: "uphold", From: []string{"assigned"}, To: "upheld", Who: []authz.Role{authz.AppealsOfficer, authz.Court}, Stranger: true, Reasoned: true, Audit: "the appeal was upheld"},
		{Name: "refuse", From: []string{"assigned"}, To: "refused", Who: []authz.Role{authz.AppealsOfficer, authz.Court}, Stranger: true, Reasoned: true, Audit: "the appeal was refused"},
		{Name: "complete", From: []string{"upheld"}, To: "executed", Who: system, Audit: "every operator has taken the measure back"},
		{Name: "cancel", From: []string{"filed", "overdue", "assigned", "asked"}, To: "cancelled", Who: person, Audit: "the person took the appeal back"},
		{Name: "reopen", From: []string{"executed", "refused", "cancelled"}, To: "filed", Who: []authz.Role{authz.AppealsOfficer, authz.Court}, Apart: []string{"uphold", "refuse"}, Reasoned: true, Audit: "the appeal was opened again"},
	},
}

// exemption keeps a device from every measure but one for theft, to protect a person or a service.
var exemption = Machine{
	Name: "exemption", About: "A device is protected from measures, for the safety of a person or a service.",
	Opens:  []authz.Role{authz.CaseOfficer, authz.PoliceSupervisor},
	Claims: true,
	States: []State{
		{Name: "asked", Told: "The protection was asked for.", Days: 30, Then: "forget"},
		{Name: "active", Told: "The device is protected.", Days: 365, Then: "end"},
		{Name: "refused", Told: "The device is not protected. The reason is below.", Outcome: Refused},
		{Name: "revoked", Told: "The protection was taken back. The reason is below.", Outcome: Refused},
		{Name: "ended", Told: "The time of the protection is over.", Outcome: Lapsed},
	},
	Steps: []Step{
		{Name: "approve", From: []string{"asked"}, To: "active", Who: []authz.Role{authz.CaseOfficer, authz.PoliceSupervisor}, Apart: []string{Opened}, Reasoned: true, Audit: "the protection was granted"},
		{Name: "refuse", From: []string{"asked"}, To: "refused", Who: []authz.Role{authz.CaseOfficer, authz.PoliceSupervisor}, Reasoned: true, Audit: "the protection was refused"},
		{Name: "forget", From: []string{"asked"}, To: "ended", Who: clock, Audit: "nobody granted it in time"},
		{Name: "revoke", From: []string{"active"}, To: "revoked", Who: []authz.Role{authz.CaseOfficer, authz.PoliceSupervisor, authz.Court}, Reasoned: true, Audit: "the protection was taken back"},
		{Name: "end", From: []string{"active"}, To: "ended", Who: clock, Audit: "the time of the protection is over"},
		{Name: "reopen", From: []string{"refused", "revoked", "ended"}, To: "asked", Who: []authz.Role{authz.CaseOfficer, authz.PoliceSupervisor}, Reasoned: true, Audit: "the protection was asked for again"},
	},
}

// policy gives a rule authority, or takes it.
var policy = Machine{
	Name: "policy", About: "A rule is to decide by itself, or no longer.",
	Opens: []authz.Role{authz.PolicyAuthor},
	States: []State{
		{Name: "drafted", Told: "The rule was written down. It decides nothing."},
		{Name: "simulated", Told: "What the rule would do was counted."},
		{Name: "proposed", Told: "People are asked to sign that the rule decides by itself."},
		{Name: "active", Told: "The rule decides by itself, within its ceiling."},
		{Name: "rolled back", Told: "The rule decides nothing any more. The reason is below.", Outcome: Withdrawn},
		{Name: "replaced", Told: "Another version of the rule decides now.", Outcome: Granted},
		{Name: "refused", Told: "The rule was not let decide by itself. The reason is below.", Outcome: Refused},
	},
	Steps: []Step{
		{Name: "simulate", From: []string{"drafted"}, To: "simulated", Who: []authz.Role{authz.PolicyAuthor}, Audit: "what the rule would do was counted"},
		{Name: "change", From: []string{"simulated", "proposed"}, To: "drafted", Who: []authz.Role{authz.PolicyAuthor}, Audit: "the draft was changed: what was counted and signed counts no more"},
		{Name: "propose", From: []string{"simulated"}, To: "proposed", Who: []authz.Role{authz.PolicyAuthor}, Reasoned: true, Audit: "signatures were asked for"},
		{Name: "approve", From: []string{"proposed"}, To: "active", Who: []authz.Role{authz.PolicyApprover}, Apart: []string{Opened, "simulate", "change", "propose"}, Audit: "the policy is in force"},
		{Name: "refuse", From: []string{"proposed"}, To: "refused", Who: []authz.Role{authz.PolicyApprover}, Apart: []string{Opened, "simulate", "change", "propose"}, Reasoned: true, Audit: "the policy was refused"},
		{Name: "roll back", From: []string{"active"}, To: "rolled back", Who: []authz.Role{authz.PolicyAuthor, authz.PolicyApprover}, Reasoned: true, Audit: "the rule was stopped"},
		{Name: "replace", From: []string{"active"}, To: "replaced", Who: system, Audit: "a newer version is in force"},
		{Name: "reopen", From: []string{"rolled back", "refused"}, To: "drafted", Who: []authz.Role{authz.PolicyAuthor}, Reasoned: true, Audit: "the draft was taken up again"},
	},
}
