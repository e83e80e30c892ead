package n17

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// Causes of problems (TS 29.511 §6.1.7.3 for the first, TS 29.500 §5.2.7.2 for the others).
const (
	CauseEquipmentUnknown = "ERROR_EQUIPMENT_UNKNOWN"
	CauseNoResource       = "RESOURCE_URI_STRUCTURE_NOT_FOUND"
	CauseInvalidAPI       = "INVALID_API"
	CauseParamMissing     = "MANDATORY_QUERY_PARAM_MISSING"
	CauseParamIncorrect   = "MANDATORY_QUERY_PARAM_INCORRECT"
	CauseOptionIncorrect  = "OPTIONAL_QUERY_PARAM_INCORRECT"
	CauseBadSyntax        = "INVALID_MSG_FORMAT"
	CauseSystemFailure    = "SYSTEM_FAILURE"
	CauseCongestion       = "NF_CONGESTION"
	CauseTimedOut         = "TIMED_OUT_REQUEST"
)

// Problem is ProblemDetails (TS 29.571 §5.2.4.1): an answer that is no status. A Client returns
// it as an error.
type Problem struct {
	Title         string         `json:"title,omitempty"`
	Status        int            `json:"status,omitempty"`
	Detail        string         `json:"detail,omitempty"`
	Cause         string         `json:"cause,omitempty"`
	InvalidParams []InvalidParam `json:"invalidParams,omitempty"`
}

// InvalidParam names a parameter at fault and says why (TS 29.571 §5.2.4.2).
type InvalidParam struct {
	Param  string `json:"param"`
	Reason string `json:"reason,omitempty"`
}

// Error implements error.
func (p *Problem) Error() string {
	s := "the 5G-EIR answered " + strconv.Itoa(p.Status)
	if p.Cause != "" {
		s += " " + p.Cause
	}
	if p.Detail != "" {
		s += ": " + p.Detail
	}
	return s
}

// write sends a problem.
func (s *Server) write(w http.ResponseWriter, p *Problem) {
	p.Title = http.StatusText(p.Status)
	body, err := json.Marshal(p)
	if err != nil {
		// Strings and numbers always marshal.
		body = []byte("{}")
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if s.Instance != "" {
		h.Set("Server", "5G_EIR-"+s.Instance) // TS 29.500 §5.2.2.2: who made the error
	}
	w.WriteHeader(p.Status)
	w.Write(body) //nolint:errcheck // The peer is gone; there is nobody to tell.
}

// fault sends a problem that was found before the Handler was asked.
func (s *Server) fault(w http.ResponseWriter, p *Problem) {
	s.Stats.Faulty.Add(1)
	s.write(w, p)
}

// parameter returns the problem of one parameter.
func parameter(cause, name, reason string) *Problem {
	return &Problem{Status: http.StatusBadRequest, Cause: cause, Detail: name + ": " + reason,
		InvalidParams: []InvalidParam{{Param: name, Reason: reason}}}
}
