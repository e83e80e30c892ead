package s13

import (
	"bytes"
	"slices"
	"testing"

	"github.com/openceir/openceir/diameter"
)

// The AVPs of a good request, in order; the tests of faults leave some out, change and add some.
var (
	avpSession  = unhex("00000107 4000000c", text("m;1;"))
	avpState    = unhex("00000115 4000000c 00000001")
	avpHost     = unhex("00000108 4000000c", text("mme1"))
	avpRealm    = unhex("00000128 4000000c", text("here"))
	avpToRealm  = unhex("0000011b 40000013", text("localdomain"), "00")
	avpTerminal = unhex("00000579 c0000028 000028af 0000057a c000001a 000028af", text("35000000000001"), "0000")
	avpUser     = unhex("00000001 40000017", text("001010000000000"), "00")
)

func good() [][]byte {
	return [][]byte{avpSession, ourApplication, avpState, avpHost, avpRealm, avpToRealm, avpTerminal, avpUser}
}

// without returns the AVPs of a good request without one of them.
func without(avp []byte, instead ...[]byte) [][]byte {
	all := good()
	i := slices.IndexFunc(all, func(b []byte) bool { return bytes.Equal(b, avp) })
	return slices.Replace(all, i, i+1, instead...)
}

func with(more ...[]byte) [][]byte { return append(good(), more...) }

// terminal returns a Terminal-Information with those AVPs in it.
func terminal(inside ...string) []byte {
	b, at := diameter.Open(nil, TerminalInformation, Vendor, diameter.Mandatory)
	return diameter.Close(append(b, unhex(inside...)...), at)
}

var (
	proxy1 = unhex("0000011c 40000020 00000118 4000000a", text("p1"), "0000 00000021 4000000a", text("s1"), "0000")
	proxy2 = unhex("0000011c 40000020 00000118 4000000a", text("p2"), "0000 00000021 4000000a", text("s2"), "0000")
)

const (
	plain    = diameter.Request | diameter.Proxiable
	answered = diameter.Proxiable
)

