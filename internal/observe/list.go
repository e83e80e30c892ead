package observe

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/subscriber"
)

// layout says what one kind of list has of its own. T is a row, also of a removal, where all but the
// key is zero.
type layout[T comparable] struct {
	header  string // without the column change_type
	gate    string // first words of the names of its gates
	name    string // for people
	updates bool   // whether a delta may update
	full    bool   // there are no delta files

	open  func(*lister) (width int, err error)                              // reads a header of another form; nil for header
	parse func(l *lister, fields [][]byte, row *T) (why string, err error)  // why it is malformed
	quick func(l *lister, line []byte, it *item[T]) (why string, done bool) // reads most rows at once; may be nil
	key   func(*T) uint64                                                   // the key, or its beginning
	tie   func(a, b *T) int                                                 // order of rows with the same key; nil if it is whole
	equal func(l *lister, a, b *T) bool                                     // of rows with the same key; nil for ==
	strip func(*T)                                                          // clears what is not of the key; nil if there is nothing
	cut   func(*T) int                                                      // bucket; nil if the list is not cut by device
	since func(*T) *device.Day                                              // when it came onto the list; nil if that is not kept
	known func(ctx context.Context, f Facts, parts []device.Part, bucket int) (known[T], error)
	write func(ctx context.Context, l *lister, bucket int, rows Changes[T]) (device.Part, error)
}

// known is one bucket of a list in force: how many rows it has, and whether it has the key of a row,
// and since when.
type known[T any] struct {
	n   int
	has func(*T) (device.Day, bool)
}

// knownIn searches sorted rows.
func knownIn[T, R any](rows []R, err error, compare func(*R, *T) int, since func(*R) device.Day) (known[T], error) {
	return known[T]{len(rows), func(row *T) (device.Day, bool) {
		i, ok := slices.BinarySearchFunc(rows, row, func(r R, row *T) int { return compare(&r, row) })
		if !ok || since == nil {
			return 0, ok
		}
		return since(&rows[i]), true
	}}, err
}

// item is a row of a list file.
type item[T any] struct {
	row    T
	line   uint32
	change device.Change
}

// lister reads the rows of one list file.
type lister struct {
	im     *Importer
	rep    *Report
	res    *results
	text   *lines
	split  splitter
	apart  *apart
	delta  bool
	hashed bool
	today  device.Day
	texts  map[string]string
	at     [len(tacColumns)]int // of the TAC directory
	others []string             // of the TAC directory: names of the other columns, as JSON; empty for those above
	models models               // of the registration list
	bad    device.Malformed     // the texts of a malformed row
}

// textsMax bounds how many texts are remembered to be held once.
const textsMax = 1 << 20

// intern returns the text of a field, one copy of those that repeat.
func (l *lister) intern(b []byte) string {
	if s, ok := l.texts[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(l.texts) < textsMax {
		l.texts[s] = s
	}
	return s
}

// kept returns a field that is kept as text.
func (l *lister) kept(b []byte) (string, error) {
	if s, ok := l.texts[string(b)]; ok {
		return s, nil
	}
	if err := checkText(b); err != nil {
		return "", err
	}
	return l.intern(b), nil
}

// take takes in a list of a layout.
func take[T comparable](lay *layout[T]) func(*Importer, context.Context, *source, *Report, Options) error {
	return func(im *Importer, ctx context.Context, src *source, rep *Report, o Options) error {
		if err := im.Gates.Check(); err != nil {
			return err
		}
		if o.Delta && lay.full {
			return problem.New(problem.Invalid, "%s: there are no delta files of this kind: import the complete %s", src.name, lay.name)
		}
		l := &lister{
			im: im, rep: rep, res: im.results(src), text: newLines(src.name, src.text), split: splitter{comma: ','}, apart: &apart{lake: im.Lake},
			delta: o.Delta, hashed: o.PreHashed, today: device.DayOf(im.Now(), im.Zone), texts: make(map[string]string),
		}
		defer l.res.discard()
		items, err := lay.read(ctx, l)
		if err != nil {
			return err
		}
		conflicts := 0
		for i := range items {
			conflicts += lay.sort(l, &items[i])
			rep.File.Rows += int64(len(items[i].order))
		}
		if err := lay.against(ctx, l, items, conflicts); err != nil {
			return err
		}
		return lay.finish(ctx, l, items)
	}
}

// bucket is the rows of one bucket: as they were read, and, once they are sorted, the order of those
// that count.
type bucket[T any] struct {
	items []item[T]
	order []ref
}

// read reads all rows. They are cut by bucket at once, so that what follows stays in the processor's
// caches.
func (lay *layout[T]) read(ctx context.Context, l *lister) ([]bucket[T], error) {
	width, err := lay.begin(l)
	if err != nil {
		return nil, err
	}
	buckets := make([]bucket[T], 1)
	if lay.cut != nil {
		buckets = make([]bucket[T], device.Buckets)
	}
	for {
		line, err := l.text.next()
		if errors.Is(err, io.EOF) {
			return buckets, nil
		}
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			continue
		}
		if l.rep.Lines++; l.rep.Lines > factsMax {
			return nil, problem.New(problem.Invalid, "%s has more than %d rows: this is not a list of this kind", l.text.name, factsMax)
		}
		if l.rep.Lines%(1<<12) == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		it := item[T]{line: uint32(min(l.text.n, math.MaxUint32))}
		why, err := lay.line(l, line, width, &it)
		switch {
		case err != nil:
			l.rep.File.Refused++
			l.res.add(l.text.n, verdictRefused, err.Error())
		case why != "":
			err = l.setApart(ctx, &lay.name, it.change, why)
		default:
			b := &buckets[0]
			if lay.cut != nil {
				b = &buckets[lay.cut(&it.row)]
			}
			b.items = append(b.items, it)
		}
		if why != "" && err != nil {
			return nil, err
		}
	}
}

