//go:build unix

package eir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// ErrInUse says that another process uses a node's data.
var ErrInUse = errors.New("another process uses it")

// Lock takes a node's data directory for this process: two that recover, sweep and save there would
// take each other's files for left over. ErrInUse says that another has it; any other error, that the
// disk can not tell. The kernel gives it back when the process ends, however that happens.
func Lock(dir string) (unlock func() error, err error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return f.Close, nil
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EWOULDBLOCK):
			err = ErrInUse
		}
		f.Close()
		return nil, fmt.Errorf("locking %s: %w", dir, err)
	}
}
