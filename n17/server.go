package n17

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Server is the 5G-EIR's side of N17, an http.Handler. Handler must be set, nothing may be changed
// once it is in use.
type Server struct {
	Handler  Handler          // who decides
	Prefix   string           // of the path before /n5g-eir-eic, if the API's root has one
	Instance string           // the nfInstanceId, named in the Server header of problems if set
	TLS      *tls.Config      // certificates; nil for cleartext
	ErrorLog *log.Logger      // of net/http, for connections that went wrong; nil for none
	Now      func() time.Time // time.Now if nil

	// RefuseLate answers 504 to a request whose sender, by 3gpp-Sbi-Sender-Timestamp and
	// 3gpp-Sbi-Max-Rsp-Time, has already given it up (TS 29.500 §6.11.2). Only for networks whose
	// clocks agree: a sender whose clock is behind would never be answered.
	RefuseLate bool

	// Stats counts.
	Stats Stats

	mu      sync.Mutex // guards the fields below
	leaving bool
	servers map[*http.Server]struct{}
}

// bodies are the answers that are a status.
var bodies = [...][]byte{
	Allowed:    []byte(`{"status":"WHITELISTED"}`),
	Prohibited: []byte(`{"status":"BLACKLISTED"}`),
	Tracked:    []byte(`{"status":"GREYLISTED"}`),
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p := s.address(r); p != nil {
		if p.Status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", http.MethodGet)
		}
		s.fault(w, p)
		return
	}
	q, p := parseQuery(r.URL.RawQuery)
	if p == nil && s.RefuseLate && s.late(r.Header) {
		p = &Problem{Status: http.StatusGatewayTimeout, Cause: CauseTimedOut, Detail: "the sender has given this request up"}
	}
	if p != nil {
		s.fault(w, p)
		return
	}
	request := q.request()
	request.Peer, request.Agent = r.RemoteAddr, r.UserAgent()
	s.answer(w, s.decide(request))
}

// address checks all but the query: that the request is for the one resource, in the one way.
func (s *Server) address(r *http.Request) *Problem {
	path, ok := strings.CutPrefix(r.URL.Path, s.Prefix)
	switch {
	case ok && path == Resource:
	case ok && strings.HasPrefix(path, "/n5g-eir-eic/") && !strings.HasPrefix(path, "/n5g-eir-eic/v1/"):
		return &Problem{Status: http.StatusBadRequest, Cause: CauseInvalidAPI, Detail: "this version of the API is not offered: use v1"}
	default:
		return &Problem{Status: http.StatusNotFound, Cause: CauseNoResource, Detail: "the only resource is " + s.Prefix + Resource}
	}
	switch {
	case r.Method != http.MethodGet:
		return &Problem{Status: http.StatusMethodNotAllowed, Detail: "the only method is GET"}
	case len(r.URL.RawQuery) > maxQuery:
		return &Problem{Status: http.StatusRequestURITooLong, Detail: "the query is longer than " + strconv.Itoa(maxQuery) + " bytes"}
	case !acceptable(r.Header["Accept"]):
		return &Problem{Status: http.StatusNotAcceptable, Detail: "the answer is application/json: accept that"}
	}
	return nil
}

// acceptable reports whether an Accept header, if there is one, has room for application/json
// (RFC 9110 §12.5.1). Weights are not looked at: there is nothing to choose from.
func acceptable(accept []string) bool {
	for _, line := range accept {
		for part := range strings.SplitSeq(line, ",") {
			kind, _, _ := strings.Cut(part, ";")
			switch strings.ToLower(strings.TrimSpace(kind)) {
			case "application/json", "application/*", "*/*":
				return true
			}
		}
	}
	return len(accept) == 0
}

// late reports whether the sender has given a request up. Headers that cannot be read are ignored.
func (s *Server) late(h http.Header) bool {
	sent, err := time.Parse("Mon, 02 Jan 2006 15:04:05 GMT", h.Get("3gpp-Sbi-Sender-Timestamp"))
	if err != nil {
		return false
	}
	wait, err := strconv.ParseUint(h.Get("3gpp-Sbi-Max-Rsp-Time"), 10, 32)
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	return err == nil && now().After(sent.Add(time.Duration(wait)*time.Millisecond))
}

// decide asks the Handler, and allows where it does not answer.
func (s *Server) decide(r Request) (a Answer) {
	s.Stats.Checks.Add(1)
	if !r.Identified {
		s.Stats.Unidentified.Add(1)
	}
	defer func() {
		if recover() != nil || a >= answers {
			s.Stats.Panics.Add(1)
			a = Allowed
		}
		s.Stats.answered[a].Add(1)
	}()
	return s.Handler.Check(r)
}

