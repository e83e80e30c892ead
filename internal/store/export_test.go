package store

// Racing makes Update begin without the writers' lock, where the dialect can do without: what is
// left to keep two processes apart is the compare-and-set of the head.
func Racing(s *Store) *Store {
	s.mode = migrating
	return s
}