// faults is the table of every way a request can be answered other than by the Handler, and of
// what is let pass. failed is what Failed-AVP holds, in hexadecimal.
var faults = []struct {
	name   string
	flags  uint8
	cmd    uint32
	app    uint32
	avps   [][]byte
	result diameter.Result
	failed string
}{
	// What is let pass.
	{"good", plain, Command, Application, good(), 2001, ""},
	{"without P", diameter.Request, Command, Application, good(), 2001, ""},
	{"possibly repeated", plain | diameter.Retransmitted, Command, Application, good(), 2001, ""},
	{"reserved header bits", plain | 0x0f, Command, Application, good(), 2001, ""},
	{"Session-Id not first", plain, Command, Application, append(without(avpSession), avpSession), 2001, ""},
	{"without Vendor-Specific-Application-Id", plain, Command, Application, without(ourApplication), 2001, ""},
	{"without User-Name", plain, Command, Application, without(avpUser), 2001, ""},
	{"User-Name that is no IMSI", plain, Command, Application, without(avpUser, unhex("00000001 4000000c", text("a@bc"))), 2001, ""},
	{"unknown AVP without M", plain, Command, Application, with(unhex("00002328 00000008")), 2001, ""},
	{"unknown vendor's AVP without M", plain, Command, Application, with(unhex("00000107 8000000c 00000001")), 2001, ""},
	{"unknown AVP without M in the group", plain, Command, Application, without(avpTerminal, terminal("00002328 00000008 0000057a c000001a 000028af", text("35000000000001"), "0000")), 2001, ""},
	{"known AVPs that change nothing", plain, Command, Application, with(
		unhex("0000012d 4000000c 00000004"), unhex("00000116 4000000c 00000001"), unhex("00000102 4000000c 01000024"),
		unhex("0000026d 40000008"), unhex("00000274 c000000c 000028af"), unhex("0000028a 40000008")), 2001, ""},
	{"MEID beside the IMEI", plain, Command, Application, without(avpTerminal, terminal("000005bf c0000010 000028af 01020304 0000057a c000001a 000028af", text("35000000000001"), "0000")), 2001, ""},
	{"last padding of the group left out", plain, Command, Application, without(avpTerminal, unhex("00000579 c0000026 000028af 0000057a c000001a 000028af", text("35000000000001"), "0000")), 2001, ""},
	{"Destination-Host ours", plain, Command, Application, with(unhex("00000125 40000017", text("EIR.localdomain"), "00")), 2001, ""},
	{"Route-Record of others", plain, Command, Application, with(unhex("0000011a 4000000c", text("dra1"))), 2001, ""},
	{"Session-Id empty", plain, Command, Application, without(avpSession, unhex("00000107 40000008")), 2001, ""},

	// Protocol errors: RFC 6733 §7.1.3.
	{"unknown command", plain, 325, Application, good(), diameter.CommandUnsupported, ""},
	{"unknown command of the peer layer", diameter.Request, 258, diameter.Base, nil, diameter.CommandUnsupported, ""},
	{"our command of the peer layer", plain, Command, diameter.Base, good(), diameter.CommandUnsupported, ""},
	{"Destination-Host another", plain, Command, Application, with(unhex("00000125 4000000c", text("eir2"))), diameter.UnableToDeliver, ""},
	{"Destination-Realm another", plain, Command, Application, without(avpToRealm, unhex("0000011b 4000000c", text("here"))), diameter.RealmNotServed, ""},
	{"Destination-Realm another, and more wrong", plain, Command, Application, [][]byte{unhex("0000011b 4000000c", text("here")), unhex("00002328 40000008")}, diameter.RealmNotServed, ""},
	{"going round", plain, Command, Application, with(unhex("0000011a 4000000c", text("dra1")), unhex("0000011a 40000017", text("Eir.LocalDomain"), "00")), diameter.LoopDetected, ""},
	{"another application", plain, Command, 16777251, good(), diameter.ApplicationUnsupported, ""},
	{"the relay application", plain, Command, diameter.Relay, good(), diameter.ApplicationUnsupported, ""},
	{"request with E", plain | diameter.Error, Command, Application, good(), diameter.InvalidHeaderBits, ""},

	// Permanent failures: RFC 6733 §7.1.5.
	{"unknown AVP with M", plain, Command, Application, with(unhex("00002328 4000000b 010203 00")), diameter.AVPUnsupported, "00002328 4000000b 010203 00"},
	{"unknown vendor's AVP with M", plain, Command, Application, with(unhex("00000107 c000000c 00000001")), diameter.AVPUnsupported, "00000107 c000000c 00000001"},
	{"unknown 3GPP AVP with M", plain, Command, Application, with(unhex("00000580 c000000c 000028af")), diameter.AVPUnsupported, "00000580 c000000c 000028af"},
	{"IMEI without its vendor", plain, Command, Application, with(unhex("0000057a 4000000c 31313131")), diameter.AVPUnsupported, "0000057a 4000000c 31313131"},
	{"unknown AVP with M in the group", plain, Command, Application, without(avpTerminal, terminal("00002328 40000009 ff000000 0000057a c000001a 000028af", text("35000000000001"), "0000")), diameter.AVPUnsupported,
		"00000579 c0000018 000028af 00002328 40000009 ff000000"},
	{"unknown AVP with M, too long to quote", plain, Command, Application, with(diameter.AppendBytes(nil, 9000, 0, diameter.Mandatory, make([]byte, 2000))), diameter.AVPUnsupported, "00002328 40000008"},
	{"no Session-Id", plain, Command, Application, without(avpSession), diameter.MissingAVP, "00000107 40000009 00000000"},
	{"no Auth-Session-State", plain, Command, Application, without(avpState), diameter.MissingAVP, "00000115 4000000c 00000000"},
	{"no Origin-Host", plain, Command, Application, without(avpHost), diameter.MissingAVP, "00000108 40000009 00000000"},
	{"no Origin-Realm", plain, Command, Application, without(avpRealm), diameter.MissingAVP, "00000128 40000009 00000000"},
	{"no Destination-Realm", plain, Command, Application, without(avpToRealm), diameter.MissingAVP, "0000011b 40000009 00000000"},
	{"no Terminal-Information", plain, Command, Application, without(avpTerminal), diameter.MissingAVP, "00000579 c000000c 000028af"},
	{"no IMEI", plain, Command, Application, without(avpTerminal, terminal("0000057b c000000e 000028af 3031 0000")), diameter.MissingAVP,
		"00000579 c0000028 000028af 0000057a c000001a 000028af 0000000000000000000000000000 0000"},
	{"no AVP at all", plain, Command, Application, nil, diameter.MissingAVP, "00000107 40000009 00000000"},
	{"Session-Id twice", plain, Command, Application, with(avpSession), diameter.TooManyAVPs, "00000107 4000000c 6d3b313b"},
	{"Terminal-Information twice", plain, Command, Application, with(avpTerminal), diameter.TooManyAVPs,
		"00000579 c0000028 000028af 0000057a c000001a 000028af 3335303030303030303030303031 0000"},
	{"IMEI twice", plain, Command, Application, without(avpTerminal, terminal("0000057a c000000d 000028af 31000000 0000057a c000000d 000028af 32000000")), diameter.TooManyAVPs,
		"00000579 c000001c 000028af 0000057a c000000d 000028af 32000000"},
	{"Auth-Session-State 2", plain, Command, Application, without(avpState, unhex("00000115 4000000c 00000002")), diameter.InvalidAVPValue, "00000115 4000000c 00000002"},
	{"Auth-Session-State of one byte", plain, Command, Application, without(avpState, unhex("00000115 40000009 01000000")), diameter.InvalidAVPLength, "00000115 40000009 01000000"},
	{"IMEI of 13 digits", plain, Command, Application, without(avpTerminal, terminal("0000057a c0000019 000028af", text("3500000000000"), "000000")), diameter.InvalidAVPValue,
		"00000579 c0000028 000028af 0000057a c0000019 000028af 33353030303030303030303030 000000"},
	{"IMEI in TBCD", plain, Command, Application, without(avpTerminal, terminal("0000057a c0000014 000028af 53000000000010f0")), diameter.InvalidAVPValue,
		"00000579 c0000020 000028af 0000057a c0000014 000028af 53000000000010f0"},
	{"IMEI empty", plain, Command, Application, without(avpTerminal, terminal("0000057a c000000c 000028af")), diameter.InvalidAVPValue,
		"00000579 c0000018 000028af 0000057a c000000c 000028af"},
	{"AVP length zero", plain, Command, Application, with(unhex("00002328 40000000 00000000")), diameter.InvalidAVPLength, "00002328 40000008"},
	{"AVP longer than the message", plain, Command, Application, with(unhex("00000001 4000000d 31323334")), diameter.InvalidAVPLength, "00000001 40000008"},
	{"vendor bit and no room for it", plain, Command, Application, with(unhex("0000057a c0000008")), diameter.InvalidAVPLength, "0000057a 40000008"},
	{"half an AVP header", plain, Command, Application, with(unhex("0000057a")), diameter.InvalidAVPLength, "0000057a 00000008"},
	{"AVP longer than its group", plain, Command, Application, without(avpTerminal, terminal("0000057a c000001b 000028af", text("35000000000001"), "")), diameter.InvalidAVPLength,
		"00000579 c0000018 000028af 0000057a c000000c 000028af"},
}

