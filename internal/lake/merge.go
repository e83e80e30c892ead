package lake

// merge walks several sorted parts as one. It is a binary heap of cursors, the one with the least
// row on top; cursors that are through leave the heap.
type merge[T any] struct {
	heap    []*cursor[T]
	compare func(a, b *T) int
}

// newMerge steps every cursor to its first row and takes them over: close closes them.
func newMerge[T any](cursors []*cursor[T], compare func(a, b *T) int) (*merge[T], error) {
	m := &merge[T]{compare: compare}
	for i, c := range cursors {
		ok, err := c.next()
		if err != nil {
			for _, c := range cursors[i:] {
				c.close()
			}
			m.close()
			return nil, err
		}
		if ok {
			m.heap = append(m.heap, c)
		}
	}
	for i := len(m.heap)/2 - 1; i >= 0; i-- {
		m.down(i)
	}
	return m, nil
}

// head returns the least row, nil when there is none. It is valid until next.
func (m *merge[T]) head() *T {
	if len(m.heap) == 0 {
		return nil
	}
	return m.heap[0].head()
}

// next drops the head.
func (m *merge[T]) next() error {
	ok, err := m.heap[0].next()
	if !ok || err != nil {
		last := len(m.heap) - 1
		m.heap[0], m.heap = m.heap[last], m.heap[:last]
	}
	m.down(0)
	return err
}

func (m *merge[T]) down(i int) {
	for {
		least := 2*i + 1
		if least >= len(m.heap) {
			return
		}
		if right := least + 1; right < len(m.heap) && m.compare(m.heap[right].head(), m.heap[least].head()) < 0 {
			least = right
		}
		if m.compare(m.heap[i].head(), m.heap[least].head()) <= 0 {
			return
		}
		m.heap[i], m.heap[least] = m.heap[least], m.heap[i]
		i = least
	}
}

func (m *merge[T]) close() {
	for _, c := range m.heap {
		c.close()
	}
	m.heap = nil
}
