package s13

import "sync/atomic"

// Stats counts what a Server did since it was made. All may be read at any time.
type Stats struct {
	Open     atomic.Int64  // connections open now
	Accepted atomic.Uint64 // connections that completed the capabilities exchange
	Refused  atomic.Uint64 // connections turned away: too many, unknown peer, no common application, no CER
	Broken   atomic.Uint64 // connections closed because of a message length that cannot be true
	Stalled  atomic.Uint64 // connections closed for silence, or for messages begun and not ended
	Messages atomic.Uint64 // whole messages read
	Checks   atomic.Uint64 // requests that reached the Handler

	Malformed atomic.Uint64 // of these, with an IMEI that is not 14, 15 or 16 digits
	Faulty    atomic.Uint64 // requests answered with an error and without the Handler
	Panics    atomic.Uint64 // checks in which the Handler panicked or gave no known answer: answered Allowed. Also connections lost to a mistake of ours

	answered [answers]atomic.Uint64
}

// Answered returns how many checks were given that answer.
func (s *Stats) Answered(a Answer) uint64 {
	if a >= answers {
		return 0
	}
	return s.answered[a].Load()
}

// tally is what one connection counted since it last added to the Stats: one addition for a
// batch, not for each message, so that connections do not contend for one cache line.
type tally struct {
	messages, checks, malformed, faulty, panics uint64
	answered                                    [answers]uint64
}

func (s *Stats) add(t *tally) {
	s.Messages.Add(t.messages)
	s.Checks.Add(t.checks)
	if t.malformed|t.faulty|t.panics != 0 {
		s.Malformed.Add(t.malformed)
		s.Faulty.Add(t.faulty)
		s.Panics.Add(t.panics)
	}
	for i, n := range t.answered {
		if n != 0 {
			s.answered[i].Add(n)
		}
	}
	*t = tally{}
}
