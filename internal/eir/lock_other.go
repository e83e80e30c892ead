//go:build !unix

package eir

import "errors"

// ErrInUse says that another process uses a node's data.
var ErrInUse = errors.New("another process uses it")

// Lock does nothing where there is no flock: there one process at a time may use a node's data.
func Lock(string) (unlock func() error, err error) { return func() error { return nil }, nil }
