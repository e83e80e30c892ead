package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openceir/openceir/internal/problem"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Every field works when absent.
func TestDefaults(t *testing.T) {
	c, err := ReadCentre("", "data")
	if err != nil || c.LogKey != filepath.Join("data.keys", "log.key") || c.Zone != "UTC" || c.Listen == "" || time.Duration(c.DayAfter) != 6*time.Hour {
		t.Errorf("an empty centre: %+v %v", c, err)
	}
	e, err := ReadEIR(write(t, ""))
	if err != nil || e.Data == "" || time.Duration(e.Every) != 10*time.Second || e.S13.Host == "" {
		t.Errorf("an empty node: %+v %v", e, err)
	}
}

// The directory in which one stands has a name too.
func TestKeysBesideHere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.MkdirAll(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for data, want := range map[string]string{".": dir + ".keys", "sub/..": dir + ".keys", "sub/": "sub.keys", "./sub": "sub.keys"} {
		if got := Keys(data); got != want {
			t.Errorf("the keys of %s are in %s, wanted %s", data, got, want)
		}
	}
}

// What is wrong is refused with the line, or with what to write instead.
func TestRefused(t *testing.T) {
	for text, want := range map[string]string{
		"data: d\ndate: x":                        "line 2",
		"data: d\ndata: e":                        "line 2",
		"data: d\nzone: Atlantis/Deep":            "zone",
		"listen: 127.0.0.1:1":                     "--data",
		"data: d\nlog_key: d/keys/log.key":        "inside the data directory",
		"data: d\nlog_key: d/../d/log.key":        "inside the data directory",
		"data: d\nday_after: soon":                "10s or 2h",
		"data: d\ngates: {country: {a: b}}":       "line 2",
		"data: d\ngates: {county: {null_rat: 1}}": "line 2",
		"data: d\nlists: {lookback_days: -1}":     "write 1 to 3660",
		"data: d\nlists: {lookback_days: 3661}":   "write 1 to 3660",
		"data: d\nlists: {lookback: 3}":           "line 2",
	} {
		if _, err := ReadCentre(write(t, text), ""); err == nil || !strings.Contains(err.Error(), want) || problem.Of(err) != problem.Invalid {
			t.Errorf("%q is answered %v, wanted something about %q", text, err, want)
		}
	}
	if _, err := ReadEIR(write(t, "node: north/eir\nevery: -3s")); err == nil {
		t.Error("a negative time span is taken")
	}
	if _, err := ReadEIR(filepath.Join(t.TempDir(), "none.yaml")); problem.Of(err) != problem.NotFound {
		t.Errorf("a file that is not there: %v", err)
	}
}

// The data directory's own file is read when no other is named, and --data prevails.
func TestDataDirectoryHasItsOwn(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ceir.yaml"), []byte("data: elsewhere\nmcc: \"001\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := ReadCentre("", dir)
	if err != nil || c.Data != dir || c.MCC != "001" {
		t.Errorf("%+v %v", c, err)
	}
}

// The section lists works when it is absent, and what is written in it counts.
func TestLists(t *testing.T) {
	c, err := ReadCentre(write(t, "data: d\n"), "")
	if err != nil || c.Lists.LookbackDays != 60 || !*c.Lists.NotifyIMSIChange || c.Lists.OutputInvalidIMEIs {
		t.Errorf("without a section: %+v %v", c, err)
	}
	c, err = ReadCentre(write(t, "data: d\nlists: {lookback_days: 180, notify_imsi_change: false, generate_check_digit: true}\n"), "")
	if err != nil || c.Lists.LookbackDays != 180 || *c.Lists.NotifyIMSIChange || !c.Lists.GenerateCheckDigit {
		t.Errorf("with one: %+v %v", c, err)
	}
}