func TestFaults(t *testing.T) {
	var s Server
	p := open(t, start(t, &s))
	for i, tt := range faults {
		t.Run(tt.name, func(t *testing.T) {
			h := diameter.Header{Flags: tt.flags, Command: tt.cmd, Application: tt.app, HopByHop: uint32(1000 + i), EndToEnd: 7}
			// Every request brings two Proxy-Infos with others between, in front of what is wrong.
			avps := tt.avps
			if tt.avps != nil {
				avps = append([][]byte{tt.avps[0], proxy1, unhex("00002329 00000008"), proxy2}, tt.avps[1:]...)
			}
			p.t = t
			p.send(message(h, avps...))
			m := p.receive()
			got, _ := diameter.ParseHeader(m)
			want := h
			want.Version, want.Length, want.Flags = 1, len(m), h.Flags&diameter.Proxiable
			if tt.result.IsProtocolError() {
				want.Flags |= diameter.Error
			}
			if got != want {
				t.Errorf("header %+v, want %+v", got, want)
			}
			if r := result(t, m); r != tt.result {
				t.Fatalf("answered %v, want %v", r, tt.result)
			}
			body := m[diameter.HeaderSize:]
			failed, _ := diameter.Find(body, diameter.FailedAVP, 0)
			if !bytes.Equal(failed.Data, unhex(tt.failed)) {
				t.Errorf("Failed-AVP\n got %x\nwant %x", failed.Data, unhex(tt.failed))
			}
			advice, _ := diameter.Find(body, diameter.ErrorMessage, 0)
			if (len(advice.Data) == 0) != (tt.result == diameter.Success) {
				t.Errorf("Error-Message %q", advice.Data)
			}
			if tt.avps != nil && !bytes.HasSuffix(m, append(bytes.Clone(proxy1), proxy2...)) {
				t.Errorf("Proxy-Info is not copied in order, at the end of %x", m)
			}
			session, has := diameter.Find(bytes.Join(avps, nil), diameter.SessionID, 0)
			if copied, ok := diameter.Find(body, diameter.SessionID, 0); ok != has || !bytes.Equal(copied.Data, session.Data) {
				t.Errorf("Session-Id %v", copied)
			}
			for _, code := range []uint32{diameter.OriginHost, diameter.OriginRealm} {
				if _, ok := diameter.Find(body, code, 0); !ok {
					t.Errorf("no AVP %d", code)
				}
			}
		})
	}
	// After all that, the connection still serves.
	p.t = t
	p.send(workedECR)
	if r := result(t, p.receive()); r != diameter.Success {
		t.Errorf("answered %v", r)
	}
}

