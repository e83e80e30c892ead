// Package config reads the one file that configures a program: YAML into one struct whose field
// comments are the manual. An unknown key is an error that names the line; every field works when
// it is absent; secrets are given by path, never in the file.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/openceir/openceir/internal/problem"
)

// Centre configures ceir.
type Centre struct {
	// Data is the directory of the embedded stores: register, lake, published lists.
	Data string `yaml:"data"`
	// Database is the URL of a PostgreSQL register, postgres://…; empty for SQLite in Data.
	Database string `yaml:"database"`
	// LogKey is the file with the log's signing key. It lies outside Data, so that a copy of the data
	// can not sign. Default: the directory Data with .keys appended, file log.key.
	LogKey string `yaml:"log_key"`
	// Listen is where ceir serve answers nodes and shows its status page. Default 127.0.0.1:8470.
	Listen string `yaml:"listen"`
	// APITokenFile is the file with the token that clients of the read-only paths under /api must send
	// (Authorization: Bearer TOKEN), at least 16 characters. Default: those paths are closed, for they
	// give subscribers' data.
	APITokenFile string `yaml:"api_token_file"`
	// MCC is the mobile country code of the country's networks.
	MCC string `yaml:"mcc"`
	// CountryCode is the country's telephone code.
	CountryCode string `yaml:"country_code"`
	// Subscribers is the form of subscribers' numbers in the register, clear or pseudonyms. Default clear.
	// With pseudonyms, files and segments that have a clear number are refused, and the other way round:
	// operators make them with eir pseudonymise, all with the key that a third party keeps. It is chosen
	// before the first file comes; numbers of the other form that are there already stay.
	Subscribers string `yaml:"subscribers"`
	// Zone is the country's time zone, by which days are counted. Default UTC.
	Zone string `yaml:"zone"`
	// DayAfter is how long after midnight the day before counts as complete while ceir serve runs:
	// the time that operators have to deliver. Default 6h.
	DayAfter Duration `yaml:"day_after"`
	// Timed switches time-and-place rules on: visits of EIRs are kept.
	Timed bool `yaml:"timed"`
	// Gates are limits of the quality gates by name, where the defaults do not suit: for the country,
	// and for single operators. The names and defaults are told when a file fails one.
	Gates struct {
		Country   map[string]float64            `yaml:"country"`
		Operators map[string]map[string]float64 `yaml:"operators"`
	} `yaml:"gates"`
	// Lists are the choices about the lists that ceir lists writes for operators.
	Lists Lists `yaml:"lists"`
}

// The forms of subscribers' numbers.
const (
	Clear      = "clear"
	Pseudonyms = "pseudonyms"
)

// HasPseudonyms reports whether subscribers are pseudonyms in the register, and no numbers clear.
func (c *Centre) HasPseudonyms() bool { return c.Subscribers == Pseudonyms }

// Lists is the section lists. Its keys are those of the systems that operators know.
type Lists struct {
	// LookbackDays is how many days back, up to the last complete one, a subscriber must have been
	// seen with a device to be notified. Default 60, at most 3660.
	LookbackDays int `yaml:"lookback_days"`
	// RestrictExceptions leaves only the pairs of prohibited devices on the exceptions. Default: all.
	RestrictExceptions bool `yaml:"restrict_exceptions_list_to_blacklisted_imeis"`
	// GenerateCheckDigit writes IMEIs with 15 digits, the last their check digit. Default: 14 digits.
	GenerateCheckDigit bool `yaml:"generate_check_digit"`
	// OutputInvalidIMEIs puts malformed identifiers into the files too. No EIR is asked about them, and
	// our own streams never have them. Default: not.
	OutputInvalidIMEIs bool `yaml:"output_invalid_imeis"`
	// IncludeBarredIMEIs leaves the pairs of barred devices and models on the exceptions. Default: not.
	IncludeBarredIMEIs bool `yaml:"include_barred_imeis_in_exceptions_list"`
	// NotifyIMSIChange notifies a subscriber of a paired number who uses the device with another IMSI
	// than the paired one, and would be refused. Default true.
	NotifyIMSIChange *bool `yaml:"notify_imsi_change"`
}

// EIR configures eir.
type EIR struct {
	// Node is the node's name, ORGANISATION/NAME, as the directory of approvers has it.
	Node string `yaml:"node"`
	// Key is the file with the node's private key.
	Key string `yaml:"key"`
	// Data is the directory for believed lists, the spool and what was seen. Default eir-data.
	Data string `yaml:"data"`
	// Centre is the URL of the centre, http://HOST:PORT. Empty: no feed, the last believed list.
	Centre string `yaml:"centre"`
	// Stream is the list that the node follows. Default: its organisation.
	Stream string `yaml:"stream"`
	// Log is the log's public key, as ceir init prints it. Without it no list is believed.
	Log string `yaml:"log"`
	// PseudonymKey is the file with the key of subscribers' pseudonyms, where the country uses them: 32
	// bytes in base64. No clear number is kept or sent then. Default: numbers are clear.
	PseudonymKey string `yaml:"pseudonym_key"`
	// Founders is the digest of the log's first record, as ceir init prints it.
	Founders string `yaml:"founders"`
	// Every is the time between two looks at the centre. Default 10s.
	Every Duration `yaml:"every"`
	// Zone is the country's time zone. Default UTC.
	Zone string `yaml:"zone"`
	// S13 is the Diameter front.
	S13 struct {
		// Listen is HOST:PORT; empty for no such front. The standard port is 3868.
		Listen string `yaml:"listen"`
		// Host is the DiameterIdentity. Default eir.localdomain.
		Host string `yaml:"host"`
		// Realm is the Diameter realm. Default localdomain.
		Realm string `yaml:"realm"`
	} `yaml:"s13"`
	// N17 is the 5G front, HTTP/2 with prior knowledge.
	N17 struct {
		// Listen is HOST:PORT; empty for no such front.
		Listen string `yaml:"listen"`
	} `yaml:"n17"`
}