// answer sends what the Handler said.
func (s *Server) answer(w http.ResponseWriter, a Answer) {
	switch a {
	case Unknown:
		s.write(w, &Problem{Status: http.StatusNotFound, Cause: CauseEquipmentUnknown, Detail: "the equipment is not known"})
	case Invalid:
		s.write(w, incorrect("pei", "it is not an equipment identity: send imei- and 15 digits, or imeisv- and 16"))
	case Unable:
		s.write(w, &Problem{Status: http.StatusInternalServerError, Cause: CauseSystemFailure, Detail: "the check cannot be made at present: ask another EIR, or again later"})
	case Busy:
		w.Header().Set("Retry-After", retryAfter)
		s.write(w, &Problem{Status: http.StatusServiceUnavailable, Cause: CauseCongestion, Detail: "overloaded: ask another EIR, or again later"})
	default:
		h := w.Header()
		h["Content-Type"] = contentType
		h["Content-Length"] = lengths[a]
		w.Write(bodies[a]) //nolint:errcheck // The peer is gone; there is nobody to tell.
	}
}

// Header values that are the same in every answer.
var (
	contentType = []string{"application/json"}
	lengths     = [...][]string{
		Allowed:    {strconv.Itoa(len(bodies[Allowed]))},
		Prohibited: {strconv.Itoa(len(bodies[Prohibited]))},
		Tracked:    {strconv.Itoa(len(bodies[Tracked]))},
	}
)

// Serve accepts connections until ctx is cancelled or Shutdown is called; cancelling ctx shuts the
// whole server down. Only HTTP/2 is spoken (TS 29.500 §5.2.1): over TLS if it is configured, with
// prior knowledge otherwise. When Serve returns, its requests have ended; it returns nil if it
// was asked to.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	if s.Handler == nil {
		return errors.New("serving N17: set Handler")
	}
	h := s.httpServer()
	s.mu.Lock()
	if s.leaving {
		s.mu.Unlock()
		ln.Close()
		return http.ErrServerClosed
	}
	if s.servers == nil {
		s.servers = map[*http.Server]struct{}{}
	}
	s.servers[h] = struct{}{}
	s.mu.Unlock()

	ended := make(chan error, 1)
	go func() {
		if s.TLS != nil {
			ended <- h.ServeTLS(ln, "", "")
		} else {
			ended <- h.Serve(ln)
		}
	}()
	var err error
	served := false
	select {
	case err = <-ended:
		served = true
	case <-ctx.Done():
	}
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveWait)
	defer cancel()
	s.Shutdown(patience) //nolint:errcheck // What remains was closed by force, as documented.
	if !served {
		err = <-ended
	}
	if errors.Is(err, http.ErrServerClosed) || ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("accepting N17 connections: %w", err)
}

// httpServer returns a server of net/http with our limits.
func (s *Server) httpServer() *http.Server {
	h := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerWait,
		IdleTimeout:       idleWait,
		MaxHeaderBytes:    maxHeader,
		ConnState:         s.count,
		ErrorLog:          s.ErrorLog,
		Protocols:         new(http.Protocols),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams:          maxStreams,
			MaxReadFrameSize:              maxFrame,
			MaxReceiveBufferPerConnection: bodyWindow,
			MaxReceiveBufferPerStream:     bodyWindow,
			SendPingTimeout:               pingWait,
			PingTimeout:                   pongWait,
			WriteByteTimeout:              writeWait,
		},
	}
	if h.ErrorLog == nil {
		h.ErrorLog = log.New(io.Discard, "", 0)
	}
	if s.TLS != nil {
		h.TLSConfig = s.TLS.Clone()
		h.Protocols.SetHTTP2(true)
	} else {
		h.Protocols.SetUnencryptedHTTP2(true)
	}
	return h
}

// count keeps the number of connections, and below its bound.
func (s *Server) count(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if s.Stats.Open.Add(1) > maxConnections {
			s.Stats.Refused.Add(1)
			c.Close()
		}
	case http.StateClosed, http.StateHijacked:
		s.Stats.Open.Add(-1)
	}
}

// Shutdown stops accepting, tells every peer that no more requests are taken (GOAWAY), and waits
// for those under way. When ctx ends first, it closes what remains and returns the error of ctx.
// The server cannot be used again.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.leaving = true
	servers := make([]*http.Server, 0, len(s.servers))
	for h := range s.servers {
		servers = append(servers, h)
	}
	s.mu.Unlock()
	var failed error
	for _, h := range servers {
		if err := h.Shutdown(ctx); err != nil {
			h.Close()
			failed = err
		}
	}
	return failed
}
