package lake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Hold keeps Sweep out until release is called. Whoever writes parts holds the lake from before the
// first part until the register has adopted them: between the two, no manifest names the parts.
func (l *Lake) Hold() (release func(), err error) {
	l.holds.RLock()
	unlock, err := l.lockFile(false)
	if err != nil {
		l.holds.RUnlock()
		return nil, err
	}
	return func() { unlock(); l.holds.RUnlock() }, nil
}

// Swept tells what Sweep removed.
type Swept struct {
	Parts int   // parts that no manifest named
	Temps int   // files of writers that died
	Bytes int64 // of both
}

// Sweep removes the parts that no manifest names and what dead writers left. It waits until nobody
// holds the lake. It calls live only while it has the lake alone: live must ask the register then,
// and not rest on a list that was read before, which could lack what was adopted since.
func (l *Lake) Sweep(ctx context.Context, live func(digest string) bool) (Swept, error) {
	var swept Swept
	l.holds.Lock()
	defer l.holds.Unlock()
	unlock, err := l.lockFile(true)
	if err != nil {
		return swept, err
	}
	defer unlock()
	for _, dir := range append([]string{"tmp"}, Tables()...) {
		err := filepath.WalkDir(filepath.Join(l.Dir, dir), func(path string, entry fs.DirEntry, err error) error {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil || entry.IsDir() {
				return err
			}
			digest, isPart := strings.CutSuffix(entry.Name(), ".parquet")
			if !isPart || dir != "tmp" && live(digest) {
				return nil
			}
			if info, err := entry.Info(); err == nil {
				swept.Bytes += info.Size()
			}
			if dir == "tmp" {
				swept.Temps++
			} else {
				swept.Parts++
			}
			return os.Remove(path)
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return swept, fmt.Errorf("sweeping the lake: %w", err)
		}
	}
	return swept, nil
}
