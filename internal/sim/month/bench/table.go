package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
)

// published is what was measured of DIRBS-Core 16.0.0 on two cores: processor seconds of client and
// database together, in the quietest of the runs, and the peak of both's memory in MB where it was
// noted; 0 where it was not.
type published struct {
	cpu  float64
	peak int
}

var peers = map[int64]map[string]published{
	1_000_000: {
		"operator": {42.9, 0}, "classify": {4.0, 0}, "lists": {12.8, 0}, "report": {6.8, 0},
	},
	10_000_000: {
		"gsma_tac": {2.4, 246}, "operator": {309.7, 1322}, "stolen_list": {2.5, 572}, "registration_list": {51.0, 1088}, "pairing_list": {1.3, 195},
		"classify": {18.8, 810}, "again": {19.9, 0}, "lists": {284.2, 1868}, "report": {64.6, 2463},
	},
}

// peerBytes is what DIRBS-Core stores for each (device, subscriber, operator, month).
const peerBytes = 709

// print writes the table of one month.
func (r *result) print() {
	fmt.Printf("\n### %s rows\n\n", grouped(r.sum.Rows))
	fmt.Printf("%s subscribers, %s devices, %s triplets, %s cloned IMEIs, %s registered, %s stolen, %s pairs.\n\n",
		grouped(r.sum.Subscribers), grouped(r.sum.Devices), grouped(r.sum.Triplets), grouped(r.sum.Clones), grouped(r.sum.Registered), grouped(r.sum.Stolen), grouped(r.sum.Pairs))
	fmt.Println("| step | CPU s | wall s | peak MB | DIRBS CPU s | DIRBS peak MB | times less CPU |\n|---|---:|---:|---:|---:|---:|---:|")
	var absent []string
	for _, t := range r.rows {
		if !t.ran {
			absent = append(absent, t.name)
			continue
		}
		theirs, peak, ratio := "", "", ""
		if p, ok := peers[r.sum.Rows][t.peer]; ok {
			theirs, ratio = fmt.Sprintf("%.1f", p.cpu), fmt.Sprintf("%.0f", p.cpu/t.cpu.Seconds())
			if p.peak > 0 {
				peak = fmt.Sprint(p.peak)
			}
		}
		fmt.Printf("| %s | %.2f | %.2f | %d | %s | %s | %s |\n", t.name, t.cpu.Seconds(), t.wall.Seconds(), t.peak>>20, theirs, peak, ratio)
	}
	fmt.Println()
	if len(absent) > 0 {
		fmt.Printf("Not in the program yet, so not measured: %s.\n", strings.Join(absent, "; "))
	}
	if len(r.missing) > 0 {
		fmt.Printf("Conditions that it cannot express yet, so not judged: %s.\n", strings.Join(r.missing, ", "))
	}
	if d := r.lake["days"]; d.bytes > 0 {
		fmt.Printf("Lake: %.1f bytes for each (device, subscriber, operator, month); DIRBS %d. ", float64(d.bytes)/float64(r.sum.Triplets), peerBytes)
	}
	tables := make([]string, 0, len(r.lake))
	for name, b := range r.lake {
		tables = append(tables, fmt.Sprintf("%s %s rows in %.1f MB", name, grouped(b.rows), float64(b.bytes)/1e6))
	}
	slices.Sort(tables)
	fmt.Printf("Tables: %s.\n\n", strings.Join(tables, "; "))
	for line := range strings.Lines(r.status) {
		if strings.HasPrefix(line, "Rule ") || strings.HasPrefix(line, "Lines ") {
			fmt.Print("    ", line)
		}
	}
}

// grouped prints a number with commas.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// machine says where the figures were taken.
func machine() {
	name := runtime.GOARCH
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
				name = strings.TrimSpace(value)
				break
			}
		}
	}
	load := ""
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		load, _, _ = strings.Cut(string(text), " ")
		load = ", load " + load + " when it began"
	}
	fmt.Printf("%d × %s%s; %s; register in SQLite.\n", runtime.NumCPU(), name, load, runtime.Version())
}
