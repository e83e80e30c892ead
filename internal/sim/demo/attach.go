package demo

import (
	"context"
	"fmt"

	"github.com/openceir/openceir/diameter/s13"
	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/n17"
	"github.com/openceir/openceir/subscriber"
)

// phone is one that is attached for show.
type phone struct {
	who      string
	imei     imei.IMEI
	imsi     subscriber.IMSI
	operator device.Operator
	expected list.Status
}

// attach asks the operators' nodes about known phones, over both fronts.
func (d *Demo) attach(ctx context.Context) error {
	phones, err := d.phones()
	if err != nil {
		return err
	}
	d.say("Phones attach:")
	for _, p := range phones {
		n := d.nodeOf(p.operator)
		for _, front := range []struct {
			name string
			ask  func(context.Context, *node, phone) (string, error)
		}{{"s13", askS13}, {"n17", askN17}} {
			status, err := front.ask(ctx, n, p)
			if err != nil {
				return fmt.Errorf("%s over %s: %w", p.who, front.name, err)
			}
			d.Result.Checks = append(d.Result.Checks, Check{p.imei.WithCheck(), front.name, status, p.expected.String(), p.who})
			mark := ""
			if status != p.expected.String() {
				mark = ", but expected was " + p.expected.String()
			}
			d.say("  %-34s %s over %s at %-6s: %s%s", p.who, p.imei.WithCheck(), front.name, p.operator, status, mark)
		}
	}
	return nil
}

// phones chooses the phones by the truth, never by the list.
func (d *Demo) phones() ([]phone, error) {
	honest, ok := d.truth.Honest()
	if !ok {
		return nil, fmt.Errorf("the country has no honest phone")
	}
	out := []phone{{"an honest phone", honest.IMEI, honest.IMSIs[0], honest.Operator, list.Allowed}}
	if s, ok := d.truth.Stolen(); ok {
		out = append(out, phone{"a stolen phone, with the thief's card", s.IMEI, s.IMSIs[0], s.Operator, list.Prohibited})
	}
	if c, ok := d.truth.Clone(); ok {
		out = append(out, phone{"a clone", c.IMEI, c.Cloner.IMSIs[0], c.Cloner.Operator, list.Prohibited},
			phone{"its victim, with the same number", c.IMEI, c.Victim.IMSIs[0], c.Victim.Operator, list.Allowed})
	}
	return append(out, phone{"a phone nobody ever saw", d.truth.Unseen(), honest.IMSIs[0], honest.Operator, list.Allowed}), nil
}

func askS13(ctx context.Context, n *node, p phone) (string, error) {
	c, err := s13.Dial(ctx, n.S13.Addr().String(), s13.ClientOptions{})
	if err != nil {
		return "", err
	}
	defer c.Close()
	a, err := c.Check(ctx, s13.Query{IMEI: p.imei, IMSI: p.imsi})
	return a.String(), err
}

func askN17(ctx context.Context, n *node, p phone) (string, error) {
	c := n17.NewClient("http://"+n.N17.Addr().String(), nil)
	defer c.Close()
	a, err := c.Check(ctx, n17.Query{IMEI: p.imei, SVN: imei.NoSVN, IMSI: p.imsi})
	return a.String(), err
}
