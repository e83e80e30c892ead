package adopt

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
)

// Reader reads the exported files of a running system.
type Reader struct {
	Dir string
	// Pseudonyms says that the register has subscribers' pseudonyms and no clear numbers.
	Pseudonyms bool
	Today      device.Day // nothing in a state or list is later, but the days from which devices are refused
	// Rule says which rule continues a condition; it may be "", which leaves its rows behind. ok is
	// false if nobody has said so.
	Rule func(condition string) (rule string, ok bool)
	// Operator says how an operator of that system is named here.
	Operator func(name string) (op device.Operator, ok bool)
}

// Taken is what was read.
type Taken struct {
	Day     device.Day           `json:"day"`     // of the state: the latest in it
	Files   []device.AdoptedFile `json:"files"`   // of the state and the lists
	Imports []device.AdoptedFile `json:"imports"` // in the layouts of imports, with their kinds
	Left    []string             `json:"left"`    // files that were not looked at
	Rules   []device.AdoptedRule `json:"rules"`
	State   []device.Adopted     `json:"-"`     // in order, those of malformed identifiers last
	Ended   int64                `json:"ended"` // rows of the state that are history
	Lists   *Lists               `json:"-"`     // nil if there are none
}

// Lists are the last lists of that system, each in its order.
type Lists struct {
	Of         map[string][]device.Operator // whose lists there were, by blacklist ("" for the country), notifications, exceptions
	Devices    []device.Refusal
	Notices    []device.Notice
	Exceptions []device.Exception
	Apart      []Apart    // rows that can not be kept in a list
	Day        device.Day // of the run, 0 if no name tells it
	Amnesty    bool       // the notifications tell of amnesties
	CheckDigit bool       // identifiers have their check digit
}

// Apart is a row of a list that speaks of no subscriber or device that can be kept.
type Apart struct {
	List     string
	Operator device.Operator
	Line     int64
	Row      string
	Why      string
}

// The lists, as the names of files have them.
const (
	blacklist     = "blacklist"
	notifications = "notifications"
	exceptions    = "exceptions"
	state         = "classification_state"
)

// listName is a full list's name without its ending; deltas have more behind.
var listName = regexp.MustCompile(`^(?:(\d{8}_\d{6})_)?(blacklist|notifications_(.+)|exceptions_(.+))$`)

// found is a file of the directory that is read.
type found struct {
	path, stamp, list, operator string
}

// Read reads the directory. An error of kind problem.Invalid says what must be corrected there; if it
// is about rows, they are listed in the file adopt.results.
func (r *Reader) Read(ctx context.Context) (*Taken, error) {
	t := &Taken{Imports: []device.AdoptedFile{}, Left: []string{}}
	files, imports, err := r.look(t)
	if err != nil {
		return nil, err
	}
	p := &reading{Reader: r, taken: t, faults: &faults{path: filepath.Join(r.Dir, "adopt.results")}, conditions: map[string]*device.AdoptedRule{}, texts: map[string]string{}}
	defer p.faults.discard()
	for _, f := range files {
		if err := p.file(ctx, f); err != nil {
			return nil, err
		}
	}
	if err := p.finish(); err != nil {
		return nil, err
	}
	for _, f := range imports {
		s, err := open(ctx, f.path)
		if err != nil {
			return nil, err
		}
		s.close()
		s.about.Kind = device.FileKind(f.list)
		t.Imports = append(t.Imports, s.about)
	}
	return t, nil
}

// look finds the files of the directory that are to be read, and those that imports take.
func (r *Reader) look(t *Taken) (files, imports []found, err error) {
	entries, err := os.ReadDir(r.Dir)
	if err != nil {
		return nil, nil, problem.New(problem.NotFound, "%w: give the directory of the exported files", err)
	}
	if len(entries) > maxFiles {
		return nil, nil, problem.New(problem.Invalid, "%s has %d files: give a directory with the exported files only", r.Dir, len(entries))
	}
	for _, e := range entries {
		name := e.Name()
		ext := strings.ToLower(filepath.Ext(name))
		base := strings.TrimSuffix(name, filepath.Ext(name))
		f := found{path: filepath.Join(r.Dir, name), list: base}
		m := listName.FindStringSubmatch(base)
		switch {
		case !e.Type().IsRegular() || ext != ".csv" && ext != ".zip" && ext != ".txt":
			t.left(name)
		case base == state && ext != ".txt":
			files = append(files, f)
		case slices.Contains(device.Imports(), device.FileKind(base)) && base != string(device.FileOperator):
			imports = append(imports, f)
		case m != nil && ext != ".txt" && !strings.Contains(base, "_delta_"):
			f.stamp, f.list, f.operator = m[1], m[2], m[3]+m[4]
			f.list, _, _ = strings.Cut(m[2], "_")
			files = append(files, f)
		default:
			t.left(name)
		}
	}
	return files, imports, oneRun(files)
}

