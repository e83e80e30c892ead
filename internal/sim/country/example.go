package country

import (
	"github.com/openceir/openceir/imei"
)

// Examples for demonstrations and tests. Each choice depends on the truth alone, so a country always
// has the same ones.

// Honest returns a registered phone with one card that is clean under every rule and was seen on
// several of the timed days. False if there is none.
func (t *Truth) Honest() (*Row, bool) {
	return t.best(func(r *Row) int {
		if r.Kind != KindHonest || !r.Registered || len(r.IMSIs) != 1 || len(t.byIMEI[r.IMEI]) != 1 || r.TimedDays == 0 {
			return 0
		}
		return 1 + min(r.TimedDays, 7)
	})
}

// Stolen returns a phone on the stolen list, with a status that asks for a block, that was seen with
// the thief's card as lately and as often as possible. False if there is none.
func (t *Truth) Stolen() (*Row, bool) {
	return t.best(func(r *Row) int {
		if r.Kind != KindStolen || !r.Listed || r.TimedDays == 0 {
			return 0
		}
		return int(r.To)*100 + r.TimedDays
	})
}

// Cloned is a victim and the one cloner who shows the same IMEI. The subscribers and operators are
// the first of IMSIs and Operator of each.
type Cloned struct {
	IMEI           imei.IMEI
	Victim, Cloner *Row
}

// Clone returns the single-victim clone whose conflicts of time and place show most often in the
// timed days; among equals, the one of which both were seen most. False if there is none.
func (t *Truth) Clone() (Cloned, bool) {
	cloner, ok := t.best(func(r *Row) int {
		v := t.victim(r)
		if v == nil || v.TimedDays == 0 || r.TimedDays == 0 {
			return 0
		}
		return r.Conflicts*1_000_000 + r.TimedDays*v.TimedDays
	})
	if !ok {
		return Cloned{}, false
	}
	return Cloned{cloner.IMEI, t.victim(cloner), cloner}, true
}

// victim returns the victim of a single cloner, nil of any other device.
func (t *Truth) victim(r *Row) *Row {
	if r.Kind != KindClone {
		return nil
	}
	for _, other := range t.Of(r.IMEI) {
		if other.Kind == KindCloneVictim && len(other.IMSIs) == 1 {
			return other
		}
	}
	return nil
}

// Unseen returns an IMEI that no device shows and no dump holds, well-formed and under the TAC of an
// honest phone, so that nothing but the check itself can know it.
func (t *Truth) Unseen() imei.IMEI {
	tac := imei.TAC(35_900_000)
	if r, ok := t.Honest(); ok {
		tac = r.IMEI.TAC()
	}
	for serial := uint32(999_999); serial > 0; serial-- {
		if m := imei.New(tac, serial); len(t.byIMEI[m]) == 0 {
			return m
		}
	}
	return tac.First()
}

// best returns the first of the rows with the highest score above zero.
func (t *Truth) best(score func(*Row) int) (*Row, bool) {
	var (
		found *Row
		most  int
	)
	for i := range t.Rows {
		if s := score(&t.Rows[i]); s > most {
			found, most = &t.Rows[i], s
		}
	}
	return found, found != nil
}
