package main

import (
	"archive/zip"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/sim/country"
)

// system is a running DIRBS as a script has it: the files that it was given, and what it makes of them
// by the plainest reading of its manual. It has two conditions that block, with the reasons and days
// of grace of adopt.txtar, and found half of the unknown models long ago and half lately.
type system struct {
	day    device.Day
	golden map[string]bool
	tacs   map[string]bool
	sights []sight
	homes  map[string]string // network: operator
	state  []row
}

// sight is a row of an operator's dump.
type sight struct {
	day                          device.Day
	imei, imsi, msisdn, operator string
}

// row is a row of the state.
type row struct {
	imei, condition, reason string
	since, block            device.Day
}

// peer writes what that system would export of the country in c on a day: its state and its last
// lists. The IMEIs are on its golden list.
func peer(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, len(args) >= 2)
	day, err := device.ParseDay(args[1])
	ts.Check(err)
	s := &system{day: day, golden: map[string]bool{}, tacs: map[string]bool{}, homes: map[string]string{}}
	for _, m := range args[2:] {
		s.golden[m] = true
	}
	s.read(ts)
	s.classify(ts)
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o700))
	stamp := strings.ReplaceAll(day.String(), "-", "") + "_201500_"
	put := func(name, header string, rows []string) {
		slices.Sort(rows)
		text := header + "\n" + strings.Join(slices.Compact(rows), "\n") + "\n"
		ts.Check(os.WriteFile(filepath.Join(dir, name), []byte(strings.ReplaceAll(text, "\n\n", "\n")), 0o600))
	}
	var state []string
	for _, r := range s.state {
		state = append(state, fmt.Sprintf("%s,%s,%s,,%s,f", r.imei, r.condition, r.since, r.block))
	}
	put("classification_state.csv", "imei_norm,cond_name,start_date,end_date,block_date,amnesty_granted", state)
	blocked, pending := s.devices()
	put(stamp+"blacklist.csv", "imei,block_date,reasons", slices.Collect(maps.Values(blocked)))
	pairs := s.pairs(ts)
	for _, op := range []string{"gannet", "heron", "tern"} {
		var notices, exceptions []string
		for _, x := range s.sights {
			told, ok := pending[x.imei]
			if ok && x.day > day-60 && x.imsi != "" && x.msisdn != "" && s.home(x.imsi, x.operator) == op && !slices.ContainsFunc(pairs, func(p []string) bool { return p[0] == x.imei && (p[1] == x.imsi || p[2] == x.msisdn) }) {
				notices = append(notices, fmt.Sprintf("%s,%s,%s,%s", x.imei, x.imsi, x.msisdn, told))
			}
		}
		for _, p := range pairs {
			if s.home(p[1], op) == op {
				exceptions = append(exceptions, strings.Join(p, ","))
			}
		}
		put(stamp+"notifications_"+op+".csv", "imei,imsi,msisdn,block_date,reasons", notices)
		put(stamp+"exceptions_"+op+".csv", "imei,imsi,msisdn", exceptions)
	}
}

// home returns the operator of an IMSI, or else the one that asks.
func (s *system) home(imsi, asks string) string {
	if len(imsi) >= 5 && s.homes[imsi[:5]] != "" {
		return s.homes[imsi[:5]]
	}
	return asks
}

// table reads the one member of a zip of the country, without its header.
func table(ts *testscript.TestScript, path string, comma rune) [][]string {
	z, err := zip.OpenReader(path)
	ts.Check(err)
	defer z.Close()
	f, err := z.File[0].Open()
	ts.Check(err)
	text, err := io.ReadAll(f)
	ts.Check(err)
	r := csv.NewReader(strings.NewReader(string(text)))
	r.Comma = comma
	rows, err := r.ReadAll()
	ts.Check(err)
	return rows[1:]
}

// form is the normal form of an identifier.
func form(s string) string {
	if len(s) >= 14 && strings.Trim(s[:14], "0123456789") == "" {
		return s[:14]
	}
	return strings.ToUpper(s)
}

func (s *system) read(ts *testscript.TestScript) {
	for _, f := range table(ts, ts.MkAbs("c/gsma_tac.zip"), '|') {
		s.tacs[f[0]] = true
	}
	for i, op := range country.DefaultOperators() {
		s.homes[fmt.Sprintf("0010%d", i+1)] = string(op.Name)
		dumps, err := filepath.Glob(ts.MkAbs("c/dumps/" + string(op.Name) + "_*.zip"))
		ts.Check(err)
		for _, path := range dumps {
			for _, f := range table(ts, path, ',') {
				d, err := device.ParseDay(f[0])
				ts.Check(err)
				if d <= s.day && f[1] != "" {
					s.sights = append(s.sights, sight{d, form(f[1]), f[2], f[3], string(op.Name)})
				}
			}
		}
	}
}

// classify finds who meets a condition.
func (s *system) classify(ts *testscript.TestScript) {
	for _, f := range table(ts, ts.MkAbs("c/stolen_list.zip"), ',') {
		if f[2] == "" || f[2] == "blacklist" {
			s.state = append(s.state, row{form(f[0]), "stolen_list", "Reported stolen", s.day - 20, s.day - 20})
		}
	}
	delay := map[string]device.Day{"00": 32, "01": 40, "35": 20, "86": 19, "91": 20, "99": 69}
	first := map[string]device.Day{}
	for _, x := range s.sights {
		if d, seen := first[x.imei]; !seen || x.day < d {
			first[x.imei] = x.day
		}
	}
	for _, m := range slices.Sorted(maps.Keys(first)) {
		head := m[:min(8, len(m))]
		if s.tacs[head] || first[m]+delay[head[:min(2, len(head))]] >= s.day+1 {
			continue
		}
		since := s.day - 70
		if m[len(m)-1]%2 == 1 {
			since = s.day - 29
		}
		s.state = append(s.state, row{m, "gsma_not_found", "TAC not in the directory", since, since + 60})
	}
}

// devices returns who is prohibited and who will be, as rows and as their ends.
func (s *system) devices() (blocked, pending map[string]string) {
	blocked, pending = map[string]string{}, map[string]string{}
	rows := map[string][]row{}
	for _, r := range s.state {
		if len(r.imei) == 14 && strings.Trim(r.imei, "0123456789") == "" && !s.golden[r.imei] {
			rows[r.imei] = append(rows[r.imei], r)
		}
	}
	for m, all := range rows {
		due := slices.ContainsFunc(all, func(r row) bool { return r.block <= s.day })
		var reasons []string
		day := device.Day(1 << 30)
		for _, r := range all {
			if !due || r.block <= s.day {
				reasons, day = append(reasons, r.reason), min(day, r.block)
			}
		}
		slices.Sort(reasons)
		told := fmt.Sprintf("%s,%s", day.Compact(), strings.Join(slices.Compact(reasons), "|"))
		if due {
			blocked[m] = m + "," + told
		} else {
			pending[m] = told
		}
	}
	return blocked, pending
}

// pairs reads the pairing list that both systems were given.
func (s *system) pairs(ts *testscript.TestScript) (out [][]string) {
	for _, line := range strings.Split(strings.TrimSpace(ts.ReadFile("pairing_list.csv")), "\n")[1:] {
		f := strings.Split(line, ",")
		f[0] = form(f[0])
		out = append(out, f)
	}
	return out
}
