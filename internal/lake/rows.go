package lake

import (
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/subscriber"
)

// The rows as Parquet has them. The field order is the column order; readers go by name. Numbers of
// subscribers are as good as random: differences of them take the bits of their range, four to five
// bytes, where plain ones take eight that no compressor makes less of.

type daysRow struct {
	IMEI        int64  `parquet:"imei,delta"`
	IMSI        int64  `parquet:"imsi,optional,delta"`
	MSISDN      int64  `parquet:"msisdn,optional,delta"`
	Operator    string `parquet:"operator,dict"`
	Month       int32  `parquet:"month,date,dict"`
	SeenUnknown uint32 `parquet:"seen_unknown"`
	Seen2G      uint32 `parquet:"seen_2g"`
	Seen3G      uint32 `parquet:"seen_3g"`
	Seen4G      uint32 `parquet:"seen_4g"`
	Seen5G      uint32 `parquet:"seen_5g"`
}

type visitRow struct {
	IMEI     int64  `parquet:"imei,delta"`
	IMSI     int64  `parquet:"imsi,optional,delta"`
	MSISDN   int64  `parquet:"msisdn,optional,delta"`
	Operator string `parquet:"operator,dict"`
	Area     int32  `parquet:"area,delta"`
	From     int32  `parquet:"from_minute,delta"`
	To       int32  `parquet:"to_minute,delta"`
}

type malformedRow struct {
	IMEI     string `parquet:"imei"`
	IMSI     string `parquet:"imsi"`
	MSISDN   string `parquet:"msisdn"`
	Operator string `parquet:"operator,dict"`
	Day      int32  `parquet:"day,date"`
	Reason   string `parquet:"reason,dict"`
	List     string `parquet:"list,dict"`
}

type tacRow struct {
	TAC          int32  `parquet:"tac,delta"`
	Manufacturer string `parquet:"manufacturer,dict"`
	Model        string `parquet:"model"`
	DeviceType   string `parquet:"device_type,dict"`
	Bands        string `parquet:"bands,dict"`
	Allocated    int32  `parquet:"allocated,optional,date"`
	Other        string `parquet:"other"`
}

func (r *daysRow) set(d *device.Days) {
	*r = daysRow{
		IMEI: int64(d.IMEI), IMSI: int64(d.IMSI), MSISDN: int64(d.MSISDN),
		Operator: string(d.Operator), Month: int32(d.Month.First()),
		SeenUnknown: d.Seen[device.RadioUnknown], Seen2G: d.Seen[device.Radio2G],
		Seen3G: d.Seen[device.Radio3G], Seen4G: d.Seen[device.Radio4G], Seen5G: d.Seen[device.Radio5G],
	}
}

func (r *visitRow) set(v *device.Visit) error {
	i, m, err := split(v.Subscriber)
	*r = visitRow{
		IMEI: int64(v.IMEI), IMSI: int64(i), MSISDN: int64(m), Operator: string(v.Operator),
		Area: int32(v.Area), From: int32(v.From), To: int32(v.To),
	}
	return err
}

// msisdnMark is what subscriber.Of adds to a number.
const msisdnMark = uint64(1) << 62

// split returns the columns of a subscriber. Keyed pseudonyms have no columns yet.
func split(id subscriber.ID) (subscriber.IMSI, subscriber.MSISDN, error) {
	if i, ok := id.IMSI(); ok || id == 0 {
		return i, 0, nil
	}
	m := subscriber.MSISDN(uint64(id) &^ msisdnMark)
	if uint64(id)>>62 != 1 || subscriber.Of(0, m) != id {
		return 0, 0, problem.New(problem.Broken, "subscriber %x is neither an IMSI nor an MSISDN: visits cannot hold it", uint64(id))
	}
	return 0, m, nil
}

// compareDays orders days by (IMEI, IMSI, MSISDN, operator, month); an absent value comes first.
func compareDays(a, b *device.Days) int {
	switch {
	case a.IMEI != b.IMEI:
		return order(a.IMEI < b.IMEI)
	case a.IMSI != b.IMSI:
		return order(a.IMSI < b.IMSI)
	case a.MSISDN != b.MSISDN:
		return order(a.MSISDN < b.MSISDN)
	case a.Operator != b.Operator:
		return order(a.Operator < b.Operator)
	case a.Month != b.Month:
		return order(a.Month < b.Month)
	}
	return 0
}

// compareVisits orders visits by (IMEI, from, subscriber, area, operator).
func compareVisits(a, b *device.Visit) int {
	switch {
	case a.IMEI != b.IMEI:
		return order(a.IMEI < b.IMEI)
	case a.From != b.From:
		return order(a.From < b.From)
	case a.Subscriber != b.Subscriber:
		return order(a.Subscriber < b.Subscriber)
	case a.Area != b.Area:
		return order(a.Area < b.Area)
	case a.Operator != b.Operator:
		return order(a.Operator < b.Operator)
	}
	return 0
}

func order(less bool) int {
	if less {
		return -1
	}
	return 1
}
