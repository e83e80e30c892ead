package ledger

import (
	"fmt"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/receipt"
)

// KindCase says that a step of a case was taken; body: CaseStep, and what was said with it as the
// personal part: CaseText. Whether the step was lawful is asked before it is appended, and again when
// the register is verified: see package cases.
const KindCase receipt.Kind = "case"

// CaseStep is the body of KindCase: the step, and where the case stands after it, so that the last
// record of a case says all that the tables have of it.
type CaseStep struct {
	Case   string     `json:"case"` // number
	Sort   string     `json:"sort"`
	Step   string     `json:"step"`
	Role   string     `json:"role"`         // of whoever took it
	By     string     `json:"by,omitempty"` // an officer's name, or the token that stands for a citizen in this case
	Day    device.Day `json:"day"`
	Events int64      `json:"events"` // of the case, this one included

	State    string     `json:"state"`
	Since    device.Day `json:"since"`
	Due      device.Day `json:"due,omitempty"` // when the clock takes a step, 0 for never
	Closed   bool       `json:"closed,omitempty"`
	Place    string     `json:"place,omitempty"`    // organisation, and perhaps station, that has the case
	Assigned string     `json:"assigned,omitempty"` // person
	// Devices are those that the case is about from this step on, beside those of earlier steps.
	Devices []imei.IMEI `json:"devices,omitempty"`
	Said    bool        `json:"said,omitempty"` // there is a personal part, or was until it was erased
	// Hands are the persons who had a hand in the measure that the case is about; with the first step.
	Hands []string `json:"hands,omitempty"`
}

// CaseText is the personal part of KindCase: what was said with the step.
type CaseText struct {
	Reason string `json:"reason,omitempty"` // for the person concerned to read
	Note   string `json:"note,omitempty"`   // for those who work on the case
}

// CaseKey is the key of the act that is event n of a case, counted from 1: of two that take a step of
// the same case at once, one finds the key taken.
func CaseKey(number string, n int64) receipt.Digest {
	return KeyOf("case", number, fmt.Sprint(n))
}

// CaseRow is where a case stands.
type CaseRow struct {
	Number   string
	Index    uint64 // of its last event
	Sort     string
	State    string
	Since    device.Day
	Due      device.Day
	Closed   bool
	Events   int64
	Place    string
	Assigned string
}

// CaseDeviceRow finds the cases about a device.
type CaseDeviceRow struct {
	IMEI   imei.IMEI
	Number string
}

func (r CaseRow) Table() Table       { return Cases }
func (r CaseDeviceRow) Table() Table { return CaseDevices }

func (r CaseRow) Key() string       { return r.Number }
func (r CaseDeviceRow) Key() string { return r.IMEI.String() + " " + r.Number }

func foldCase(e *receipt.Entry) ([]Change, error) {
	s, err := Decode[CaseStep](e.Effect.Body)
	switch {
	case err != nil:
		return nil, err
	case s.Case == "" || s.Sort == "" || s.Step == "" || s.Role == "" || s.State == "" || s.Events < 1:
		return nil, fmt.Errorf("it does not say of which case it is, which step was taken by whom, or where the case stands")
	case e.Record.Content.Key != CaseKey(s.Case, s.Events):
		return nil, fmt.Errorf("its key is not that of event %d of the case %s", s.Events, s.Case)
	}
	out := []Change{put(CaseRow{s.Case, e.Record.Index, s.Sort, s.State, s.Since, s.Due, s.Closed, s.Events, s.Place, s.Assigned})}
	for _, m := range s.Devices {
		if m > imei.Max {
			return nil, fmt.Errorf("it is about a device without an IMEI")
		}
		out = append(out, put(CaseDeviceRow{m, s.Case}))
	}
	return out, nil
}
