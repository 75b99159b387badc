// Package wiretest holds streams of WebSocket frames, good and bad, each with
// what a decoder must make of it. They test package wire, seed its fuzz targets
// and can be sent to any peer: a stream with a violation must end the connection
// with the code of that violation.
//
// The bytes are made by a plain encoder of this package's own and by no code of
// package wire, so that the two can disagree.
package wiretest

import (
	"encoding/binary"

	"github.com/hawser-ws/hawser/wire"
)

// A Stream is what a peer sends from the first byte after the handshake, and what
// a decoder must make of it however it is cut.
type Stream struct {
	// Name says what the stream is about and for which role: "length/top
	// bit/server". It is unique and is fit for testing.T.Run.
	Name string

	// Decoder is the configuration of the decoder that reads. Copy it for each
	// reading: a Decoder must not be copied after its first use.
	Decoder wire.Decoder

	// Bytes is the stream. It may end within a frame.
	Bytes []byte

	// Frames are the frames that arrive before the end of Bytes or the fault.
	Frames []Frame

	// Closed is set if a close frame is among Frames. What follows it in Bytes
	// is to be ignored, and the decoder is to return io.EOF.
	Closed bool

	// Violation is the rule that the stream breaks, or 0. Offset is the byte of
	// the stream at which that shows; Size and Limit are those of wire.Error.
	Violation   wire.Violation
	Offset      int64
	Size, Limit int64
}

// A Frame is a frame of a Stream as it is to arrive.
type Frame struct {
	Header  wire.Header
	Kind    wire.Kind // as in wire.Frame
	Payload []byte    // unmasked; as far as it arrives
}

// Whole reports whether all of the frame arrives.
func (f Frame) Whole() bool { return int64(len(f.Payload)) == f.Header.Length }

// Streams returns all streams, in a fixed order. They are made anew at each call
// and take about 1 MiB.
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

// A row is a stream before its role is known: each is made for both, masked for
// a server to read and unmasked for a client.
type row struct {
	name   string
	config wire.Decoder
	frames []frame
	tail   string // bytes after the last frame
	fault  fault
}

// A frame is written as it says, whether that is right or wrong.
type frame struct {
	first   byte   // FIN, RSV and opcode
	payload string // unmasked
	more    uint64 // payload bytes that are announced and do not come
	form    int    // bytes of extended length: 0 for the shortest form, 2 or 8
	flip    bool   // masked where it must not be, or not where it must
}

// The first bytes of frames, to be or'ed.
const (
	fin  = 0x80
	rsv1 = 0x40
	rsv2 = 0x20
	rsv3 = 0x10

	cont = byte(wire.OpContinuation)
	text = byte(wire.OpText)
	bin  = byte(wire.OpBinary)
	clse = byte(wire.OpClose)
	ping = byte(wire.OpPing)
	pong = byte(wire.OpPong)
)

// A fault is where a stream breaks a rule; the zero fault is none.
type fault struct {
	rule  wire.Violation
	frame int // index of the frame
	at    int // byte of its header, lastOfLength, or of its payload
	body  bool

	size, limit int64
}

const lastOfLength = -1

// wrongMask stands for ErrUnmasked or ErrMasked, as the role has it.
const wrongMask wire.Violation = 0xff

func inHeader(rule wire.Violation, frame, at int) fault {
	return fault{rule: rule, frame: frame, at: at}
}

func inLength(rule wire.Violation, frame int) fault {
	return fault{rule: rule, frame: frame, at: lastOfLength}
}

func inPayload(rule wire.Violation, frame, at int) fault {
	return fault{rule: rule, frame: frame, at: at, body: true}
}

func overLimit(rule wire.Violation, frame int, size, limit int64) fault {
	return fault{rule: rule, frame: frame, at: lastOfLength, size: size, limit: limit}
}

// violation is the rule as the role that reads sees it.
func (ft fault) violation(role wire.Role) wire.Violation {
	switch {
	case ft.rule != wrongMask:
		return ft.rule
	case role == wire.Server:
		return wire.ErrUnmasked
	}
	return wire.ErrMasked
}

// stream makes the stream that role reads.
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
		of := h.Opcode
		if !h.Opcode.IsControl() {
			if h.Opcode != wire.OpContinuation {
				message = h.Opcode
			}
			of = message
		}
		payload := f.payload
		switch {
		case faulty && (!r.fault.body || h.Opcode.IsControl()):
			continue
		case faulty:
			payload = payload[:r.fault.at]
		case f.more > 0 && (payload == "" || h.Opcode.IsControl()):
			continue
		}
		s.Frames = append(s.Frames, Frame{Header: h, Kind: wire.Kind(of), Payload: []byte(payload)})
		s.Closed = h.Opcode == wire.OpClose
	}
	s.Bytes = append(s.Bytes, r.tail...)
	return s
}

// header is what a decoder is to see of f.
func (f frame) header(role wire.Role, key [4]byte) wire.Header {
	h := wire.Header{
		Fin:    f.first&fin != 0,
		RSV:    f.first >> 4 & 7,
		Opcode: wire.Opcode(f.first & 15),
		Masked: (role == wire.Server) != f.flip,
		Length: int64(uint64(len(f.payload)) + f.more),
	}
	if h.Masked {
		h.Key = key
	}
	return h
}

// extended is how many bytes of extended length f has.
func (f frame) extended() int {
	switch n := uint64(len(f.payload)) + f.more; {
	case f.form != 0:
		return f.form
	case n > 65535:
		return 8
	case n > 125:
		return 2
	}
	return 0
}

func (f frame) append(b []byte, h wire.Header) []byte {
	n := uint64(len(f.payload)) + f.more
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

// position is where ft shows, in bytes from the start of f.
func (ft fault) position(f frame, h wire.Header) int {
	length := 2 + f.extended()
	switch {
	case ft.body && h.Masked:
		return length + 4 + ft.at
	case ft.body:
		return length + ft.at
	case ft.at == lastOfLength:
		return length - 1
	}
	return ft.at
}
