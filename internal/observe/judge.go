package observe

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
)

// tally is what the gates look at. Rows that break the layout are not in it.
type tally struct {
	rows                                           int64
	nullIMEI, nullIMSI, nullMSISDN, nullRAT, noAny int64
	badIMEI, badIMSI, badMSISDN, badAny            int64
	foreignIMSI, foreignMSISDN, foreignAny         int64
	notOwn                                         int64
	zero, one, stripped                            int64 // IMEIs by first digit; of one, those with a TAC under 0
}

func (t *tally) count(r *rowParser, rat bool) {
	noIMSI, noMSISDN := len(r.texts[1]) == 0, len(r.texts[2]) == 0
	noRAT := rat && !r.hasRAT
	t.rows++
	t.nullIMEI += one(!r.hasIMEI)
	t.nullIMSI += one(noIMSI)
	t.nullMSISDN += one(noMSISDN)
	t.nullRAT += one(noRAT)
	t.noAny += one(!r.hasIMEI || noIMSI || noMSISDN || noRAT)
	t.badIMEI += one(r.badIMEI)
	t.badIMSI += one(r.badIMSI)
	t.badMSISDN += one(r.badMSISDN)
	t.badAny += one(r.badIMEI || r.badIMSI || r.badMSISDN)
	t.foreignIMSI += one(r.foreignIMSI)
	t.foreignMSISDN += one(r.foreignMSISDN)
	t.foreignAny += one(r.foreignIMSI || r.foreignMSISDN)
	t.notOwn += one(r.notOwn)
}