func (t *Taken) left(name string) {
	if !strings.HasPrefix(name, "adopt.results") {
		t.Left = append(t.Left, name)
	}
}

// oneRun checks that each thing is there once, and that the lists are of one run.
func oneRun(files []found) error {
	if len(files) == 0 {
		return problem.New(problem.Invalid, "the directory has neither %s.csv nor any list: export them as the page on taking over says", state)
	}
	first := ""
	seen := map[[2]string]string{}
	for _, f := range files {
		key := [2]string{f.list, f.operator}
		if other, twice := seen[key]; twice {
			return problem.New(problem.Invalid, "there are %s and %s: keep the files of one run only", other, filepath.Base(f.path))
		}
		seen[key] = filepath.Base(f.path)
		switch {
		case f.list == state:
		case first == "":
			first = filepath.Base(f.path) + " " + f.stamp
		case !strings.HasSuffix(first, " "+f.stamp):
			other, _, _ := strings.Cut(first, " ")
			return problem.New(problem.Invalid, "%s and %s are of different runs: keep the files of one run only", other, filepath.Base(f.path))
		}
	}
	return nil
}

// reading is a directory being read.
type reading struct {
	*Reader
	taken      *Taken
	faults     *faults
	conditions map[string]*device.AdoptedRule
	texts      map[string]string
}

// kept returns one copy of a text that repeats.
func (p *reading) kept(s string) string {
	if t, ok := p.texts[s]; ok {
		return t
	}
	s = strings.Clone(s)
	p.texts[s] = s
	return s
}

// file reads one file of the state or of the lists.
func (p *reading) file(ctx context.Context, f found) error {
	s, err := open(ctx, f.path)
	if err != nil {
		return err
	}
	defer s.close()
	name := s.about.Name
	stem := strings.TrimSuffix(name, filepath.Ext(name))
	in, err := s.text(func(member string) bool { return member == stem+".csv" })
	if err != nil {
		return err
	}
	if f.list == state {
		err = p.state(ctx, s, in)
	} else {
		err = p.list(ctx, s, in, f)
	}
	p.taken.Files = append(p.taken.Files, s.about)
	return err
}

func (p *reading) list(ctx context.Context, s *source, in io.Reader, f found) error {
	t := p.taken
	if t.Lists == nil {
		t.Lists = &Lists{Of: map[string][]device.Operator{}}
	}
	if f.stamp != "" {
		d, err := device.ParseDay(f.stamp[:8])
		if err != nil || d > p.Today {
			return problem.New(problem.Invalid, "%s is of no day, or of one in the future", s.about.Name)
		}
		t.Lists.Day, t.Day = d, max(t.Day, d)
	}
	var op device.Operator
	if f.operator != "" {
		var ok bool
		if op, ok = p.Operator(f.operator); !ok {
			return problem.New(problem.Invalid, "%s is of the operator %s, which the directory of approvers does not have: say who it is with --operator %s=NAME", s.about.Name, f.operator, f.operator)
		}
	}
	t.Lists.Of[f.list] = append(t.Lists.Of[f.list], op)
	switch f.list {
	case blacklist:
		return p.devices(ctx, s, in)
	case notifications:
		return p.notices(ctx, s, in, op)
	}
	return p.exceptions(ctx, s, in, op)
}

