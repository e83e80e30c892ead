package eir

import (
	"bytes"
	"testing"
	"time"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/subscriber"
)

// Where the country uses pseudonyms, the node finds the pair of who asks by its own key. Without the
// key, or where pairs are clear and the node's are not, nobody is cut off who may be the victim.
func TestPairsByPseudonym(t *testing.T) {
	key, err := subscriber.NewKey(bytes.Repeat([]byte{7}, subscriber.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	const victim, stranger = subscriber.IMSI(639021234567890), subscriber.IMSI(639021234567891)
	const device1 = "35227402738634"
	lines := func(who subscriber.ID) *list.Table {
		return table(t, "set listed "+device1+" prohibited duplicate\nset pair "+device1+" allowed duplicate subscriber "+who.String()+" overrides duplicate\n")
	}
	hidden, clear := lines(key.Of(subscriber.Of(victim, 0))), lines(subscriber.Of(victim, 0))
	for name, x := range map[string]struct {
		table            *list.Table
		key              *subscriber.Key
		victim, stranger list.Status
	}{
		"pseudonyms and key":     {hidden, key, list.Allowed, list.Prohibited},
		"pseudonyms without key": {hidden, nil, list.Tracked, list.Tracked},
		"clear without key":      {clear, nil, list.Allowed, list.Prohibited},
		"clear and key":          {clear, key, list.Tracked, list.Tracked},
	} {
		c := NewCore(time.Now)
		c.Key = x.key
		c.Swap(x.table, 9)
		for who, want := range map[subscriber.IMSI]list.Status{victim: x.victim, stranger: x.stranger, 0: list.Tracked} {
			a := device.Attach{IMEI: device1, IMSI: who, MSISDN: 254712345678}
			if who == 0 {
				a.MSISDN = 0
			}
			q := list.Query{IMEI: 35227402738634, Version: list.AnyVersion, IMSI: a.IMSI, MSISDN: a.MSISDN}
			if got := c.Check(&q, &a); got.Status != want {
				t.Errorf("%s: %s is answered %s (%s), want %s", name, who, got.Status, got.Reason, want)
			}
			if seen := <-c.ring; seen.IMSI.Pseudonym() != (x.key != nil && who != 0) || seen.MSISDN.Pseudonym() != (x.key != nil && who != 0) {
				t.Errorf("%s: %s and %s are spooled", name, seen.IMSI, seen.MSISDN)
			}
		}
	}
}
