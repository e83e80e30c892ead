package observe

import (
	"bufio"
	"bytes"
	"strings"
	"testing"

	"github.com/openceir/openceir/subscriber"
)

// FuzzPseudonymise writes anything again: what comes out has the rows and columns that went in, what is
// not a number stays as it was, no clear number is left, and the key reads back each that was one.
func FuzzPseudonymise(f *testing.F) {
	for _, s := range []string{
		"date,imei,imsi,msisdn\n20260105,35000001000010,470010000000001,8801700000001\n",
		"imei,imsi,msisdn\n\"35,00\",47001,\"8\"\n1,2\n,,\n\nx,y,z", "imsi\r\n1\r\n\"1", "uid,imsi\n\"a\"\"b\",001010000000001\n", "imei\n1\n", "imsi,IMSI\n", "msisdn,imsi,msisdn\n", "imsi,\r\r", "imsi,uid\n1,x\r\r\n1,\r\r",
	} {
		f.Add([]byte(s))
	}
	key, err := subscriber.NewKey(bytes.Repeat([]byte{7}, subscriber.KeySize))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var out bytes.Buffer
		c := &coverer{w: bufio.NewWriter(&out), key: key}
		if err := c.run(t.Context(), newLines("f", bytes.NewReader(text))); err != nil {
			return
		}
		before, after := newLines("f", bytes.NewReader(text)), newLines("f", &out)
		head, err := before.next()
		if again, err2 := after.next(); err != nil || err2 != nil || !bytes.Equal(head, again) {
			t.Fatalf("the header %q became %q (%v, %v)", head, again, err, err2)
		}
		columns := strings.Split(string(head), ",")
		was, is := splitter{comma: ','}, splitter{comma: ','}
		for rows := int64(0); ; {
			line, err := before.next()
			if err == nil && len(line) == 0 {
				continue
			}
			covered, err2 := after.next()
			if err != nil || err2 != nil {
				if err != err2 || rows != c.rows {
					t.Fatalf("one ends and the other does not, or %d rows were counted of %d: %v, %v", c.rows, rows, err, err2)
				}
				return
			}
			rows++
			fields, wrong := was.split(line)
			if wrong != nil || len(fields) != len(columns) {
				if string(covered) != "?" {
					t.Fatalf("the bad row %q became %q", line, covered)
				}
				continue
			}
			told, err := is.split(covered)
			if err != nil || len(told) != len(fields) {
				t.Fatalf("%q became %q: %v", line, covered, err)
			}
			for i, name := range columns {
				hides(t, key, name, fields[i], told[i])
			}
		}
	})
}

// hides checks one field and what became of it.
func hides(t *testing.T, key *subscriber.Key, column string, was, is []byte) {
	prefix := column + "-"
	switch {
	case column != "imsi" && column != "msisdn", len(was) == 0:
		if !bytes.Equal(was, is) {
			t.Fatalf("%s: %q became %q", column, was, is)
		}
	case len(was) > 15 || !allDigits(was):
		if string(is) != "?" {
			t.Fatalf("%s: %q, which is no number, became %q", column, was, is)
		}
	case string(is) == "?":
	case len(is) == 0 || is[0] != 'p':
		t.Fatalf("%s: %q became %q, which is clear", column, was, is)
	default:
		id, err := subscriber.Parse(prefix + string(is))
		if err != nil {
			return // it is a pseudonym of something that is no subscriber's number, and is refused
		}
		if back := key.Reveal(id).String(); back != prefix+string(was) {
			t.Fatalf("%s: %q became %q, which reads back as %s", column, was, is, back)
		}
	}
}
