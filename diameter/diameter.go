// Package diameter reads and writes messages of the Diameter base protocol (RFC 6733): the
// twenty-byte header, attribute-value pairs (AVPs) and groups of them. It knows no application;
// diameter/s13 is the one that is built on it.
//
// A message is read where it lies. Frame finds the next whole message in a buffer, ParseHeader
// reads its head, and Next walks its AVPs one by one; all return slices of the buffer they were
// given, allocate nothing and take time linear in what they read. Every length is checked
// against the bytes that are there before it is used, so that no input makes them panic or read
// beyond its end. Nothing here recurses: a caller that knows an AVP to be a group walks its Data
// with another loop, and a group that nobody knows is never opened.
//
// A message is written by appending: AppendHeader, then the Append functions for AVPs, with
// Open and Close round a group, and Finish at the end to fill in the length.
package diameter

import (
	"encoding/binary"
	"errors"
)

// HeaderSize is the length of a message header in bytes (RFC 6733 §3).
const HeaderSize = 20

// Version is the only version of the protocol there is (RFC 6733 §3).
const Version = 1

// Command flags (RFC 6733 §3). The four low bits are reserved and ignored.
const (
	Request       = 0x80 // R: a request, else an answer
	Proxiable     = 0x40 // P: may be proxied, relayed or redirected
	Error         = 0x20 // E: an answer that reports a protocol error
	Retransmitted = 0x10 // T: possibly sent before, after a failover
)

// ErrMessageLength says that a header names a length that no message can have: below that of
// the header, not a multiple of four, or above the limit of the reader. Where the next message
// begins can no longer be told, so the connection is of no further use.
var ErrMessageLength = errors.New("the message length is not a multiple of 4 within the limits")

// Header is the head of a message (RFC 6733 §3).
type Header struct {
	Version     uint8
	Flags       uint8
	Length      int // of the whole message, in bytes
	Command     uint32
	Application uint32
	HopByHop    uint32 // matches an answer to its request on one connection
	EndToEnd    uint32 // tells duplicates from new requests, end to end
}

// IsRequest reports whether the R bit is set.
func (h Header) IsRequest() bool { return h.Flags&Request != 0 }

// ParseHeader reads a header. It reports false if b is shorter than one; it judges nothing else.
func ParseHeader(b []byte) (Header, bool) {
	if len(b) < HeaderSize {
		return Header{}, false
	}
	first, second := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	return Header{
		Version:     uint8(first >> 24),
		Length:      int(first & 0xffffff),
		Flags:       uint8(second >> 24),
		Command:     second & 0xffffff,
		Application: binary.BigEndian.Uint32(b[8:]),
		HopByHop:    binary.BigEndian.Uint32(b[12:]),
		EndToEnd:    binary.BigEndian.Uint32(b[16:]),
	}, true
}

// Frame returns the message at the head of b, or nil if more bytes are needed. The length is
// judged as soon as the whole header is there, never above max: a peer cannot make its reader
// wait for, or keep, more than that.
func Frame(b []byte, max int) ([]byte, error) {
	if len(b) < HeaderSize {
		return nil, nil
	}
	n := int(binary.BigEndian.Uint32(b) & 0xffffff)
	if n < HeaderSize || n%4 != 0 || n > max {
		return nil, ErrMessageLength
	}
	if n > len(b) {
		return nil, nil
	}
	return b[:n:n], nil
}

// AppendHeader appends a header whose length is yet to be filled in by Finish. Version and
// Length of h are not used.
func AppendHeader(b []byte, h Header) []byte {
	b = binary.BigEndian.AppendUint32(b, Version<<24)
	b = binary.BigEndian.AppendUint32(b, uint32(h.Flags)<<24|h.Command&0xffffff)
	b = binary.BigEndian.AppendUint32(b, h.Application)
	b = binary.BigEndian.AppendUint32(b, h.HopByHop)
	return binary.BigEndian.AppendUint32(b, h.EndToEnd)
}

// Finish fills in the length of the message that begins at b[start] and ends where b ends. It
// panics if that is more than a header can say (16 MiB), which is a mistake of the caller.
func Finish(b []byte, start int) {
	putLength(b[start:], len(b)-start)
}

// putLength writes the 24-bit length that follows the first byte of b.
func putLength(b []byte, n int) {
	if n > 0xffffff {
		panic("diameter: a length does not fit 24 bits")
	}
	b[1], b[2], b[3] = byte(n>>16), byte(n>>8), byte(n)
}
