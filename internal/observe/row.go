package observe

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// rowParser reads one row of a dump at a time, in place. Its fields are the row read last.
type rowParser struct {
	day    device.Day
	texts  [3][]byte // imei, imsi, msisdn as received but for the p of pseudonyms, "" for none
	imei   imei.IMEI
	imsi   subscriber.IMSI
	msisdn subscriber.MSISDN
	radios uint8 // a bit for each device.Radio
	hasRAT bool
	// What the gates count.
	hasIMEI                            bool
	badIMEI, badIMSI, badMSISDN        bool // not of its form
	foreignIMSI, foreignMSISDN, notOwn bool
	why                                string // why the row is malformed; "" if it is not

	form            form
	mcc, codes, own [][]byte // prefixes at home, and of the operator
	lastText        uint64   // the date read last, and its day: dates repeat
	lastDay         device.Day
}

var (
	errColumns  = errors.New("the row does not have as many fields as the header")
	errDate     = errors.New("the date is not YYYYMMDD of the calendar, from 2000 on")
	errIMEI     = errors.New("the imei is not 1 to 16 characters of 0-9, A-F, * and #")
	errIMSI     = errors.New("the imsi is not 1 to 15 digits")
	errMSISDN   = errors.New("the msisdn is not 1 to 15 digits, without plus and spaces")
	errRAT      = errors.New("the rat is not known codes of three digits joined by |")
	whyDigits   = "imei: %d digits, leading zeros were perhaps stripped"
	whyIMEI     = "imei: the first fourteen characters are not digits"
	whyIMSI     = "imsi: not 14 or 15 digits that begin with a mobile country code"
	whyMSISDN   = "msisdn: not 5 to 15 digits that begin with a country code"
	unknownOnly = uint8(1 << device.RadioUnknown)
)

func newRowParser(c Country, op device.Operator) rowParser {
	p := rowParser{form: form(c.Pseudonyms)}
	for _, m := range c.MCC {
		p.mcc = append(p.mcc, []byte(m))
	}
	for _, cc := range c.CountryCode {
		p.codes = append(p.codes, []byte(cc))
	}
	for _, plmn := range c.Operators[op] {
		p.own = append(p.own, []byte(plmn))
	}
	return p
}

// fast reads a row whose fields are plain digits of the right form, as nearly all are, and reports
// whether it could; a row that it leaves is for slow.
func (p *rowParser) fast(line []byte, rat bool) bool {
	if len(line) < 9 || line[8] != ',' || !p.date(line[:8]) {
		return false
	}
	text, value, rest, ok := digits(line[9:], true)
	if !ok || len(text) < 14 || len(text) > 16 {
		return false
	}
	switch len(text) {
	case 15:
		value /= 10
	case 16:
		value /= 100
	}
	p.imei = imei.IMEI(value)
	p.texts[0] = text
	if rest, ok = p.form.next(rest); !ok {
		return false
	}
	text, value, rest, ok = digits(rest, true)
	// A fourteen-digit IMSI begins with 200 or more, a fifteen-digit one with 100 or more; the
	// test networks' 001 is left to slow.
	if !ok || len(text) > 0 && !(len(text) == 15 && value >= 1e14 || len(text) == 14 && value >= 2e13) {
		return false
	}
	p.texts[1], p.imsi = text, subscriber.IMSI(p.form.mark(value))
	if rest, ok = p.form.next(rest); !ok {
		return false
	}
	text, value, rest, ok = digits(rest, rat)
	if !ok || len(text) > 0 && (len(text) < 5 || len(text) > 15 || text[0] == '0') {
		return false
	}
	p.texts[2], p.msisdn = text, subscriber.MSISDN(p.form.mark(value))
	p.hasIMEI, p.badIMEI, p.badIMSI, p.badMSISDN, p.why = true, false, false, false, ""
	p.radios, p.hasRAT = unknownOnly, false
	if rat && !p.oneRAT(rest) {
		return false
	}
	p.place()
	return true
}

// digits takes a run of digits up to a comma, or to the end of the line if more is false.
func digits(b []byte, more bool) (text []byte, value uint64, rest []byte, ok bool) {
	for i, c := range b {
		if c -= '0'; c <= 9 {
			value = value*10 + uint64(c)
			continue
		}
		if b[i] == ',' && more {
			return b[:i], value, b[i+1:], i <= 16
		}
		return nil, 0, nil, false
	}
	return b, value, nil, !more && len(b) <= 16
}

// date reads the day; rows of a day stand together, so the last one is remembered.
func (p *rowParser) date(b []byte) bool {
	text := binary.LittleEndian.Uint64(b)
	if text != p.lastText {
		d, ok := parseDay(b)
		if !ok {
			return false
		}
		p.lastText, p.lastDay = text, d
	}
	p.day = p.lastDay
	return true
}

