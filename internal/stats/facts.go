package stats

import (
	"cmp"
	"crypto/md5" //nolint // the form in which golden lists are handed around, see device.Golden
	"fmt"
	"slices"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// Facts are the lists that reports compare with. A list that is nil is not in force; one that is
// empty has nobody on it.
type Facts struct {
	Stolen       []device.Stolen
	Pairings     []device.Pairing
	Golden       []device.Golden
	Persons      []device.Person
	Associations []device.Association
}

// pairs are the devices and subscribers that belong together, sorted.
type pairs []pair

type pair struct {
	imei imei.IMEI
	imsi subscriber.IMSI
}

func comparePairs(a, b pair) int {
	return cmp.Or(cmp.Compare(a.imei, b.imei), cmp.Compare(a.imsi, b.imsi))
}

func (p pairs) sorted() pairs {
	slices.SortFunc(p, comparePairs)
	return slices.Compact(p)
}

func (p pairs) has(m imei.IMEI, i subscriber.IMSI) bool {
	_, ok := slices.BinarySearchFunc(p, pair{m, i}, comparePairs)
	return ok
}

func (f *Facts) paired() pairs {
	var out pairs
	for i := range f.Pairings {
		out = append(out, pair{f.Pairings[i].IMEI, f.Pairings[i].IMSI})
	}
	return out.sorted()
}

// associated joins persons' devices with persons' subscriptions.
func (f *Facts) associated() pairs {
	of := map[string][]subscriber.IMSI{}
	for i := range f.Persons {
		of[f.Persons[i].UID] = append(of[f.Persons[i].UID], f.Persons[i].IMSI)
	}
	var out pairs
	for i := range f.Associations {
		for _, imsi := range of[f.Associations[i].UID] {
			out = append(out, pair{f.Associations[i].IMEI, imsi})
		}
	}
	return out.sorted()
}

// golden returns a function that tells whether a device is on the golden list.
func (f *Facts) golden() func(imei.IMEI) bool {
	all := make(map[device.Golden]bool, len(f.Golden))
	for _, g := range f.Golden {
		all[g] = true
	}
	return func(m imei.IMEI) bool {
		return len(all) > 0 && all[device.Golden(md5.Sum(fmt.Append(nil, m)))]
	}
}
