// Package wiretest provides streams of WebSocket frames, valid and invalid, each with the
// result that a decoder must return for it. The streams test package wire and seed its fuzz
// targets. They can be sent to any peer: a peer that receives a stream with a violation must
// close the connection with the status code of that violation.
//
// The package makes the bytes with its own simple encoder, not with the encoder of package
// wire, so that it can find errors in that encoder.
package wiretest

import (
	"encoding/binary"

	"github.com/hawser-ws/hawser/wire"
)

// A Stream contains the bytes that a peer sends after the opening handshake, and the result
// that a decoder must return for them, in whatever pieces it reads them.
type Stream struct {
	// Name describes the stream and the role that reads it, such as
	// "length/top bit/server". It is unique and suitable for testing.T.Run.
	Name string

	// Decoder is the configuration of the decoder that reads the stream. Copy it for
	// each reading: a Decoder must not be copied after its first use.
	Decoder wire.Decoder

	// Bytes is the stream. It may end within a frame.
	Bytes []byte

	// Frames are the frames before the violation or the end of Bytes.
	Frames []Frame

	// Closed is set if the last of Frames is a close frame. The decoder must ignore the
	// bytes after that frame and return io.EOF.
	Closed bool

	// Violation is the rule that the stream breaks, or 0. Offset, Size and Limit are
	// those of the wire.Error that the decoder must return.
	Violation   wire.Violation
	Offset      int64
	Size, Limit int64
}

// A Frame is a frame of a Stream, as a decoder must return it.
type Frame struct {
	Header  wire.Header
	Kind    wire.Kind // as in wire.Frame
	Payload []byte    // unmasked, up to the violation or the end of the stream
}

// Whole reports whether Payload is the whole payload of the frame.
func (f Frame) Whole() bool { return int64(len(f.Payload)) == f.Header.Length }

// Streams returns all streams, in a fixed order. Each call makes new streams, with about 800 KB
// in total.
func Streams() []Stream {
	var all []Stream
	for _, rows := range [][]row{
		frameRows(), reservedRows(), fragmentRows(),
		limitRows(), floodRows(), textRows(), closeRows(),
	} {
		for _, r := range rows {
			all = append(all, r.stream(wire.Server), r.stream(wire.Client))
		}
	}
	return all
}

// A row describes a stream for both roles: masked for a server to read, and unmasked for a
// client.
type row struct {
	name   string
	config wire.Decoder
	frames []frame
	rest   string // bytes after the last frame
	fault  fault
}

// A frame describes a frame, which may be invalid.
type frame struct {
	first        byte   // FIN, RSV and opcode
	payload      string // unmasked
	missing      uint64 // payload bytes that are announced but missing
	lengthBytes  int    // bytes of extended length: 0 for the shortest form, 2 or 8
	wrongMasking bool   // masking is the opposite of what the role requires
}

// The first bytes of frames, to be or'ed.
const (
	fin  = 0x80
	rsv1 = 0x40
	rsv2 = 0x20
	rsv3 = 0x10

	cont    = byte(wire.OpContinuation)
	text    = byte(wire.OpText)
	bin     = byte(wire.OpBinary)
	closing = byte(wire.OpClose)
	ping    = byte(wire.OpPing)
	pong    = byte(wire.OpPong)
)

// A fault says where a stream breaks a rule. The zero fault means that no rule is broken.
type fault struct {
	rule      wire.Violation
	frame     int  // index of the frame
	at        int  // offset in its header or payload, or lastOfLength
	inPayload bool // at is in the payload

	size, limit int64
}

const lastOfLength = -1

// wrongMask means ErrUnmasked for a server and ErrMasked for a client.
const wrongMask wire.Violation = 0xff

func inHeader(rule wire.Violation, frame, at int) fault {
	return fault{rule: rule, frame: frame, at: at}
}

func inLength(rule wire.Violation, frame int) fault {
	return fault{rule: rule, frame: frame, at: lastOfLength}
}

func inPayload(rule wire.Violation, frame, at int) fault {
	return fault{rule: rule, frame: frame, at: at, inPayload: true}
}

