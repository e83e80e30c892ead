package s13

import (
	"bytes"
	"encoding/hex"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/openceir/openceir/diameter"
)

func unhex(parts ...string) []byte {
	b, err := hex.DecodeString(strings.Join(strings.Fields(strings.Join(parts, "")), ""))
	if err != nil {
		panic(err)
	}
	return b
}

// text is text in hexadecimal.
func text(s string) string { return hex.EncodeToString([]byte(s)) }

// workedECR is a request that three other implementations accept: version 1, 244 bytes, flags R
// and P, command 324, application 16777252, both identifiers 0. Its AVPs, each with code, flags
// and length:
//
//	Session-Id 263 M            mme.localdomain;1;000000000
//	Vendor-Specific-Application-Id 260 M { Vendor-Id 266 10415, Auth-Application-Id 258 16777252 }
//	Auth-Session-State 277 M    1 NO_STATE_MAINTAINED
//	Origin-Host 264 M           mme.localdomain
//	Origin-Realm 296 M          localdomain
//	Destination-Realm 283 M     localdomain
//	Terminal-Information 1401 VM 10415 {
//	  IMEI 1402 VM 10415             35000000000000
//	  Software-Version 1403 VM 10415 01 }
//	User-Name 1 M               001010000000000
var workedECR = unhex(
	"010000f4 c0000144 01000024 00000000 00000000",
	"00000107 40000023", text("mme.localdomain;1;000000000"), "00",
	"00000104 40000020 0000010a4000000c000028af 000001024000000c01000024",
	"00000115 4000000c 00000001",
	"00000108 40000017", text("mme.localdomain"), "00",
	"00000128 40000013", text("localdomain"), "00",
	"0000011b 40000013", text("localdomain"), "00",
	"00000579 c0000038 000028af",
	"0000057a c000001a 000028af", text("35000000000000"), "0000",
	"0000057b c000000e 000028af", text("01"), "0000",
	"00000001 40000017", text("001010000000000"), "00",
)

// The answers to it, after the header: Session-Id copied and first, then
//
//	Vendor-Specific-Application-Id
//	Result-Code 268 M 2001, or Experimental-Result 297 M { Vendor-Id 10415, Experimental-Result-Code 298 5422 }
//	Auth-Session-State 1, Origin-Host, Origin-Realm
//	Equipment-Status 1445 VM 10415 (not with Experimental-Result)
const (
	workedHead = "00000107 40000023 6d6d652e6c6f63616c646f6d61696e3b313b303030303030303030 00" +
		"00000104 40000020 0000010a4000000c000028af 000001024000000c01000024"
	workedTail = "00000115 4000000c 00000001" +
		"00000108 40000017 6569722e6c6f63616c646f6d61696e 00" +
		"00000128 40000013 6c6f63616c646f6d61696e 00"
)

func TestWorkedBytes(t *testing.T) {
	for _, tt := range []struct {
		answer Answer
		want   []byte
	}{
		{Allowed, unhex("010000ac 40000144 01000024 00000000 00000000", workedHead, "0000010c 4000000c 000007d1", workedTail, "000005a5 c0000010 000028af 00000000")},
		{Prohibited, unhex("010000ac 40000144 01000024 00000000 00000000", workedHead, "0000010c 4000000c 000007d1", workedTail, "000005a5 c0000010 000028af 00000001")},
		{Tracked, unhex("010000ac 40000144 01000024 00000000 00000000", workedHead, "0000010c 4000000c 000007d1", workedTail, "000005a5 c0000010 000028af 00000002")},
		{Unknown, unhex("010000b0 40000144 01000024 00000000 00000000", workedHead, "00000129 40000020 0000010a4000000c000028af 0000012a4000000c0000152e", workedTail)},
	} {
		var got Request
		s := Server{Handler: HandlerFunc(func(r Request) Answer {
			got, got.Digits, got.Origin = r, bytes.Clone(r.Digits), bytes.Clone(r.Origin)
			return tt.answer
		})}
		p := open(t, start(t, &s))
		p.send(workedECR)
		if m := p.receive(); !bytes.Equal(m, tt.want) {
			t.Errorf("%v\n got %x\nwant %x", tt.answer, m, tt.want)
		}
		if got.IMEI != 35000000000000 || got.SVN != 1 || got.IMSI != 1010000000000 ||
			string(got.Digits) != "35000000000000" || got.Peer != "mme.localdomain" || string(got.Origin) != "mme.localdomain" {
			t.Errorf("the Handler got %+v", got)
		}
	}
}

