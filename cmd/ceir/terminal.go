package main

import (
	"io"
	"log/slog"
	"os"

	"github.com/schollz/progressbar/v3"
)

// logger writes what the centre has to say to standard error: warnings, and what waits and why.
func (a *app) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: slog.LevelInfo, ReplaceAttr: func(_ []string, at slog.Attr) slog.Attr {
		if at.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return at
	}}))
}

// progress returns a function that draws a bar on a terminal, and does nothing elsewhere.
func (a *app) progress(what string) func(done, total int64) {
	f, ok := a.err.(*os.File)
	if !ok || !terminal(f) {
		return nil
	}
	var bar *progressbar.ProgressBar
	return func(done, total int64) {
		if bar == nil {
			bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(f), progressbar.OptionSetDescription(what),
				progressbar.OptionShowBytes(true), progressbar.OptionClearOnFinish())
		}
		bar.ChangeMax64(total)
		bar.Set64(done)
	}
}

func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

var _ io.Writer = (*os.File)(nil)