func one(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// zeros looks for IMEIs that lost a leading zero but kept fourteen digits, because the sender cut
// fifteen. No TAC begins with 1.
func (t *tally) zeros(m imei.IMEI, allocated func(imei.TAC) bool) {
	switch m / 10_000_000_000_000 {
	case 0:
		t.zero++
	case 1:
		t.one++
		if allocated != nil && allocated(m.TAC()/10) {
			t.stripped++
		}
	}
}

// judge puts the dump before the gates and fills in the catalogue's counts.
func (d *dumpReader) judge(ctx context.Context, im *Importer, name string) error {
	b := &bench{gates: im.Gates, op: d.rep.File.Operator}
	t := &d.tally
	d.rep.File.Stats = d.stats()
	if d.outside > 0 {
		return problem.New(problem.Invalid, "%s: %d of %d rows are outside the days of its name, %s to %s (%s). Nothing was changed. Rename the file to the days it covers, or ask for a corrected one",
			name, d.outside, d.rep.Lines, d.rep.File.From, d.rep.File.To, d.example)
	}
	b.most("refused", d.rep.File.Refused, d.rep.Lines, "rows break the layout")
	b.zeros(t)
	b.most("null_imei", t.nullIMEI, t.rows, "rows have no IMEI")
	b.most("null_imsi", t.nullIMSI, t.rows, "rows have no IMSI")
	b.most("null_msisdn", t.nullMSISDN, t.rows, "rows have no MSISDN")
	b.most("null_rat", t.nullRAT, t.rows, "rows have no RAT")
	b.most("null_any", t.noAny, t.rows, "rows lack something")
	b.most("unclean_imei", t.badIMEI, t.rows-t.nullIMEI, "IMEIs are malformed")
	b.most("unclean_imsi", t.badIMSI, t.rows-t.nullIMSI, "IMSIs are malformed")
	b.most("unclean_msisdn", t.badMSISDN, t.rows-t.nullMSISDN, "MSISDNs are malformed")
	b.most("unclean_any", t.badAny, t.rows, "rows have a malformed identifier")
	imsis, msisdns := t.rows-t.nullIMSI-t.badIMSI, t.rows-t.nullMSISDN-t.badMSISDN
	b.most("foreign_imsi", t.foreignIMSI, imsis, "IMSIs are not of this country")
	b.most("foreign_msisdn", t.foreignMSISDN, msisdns, "MSISDNs are not of this country")
	b.most("foreign_any", t.foreignAny, t.rows, "rows have a foreign identifier")
	b.most("non_home", t.notOwn, imsis, "IMSIs are not of the operator's own PLMNs")
	earlier, err := im.Register.Files(ctx, device.FileOperator, d.rep.File.Operator)
	if err != nil {
		return err
	}
	b.daily(d.rep.File, earlier)
	d.rep.Gates = b.verdicts
	d.warn()
	return b.refusal(name)
}

func (b *bench) zeros(t *tally) {
	limit := b.gates.limit(b.op, "leading_zero")
	share := 0.0
	if t.one > 0 {
		share = float64(t.stripped) / float64(t.one)
	}
	b.add(Verdict{"leading_zero", share, limit, limit < 0 || t.one <= t.zero && share <= limit, fmt.Sprintf(
		"%d IMEIs begin with 1 and %d with 0; %d of the former have an allocated TAC with a 0 in front: leading zeros were perhaps stripped",
		t.one, t.zero, t.stripped)})
}

// fieldNames are those of the daily counts in File.Stats, "imei 2026-01-31" and so on.
var fieldNames = [...]string{"imei", "imsi", "msisdn"}

func (d *dumpReader) stats() map[string]int64 {
	t := &d.tally
	stats := map[string]int64{
		"lines": d.rep.Lines, "null_imei": t.nullIMEI, "null_imsi": t.nullIMSI, "null_msisdn": t.nullMSISDN, "null_rat": t.nullRAT,
		"unclean_imei": t.badIMEI, "unclean_imsi": t.badIMSI, "unclean_msisdn": t.badMSISDN,
		"foreign_imsi": t.foreignIMSI, "foreign_msisdn": t.foreignMSISDN, "non_home": t.notOwn,
	}
	for i := range d.days {
		c := &d.days[i]
		if c.rows == 0 {
			continue
		}
		day := (d.from + device.Day(i)).String()
		for k, set := range []*distinct{c.imeis, c.imsis, c.phone} {
			stats[fieldNames[k]+" "+day] = set.estimate()
		}
	}
	return stats
}

// daily compares the mean of distinct identifiers on a day with the last days before the file.
func (b *bench) daily(f device.File, earlier []device.File) {
	for _, field := range fieldNames {
		now := perDay(field, []device.File{f}, f.From, f.To)
		before := perDay(field, earlier, 0, f.From-1)
		if len(before) > baselineDays {
			before = before[:baselineDays]
		}
		usual, mean := average(before), average(now)
		if usual == 0 {
			continue // nothing to compare with
		}
		ratio := mean / usual
		text := fmt.Sprintf("%.0f distinct %s a day, %.0f on the last %d days with data", mean, strings.ToUpper(field), usual, len(before))
		least, most := b.gates.limit(b.op, "daily_"+field+"_min"), b.gates.limit(b.op, "daily_"+field+"_max")
		b.add(Verdict{"daily_" + field + "_min", ratio, least, least < 0 || ratio >= least, text})
		b.add(Verdict{"daily_" + field + "_max", ratio, most, most < 0 || ratio <= most, text})
	}
}

// perDay returns the counts of the days with data, the latest day first. Where two files have
// the same day, the larger count stands.
func perDay(field string, files []device.File, from, to device.Day) []int64 {
	counts := make(map[device.Day]int64)
	for _, f := range files {
		for name, n := range f.Stats {
			text, ok := strings.CutPrefix(name, field+" ")
			if !ok {
				continue
			}
			if d, err := device.ParseDay(text); err == nil && from <= d && d <= to {
				counts[d] = max(counts[d], n)
			}
		}
	}
	days := make([]device.Day, 0, len(counts))
	for d := range counts {
		days = append(days, d)
	}
	slices.Sort(days)
	slices.Reverse(days)
	values := make([]int64, len(days))
	for i, d := range days {
		values[i] = counts[d]
	}
	return values
}

func average(values []int64) float64 {
	sum := int64(0)
	for _, v := range values {
		sum += v
	}
	return float64(sum) / float64(max(1, len(values)))
}

// warn tells of days without any row.
func (d *dumpReader) warn() {
	missing, example := 0, device.Day(0)
	for i := range d.days {
		if d.days[i].rows == 0 {
			if missing++; missing == 1 {
				example = d.from + device.Day(i)
			}
		}
	}
	if missing > 0 {
		d.rep.Warnings = append(d.rep.Warnings, fmt.Sprintf("%d of %d days have no usable row, the first is %s: ask the operator whether they are complete", missing, len(d.days), example))
	}
}