// setApart keeps a row with a malformed identifier as text. One that a delta removes is only told of:
// what is apart is evidence of what was sent, and nothing follows from it.
func (l *lister) setApart(ctx context.Context, name *string, change device.Change, why string) error {
	l.rep.File.Malformed++
	if change == device.Remove {
		l.res.add(l.text.n, verdictMalformed, why+"; nothing to remove")
		return nil
	}
	l.res.add(l.text.n, verdictMalformed, why)
	m := l.bad
	m.List, m.Day, m.Reason = l.rep.File.Kind, l.today, *name+", "+why
	return l.apart.add(ctx, m)
}

const changeColumn = "change_type"

// begin reads the header and returns the number of fields.
func (lay *layout[T]) begin(l *lister) (int, error) {
	if lay.open != nil {
		return lay.open(l)
	}
	head, err := l.text.next()
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	want, other := lay.header, lay.header+","+changeColumn
	if l.delta {
		want, other = other, want
	}
	switch string(head) {
	case want:
		return 1 + strings.Count(want, ","), nil
	case other:
		if l.delta {
			return 0, problem.New(problem.Invalid, "%s has no column %s: it is a complete list; import it without --delta", l.text.name, changeColumn)
		}
		return 0, problem.New(problem.Invalid, "%s has the column %s: it is a list of changes; import it with --delta", l.text.name, changeColumn)
	}
	return 0, wrongHeader(l.text.name, head, want)
}

var errChange = errors.New("the change_type is not add, remove or, where the list has more than keys, update")

// line reads one row.
func (lay *layout[T]) line(l *lister, line []byte, width int, it *item[T]) (why string, err error) {
	if lay.quick != nil {
		if why, done := lay.quick(l, line, it); done {
			return why, nil
		}
	}
	fields, err := l.split.split(line)
	if err == nil && len(fields) != width {
		err = fmt.Errorf("the row has %d fields, the header %d", len(fields), width)
	}
	if err != nil {
		return "", err
	}
	if l.delta {
		width--
		var ok bool
		if it.change, ok = device.ParseChange(string(bytes.ToLower(fields[width]))); !ok || it.change == device.Update && !lay.updates {
			return "", errChange
		}
		fields = fields[:width]
	}
	if why, err = lay.parse(l, fields, &it.row); it.change == device.Remove && lay.strip != nil {
		lay.strip(&it.row)
	}
	return why, err
}

// sort orders the rows by key, without repeats, and returns how many contradict another row. Those
// are listed.
func (lay *layout[T]) sort(l *lister, b *bucket[T]) (conflicts int) {
	items := b.items
	order := make([]ref, len(items))
	for i := range items {
		order[i] = ref{lay.key(&items[i].row), uint32(i)}
	}
	order = sortRefs(order)
	kept := order[:0]
	for lo := 0; lo < len(order); {
		hi := lo + 1
		for hi < len(order) && order[hi].key == order[lo].key {
			hi++
		}
		group := order[lo:hi]
		if len(group) > 1 && lay.tie != nil {
			slices.SortFunc(group, func(a, b ref) int {
				return cmp.Or(lay.tie(&items[a.at].row, &items[b.at].row), cmp.Compare(a.at, b.at))
			})
		}
		begin := len(kept)
		for _, r := range group {
			if n := len(kept); n > begin && (lay.tie == nil || lay.tie(&items[kept[n-1].at].row, &items[r.at].row) == 0) {
				conflicts += lay.repeated(l, &items[kept[n-1].at], &items[r.at])
				continue
			}
			kept = append(kept, r)
		}
		lo = hi
	}
	b.order = kept
	return conflicts
}