// oneRAT reads a single code, or none.
func (p *rowParser) oneRAT(b []byte) bool {
	if len(b) == 0 {
		return true
	}
	if len(b) != 3 {
		return false
	}
	radio, ok := radioOf(b)
	p.radios, p.hasRAT = 1<<radio, true
	return ok
}

// slow reads any row, from its fields.
func (p *rowParser) slow(fields [][]byte, rat bool) error {
	want := 4
	if rat {
		want = 5
	}
	if len(fields) != want {
		return errColumns
	}
	if len(fields[0]) != 8 || !p.date(fields[0]) {
		return errDate
	}
	p.texts[0] = fields[1]
	for i := 1; i <= 2; i++ {
		var err error
		if p.texts[i], err = p.form.bare(fields[i+1]); err != nil {
			return err
		}
	}
	p.why, p.radios, p.hasRAT = "", unknownOnly, false
	if err := p.device(fields[1]); err != nil {
		return err
	}
	if err := p.subscriber(p.texts[1], p.texts[2]); err != nil {
		return err
	}
	if rat && len(fields[4]) > 0 {
		p.radios, p.hasRAT = 0, true
		for code := range bytes.SplitSeq(fields[4], []byte{'|'}) {
			radio, ok := radioOf(code)
			if !ok {
				return errRAT
			}
			p.radios |= 1 << radio
		}
	}
	p.place()
	return nil
}

// device reads the IMEI: the layouts keep the first fourteen digits.
func (p *rowParser) device(b []byte) error {
	p.imei, p.hasIMEI, p.badIMEI = 0, len(b) > 0, false
	if len(b) == 0 {
		return nil
	}
	if len(b) > 16 || !inAlphabet(b) {
		return errIMEI
	}
	var why string
	p.imei, why = normal(b)
	p.badIMEI = why != ""
	p.note(why)
	return nil
}

// normal returns the IMEI of a text of the layouts' alphabet, or why it has none.
func normal(b []byte) (imei.IMEI, string) {
	if len(b) >= 14 && allDigits(b[:14]) {
		return imei.IMEI(number(b[:14])), ""
	}
	if allDigits(b) {
		return 0, fmt.Sprintf(whyDigits, len(b))
	}
	return 0, whyIMEI
}

func (p *rowParser) subscriber(i, n []byte) (err error) {
	p.imsi, p.msisdn, p.badIMSI, p.badMSISDN = 0, 0, false, false
	if len(i) > 0 {
		if len(i) > 15 || !allDigits(i) {
			return errIMSI
		}
		if p.imsi, err = subscriber.ParseIMSI(string(i)); err != nil {
			p.badIMSI = true
			p.note(whyIMSI)
		}
		p.imsi = subscriber.IMSI(p.form.mark(uint64(p.imsi)))
	}
	if len(n) > 0 {
		if len(n) > 15 || !allDigits(n) {
			return errMSISDN
		}
		if p.msisdn, err = subscriber.ParseMSISDN(string(n)); err != nil {
			p.badMSISDN = true
			p.note(whyMSISDN)
		}
		p.msisdn = subscriber.MSISDN(p.form.mark(uint64(p.msisdn)))
	}
	return nil
}

func (p *rowParser) note(why string) {
	if p.why != "" && why != "" {
		why = "; " + why
	}
	p.why += why
}

// place says whether the subscriber is at home in the country and with the operator.
func (p *rowParser) place() {
	p.foreignIMSI = p.imsi != 0 && !begins(p.texts[1], p.mcc)
	p.notOwn = p.imsi != 0 && !begins(p.texts[1], p.own)
	p.foreignMSISDN = p.msisdn != 0 && !begins(p.texts[2], p.codes)
}

func begins(b []byte, prefixes [][]byte) bool {
	for _, prefix := range prefixes {
		if bytes.HasPrefix(b, prefix) {
			return true
		}
	}
	return false
}

// radioOf maps a 3GPP-RAT-Type, TS 29.061 §16.4.7.2, to its class. Access that is not cellular is
// of the unknown class.
func radioOf(code []byte) (device.Radio, bool) {
	if len(code) != 3 || !allDigits(code) {
		return 0, false
	}
	switch number(code) {
	case 2, 104: // GERAN, 1xRTT
		return device.Radio2G, true
	case 1, 5, 102, 103: // UTRAN, HSPA+, eHRPD, HRPD
		return device.Radio3G, true
	case 6, 8, 9, 105: // E-UTRAN, NB-IoT, LTE-M, UMB
		return device.Radio4G, true
	case 10, 51, 52: // NR
		return device.Radio5G, true
	case 3, 4, 7, 101: // WLAN, GAN, virtual, WiMAX
		return device.RadioUnknown, true
	}
	return 0, false
}
