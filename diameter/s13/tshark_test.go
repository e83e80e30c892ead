package s13

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/openceir/openceir/diameter"
	"github.com/openceir/openceir/imei"
)

// capture is a file of packets (pcap, link type 101: raw IP) in which each message is one TCP
// segment of one conversation.
type capture struct {
	bytes.Buffer
	sequence [2]uint32
	count    int
}

func newCapture() *capture {
	c := &capture{sequence: [2]uint32{1, 1}}
	for _, v := range []any{uint32(0xa1b2c3d4), uint16(2), uint16(4), uint32(0), uint32(0), uint32(65535), uint32(101)} {
		binary.Write(c, binary.LittleEndian, v)
	}
	return c
}

// add adds a message from the MME (side 0) or from the EIR (side 1).
func (c *capture) add(side int, m []byte) {
	ports := [2]uint16{40000, 3868}
	var p []byte
	p = append(p, 0x45, 0)
	p = binary.BigEndian.AppendUint16(p, uint16(40+len(m)))
	p = append(p, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, byte(1+side), 10, 0, 0, byte(2-side))
	p = binary.BigEndian.AppendUint16(p, ports[side])
	p = binary.BigEndian.AppendUint16(p, ports[1-side])
	p = binary.BigEndian.AppendUint32(p, c.sequence[side])
	p = binary.BigEndian.AppendUint32(p, c.sequence[1-side])
	p = append(p, 0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0)
	p = append(p, m...)
	c.sequence[side] += uint32(len(m))
	c.count++
	for _, v := range []uint32{uint32(c.count), 0, uint32(len(p)), uint32(len(p))} {
		binary.Write(c, binary.LittleEndian, v)
	}
	c.Write(p)
}

// dissect runs tshark and returns the fields of every packet.
func (c *capture) dissect(t *testing.T, fields ...string) [][]string {
	t.Helper()
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		if testing.Short() {
			t.Skip("tshark is not installed")
		}
		t.Fatal("tshark, an independent decoder, is not installed: run make deps")
	}
	file := filepath.Join(t.TempDir(), "s13.pcap")
	if err := os.WriteFile(file, c.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"-n", "-r", file, "-d", "tcp.port==3868,diameter", "-T", "fields", "-E", "occurrence=a"}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, tshark, args...).Output()
	if err != nil {
		var e *exec.ExitError
		if errors.As(err, &e) {
			err = fmt.Errorf("%w: %s", err, e.Stderr)
		}
		t.Fatal(err)
	}
	var rows [][]string
	for line := range strings.Lines(string(out)) {
		rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	if len(rows) != c.count {
		t.Fatalf("%d packets dissected of %d", len(rows), c.count)
	}
	return rows
}

var independent = []string{"diameter.cmd.code", "diameter.applicationId", "diameter.flags", "diameter.hopbyhopid",
	"diameter.IMEI", "diameter.Software-Version", "diameter.User-Name", "diameter.Equipment-Status",
	"diameter.Result-Code", "diameter.Experimental-Result-Code", "_ws.malformed", "_ws.expert.message"}

// TestIndependentDecoder shows what our Client and our Server say to each other to a decoder that
// others wrote: it must read what we meant, and find nothing to complain of.
func TestIndependentDecoder(t *testing.T) {
	var s Server
	address := start(t, &s)
	c, p := dial(t, address, ClientOptions{DestinationHost: eirHost}), open(t, address)
	record, want := newCapture(), []string{}
	say := func(request []byte, fields, answered string) {
		h, _ := diameter.ParseHeader(request)
		p.send(request)
		answer := p.receive()
		record.add(0, request)
		record.add(1, answer)
		head := func(m []byte) string {
			a, _ := diameter.ParseHeader(m)
			return fmt.Sprintf("%d %d 0x%02x 0x%08x", h.Command, h.Application, a.Flags, h.HopByHop)
		}
		want = append(want, head(request)+fields, head(answer)+answered)
	}
	for i, tt := range []struct {
		query            Query
		fields, answered string
	}{
		{Query{IMEI: 35000000000000}, " 35000000000000 - - - - - - -", " - - - 0 2001 - - -"},
		{Query{IMEI: 35000000000001, Software: "07"}, " 35000000000001 07 - - - - - -", " - - - 1 2001 - - -"},
		{Query{Digits: "350000000000028", IMSI: 1010000000000}, " 350000000000028 - 001010000000000 - - - - -", " - - - 2 2001 - - -"},
		{Query{Digits: "3500000000000342"}, " 3500000000000342 - - - - - - -", " - - - - - 5422 - -"},
		{Query{IMEI: 35000000000005}, " 35000000000005 - - - - - - -", " - - - - 5012 - - -"},
		{Query{IMEI: 35000000000006}, " 35000000000006 - - - - - - -", " - - - - 3004 - - -"},
	} {
		say(c.AppendCheck(nil, tt.query, uint32(0xa0000+i)), tt.fields, tt.answered)
	}
	say(watchdogRequest, " - - - - - - - -", " - - - - 2001 - - -")
	say(partingRequest, " - - - - - - - -", " - - - - 2001 - - -")
	for i, row := range record.dissect(t, independent...) {
		for j := range row {
			if row[j] == "" {
				row[j] = "-"
			}
		}
		if got := strings.Join(row, " "); got != want[i] {
			t.Errorf("packet %d\n got %s\nwant %s", i+1, got, want[i])
		}
	}
}

// TestIndependentFaults: every answer of the table of faults, and what we say first, is read by
// the other decoder, with the result we meant.
func TestIndependentFaults(t *testing.T) {
	var s Server
	address := start(t, &s)
	record, want, quoted := newCapture(), []diameter.Result{diameter.Success}, []bool{false}
	first := connect(t, address)
	first.send(greeting(ourApplication))
	record.add(1, first.receive())
	p := open(t, address)
	for _, tt := range faults {
		p.send(message(diameter.Header{Flags: tt.flags, Command: tt.cmd, Application: tt.app}, tt.avps...))
		record.add(1, p.receive())
		want = append(want, tt.result)
		// Failed-AVP quotes the fault, and the other decoder finds it there too.
		quoted = append(quoted, tt.name == "Auth-Session-State of one byte")
	}
	for i, row := range record.dissect(t, "diameter.Result-Code", "_ws.malformed") {
		if row[0] != strconv.Itoa(int(want[i])) || (row[1] != "") != quoted[i] {
			t.Errorf("answer %d is read as %v, want %v", i, row, want[i])
		}
	}
}

// TestIndependentMany: the two decoders read thousands of requests of all shapes alike.
func TestIndependentMany(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	var s Server
	c := dial(t, start(t, &s), ClientOptions{})
	record, want := newCapture(), []Query{}
	for i := range 5000 {
		q := Query{IMEI: imei.IMEI(i) * 19_999_999_999 % imei.Max}
		if i%3 == 0 {
			q.Software = fmt.Sprintf("%02d", i%100)
		}
		if i%5 == 0 {
			q.Digits = q.IMEI.WithCheck()
		}
		want = append(want, q)
		record.add(0, c.AppendCheck(nil, q, uint32(i)))
	}
	for i, row := range record.dissect(t, "diameter.IMEI", "diameter.Software-Version", "diameter.hopbyhopid", "_ws.malformed") {
		q := want[i]
		digits := q.Digits
		if digits == "" {
			digits = q.IMEI.String()
		}
		if row[0] != digits || row[1] != q.Software || row[2] != fmt.Sprintf("0x%08x", i) || row[3] != "" {
			t.Fatalf("request %d is read as %v, want %+v", i, row, q)
		}
	}
}