// repeated judges a row with the key of an earlier one: 1 if it is a conflict.
func (lay *layout[T]) repeated(l *lister, first, again *item[T]) int {
	same := false
	if lay.equal != nil {
		same = lay.equal(l, &first.row, &again.row)
	} else {
		same = first.row == again.row
	}
	switch {
	case first.change != again.change:
		l.res.add(int64(again.line), verdictConflict, fmt.Sprintf("the row of line %d has the same key and another change_type", first.line))
	case !same:
		l.res.add(int64(again.line), verdictConflict, fmt.Sprintf("the row of line %d has the same key and other fields", first.line))
	default:
		l.rep.Skipped++
		return 0
	}
	return 1
}

// against holds the file against itself and against the list in force, and gives the results file its
// name.
func (lay *layout[T]) against(ctx context.Context, l *lister, rows []bucket[T], conflicts int) (err error) {
	b := &bench{gates: l.im.Gates}
	var shrunk, unfit error
	if l.rep.File.Refused == 0 && conflicts == 0 {
		if shrunk, err = lay.compare(ctx, l, b, rows); err != nil {
			return err
		}
	}
	if l.rep.Results, err = l.res.finish(); err != nil {
		return err
	}
	if l.rep.File.Refused > 0 || conflicts > 0 {
		return problem.New(problem.Invalid, "%s: %d rows are malformed and %d contradict another row with the same key; a list is taken whole or not at all. Nothing was changed. The rows are listed in %s: correct them and import again",
			l.text.name, l.rep.File.Refused, conflicts, l.rep.Results)
	}
	l.rep.Gates = b.verdicts
	if shrunk == nil {
		unfit = b.refusal(l.rep.File.Name)
	}
	return cmp.Or(shrunk, unfit)
}

// compare holds the rows against the list in force: which of a delta's changes are possible, how
// long the list will be, and since when each row has been on it.
func (lay *layout[T]) compare(ctx context.Context, l *lister, b *bench, rows []bucket[T]) (shrunk, err error) {
	files, err := l.im.Register.Files(ctx, l.rep.File.Kind, "")
	if err != nil {
		return nil, err
	}
	parts := device.PartsInForce(files)
	f := &fit[T]{lay: lay, l: l}
	whole := len(files) == 0 || !files[len(files)-1].Delta // nobody need count what is in force
	for i := range rows {
		if lay.known == nil || !l.delta && lay.since == nil && whole {
			break
		}
		in, err := lay.known(ctx, l.im.Lake, parts, i)
		if err != nil {
			return nil, err
		}
		f.before += int64(in.n)
		for _, r := range rows[i].order {
			f.take(&rows[i].items[r.at], in.has)
		}
	}
	if whole && len(files) > 0 {
		f.before = files[len(files)-1].Rows
	}
	now := l.rep.File.Rows
	if l.delta {
		now = f.before + f.gained
	}
	l.rep.File.Stats = map[string]int64{"listed": now}
	if l.delta {
		l.rep.File.Stats["delta"] = 1
		for c, n := range f.wrong {
			b.none(lay.gate+wrongGates[c], n, l.rep.File.Rows, wrongTexts[c])
		}
	}
	if len(files) > 0 {
		shrunk = b.length(&l.rep.File, lay.gate, &files[len(files)-1], f.before, now)
	}
	return shrunk, nil
}

// fit is how a file's changes fit the list in force.
type fit[T comparable] struct {
	lay    *layout[T]
	l      *lister
	before int64 // rows in force
	gained int64 // rows that there will be more
	wrong  [3]int64
}

var (
	wrongGates = [...]string{"_delta_adds", "_delta_removes", "_delta_updates"}
	wrongTexts = [...]string{"rows add what is on the list", "rows remove what is not on the list", "rows update what is not on the list"}
)

