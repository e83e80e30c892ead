package centre_test

import (
	"encoding/json"
	"sync"
	"testing"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/stats"
)

// Every report can be made while every other is, on either database, and says what it says alone: no
// plan that the database chooses makes one fail.
func TestReportsAtOnce(t *testing.T) { onBoth(t, reportsAtOnce) }

func reportsAtOnce(t *testing.T, c *country) {
	c.must(c.centre.SetConditions(c.ctx, []byte(clones)))
	c.stolenList("first", imei.New(35904224, 100_003))
	j := c.june("north")
	j.honest(1, 50)
	for i := range 300 {
		j.see(1+i%30, imei.New(35904225, uint32(i%3)), 1, i)
	}
	c.take(j)
	c.must(c.centre.Run(c.ctx, day))
	month, _ := day.Month()
	o := stats.Options{Month: month, Conditions: []string{"clones"}, Days: 30, Devices: 2}
	report := func(name string) string {
		var made any
		var err error
		if name == "standard" {
			made, err = c.centre.Standard(c.ctx, month)
		} else {
			made, err = c.centre.Listing(c.ctx, name, o)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		text, err := json.Marshal(made)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return string(text)
	}
	alone := map[string]string{}
	for _, name := range stats.Names() {
		alone[name] = report(name)
	}
	if rows := alone["classified_triplets"]; len(rows) < 1000 {
		t.Errorf("the classified are few: %s", rows)
	}
	var wait sync.WaitGroup
	for range 4 {
		for _, name := range stats.Names() {
			wait.Go(func() {
				if got := report(name); got != alone[name] {
					t.Errorf("%s says something else while others are made:\n%s\n%s", name, got, alone[name])
				}
			})
		}
	}
	wait.Wait()
}
