package country

import (
	"math"
	"strconv"

	"github.com/openceir/openceir/internal/device"
)

// The land is a square of open ocean near the equator, so that a degree is as long in both
// directions and no real place is meant.
const (
	sideKm   = 300.0
	south    = 1.0    // degrees of its south-western corner
	west     = -131.0 // degrees
	kmDegree = 111.195
	townsNo  = 24
	regions  = 8 // serving nodes of each kind an operator has
)

// place is a point of the land, in km east and north of its south-western corner.
type place struct{ x, y float32 }

func (p place) to(q place) float64 {
	return math.Hypot(float64(p.x-q.x), float64(p.y-q.y))
}

func (p place) area() device.Area {
	return device.AreaOf(south+float64(p.y)/kmDegree, west+float64(p.x)/kmDegree)
}

type town struct {
	at     place
	radius float64 // km within which most of its people live
}

type land struct {
	towns      []town
	cumulative []float64 // of people by town
	near       [32 * 32]uint8
}

// newLand founds the towns: some far apart, the sizes by Zipf's law.
func newLand(d dice) *land {
	l := &land{}
	apart, sum := 30.0, 0.0
	for len(l.towns) < townsNo {
		at := place{float32(d.within(15, sideKm-15)), float32(d.within(15, sideKm-15))}
		free := true
		for _, t := range l.towns {
			free = free && t.at.to(at) > apart
		}
		if apart *= 0.999; !free {
			continue
		}
		share := 1 / math.Pow(float64(len(l.towns)+1), 0.9)
		sum += share
		l.cumulative = append(l.cumulative, sum)
		l.towns = append(l.towns, town{at: at, radius: 1.5 + 4*math.Sqrt(share)})
	}
	for i := range l.near {
		c := place{float32(i%32)*10 + 5, float32(i/32)*10 + 5}
		for k, t := range l.towns {
			if t.at.to(c) < l.towns[l.near[i]].at.to(c) {
				l.near[i] = uint8(k)
			}
		}
	}
	return l
}

// around returns a place at about the distance from another, inside the land.
func (l *land) around(d dice, at place, km float64) place {
	clip := func(v float64) float32 { return float32(min(max(v, 1), sideKm-1)) }
	return place{clip(float64(at.x) + d.NormFloat64()*km/1.5), clip(float64(at.y) + d.NormFloat64()*km/1.5)}
}

// someTown picks a town by its size.
func (l *land) someTown(d dice) int { return d.weighted(l.cumulative) }

// region returns which of an operator's serving nodes covers a place.
func (l *land) region(p place) int {
	return int(l.near[int(p.y/10)*32+int(p.x/10)]) % regions
}

// nodeNames returns the names of an operator's serving nodes by radio class and region.
func nodeNames(op Operator) [device.RadioCount][regions]string {
	kinds := [device.RadioCount]string{"", "msc", "sgsn", "mme", "amf"}
	var names [device.RadioCount][regions]string
	for radio := device.Radio2G; radio < device.RadioCount; radio++ {
		for r := range regions {
			names[radio][r] = kinds[radio] + "-0" + strconv.Itoa(r+1) + "." + string(op.Name)
		}
	}
	return names
}
