package detect

import (
	"strings"

	"github.com/openceir/openceir/internal/device"
)

// radioMismatch holds for a device that a network saw on a class of radio which its model has no
// bands of: 2G, 3G, 4G or 5G. A model is all codes of one manufacturer with one model name, and has
// the bands of all of them. Codes without either name, and models whose bands say nothing, are
// passed over; so is radio of an unknown class.
type radioMismatch struct{}

func (*radioMismatch) kind() string    { return "radio_mismatch" }
func (*radioMismatch) params() []param { return nil }

// cellular are the classes that a model can lack.
const cellular = 1<<device.Radio2G | 1<<device.Radio3G | 1<<device.Radio4G | 1<<device.Radio5G

var classNames = [device.RadioCount]string{"unknown", "2G", "3G", "4G", "5G"}

// lacking returns the classes that the device was seen on and its model lacks.
func (b *bench) lacking() uint8 {
	if b.radios&cellular == 0 {
		return 0
	}
	at := b.model()
	if at < 0 || b.facts.TACs.models[at].radios == 0 {
		return 0
	}
	return b.radios & cellular &^ b.facts.TACs.models[at].radios
}

func (*radioMismatch) judge(b *bench, _ window) (bool, device.Day) { return b.lacking() != 0, 0 }

func (*radioMismatch) explain(b *bench, _ window, evidence map[string]string) (device.Day, int) {
	put(evidence, "seen_on", "%s", classes(b.lacking()))
	put(evidence, "bands_of_model", "%s", classes(b.facts.TACs.models[b.model()].radios))
	return 0, 0
}

// classes names a set of classes.
func classes(set uint8) string {
	var names []string
	for r, name := range classNames {
		if set>>r&1 != 0 && r != int(device.RadioUnknown) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, " ")
}

// radioWords are the beginnings of words in texts of bands, and the class each stands for. The
// longest that fits counts.
var radioWords = []struct {
	word  string
	radio device.Radio
}{
	{"GSM", device.Radio2G}, {"GPRS", device.Radio2G}, {"EDGE", device.Radio2G}, {"DCS", device.Radio2G}, {"PCS", device.Radio2G},
	{"CDMA", device.Radio2G}, {"CDMAONE", device.Radio2G}, {"1XRTT", device.Radio2G}, {"2G", device.Radio2G}, {"GERAN", device.Radio2G},
	{"WCDMA", device.Radio3G}, {"UMTS", device.Radio3G}, {"UTRA", device.Radio3G}, {"UTRAN", device.Radio3G}, {"TDSCDMA", device.Radio3G},
	{"CDMA2000", device.Radio3G}, {"EVDO", device.Radio3G}, {"HSPA", device.Radio3G}, {"HSDPA", device.Radio3G}, {"HSUPA", device.Radio3G},
	{"3G", device.Radio3G},
	{"LTE", device.Radio4G}, {"EUTRA", device.Radio4G}, {"NBIOT", device.Radio4G}, {"CATM", device.Radio4G}, {"4G", device.Radio4G},
	{"NR", device.Radio5G}, {"5G", device.Radio5G}, {"NGRAN", device.Radio5G},
}

// Radios returns the classes of radio that a text of bands names, a bit each (device.Radio). A text
// that names only other radio, as WLAN, gives the bit of the unknown class; one that says nothing
// gives 0.
func Radios(bands string) uint8 {
	var set uint8
	strip := strings.NewReplacer("-", "", "_", "")
	for _, word := range strings.FieldsFunc(strings.ToUpper(bands), func(r rune) bool { return strings.ContainsRune(" ,;/|()+\t", r) }) {
		word = strip.Replace(word)
		longest := 0
		var class device.Radio
		for _, w := range radioWords {
			if len(w.word) > longest && strings.HasPrefix(word, w.word) {
				longest, class = len(w.word), w.radio
			}
		}
		set |= 1 << class // of a word that names none, the unknown class
	}
	return set
}