// TestClientBytes: our client writes the worked request, its Session-Id and identifiers apart.
func TestClientBytes(t *testing.T) {
	var s Server
	c := dial(t, start(t, &s), ClientOptions{})
	got := c.AppendCheck(nil, Query{IMEI: 35000000000000, Software: "01", IMSI: 1010000000000}, 0)
	body, want := got[diameter.HeaderSize:], workedECR[diameter.HeaderSize:]
	_, body, _ = diameter.Next(body)
	_, want, _ = diameter.Next(want)
	if !bytes.Equal(body, want) || !bytes.Equal(got[4:12], workedECR[4:12]) {
		t.Errorf("\n got %x\nwant %x", body, want)
	}
}

// wire is a peer that says exactly what a test wants it to say.
type wire struct {
	t  testing.TB
	c  net.Conn
	in []byte
}

// greeting is a CER: Origin-Host, Origin-Realm, Host-IP-Address, Vendor-Id, Product-Name and the
// application.
func greeting(more ...[]byte) []byte {
	return message(diameter.Header{Flags: diameter.Request, Command: diameter.CapabilitiesExchange, HopByHop: 1, EndToEnd: 1},
		append([][]byte{
			unhex("00000108 40000017", text("mme.localdomain"), "00"),
			unhex("00000128 40000013", text("localdomain"), "00"),
			unhex("00000101 4000000e 00017f000001 0000"),
			unhex("0000010a 4000000c 00000000"),
			unhex("0000010d 0000000c", text("test")),
		}, more...)...)
}

var ourApplication = unhex("00000104 40000020 0000010a4000000c000028af 000001024000000c01000024")

// message puts a message together.
func message(h diameter.Header, avps ...[]byte) []byte {
	b := diameter.AppendHeader(nil, h)
	for _, a := range avps {
		b = append(b, a...)
	}
	diameter.Finish(b, 0)
	return b
}

// connect connects without a word.
func connect(t testing.TB, address string) *wire {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return &wire{t: t, c: c}
}

// open connects and exchanges capabilities.
func open(t testing.TB, address string) *wire {
	t.Helper()
	p := connect(t, address)
	p.send(greeting(ourApplication))
	if r := result(t, p.receive()); r != diameter.Success {
		t.Fatalf("the capabilities exchange was answered %v", r)
	}
	return p
}

func (p *wire) send(b ...[]byte) {
	p.t.Helper()
	if _, err := p.c.Write(bytes.Join(b, nil)); err != nil {
		p.t.Fatal(err)
	}
}

// receive returns the next message, nil if the server closed the connection instead.
func (p *wire) receive() []byte {
	p.t.Helper()
	for {
		m, err := diameter.Frame(p.in, 1<<20)
		if err != nil {
			p.t.Fatal(err)
		}
		if m != nil {
			p.in = p.in[len(m):]
			wellFormed(p.t, m)
			return m
		}
		b := make([]byte, 64<<10)
		n, err := p.c.Read(b)
		p.in = append(p.in, b[:n]...)
		if n == 0 && err == io.EOF {
			if len(p.in) > 0 {
				p.t.Fatalf("the connection ended within a message: %x", p.in)
			}
			return nil
		}
		if n == 0 && err != nil {
			p.t.Fatal(err)
		}
	}
}

// wellFormed checks what must hold of all that the server sends.
func wellFormed(t testing.TB, m []byte) {
	t.Helper()
	h, _ := diameter.ParseHeader(m)
	if h.Version != 1 || h.Flags&0xf != 0 {
		t.Errorf("header %+v", h)
	}
	results, first := 0, true
	for b := m[diameter.HeaderSize:]; len(b) > 0; first = false {
		a, rest, err := diameter.Next(b)
		if err != nil {
			t.Fatalf("an AVP that cannot be read, in %x", m)
		}
		switch {
		case a.Is(diameter.ResultCode, 0), a.Is(diameter.ExperimentalResult, 0):
			results++
			if v, ok := a.Uint32(); ok && (v/1000 == 3) != (h.Flags&diameter.Error != 0) {
				t.Errorf("result %d with flags %x", v, h.Flags)
			}
		case a.Is(diameter.SessionID, 0) && !first:
			t.Errorf("the Session-Id is not first, in %x", m)
		case !h.IsRequest() && (a.Is(diameter.RouteRecord, 0) || a.Is(diameter.DestinationRealm, 0)):
			t.Errorf("AVP %d in an answer", a.Code)
		}
		b = rest
	}
	if want := 1; !h.IsRequest() && results != want {
		t.Errorf("%d results, in %x", results, m)
	}
}

// result returns the Result-Code, or the code of Experimental-Result.
func result(t testing.TB, m []byte) diameter.Result {
	t.Helper()
	if m == nil {
		t.Fatal("no answer")
	}
	body := m[diameter.HeaderSize:]
	a, ok := diameter.Find(body, diameter.ResultCode, 0)
	if !ok {
		group, _ := diameter.Find(body, diameter.ExperimentalResult, 0)
		a, _ = diameter.Find(group.Data, diameter.ExperimentalResultCode, 0)
	}
	v, _ := a.Uint32()
	return diameter.Result(v)
}
