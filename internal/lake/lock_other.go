//go:build !unix

package lake

// lockFile does nothing where there is no flock: there one process at a time may use a lake.
func (l *Lake) lockFile(bool) (unlock func(), err error) {
	return func() {}, l.ensure(l.Dir)
}