func overLimit(rule wire.Violation, frame int, size, limit int64) fault {
	return fault{rule: rule, frame: frame, at: lastOfLength, size: size, limit: limit}
}

// violation returns the rule that is broken when role reads the stream.
func (ft fault) violation(role wire.Role) wire.Violation {
	switch {
	case ft.rule != wrongMask:
		return ft.rule
	case role == wire.Server:
		return wire.ErrUnmasked
	}
	return wire.ErrMasked
}

// stream returns the stream that role reads.
func (r row) stream(role wire.Role) Stream {
	s := Stream{Name: r.name + "/" + role.String(), Decoder: r.config}
	s.Decoder.Role = role
	var message wire.Opcode
	for i, f := range r.frames {
		start := len(s.Bytes)
		key := [4]byte{0x37, 0xfa, 0x21, byte(i)}
		h := f.header(role, key)
		s.Bytes = f.append(s.Bytes, h)
		faulty := r.fault.rule != 0 && r.fault.frame == i
		if faulty {
			s.Violation, s.Size, s.Limit = r.fault.violation(role), r.fault.size, r.fault.limit
			s.Offset = int64(start + r.fault.position(f, h))
		}
		if s.Closed || s.Violation != 0 && !faulty {
			continue
		}
		kind := wire.Kind(h.Opcode)
		if !h.Opcode.IsControl() {
			if h.Opcode != wire.OpContinuation {
				message = h.Opcode
			}
			kind = wire.Kind(message)
		}
		payload := f.payload
		switch {
		case faulty && (!r.fault.inPayload || h.Opcode.IsControl()):
			continue
		case faulty:
			payload = payload[:r.fault.at]
		case f.missing > 0 && (payload == "" || h.Opcode.IsControl()):
			continue
		}
		s.Frames = append(s.Frames, Frame{Header: h, Kind: kind, Payload: []byte(payload)})
		s.Closed = h.Opcode == wire.OpClose
	}
	s.Bytes = append(s.Bytes, r.rest...)
	return s
}

// header returns the header that a decoder must return for f.
func (f frame) header(role wire.Role, key [4]byte) wire.Header {
	h := wire.Header{
		Fin:    f.first&fin != 0,
		RSV:    f.first >> 4 & 7,
		Opcode: wire.Opcode(f.first & 15),
		Masked: (role == wire.Server) != f.wrongMasking,
		Length: int64(uint64(len(f.payload)) + f.missing),
	}
	if h.Masked {
		h.Key = key
	}
	return h
}

// extended returns the number of bytes of the extended length of f.
func (f frame) extended() int {
	switch n := uint64(len(f.payload)) + f.missing; {
	case f.lengthBytes != 0:
		return f.lengthBytes
	case n > 65535:
		return 8
	case n > 125:
		return 2
	}
	return 0
}

// append appends f, whose header is h, to b.
func (f frame) append(b []byte, h wire.Header) []byte {
	n := uint64(len(f.payload)) + f.missing
	second := byte(0)
	if h.Masked {
		second = 0x80
	}
	switch f.extended() {
	case 0:
		b = append(b, f.first, second|byte(n))
	case 2:
		b = append(b, f.first, second|126)
		b = binary.BigEndian.AppendUint16(b, uint16(n))
	case 8:
		b = append(b, f.first, second|127)
		b = binary.BigEndian.AppendUint64(b, n)
	}
	if !h.Masked {
		return append(b, f.payload...)
	}
	b = append(b, h.Key[:]...)
	for i := range len(f.payload) {
		b = append(b, f.payload[i]^h.Key[i%4])
	}
	return b
}

// position returns the offset in f at which ft is detected.
func (ft fault) position(f frame, h wire.Header) int {
	length := 2 + f.extended()
	switch {
	case ft.inPayload && h.Masked:
		return length + 4 + ft.at
	case ft.inPayload:
		return length + ft.at
	case ft.at == lastOfLength:
		return length - 1
	}
	return ft.at
}