// finish puts everything into its order, and refuses what does not fit together.
func (p *reading) finish() error {
	t := p.taken
	var unknown []string
	for _, c := range p.conditions {
		if _, ok := p.Rule(c.Condition); !ok {
			unknown = append(unknown, fmt.Sprintf("%s (%d rows)", c.Condition, c.Rows))
		}
		t.Rules = append(t.Rules, *c)
	}
	slices.SortFunc(t.Rules, func(a, b device.AdoptedRule) int { return strings.Compare(a.Condition, b.Condition) })
	slices.Sort(unknown)
	p.order()
	if path, err := p.faults.finish(); err != nil || p.faults.n > 0 {
		if err != nil {
			return err
		}
		return problem.New(problem.Invalid, "%d rows are faulty, the first in %s; all is taken or nothing. Nothing was changed. The rows are listed in %s: correct them, or what exported them, and adopt again", p.faults.n, p.faults.first, path)
	}
	if len(unknown) > 0 {
		return problem.New(problem.Invalid, "no rule continues the condition %s: say which with --rule CONDITION=RULE, or leave its rows behind with --rule CONDITION=", strings.Join(unknown[:min(5, len(unknown))], ", "))
	}
	if err := p.together(); err != nil {
		return err
	}
	t.State = slices.DeleteFunc(t.State, func(a device.Adopted) bool { return a.Rule == "" })
	return nil
}

// order sorts everything and finds what contradicts itself.
func (p *reading) order() {
	t := p.taken
	slices.SortFunc(t.State, func(a, b device.Adopted) int { return device.CompareAdopted(&a, &b) })
	continued := map[string]int{}
	for _, c := range t.Rules {
		continued[c.Rule]++
	}
	t.State = join(t.State, device.CompareAdopted, func(a, b *device.Adopted) {
		if continued[a.Rule] == 1 && *a != *b {
			p.faults.add(state, 0, fmt.Sprintf("%s%s meets the condition of the rule %s twice at once", name(a.IMEI, a.Text), a.Text, a.Rule))
		}
		a.Since, a.Amnesty = min(a.Since, b.Since), a.Amnesty && b.Amnesty
		if a.Block == 0 || b.Block != 0 && b.Block < a.Block {
			a.Block = b.Block
		}
	})
	l := t.Lists
	if l == nil {
		return
	}
	slices.SortFunc(l.Devices, func(a, b device.Refusal) int { return device.CompareRefusals(&a, &b) })
	slices.SortFunc(l.Notices, func(a, b device.Notice) int { return device.CompareNotices(&a, &b) })
	slices.SortFunc(l.Exceptions, func(a, b device.Exception) int { return device.CompareExceptions(&a, &b) })
	l.Devices = join(l.Devices, device.CompareRefusals, func(a, b *device.Refusal) {
		if *a != *b {
			p.faults.add(blacklist, 0, fmt.Sprintf("%s%s is there twice, with different days or reasons", name(a.IMEI, a.Text), a.Text))
		}
	})
	l.Notices = join(l.Notices, device.CompareNotices, func(a, b *device.Notice) {
		if *a != *b {
			p.faults.add(notifications+"_"+string(a.Operator), 0, fmt.Sprintf("%s%s is there twice for one subscriber, with different days or reasons", name(a.IMEI, a.Text), a.Text))
		}
	})
	l.Exceptions = join(l.Exceptions, device.CompareExceptions, func(a, b *device.Exception) {})
}

// join makes one row of those that have one key.
func join[T any](rows []T, order func(a, b *T) int, unite func(a, b *T)) []T {
	kept := rows[:0]
	for i := range rows {
		if n := len(kept); n > 0 && order(&kept[n-1], &rows[i]) == 0 {
			unite(&kept[n-1], &rows[i])
			continue
		}
		kept = append(kept, rows[i])
	}
	return kept
}

// together refuses a state and lists that are not of one system: whoever is on the list of devices met
// a condition.
func (p *reading) together() error {
	t := p.taken
	if t.Lists == nil || !slices.ContainsFunc(t.Files, func(f device.AdoptedFile) bool { return strings.HasPrefix(f.Name, state) }) {
		return nil
	}
	rows, strangers := t.State, 0
	for i := range t.Lists.Devices {
		d := &t.Lists.Devices[i]
		key := device.Adopted{IMEI: d.IMEI, Text: d.Text}
		for len(rows) > 0 && device.CompareAdopted(&rows[0], &key) < 0 {
			rows = rows[1:]
		}
		if len(rows) == 0 || rows[0].IMEI != d.IMEI || rows[0].Text != d.Text {
			strangers++
		}
	}
	if n := len(t.Lists.Devices); strangers*100 > n*maxStrangers {
		return problem.New(problem.Invalid, "%d of %d devices of the list %s meet no condition in %s: the two are not of one moment of one system; export the state and generate the lists one after the other", strangers, n, blacklist, state)
	}
	return nil
}
