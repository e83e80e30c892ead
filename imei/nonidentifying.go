package imei

// NonIdentifyingVersion names the edition of the catalogue behind NonIdentifying.
const NonIdentifyingVersion = "1"

// Listed is one entry of the catalogue of values that identify no device.
type Listed struct {
	IMEI IMEI
	Why  string
}

// nonIdentifying are values that stand on so many devices, or in so many documents, that they
// identify none: nobody may claim or report one, and they link nothing. Well-formed and even
// allocated values are among them. Sorted by IMEI.
var nonIdentifying = [...]Listed{
	{0, "blank: a device without an identity sends zeros"},
	{440015202000, "a modem's default in the test range, seen on 1.95 million handsets"},
	{499901064000, "a modem's default in the test range, shown by handsets whose memory lost the real one"},
	{1234567890123, "a demonstration value"},
	{11111111111111, "one digit repeated"},
	{12345678901234, "a demonstration value"},
	{13579024681122, "a demonstration value of trackers and their manuals"},
	{22222222222222, "one digit repeated"},
	{33333333333333, "one digit repeated"},
	{35227301738634, "one genuine number copied onto 1.75 million handsets"},
	{35275101952326, "one genuine number copied onto 1.52 million handsets"},
	{44444444444444, "one digit repeated"},
	{49015420323751, "the example of encyclopedias, widely pasted"},
	{55555555555555, "one digit repeated"},
	{66666666666666, "one digit repeated"},
	{77777777777777, "one digit repeated"},
	{88888888888888, "one digit repeated"},
	{98765432109876, "a demonstration value"},
	{99999999999999, "one digit repeated, seen on 39.1 million handsets"},
}

// NonIdentifying reports whether the value is in the catalogue of values that identify no device,
// and why. It does not allocate.
func NonIdentifying(m IMEI) (why string, ok bool) {
	low, high := 0, len(nonIdentifying)
	for low < high {
		mid := (low + high) / 2
		if nonIdentifying[mid].IMEI < m {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low < len(nonIdentifying) && nonIdentifying[low].IMEI == m {
		return nonIdentifying[low].Why, true
	}
	return "", false
}

// Catalogue returns the built-in catalogue of non-identifying values, sorted by IMEI.
func Catalogue() []Listed { return append([]Listed(nil), nonIdentifying[:]...) }