func (f *fit[T]) take(it *item[T], has func(*T) (device.Day, bool)) {
	since, there := has(&it.row)
	if f.lay.since != nil && it.change != device.Remove {
		if !there {
			since = f.l.today
		}
		*f.lay.since(&it.row) = since
	}
	if !f.l.delta {
		return
	}
	if there == (it.change == device.Add) {
		f.wrong[it.change]++
		if f.l.im.Gates.limit("", f.lay.gate+wrongGates[it.change]) >= 0 {
			f.l.res.add(int64(it.line), verdictConflict, "the row does not fit the list in force: "+it.change.String()+onList(there))
		}
	}
	switch {
	case there && it.change == device.Remove:
		f.gained--
	case !there && it.change != device.Remove:
		f.gained++
	}
}

func onList(there bool) string {
	if there {
		return " of what is on it"
	}
	return " of what is not on it"
}

// finish writes the parts.
func (lay *layout[T]) finish(ctx context.Context, l *lister, rows []bucket[T]) error {
	for i := range rows {
		if len(rows[i].order) == 0 {
			continue
		}
		part, err := lay.write(ctx, l, i, func(yield func(device.Change, *T) bool) {
			for _, r := range rows[i].order {
				if it := &rows[i].items[r.at]; !yield(it.change, &it.row) {
					return
				}
			}
		})
		if err != nil {
			return err
		}
		l.rep.File.Parts = append(l.rep.File.Parts, part)
	}
	if err := l.apart.flush(ctx); err != nil {
		return err
	}
	l.rep.File.Parts = append(l.rep.File.Parts, l.apart.parts...)
	return nil
}

// ref is the place of a row, with the key it is sorted by.
type ref struct {
	key uint64
	at  uint32
}

// sortRefs sorts by key, and those of one key by place: by radix, eleven bits at a time from the
// lowest. Digits in which all agree cost one look.
func sortRefs(a []ref) []ref {
	const width, digits = 11, 6
	if len(a) < 512 {
		slices.SortStableFunc(a, func(x, y ref) int { return cmp.Compare(x.key, y.key) })
		return a
	}
	var counts [digits][1 << width]uint32
	for i := range a {
		for d := range digits {
			counts[d][a[i].key>>(d*width)&(1<<width-1)]++
		}
	}
	b := make([]ref, len(a))
	for d := range digits {
		c := &counts[d]
		if c[a[0].key>>(d*width)&(1<<width-1)] == uint32(len(a)) {
			continue
		}
		sum := uint32(0)
		for i := range c {
			c[i], sum = sum, sum+c[i]
		}
		for i := range a {
			at := &c[a[i].key>>(d*width)&(1<<width-1)]
			b[*at] = a[i]
			*at++
		}
		a, b = b, a
	}
	return a
}

// deviceOf reads the IMEI of a list's row. Its text is kept for a malformed row.
func (l *lister) deviceOf(b []byte) (imei.IMEI, string, error) {
	if len(b) == 0 || len(b) > 16 || !inAlphabet(b) {
		return 0, "", errIMEI
	}
	m, why := normal(b)
	if why != "" {
		l.bad = device.Malformed{IMEI: string(b)}
	}
	return m, why, nil
}

// numberOf reads the IMSI or MSISDN of a list's row, which must be there.
func numberOf[N ~uint64](f form, b []byte, parse func(string) (N, error), wrong error, malformed string) (N, string, error) {
	b, err := f.bare(b)
	if err != nil {
		return 0, "", err
	}
	if len(b) == 0 || len(b) > 15 || !allDigits(b) {
		return 0, "", wrong
	}
	n, err := parse(string(b))
	if err != nil {
		return 0, malformed, nil
	}
	return N(f.mark(uint64(n))), "", nil
}

func (l *lister) imsiOf(b []byte) (subscriber.IMSI, string, error) {
	return numberOf(form(l.im.Country.Pseudonyms), b, subscriber.ParseIMSI, errIMSI, whyIMSI)
}

func (l *lister) msisdnOf(b []byte) (subscriber.MSISDN, string, error) {
	return numberOf(form(l.im.Country.Pseudonyms), b, subscriber.ParseMSISDN, errMSISDN, whyMSISDN)
}

// checkText says why a field cannot be kept as text.
func checkText(b []byte) error {
	if len(b) > textMax {
		return fmt.Errorf("a field is longer than %d bytes", textMax)
	}
	for _, c := range b {
		if c < ' ' || c == 0x7f {
			return errors.New("a field has control characters")
		}
	}
	return nil
}
