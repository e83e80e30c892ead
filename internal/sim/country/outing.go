package country

import (
	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

// outing is what one use does on one day on which it is seen.
type outing struct {
	radios uint8 // bit by device.Radio
	main   device.Radio
	fault  fault
	twice  bool // its row of the dump is written twice
}

// fault is what is wrong with the row of one use and day.
type fault uint8

const (
	faultless fault = iota
	imeiLetters
	imeiShort
	imeiZeros
	imeiAbsent
	imsiAbsent
	imsiShort
	msisdnAbsent
	radioAbsent
	faultKinds = int(radioAbsent)
)

// hides reports whether the row does not show the device's IMEI.
func (f fault) hides() bool { return f >= imeiLetters && f <= imeiAbsent }

// outing draws what a use does on a day within it, from the stream of its name, which it leaves
// where the attaches of the day are drawn. False if it is not seen.
func (n *nation) outing(d dice, u int, day int) (outing, bool) {
	us := &n.uses[u]
	d.name(n.cfg.Seed, forDays, uint64(u), uint64(day))
	sure := us.sure && day == int(us.from)
	if d.Float64() >= float64(us.habit.daily) && !sure {
		return outing{}, false
	}
	best := n.faces[us.face].radio
	x := d.Uint64()
	o := outing{main: best}
	if best > device.Radio2G && x&15 == 0 {
		o.main = best - 1
	}
	o.radios = 1 << o.main
	if o.main > device.Radio2G && x>>4&7 < 2 {
		o.radios |= 1 << (o.main - 1 - device.Radio(x>>7&1)*min(o.main-device.Radio2G-1, 1))
	}
	bad := d.Float64()
	if !sure && bad < n.rates.Malformed {
		o.fault = fault(1 + d.IntN(faultKinds))
	}
	o.twice = d.Float64() < n.rates.Duplicated
	return o, true
}

// malformed returns what is sent in place of the IMEI; it depends on the device only.
func (f fault) malformed(m imei.IMEI) string {
	switch f {
	case imeiLetters:
		b := m.Append(nil)
		b[0], b[3+int(m%7)] = 'A', 'F'
		return string(b)
	case imeiShort:
		return m.String()[:6+m%8]
	case imeiZeros:
		return "000000000000000"
	}
	return ""
}

// Ways to write an IMEI.
const (
	form14    = iota
	formCheck // 15 digits with the check digit
	formSpare // 15 digits with a spare 0
	formSVN   // 16 digits with the software version
)

func appendIMEI(b []byte, m imei.IMEI, form int) []byte {
	b = m.Append(b)
	switch form {
	case formCheck:
		b = append(b, byte('0'+m.CheckDigit()))
	case formSpare:
		b = append(b, '0')
	case formSVN:
		svn := byte(mix(uint64(m)) % 99)
		b = append(b, '0'+svn/10, '0'+svn%10)
	}
	return b
}
