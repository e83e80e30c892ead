package device

import (
	"cmp"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/subscriber"
)

// The rows of a run of lists: what operators are given as files, beside the signed streams. The
// rows of each list are sorted by its Compare function and distinct.

// Refusal is one row of a run's list of devices: networks refuse it, or will.
type Refusal struct {
	IMEI    imei.IMEI
	Text    string // the normal form of a malformed identifier, and IMEI is then 0
	Block   Day    // from when it is refused
	Reasons string // sorted, distinct, joined by |
	Amnesty bool   // every finding behind it was granted an amnesty
	Pending bool   // the day has not come: its subscribers are notified
}

// Notice is one row of a run's notifications: an operator tells a subscriber that the device will
// be refused.
type Notice struct {
	IMEI     imei.IMEI
	Text     string
	IMSI     subscriber.IMSI
	MSISDN   subscriber.MSISDN
	Operator Operator
	Block    Day
	Reasons  string
	Amnesty  bool
	// Paired says that the subscriber may use the device, so nobody is notified. The row tells a later
	// delta that a notice was resolved, and is in no file.
	Paired bool
}

// Exception is one row of a run's exceptions: a subscriber who may use a device although it is refused.
type Exception struct {
	IMEI     imei.IMEI
	IMSI     subscriber.IMSI   // 0 if only the number is known
	MSISDN   subscriber.MSISDN // 0 if not known
	Operator Operator
}

// CompareRefusals orders a list of devices: malformed identifiers come last.
func CompareRefusals(a, b *Refusal) int {
	return cmp.Or(strings.Compare(a.Text, b.Text), cmp.Compare(a.IMEI, b.IMEI))
}

// CompareNotices orders notifications.
func CompareNotices(a, b *Notice) int {
	return cmp.Or(strings.Compare(a.Text, b.Text), cmp.Compare(a.IMEI, b.IMEI), cmp.Compare(a.IMSI, b.IMSI),
		cmp.Compare(a.MSISDN, b.MSISDN), cmp.Compare(a.Operator, b.Operator))
}

// CompareExceptions orders exceptions.
func CompareExceptions(a, b *Exception) int {
	return cmp.Or(cmp.Compare(a.IMEI, b.IMEI), cmp.Compare(a.IMSI, b.IMSI),
		cmp.Compare(a.MSISDN, b.MSISDN), cmp.Compare(a.Operator, b.Operator))
}

// ListOptions are the country's choices about the lists that operators are given as files. Their
// meaning is told in the section lists of the configuration.
type ListOptions struct {
	LookbackDays       int  `json:"lookback_days"`
	RestrictExceptions bool `json:"restrict_exceptions_list_to_blacklisted_imeis"`
	CheckDigit         bool `json:"generate_check_digit"`
	OutputInvalid      bool `json:"output_invalid_imeis"`
	IncludeBarred      bool `json:"include_barred_imeis_in_exceptions_list"`
	NotifyIMSIChange   bool `json:"notify_imsi_change"`
}

// ListRun is a run of lists as the ledger keeps it. Its parts hold the full lists, from which a
// delta to any other run can be made at any time. The index of its act is its name.
type ListRun struct {
	Day     Day         `json:"day"` // the last complete day
	Shadow  bool        `json:"shadow,omitempty"`
	Options ListOptions `json:"options"`
	Amnesty bool        `json:"amnesty,omitempty"` // the notifications have the column amnesty_granted
	Base    int64       `json:"base"`              // the run that the deltas among the files are against, -1 for none
	Parts   []Part      `json:"parts,omitempty"`
	Files   []ListFile  `json:"files,omitempty"` // that were written when the run was made
}

// ListFile describes one CSV file of a run.
type ListFile struct {
	List     string   `json:"list"` // blacklist, notifications or exceptions
	Operator Operator `json:"operator,omitempty"`
	Delta    string   `json:"delta,omitempty"` // which change it lists; empty for a full list
	Rows     int64    `json:"rows"`
	Bytes    int64    `json:"bytes"`
	MD5      string   `json:"md5"`
}
