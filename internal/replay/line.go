package replay

import (
	"bytes"
	"errors"
	"math"
	"strconv"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// What may be wrong with a line.
var (
	errHeader = errors.New("the header must be " + Header)
	errLong   = errors.New("the line is longer than 256 bytes")
	errCut    = errors.New("the last line has no line feed: the file was cut off, transfer it again")
	errFields = errors.New("a line has seven fields separated by commas")
	errTime   = errors.New("the time must be microseconds since 1970 UTC")
	errOrder  = errors.New("the time is earlier than the line before: sort the file by time")
	errIMEI   = errors.New("the imei must be at most 32 printable characters without comma or quote")
	errRadio  = errors.New("the rat must be 2G, 3G, 4G, 5G or empty")
	errNode   = errors.New("the node must be at most 64 of a-z, 0-9, dot and hyphen")
	errArea   = errors.New("the area must be the number of a cell between 1 and 6483599, or empty")
)

const areaMax = 1801 * 3600 // cells of the grid: 1800 rows of 3600, and the pole

// check says whether the attach has a line.
func check(a *device.Attach, last int64) error {
	switch {
	case a.Time < 0:
		return errTime
	case a.Time < last:
		return errOrder
	case !plainIMEI(a.IMEI):
		return errIMEI
	case a.IMSI != 0 && !goodIMSI(uint64(a.IMSI)):
		return subscriber.ErrIMSI
	case a.MSISDN != 0 && !goodMSISDN(uint64(a.MSISDN)):
		return subscriber.ErrMSISDN
	case a.Radio >= device.RadioCount:
		return errRadio
	case !plainNode(a.Node):
		return errNode
	case a.Area < 0 || a.Area >= areaMax:
		return errArea
	}
	return nil
}

func appendAttach(b []byte, a *device.Attach) []byte {
	b = strconv.AppendInt(b, a.Time, 10)
	b = append(b, ',')
	b = append(b, a.IMEI...)
	b = append(b, ',')
	b = appendIMSI(b, a.IMSI)
	b = append(b, ',')
	if a.MSISDN != 0 {
		b = strconv.AppendUint(b, uint64(a.MSISDN), 10)
	}
	b = append(b, ',')
	b = append(b, radios[a.Radio]...)
	b = append(b, ',')
	b = append(b, a.Node...)
	b = append(b, ',')
	if a.Area != 0 {
		b = strconv.AppendInt(b, int64(a.Area), 10)
	}
	return append(b, '\n')
}

// parse reads one line, without its line feed, into a.
func (r *Reader) parse(line []byte, a *device.Attach) error {
	var field [7][]byte
	for i := range field {
		end := bytes.IndexByte(line, ',')
		switch {
		case i == len(field)-1 && end < 0:
			end = len(line)
		case i == len(field)-1 || end < 0:
			return errFields
		}
		field[i] = line[:end]
		line = line[min(end+1, len(line)):]
	}
	time, ok := number(field[0], math.MaxInt64)
	if !ok {
		return errTime
	}
	imsi, err := parseIMSI(field[2])
	if err != nil {
		return err
	}
	msisdn, ok := number(field[3], math.MaxInt64)
	if len(field[3]) == 0 {
		msisdn, ok = 0, true
	} else if !ok || !goodMSISDN(msisdn) {
		return subscriber.ErrMSISDN
	}
	radio, err := parseRadio(field[4])
	if err != nil {
		return err
	}
	area, ok := number(field[6], areaMax-1)
	if len(field[6]) > 0 && (!ok || area == 0) {
		return errArea
	}
	*a = device.Attach{Time: int64(time), IMEI: string(field[1]), IMSI: imsi, MSISDN: subscriber.MSISDN(msisdn),
		Radio: radio, Node: r.node(field[5]), Area: device.Area(area)}
	if err := check(a, r.last); err != nil {
		return err
	}
	r.last = a.Time
	return nil
}

// node returns the name, sharing one copy among the lines that repeat it.
func (r *Reader) node(b []byte) string {
	if s, ok := r.nodes[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(r.nodes) < nodesMax {
		r.nodes[s] = s
	}
	return s
}

// number reads decimal digits without sign or leading zero.
func number(b []byte, most uint64) (uint64, bool) {
	if len(b) == 0 || len(b) > 19 || b[0] == '0' && len(b) > 1 {
		return 0, false
	}
	var n uint64
	for _, c := range b {
		if c -= '0'; c > 9 {
			return 0, false
		}
		n = n*10 + uint64(c)
	}
	return n, n <= most
}

// The bounds between IMSIs of fifteen digits with leading zeros, of fourteen, and of fifteen: see
// package subscriber, whose String and Parse these agree with but without allocating.
const (
	fourteenFrom = 20_000_000_000_000
	fifteenFrom  = 100_000_000_000_000
	imsiLimit    = 1_000_000_000_000_000
)

func goodIMSI(n uint64) bool { return n > 0 && n < imsiLimit }

func goodMSISDN(n uint64) bool { return n >= 10_000 && n < imsiLimit }

func appendIMSI(b []byte, i subscriber.IMSI) []byte {
	if i == 0 {
		return b
	}
	if i < fourteenFrom {
		start := len(b)
		b = append(b, "000000000000000"...)
		for at, n := len(b)-1, uint64(i); n > 0 && at >= start; at, n = at-1, n/10 {
			b[at] = byte('0' + n%10)
		}
		return b
	}
	return strconv.AppendUint(b, uint64(i), 10)
}

func parseIMSI(b []byte) (subscriber.IMSI, error) {
	if len(b) == 0 {
		return 0, nil
	}
	var n uint64
	for _, c := range b {
		if c -= '0'; c > 9 {
			return 0, subscriber.ErrIMSI
		}
		n = n*10 + uint64(c)
	}
	short := n >= fourteenFrom && n < fifteenFrom
	if n == 0 || len(b) != 14 && len(b) != 15 || short != (len(b) == 14) {
		return 0, subscriber.ErrIMSI
	}
	return subscriber.IMSI(n), nil
}

func parseRadio(b []byte) (device.Radio, error) {
	for i, name := range radios {
		if string(b) == name {
			return device.Radio(i), nil
		}
	}
	return 0, errRadio
}

func plainIMEI(s string) bool {
	if len(s) > imeiMax {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c > '~' || c == ',' || c == '"' {
			return false
		}
	}
	return true
}

func plainNode(s string) bool {
	if len(s) > nodeMax {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '-' {
			return false
		}
	}
	return true
}
