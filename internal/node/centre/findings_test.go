package centre_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/internal/store"
)

// Parts of findings that no act names are swept, those that the last run joined are not yet, and
// what is open stays as it was.
func TestSweepFindings(t *testing.T) { onBoth(t, sweepFindings) }

func sweepFindings(t *testing.T, c *country) {
	open := func() (n int) {
		c.must(c.centre.Findings(c.ctx, func(*device.Finding) error { n++; return nil }))
		return n
	}
	parts := func() int {
		all, err := filepath.Glob(filepath.Join(c.dir, "data", "lake", "findings", "*.parquet"))
		c.must(err)
		return len(all)
	}
	c.stolenList("first", stolen)
	c.must(c.centre.Run(c.ctx, day))
	begun := parts()
	for i := range uint32(3) { // each run joins what the one before wrote: the list is short
		c.stolenList(fmt.Sprint("more", i), stolen, imei.New(35904224, i))
		c.must(c.centre.Run(c.ctx, 0))
	}
	if n := open(); n != 22 || begun != 8 {
		t.Fatalf("%d findings are open in the end, %d parts hold the first", n, begun)
	}
	_, err := c.centre.Lake.WriteFindings(c.ctx, device.BucketOf(stolen), []ledger.FindingRow{{Finding: device.Finding{IMEI: stolen, Rule: "of a run that was killed"}}})
	c.must(err)
	before := parts()
	swept, err := c.centre.Sweep(c.ctx)
	c.must(err)
	if swept.Parts == 0 || before-swept.Parts != parts() || parts() != c.named() {
		t.Errorf("%d parts, %d swept, %d left; the register names %d", before, swept.Parts, parts(), c.named())
	}
	if n := open(); n != 22 {
		t.Errorf("after sweeping %d findings are open", n)
	}
	report, err := c.centre.Verify(c.ctx, nil)
	c.must(err)
	if len(report.Faults) > 0 {
		t.Errorf("faults: %v", report.Faults)
	}
}

// named counts the parts of findings in force, and those that the last run joined.
func (c *country) named() int {
	named := map[string]bool{}
	c.view(func(tx *store.Tx) error {
		rows, err := tx.FindingParts(c.ctx)
		c.must(err)
		for _, r := range rows {
			named[r.Part.Digest] = true
		}
		leaf, _, err := tx.LastOfKind(c.ctx, ledger.KindFindings)
		c.must(err)
		openings, err := tx.Openings(c.ctx, leaf.Index)
		c.must(err)
		d, _, err := ledger.ReadDetection(openings[0].Body)
		if len(d.Gone) == 0 {
			c.t.Error("the last run joined nothing")
		}
		for _, p := range d.Gone {
			named[p.Digest] = true
		}
		return err
	})
	return len(named)
}

// The days on which devices are due are parts of the lake as findings are: the register names them, a
// sweep leaves them, verification reads them, and a day that passes is judged by them.
func TestDueInTheLake(t *testing.T) {
	c := newCountry(t, "")
	j := c.june("north")
	j.honest(1, 20)
	for i := range 6 { // the count falls as days pass
		j.see(1+i, stolen, 1, i)
	}
	c.take(j)
	c.stolenList("first", stolen)
	c.must(c.centre.Run(c.ctx, day))
	parts := func() []string {
		all, err := filepath.Glob(filepath.Join(c.dir, "data", "lake", "due", "*.parquet"))
		c.must(err)
		return all
	}
	if n := len(parts()); n == 0 {
		t.Fatal("nothing is due")
	}
	_, err := c.centre.Lake.WriteDue(c.ctx, device.BucketOf(stolen), []ledger.DueRow{{IMEI: stolen, Day: 1}})
	c.must(err)
	before := parts()
	swept, err := c.centre.Sweep(c.ctx)
	c.must(err)
	if swept.Parts != 1 || len(parts()) != len(before)-1 {
		t.Errorf("of %d parts %d were swept and %d are left", len(before), swept.Parts, len(parts()))
	}
	c.must(c.centre.Run(c.ctx, day+1))
	if text := c.judged(); !strings.Contains(text, "due") {
		t.Errorf("the day after, the run says that it judged %q", text)
	}
	report, err := c.centre.Verify(c.ctx, nil)
	c.must(err)
	if len(report.Faults) > 0 {
		t.Errorf("faults: %v", report.Faults)
	}
	text, err := os.ReadFile(parts()[0])
	c.must(err)
	text[len(text)/2] ^= 4
	c.must(os.WriteFile(parts()[0], text, 0o600))
	report, err = c.centre.Verify(c.ctx, nil)
	c.must(err)
	if len(report.Faults) != 1 || report.Faults[0].Table != "lake due" {
		t.Errorf("a changed part: %v", report.Faults)
	}
}

// judged returns what the last run of detection says that it judged, nothing if everything.
func (c *country) judged() (text string) {
	c.view(func(tx *store.Tx) error {
		leaf, _, err := tx.LastOfKind(c.ctx, ledger.KindFindings)
		c.must(err)
		openings, err := tx.Openings(c.ctx, leaf.Index)
		c.must(err)
		d, _, err := ledger.ReadDetection(openings[0].Body)
		text = d.Text["judged"]
		return err
	})
	return text
}

// A finding that is changed in the lake is found by verification, and a part that is gone by whoever
// asks for findings.
func TestChangedFindings(t *testing.T) {
	c := newCountry(t, "")
	c.stolenList("first", stolen)
	c.must(c.centre.Run(c.ctx, day))
	all, err := filepath.Glob(filepath.Join(c.dir, "data", "lake", "findings", "*.parquet"))
	c.must(err)
	text, err := os.ReadFile(all[0])
	c.must(err)
	text[len(text)/2] ^= 4
	c.must(os.WriteFile(all[0], text, 0o600))
	report, err := c.centre.Verify(c.ctx, nil)
	c.must(err)
	if len(report.Faults) != 1 || report.Faults[0].Table != "lake findings" || !strings.Contains(all[0], report.Faults[0].Row) {
		t.Errorf("faults: %v", report.Faults)
	}
	c.must(os.Remove(all[0]))
	err = c.centre.Findings(c.ctx, func(*device.Finding) error { return nil })
	if problem.Of(err) != problem.Broken {
		t.Errorf("without a part: %v", err)
	}
}
