package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/sim/month"
)

// subscribersIn are the lists that name subscribers by number.
var subscribersIn = []device.FileKind{device.FilePairing, device.FileSubscribers}

// cover has the operators' program write the month again with pseudonyms, as the operators would, and
// goes on with that month. Files that name no subscriber are those of the month.
func (r *result) cover(ctx context.Context) error {
	if r.eir.bin == "" {
		return nil
	}
	to := filepath.Join(r.work, "month")
	for _, dir := range []string{"dumps", "late"} {
		if err := os.MkdirAll(filepath.Join(to, dir), 0o755); err != nil {
			return err
		}
	}
	var secret [32]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return err
	}
	key := filepath.Join(r.work, "pseudonyms.key")
	if err := os.WriteFile(key, []byte(base64.StdEncoding.EncodeToString(secret[:])+"\n"), 0o600); err != nil {
		return err
	}
	into := func(dir string, files ...string) []string {
		return append(append([]string{"pseudonymise"}, files...), "--key", key, "--out", filepath.Join(to, dir))
	}
	if err := r.measureOf(ctx, &r.eir, fmt.Sprintf("pseudonyms for the four dumps, %s rows", grouped(r.sum.Rows)), "", into("dumps", month.Dumps(r.month)...)); err != nil {
		return err
	}
	if _, err := r.eir.run(ctx, into("late", month.Late(r.month))...); err != nil {
		return err
	}
	for _, kind := range device.Imports() {
		file := filepath.Join(r.month, string(kind)+".zip")
		switch {
		case kind == device.FileOperator:
		case slices.Contains(subscribersIn, kind):
			if _, err := r.eir.run(ctx, into("", file)...); err != nil {
				return err
			}
		default:
			if err := os.Symlink(file, filepath.Join(to, filepath.Base(file))); err != nil {
				return err
			}
		}
	}
	r.month = to
	return nil
}
