package eir

import (
	"github.com/openceir/openceir/diameter/s13"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/n17"
)

// S13 returns the core as the handler of a Diameter front (TS 29.272 §6.2.1).
func (c *Core) S13() s13.Handler {
	return s13.HandlerFunc(func(r s13.Request) s13.Answer {
		q := list.Query{IMEI: r.IMEI, Malformed: r.Malformed, Version: uint8(r.SVN), IMSI: r.IMSI}
		a := device.Attach{Time: c.Now().UnixMicro(), IMEI: string(r.Digits), IMSI: r.IMSI, Radio: device.Radio4G, Node: r.Peer}
		return s13Answers[c.Check(&q, &a).Status]
	})
}

// N17 returns the core as the handler of a 5G front (TS 29.511 §5.2.2).
func (c *Core) N17() n17.Handler {
	return n17.HandlerFunc(func(r n17.Request) n17.Answer {
		q := list.Query{IMEI: r.IMEI, Malformed: !r.Identified, Version: uint8(r.SVN), IMSI: r.IMSI, MSISDN: r.MSISDN}
		a := device.Attach{Time: c.Now().UnixMicro(), IMEI: r.PEI, IMSI: r.IMSI, MSISDN: r.MSISDN, Radio: device.Radio5G, Node: r.Peer}
		if r.Identified {
			a.IMEI = r.IMEI.String()
		}
		return n17Answers[c.Check(&q, &a).Status]
	})
}

var (
	s13Answers = map[list.Status]s13.Answer{list.Allowed: s13.Allowed, list.Tracked: s13.Tracked, list.Prohibited: s13.Prohibited, list.Unknown: s13.Unknown}
	n17Answers = map[list.Status]n17.Answer{list.Allowed: n17.Allowed, list.Tracked: n17.Tracked, list.Prohibited: n17.Prohibited, list.Unknown: n17.Unknown}
)