// Duration is a time span written like 10s or 2h.
type Duration time.Duration

// UnmarshalYAML implements yaml.Unmarshaler.
func (d *Duration) UnmarshalYAML(n *yaml.Node) error {
	v, err := time.ParseDuration(n.Value)
	if err != nil || v <= 0 {
		return fmt.Errorf("line %d: %q is no time span: write for instance 10s or 2h", n.Line, n.Value)
	}
	*d = Duration(v)
	return nil
}

// maxFile is the largest configuration file, in bytes.
const maxFile = 1 << 20

// read reads a file strictly into v.
func read(path string, v any) error {
	f, err := os.Open(path)
	if err != nil {
		return problem.New(problem.NotFound, "reading configuration: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return fmt.Errorf("reading configuration: %w", err)
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(v); err != nil && !errors.Is(err, io.EOF) {
		return problem.New(problem.Invalid, "reading configuration %s: %w", path, err)
	}
	return nil
}

// ReadCentre reads the configuration of ceir from a file, or, with an empty path, from ceir.yaml in
// the data directory if that is there; data, if given, prevails.
func ReadCentre(path, data string) (*Centre, error) {
	c := new(Centre)
	switch {
	case path != "":
		if err := read(path, c); err != nil {
			return nil, err
		}
	case data != "":
		if own := filepath.Join(data, "ceir.yaml"); exists(own) {
			if err := read(own, c); err != nil {
				return nil, err
			}
		}
	}
	if data != "" {
		c.Data = data
	}
	if c.Data == "" {
		return nil, problem.New(problem.Invalid, "say where the register is: --data DIR, or --config FILE with data")
	}
	c.defaults()
	if inside(c.LogKey, c.Data) {
		return nil, problem.New(problem.Invalid, "the log's key %s lies inside the data directory: a copy of the data could sign; keep it elsewhere and name it with log_key", c.LogKey)
	}
	if c.Subscribers != Clear && c.Subscribers != Pseudonyms {
		return nil, problem.New(problem.Invalid, "subscribers is %q: write %s or %s", c.Subscribers, Clear, Pseudonyms)
	}
	if n := c.Lists.LookbackDays; n < 1 || n > maxLookback {
		return nil, problem.New(problem.Invalid, "lookback_days of lists is %d: write 1 to %d", n, maxLookback)
	}
	return c, zone(c.Zone)
}

// inside reports whether a file lies below a directory.
func inside(file, dir string) bool {
	f, err := filepath.Abs(file)
	d, dirErr := filepath.Abs(dir)
	rel, relErr := filepath.Rel(d, f)
	return err == nil && dirErr == nil && relErr == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// Keys returns the directory of keys that belongs to a data directory: beside it, with .keys appended.
func Keys(data string) string {
	dir := filepath.Clean(data)
	if name := filepath.Base(dir); name == "." || name == ".." {
		if abs, err := filepath.Abs(dir); err == nil {
			dir = abs
		}
	}
	return dir + ".keys"
}

func (c *Centre) defaults() {
	if c.LogKey == "" {
		c.LogKey = filepath.Join(Keys(c.Data), "log.key")
	}
	if c.Listen == "" {
		c.Listen = "127.0.0.1:8470"
	}
	if c.Zone == "" {
		c.Zone = "UTC"
	}
	if c.Subscribers == "" {
		c.Subscribers = Clear
	}
	if c.DayAfter == 0 {
		c.DayAfter = Duration(6 * time.Hour)
	}
	if c.Lists.LookbackDays == 0 {
		c.Lists.LookbackDays = 60
	}
	if c.Lists.NotifyIMSIChange == nil {
		yes := true
		c.Lists.NotifyIMSIChange = &yes
	}
}

// maxLookback is the longest look-back window of the lists, in days: ten years.
const maxLookback = 3660

// ReadEIR reads the configuration of eir from a file.
func ReadEIR(path string) (*EIR, error) {
	c := new(EIR)
	if err := read(path, c); err != nil {
		return nil, err
	}
	c.Defaults()
	return c, zone(c.Zone)
}

// Defaults fills in what is absent.
func (c *EIR) Defaults() {
	set := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	set(&c.Data, "eir-data")
	set(&c.Zone, "UTC")
	set(&c.S13.Host, "eir.localdomain")
	set(&c.S13.Realm, "localdomain")
	if c.Every == 0 {
		c.Every = Duration(10 * time.Second)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func zone(name string) error {
	if _, err := time.LoadLocation(name); err != nil {
		return problem.New(problem.Invalid, "the zone %q is not known: write for instance Africa/Nairobi or UTC", name)
	}
	return nil
}

// Location returns a zone that was checked when it was read.
func Location(name string) *time.Location {
	l, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return l
}
