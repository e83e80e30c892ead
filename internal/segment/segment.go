// Package segment is the form in which an EIR hands its timed observations to the centre: rows of
// "this device was here with this subscriber from this minute to that", already coalesced.
//
// # Format, version 1
//
// A segment is eight bytes "OCEIRSG1" and then blocks. A block is
//
//	length   uint32, little-endian: bytes of payload, 1 to BlockMax
//	check    uint32, little-endian: CRC-32C of the payload
//	payload  its first byte tells the kind
//
// The first block is the header, 'H' and the operator's name. Then come any number of blocks of
// rows, 'R' and rows up to the end of the payload. The last block is the end, 'E' and the number of
// rows as an unsigned varint; nothing follows it. A segment without its end is torn: the centre does
// not take it, and the EIR that wrote it reads back the rows of its whole blocks and writes a new one.
//
// A row is, in this order (uvarint and varint as in encoding/binary):
//
//	imei     one byte n: if below 128, an IMEI text of n decimal digits (1 to 16) follows as one
//	         uvarint; otherwise n-128 bytes of other text as the network sent it (0 to IMEIMax)
//	imsi     uvarint, 0 if not known        msisdn   uvarint, 0 if not known
//	radio    one byte, device.Radio         area     uvarint, device.Area
//	from     varint, minutes after the from of the previous row of the block (the first: after 0)
//	stay     uvarint, minutes from from to to, at most StayMax
//	first    varint, civil day of from, less from/1440: -1, 0 or 1
//	days     uvarint, civil days from that of from to that of to
//
// The civil days are in the country's zone and are set where the observation was made.
package segment

import (
	"errors"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/subscriber"
)

// Row is a device that stayed with a subscriber in an area. IMSI and MSISDN are 0 where not known.
type Row struct {
	IMEI        string // as the network sent it: 14 to 16 digits, or malformed
	IMSI        subscriber.IMSI
	MSISDN      subscriber.MSISDN
	Radio       device.Radio
	Area        device.Area   // 0 if not known
	From, To    device.Minute // both included
	First, Last device.Day    // the civil days of From and To
}

// ErrTorn says that a segment ends before its end block: all rows until then are whole.
var ErrTorn = errors.New("the segment is torn: it ends before its end block")

const magic = "OCEIRSG1"

// check says what is wrong with a row, nil if nothing is.
func (r *Row) check() error {
	switch {
	case len(r.IMEI) > IMEIMax:
		return errors.New("the IMEI is longer than a segment can hold")
	case !printable(r.IMEI):
		return errors.New("the IMEI has characters that are not printable ASCII")
	case r.IMSI.Digits() >= 1e15 || r.MSISDN.Digits() >= 1e15:
		return errors.New("a subscriber has more than fifteen digits")
	case r.Radio >= device.RadioCount:
		return errors.New("the class of radio is not one of those known")
	case r.Area < 0 || r.Area >= areaEnd:
		return errors.New("the area is not on the earth")
	case r.From < 0 || r.To < r.From || r.To-r.From > StayMax:
		return errors.New("the stay ends before it begins or is too long")
	case !near(r.First, r.From) || !near(r.Last, r.To) || r.Last < r.First:
		return errors.New("the civil days are not those of the minutes")
	}
	return nil
}

// near reports whether a civil day can be that of an instant in some zone.
func near(d device.Day, m device.Minute) bool {
	off := int(d) - int(m)/1440
	return -1 <= off && off <= 1
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
