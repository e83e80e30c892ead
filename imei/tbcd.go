package imei

import "errors"

// ErrTBCD says that octets are not an IMEI in telephony binary coded decimal.
var ErrTBCD = errors.New("an IMEI in TBCD has seven octets, or eight of which only the last may hold a filler")

const filler = 0xF

// ParseTBCD reads an IMEI or IMEISV from telephony binary coded decimal: two digits an octet, the
// first in the low four bits, 1111 as filler (TS 29.002 §17.7.8 IMEI, TS 29.274 §8.10). Eight
// octets hold 15 digits and a filler, 16 digits, or 14 and two fillers; seven octets hold the 14
// alone, as GSUP sends them. It does not allocate.
func ParseTBCD(b []byte) (IMEI, SVN, error) {
	if len(b) != 7 && len(b) != 8 {
		return 0, NoSVN, ErrTBCD
	}
	var m IMEI
	for _, octet := range b[:7] {
		low, high := octet&0xF, octet>>4
		if low > 9 || high > 9 {
			return 0, NoSVN, ErrTBCD
		}
		m = m*100 + IMEI(low)*10 + IMEI(high)
	}
	if len(b) == 7 {
		return m, NoSVN, nil
	}
	low, high := b[7]&0xF, b[7]>>4
	switch {
	case low <= 9 && high <= 9:
		return m, SVN(low*10 + high), nil
	case high == filler && (low <= 9 || low == filler):
		return m, NoSVN, nil
	}
	return 0, NoSVN, ErrTBCD
}

// AppendTBCD appends the eight octets of the IMEI: 14 digits, a spare 0 and a filler for NoSVN,
// the 16 digits of the IMEISV otherwise. Its first seven octets are the 14 digits alone.
func (m IMEI) AppendTBCD(b []byte, v SVN) []byte {
	start := len(b)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, filler<<4)
	n := uint64(m)
	for i := start + 6; i >= start; i-- {
		b[i] = byte(n%10)<<4 | byte(n/10%10)
		n /= 100
	}
	if v <= 99 {
		b[start+7] = byte(v%10)<<4 | byte(v/10)
	}
	return b
}
