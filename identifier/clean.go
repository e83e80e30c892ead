package identifier

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/openceir/openceir/imei"
)

// input is a text that passed the limits, in the forms that the readers look at.
type input struct {
	whole   string   // trimmed, with digits, spaces and dashes as ASCII
	text    string   // whole without its label
	compact string   // text without separators, upper case
	label   Kind     // the kind its label names, or ""
	notes   []string // what was changed, for the form layer
}

// clean refuses what nobody types on purpose and brings the rest into one script.
func clean(raw string) (*input, error) {
	if len(raw) > maxInput {
		return nil, fmt.Errorf("the text has %d bytes and the limit is %d: give one identifier at a time", len(raw), maxInput)
	}
	trimmed := strings.TrimFunc(raw, unicode.IsSpace)
	if trimmed == "" {
		return nil, fmt.Errorf("there is nothing to check: type the number on the box, or dial *#06# to see it")
	}
	in := &input{}
	var b strings.Builder
	converted := false
	for i, r := range trimmed {
		if err := acceptable(trimmed, i, r); err != nil {
			return nil, err
		}
		digit, isDigit := imei.Digit(r)
		switch {
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		case isDigit:
			b.WriteByte(digit)
			converted = true
		case r >= 0xFF01 && r <= 0xFF5E: // full-width forms of ASCII
			b.WriteByte(byte(r - 0xFF01 + '!'))
			converted = true
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		case imei.Separator(r):
			b.WriteByte('-')
		default:
			b.WriteRune(r)
		}
	}
	in.whole = b.String()
	if converted {
		in.note("digits of another script were converted")
	}
	in.label, in.text = cutLabel(in.whole)
	if in.label != "" {
		in.note("the label was left out")
	}
	in.squeeze()
	return in, nil
}

// acceptable refuses characters that hide, reorder or break text.
func acceptable(s string, i int, r rune) error {
	place := utf8.RuneCountInString(s[:i]) + 1
	switch {
	case r == utf8.RuneError:
		return fmt.Errorf("character %d is not valid UTF-8: type the identifier by hand", place)
	case r == '\n' || r == '\r' || r == '\t':
		return fmt.Errorf("character %d ends a line or a cell: give one identifier at a time", place)
	case unicode.IsControl(r):
		return fmt.Errorf("character %d (%U) is a control character: type the identifier by hand", place, r)
	case unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Mn, r):
		return fmt.Errorf("character %d (%U) is invisible or changes the order of reading: type the identifier by hand", place, r)
	case r > unicode.MaxASCII && unicode.IsDigit(r):
		if _, ok := imei.Digit(r); !ok {
			return fmt.Errorf("character %d is a digit of a script that is not read here (%U): type the digits 0 to 9", place, r)
		}
	}
	return nil
}

func (in *input) note(s string) { in.notes = append(in.notes, s) }

// squeeze sets the compact form.
func (in *input) squeeze() {
	in.compact = strings.ToUpper(strings.NewReplacer(" ", "", "-", "", ".", "", "/", "", ":", "").Replace(in.text))
	if len(in.compact) != len(in.text) {
		in.note("spaces and dividers were left out")
	}
}

// labels are what stands before identifiers on boxes, labels and screens. Longer ones first where
// one begins another.
var labels = [...]struct {
	text string
	kind Kind
}{
	{"IMEISV", "imeisv"}, {"IMEI", "imei"}, {"TAC", "tac"}, {"PEI", "pei"},
	{"MEID", "meid"}, {"PESN", "pesn"}, {"ESN", "esn"}, {"IPEI", "ipei"}, {"TEI", "tei"},
	{"IMSI", "imsi"}, {"MSISDN", "msisdn"}, {"ICCID", "iccid"}, {"EID", "eid"},
	{"MAC ADDRESS", "eui-48"}, {"MAC", "eui-48"}, {"EUI-48", "eui-48"}, {"EUI-64", "eui-64"}, {"DEVEUI", "eui-64"},
	{"GTIN", "gtin"}, {"EAN", "gtin"}, {"UPC", "gtin"}, {"SSCC", "sscc"}, {"VIN", "vin"}, {"UUID", "uuid"}, {"UEID", "ueid"},
	{"SERIAL NUMBER", "serial"}, {"S/N", "serial"}, {"SN", "serial"},
}

// cutLabel splits "IMEI 1: 35..." into the kind that the label names and the rest. A text without
// a label comes back whole.
func cutLabel(s string) (Kind, string) {
	upper := strings.ToUpper(s)
	for _, l := range &labels {
		if len(upper) != len(s) || !strings.HasPrefix(upper, l.text) {
			continue
		}
		rest := s[len(l.text):]
		cut := strings.TrimLeft(rest, " ")
		if len(cut) > 1 && cut[0] >= '1' && cut[0] <= '8' && strings.IndexByte(": )", cut[1]) >= 0 {
			cut = cut[1:] // the number of the slot
		}
		cut = strings.TrimLeft(cut, " :=#)")
		if cut != "" && len(cut) < len(rest) {
			return l.kind, cut
		}
		if cut != "" && only(cut, decimal) && len(cut) >= 14 {
			return l.kind, cut // "IMEI35..."
		}
	}
	return "", s
}