// TestVersion: a request of another version is answered, and its body is not looked into.
func TestVersion(t *testing.T) {
	var s Server
	p := open(t, start(t, &s))
	m := bytes.Clone(workedECR)
	m[0] = 2
	p.send(m, workedECR)
	a := p.receive()
	if r := result(t, a); r != diameter.UnsupportedVersion {
		t.Errorf("answered %v", r)
	}
	if _, ok := diameter.Find(a[diameter.HeaderSize:], diameter.SessionID, 0); ok {
		t.Error("the body was looked into")
	}
	if r := result(t, p.receive()); r != diameter.Success {
		t.Errorf("the next was answered %v", r)
	}
}

// TestWrongLength: what cannot be framed is answered, after what came before it, and costs the
// peer its connection.
func TestWrongLength(t *testing.T) {
	for _, tt := range []struct {
		name   string
		header string
		answer bool
	}{
		{"zero", "01000000 c0000144 01000024 00000007 00000008", true},
		{"below the header", "01000010 c0000144 01000024 00000007 00000008", true},
		{"not a multiple of four", "010000f5 c0000144 01000024 00000007 00000008", true},
		{"above the limit", "01001004 c0000144 01000024 00000007 00000008", true},
		{"the largest number", "01ffffff c0000144 01000024 00000007 00000008", true},
		{"of an answer", "01000000 40000144 01000024 00000007 00000008", false},
		{"of another protocol", text("GET / HTTP/1.1\r\nHost: eir\r\n\r\n"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s Server
			address := start(t, &s)
			p := open(t, address)
			p.send(workedECR, unhex(tt.header), make([]byte, 100_000))
			if r := result(t, p.receive()); r != diameter.Success {
				t.Errorf("the request before was answered %v", r)
			}
			if tt.answer {
				m := p.receive()
				h, _ := diameter.ParseHeader(m)
				if r := result(t, m); r != diameter.InvalidMessageLength || h.HopByHop != 7 || h.EndToEnd != 8 {
					t.Errorf("answered %v, %+v", r, h)
				}
			}
			if m := p.receive(); m != nil {
				t.Errorf("the connection goes on: %x", m)
			}
			if n := s.Stats.Broken.Load(); n != 1 {
				t.Errorf("%d counted", n)
			}
			again := open(t, address)
			again.send(workedECR)
			if r := result(t, again.receive()); r != diameter.Success {
				t.Errorf("the next connection was answered %v", r)
			}
		})
	}
}

// TestManyAVPs: the fullest message of the smallest AVPs, and the deepest group.
func TestManyAVPs(t *testing.T) {
	var s Server
	p := open(t, start(t, &s))
	h := diameter.Header{Flags: plain, Command: Command, Application: Application}
	room := maxMessage - len(message(h, good()...))
	p.send(message(h, with(bytes.Repeat(unhex("00002328 00000008"), room/8))...))
	if r := result(t, p.receive()); r != diameter.Success {
		t.Errorf("many AVPs: %v", r)
	}
	p.send(message(h, with(bytes.Repeat(proxy1, room/32))...))
	if m := p.receive(); bytes.Count(m, proxy1) != room/32 {
		t.Errorf("%d of %d Proxy-Infos", bytes.Count(m, proxy1), room/32)
	}
	var nested []byte
	for len(nested) < room-100 {
		nested = terminalOf(nested)
	}
	p.send(message(h, without(avpTerminal, nested)...))
	if r := result(t, p.receive()); r != diameter.AVPUnsupported {
		t.Errorf("nested groups: %v", r)
	}
}

func terminalOf(inside []byte) []byte {
	return diameter.AppendBytes(nil, TerminalInformation, Vendor, diameter.Mandatory, inside)
}
