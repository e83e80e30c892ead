package ledger

// AppendAny appends what Append refuses, as a program would that lies.
func (b *Batch) AppendAny(d Draft) (uint64, error) { return b.append(d) }

// Waiting returns how many commands wait for a transaction.
func (s *Sequencer) Waiting() int {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	return len(s.queue.waiting)
}
