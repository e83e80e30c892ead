package demo

import (
	"context"
	"math"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/sim/country"
)

// Detection says how good the findings are, against the truth of the country.
type Detection struct {
	// Precision is the share of the IMEIs with a finding that asks for a block which are really
	// shown by a device that is wrong.
	Precision float64 `json:"precision"`
	// Recall is, by kind of wrongdoing, the share of the IMEIs that were seen or listed and that have
	// such a finding.
	Recall map[string]float64 `json:"recall"`
	// Found and Of are the numbers behind the recall.
	Found map[string]int `json:"found"`
	Of    map[string]int `json:"of"`
}

// measureDetection compares the open findings that ask for a block with the truth.
func (d *Demo) measureDetection(ctx context.Context) error {
	flagged, err := d.Centre.Flagged(ctx)
	if err != nil {
		return err
	}
	right := 0
	for m := range flagged {
		if d.truth.Wrong(m) {
			right++
		}
	}
	det := Detection{Recall: map[string]float64{}, Found: map[string]int{}, Of: map[string]int{}}
	if len(flagged) > 0 {
		det.Precision = share(right, len(flagged))
	}
	counted := map[country.Kind]map[imei.IMEI]bool{}
	for i := range d.truth.Rows {
		r := &d.truth.Rows[i]
		if !r.Kind.Wrong() || len(r.IMSIs) == 0 && !r.Listed || counted[r.Kind][r.IMEI] {
			continue
		}
		if counted[r.Kind] == nil {
			counted[r.Kind] = map[imei.IMEI]bool{}
		}
		counted[r.Kind][r.IMEI] = true
		det.Of[string(r.Kind)]++
		if flagged[r.IMEI] {
			det.Found[string(r.Kind)]++
		}
	}
	d.say("Against the truth: %.1f %% of the devices found are really wrong. Found of each kind:", 100*det.Precision)
	for _, k := range country.Kinds {
		if n := det.Of[string(k)]; n > 0 {
			det.Recall[string(k)] = share(det.Found[string(k)], n)
			d.say("  %-14s %5d of %5d", k, det.Found[string(k)], n)
		}
	}
	d.Result.Detection = det
	return nil
}

// share is a part of a whole, to four digits.
func share(part, whole int) float64 { return math.Round(float64(part)/float64(whole)*1e4) / 1e4 }
