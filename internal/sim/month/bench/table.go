package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// print writes the table of one month.
func (r *result) print() {
	fmt.Printf("\n### %s\n\n", r.title())
	fmt.Printf("%s subscribers, %s devices, %s triplets, %s cloned IMEIs, %s registered, %s stolen, %s pairs.\n\n",
		grouped(r.sum.Subscribers), grouped(r.sum.Devices), grouped(r.sum.Triplets), grouped(r.sum.Clones), grouped(r.sum.Registered), grouped(r.sum.Stolen), grouped(r.sum.Pairs))
	fmt.Println("| step | CPU s | wall s | peak MB | DIRBS CPU s | DIRBS wall s | DIRBS peak MB | times less CPU | target CPU s |\n|---|---:|---:|---:|---:|---:|---:|---:|---|")
	for i := range r.rows {
		t := &r.rows[i]
		p := peers[r.sum.Rows][t.key]
		ratio := 0.0
		if p.cpu > 0 {
			ratio = p.cpu / max(0.01, t.cpu.Seconds())
		}
		name := t.name
		if t.sum {
			name = "**" + name + "**"
		}
		fmt.Printf("| %s | %.2f | %.2f | %d | %s | %s | %s | %s | %s |\n", name, t.cpu.Seconds(), t.wall.Seconds(), t.peak>>20,
			known("%.1f", p.cpu), known("%.1f", p.wall), known("%.0f", float64(p.peak)), times(ratio), against(targets[r.sum.Rows][t.key], t.cpu.Seconds()))
	}
	fmt.Println()
	r.printSizes()
	for line := range strings.Lines(r.status) {
		if strings.HasPrefix(line, "Rule ") || strings.HasPrefix(line, "Lines ") {
			fmt.Print("    ", line)
		}
	}
}

func (r *result) title() string {
	title := fmt.Sprintf("%s rows, %s pairs", grouped(r.sum.Rows), grouped(r.sum.Pairs))
	if r.eir.bin != "" {
		title += ", pseudonyms"
	}
	return title
}

// printSizes writes what lies on the disk and what was in memory.
func (r *result) printSizes() {
	if r.sum.Rows == 10_000_000 {
		fmt.Printf("Where a setting avoids its quadratic query, the lists took DIRBS %.1f CPU s.\n\n", peerListsAvoided)
	}
	fmt.Printf("Lake: %.1f bytes for each (device, subscriber, operator, month), target %s; DIRBS %d. ", r.lakeBytes(), against(r.lakeTarget(), r.lakeBytes()), peerBytes)
	fmt.Printf("Register and lake, after the reports: %.0f MB, %.1f bytes for each row that came in; DIRBS %d. ", float64(r.disk)/1e6, float64(r.disk)/float64(r.sum.Rows), peerRowBytes)
	fmt.Printf("Peak memory of all steps: %d MB", r.peak())
	if most := peakTargets[r.sum.Rows]; most > 0 {
		fmt.Printf(", target %s", against(float64(most), float64(r.peak())))
	}
	tables := make([]string, 0, len(r.lake))
	for name, b := range r.lake {
		tables = append(tables, fmt.Sprintf("%s %s rows in %.1f MB", name, grouped(b.rows), float64(b.bytes)/1e6))
	}
	slices.Sort(tables)
	fmt.Printf(".\n\nTables of the lake that files named: %s.\n\n", strings.Join(tables, "; "))
}

// lakeTarget is what lakeBytes is to be at most: random numbers have no order to press.
func (r *result) lakeTarget() float64 {
	if r.eir.bin != "" {
		return lakeTargetPseudonyms
	}
	return lakeTarget
}

// lakeBytes are the bytes of table days for each (device, subscriber, operator, month).
func (r *result) lakeBytes() float64 {
	return float64(r.lake["days"].bytes) / float64(r.sum.Triplets)
}

// peak is the most memory that any step took, in MB.
func (r *result) peak() (most int64) {
	for i := range r.rows {
		most = max(most, r.rows[i].peak>>20)
	}
	return most
}

// growth compares the months step by step: what grows faster than the month is quadratic.
func growth(all []*result) {
	fmt.Print("\n### Growth, CPU s\n\n| step |")
	for _, r := range all {
		fmt.Printf(" %s |", r.title())
	}
	fmt.Print("\n|---|" + strings.Repeat("---:|", len(all)) + "\n")
	for _, step := range [...]struct{ key, name string }{
		{"registration_list", "import of the registration list"}, {"pairing_list", "import of the pairing list"}, {"operator", "import of the dumps"},
		{"classify", "detection"}, {"lists", "decisions, ledger and all lists"}, {"report standard", "standard report"}, {"second", "second run"},
	} {
		fmt.Printf("| %s |", step.name)
		for _, r := range all {
			i := slices.IndexFunc(r.rows, func(t row) bool { return t.key == step.key })
			fmt.Printf(" %.2f |", r.rows[i].cpu.Seconds())
		}
		fmt.Println()
	}
	fmt.Print("| peak memory, MB |")
	for _, r := range all {
		fmt.Printf(" %d |", r.peak())
	}
	fmt.Print("\n| lake, bytes a row |")
	for _, r := range all {
		fmt.Printf(" %.1f |", r.lakeBytes())
	}
	fmt.Println()
}

// known prints a figure, nothing if there is none.
func known(format string, figure float64) string {
	if figure == 0 {
		return ""
	}
	return fmt.Sprintf(format, figure)
}

// times prints how many times less something took.
func times(ratio float64) string {
	if ratio < 10 {
		return known("%.1f", ratio)
	}
	return known("%.0f", ratio)
}

// against prints a target and whether it was met.
func against(target, figure float64) string {
	switch {
	case target == 0:
		return ""
	case figure <= target:
		return fmt.Sprintf("%g, met", target)
	}
	return fmt.Sprintf("%g, **missed**", target)
}

// grouped prints a number with commas.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// machine says where and when the figures were taken, and of what.
func machine(of string) {
	name := field("/proc/cpuinfo", "model name")
	if name == "" {
		name = runtime.GOARCH
	}
	memory := int64(0)
	fmt.Sscan(field("/proc/meminfo", "MemTotal"), &memory)
	load := ""
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		load, _, _ = strings.Cut(string(text), " ")
		load = ", load " + load + " when it began"
	}
	fmt.Printf("%s. %d × %s, %d GB of memory%s; %s; register in SQLite; commit %s.\n",
		time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), name, memory>>20, load, runtime.Version(), of)
}

// field returns the first value of a key of a file of the kernel.
func field(path, key string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if k, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
