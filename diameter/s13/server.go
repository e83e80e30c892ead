package s13

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Server is the EIR's side of S13. Host, Realm and Handler must be set, nothing may be changed
// once Serve is called.
type Server struct {
	Host    string  // DiameterIdentity of this node, a fully qualified domain name
	Realm   string  // the realm it serves
	Handler Handler // who decides

	// Allow says whether a peer may connect, by what it calls itself and whence it comes; nil
	// allows all. Who is not allowed is answered 3010 and disconnected (RFC 6733 §5.6.4).
	Allow func(host, realm string, from net.Addr) bool

	// Watchdog is Tw, how long a connection may be silent before it is asked for life: 30 s if
	// zero, never below 6 s, give or take 2 s (RFC 3539 §3.4.1).
	Watchdog time.Duration

	// Product is the Product-Name, "OpenCEIR" if empty.
	Product string

	// StateID is the Origin-State-Id, which must grow with every start of the node; the time of
	// Serve if zero (RFC 6733 §8.16).
	StateID uint32

	// Stats counts.
	Stats Stats

	running sync.WaitGroup // the goroutines of connections

	mu        sync.Mutex // guards the fields below
	leaving   bool
	listeners map[net.Listener]struct{}
	conns     map[*conn]struct{}
}

// Serve accepts connections, which may be plain TCP or TLS, until ctx is cancelled or Shutdown
// is called. Cancelling ctx shuts the whole server down, waiting some seconds for the peers'
// consent. When Serve returns, all its goroutines have ended; it returns nil if it was asked to.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	if s.Host == "" || s.Realm == "" || s.Handler == nil {
		return errors.New("serving S13: set Host, Realm and Handler")
	}
	v := s.voice()
	if !s.listen(ln) {
		ln.Close()
		return ErrClosed
	}
	stop := context.AfterFunc(ctx, func() { ln.Close() })
	defer stop()
	err := s.accept(ctx, ln, v)
	ln.Close()

	s.mu.Lock()
	delete(s.listeners, ln)
	asked := s.leaving || ctx.Err() != nil
	s.mu.Unlock()

	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), disconnectWait+lingerWait)
	defer cancel()
	s.Shutdown(patience) //nolint:errcheck // What remains was closed by force, as documented.
	if asked {
		return nil
	}
	return fmt.Errorf("accepting S13 connections: %w", err)
}

func (s *Server) voice() *voice {
	product, state := s.Product, s.StateID
	if product == "" {
		product = "OpenCEIR"
	}
	if state == 0 {
		state = uint32(time.Now().Unix())
	}
	return newVoice(s.Host, s.Realm, product, state)
}

// accept runs the connections of a listener until it is closed.
func (s *Server) accept(ctx context.Context, ln net.Listener, v *voice) error {
	for {
		c, err := ln.Accept()
		if err == nil {
			s.serve(newConn(s, v, c))
			continue
		}
		var passing net.Error
		if ctx.Err() != nil || errors.Is(err, net.ErrClosed) || !errors.As(err, &passing) {
			return err
		}
		pause := time.NewTimer(acceptWait)
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
		pause.Stop()
	}
}

// listen takes charge of a listener.
func (s *Server) listen(ln net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.leaving {
		return false
	}
	if s.listeners == nil {
		s.listeners = map[net.Listener]struct{}{}
		s.conns = map[*conn]struct{}{}
	}
	s.listeners[ln] = struct{}{}
	return true
}

// serve runs a connection in a goroutine of its own, or closes it if there are too many.
func (s *Server) serve(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.leaving || len(s.conns) >= maxConnections {
		s.Stats.Refused.Add(1)
		c.net.Close()
		return
	}
	s.conns[c] = struct{}{}
	s.running.Add(1)
	s.Stats.Open.Add(1)
	go func() {
		defer s.running.Done()
		c.run()
		s.Stats.Open.Add(-1)
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
	}()
}

// Shutdown stops accepting, asks every peer to disconnect (DPR, RFC 6733 §5.4), answers what they
// still ask, and waits until all have gone. When ctx ends first, it closes what remains and
// returns the error of ctx. The server cannot be used again.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.leaving = true
	for ln := range s.listeners {
		ln.Close()
	}
	for c := range s.conns {
		// First the flag, then the deadline: the connection arms its deadline before it looks at
		// the flag, so that one of the two is sure to be seen.
		c.leaving.Store(true)
		c.net.SetReadDeadline(time.Unix(1, 0)) //nolint:errcheck // A closed one needs no waking.
	}
	s.mu.Unlock()

	gone := make(chan struct{})
	go func() {
		s.running.Wait()
		close(gone)
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	for c := range s.conns {
		c.net.Close()
	}
	s.mu.Unlock()
	<-gone
	return ctx.Err()
}
