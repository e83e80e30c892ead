package n17

import "sync/atomic"

// Stats counts what a Server did since it was made. All may be read at any time.
type Stats struct {
	Open         atomic.Int64  // connections open now, of those that Serve accepted
	Refused      atomic.Uint64 // connections closed at once because there were too many
	Checks       atomic.Uint64 // requests that reached the Handler
	Unidentified atomic.Uint64 // of these, with a PEI that holds no IMEI
	Faulty       atomic.Uint64 // requests answered with a problem and without the Handler
	Panics       atomic.Uint64 // checks in which the Handler panicked or gave no known answer: answered Allowed

	answered [answers]atomic.Uint64
}

// Answered returns how many checks were given that answer.
func (s *Stats) Answered(a Answer) uint64 {
	if a >= answers {
		return 0
	}
	return s.answered[a].Load()
}
