package wire

import "strconv"

// An Opcode is the type of a frame (RFC 6455, section 5.2). It has four bits: 0 to 7 are
// data frames, and 8 to 15 are control frames.
type Opcode uint8

// The opcodes that RFC 6455, section 11.8, defines. All others are reserved, and
// [Decoder] refuses them with [ErrReservedOpcode].
const (
	OpContinuation Opcode = 0x0 // a later fragment of a message
	OpText         Opcode = 0x1 // the first frame of a text message, which is UTF-8
	OpBinary       Opcode = 0x2 // the first frame of a binary message
	OpClose        Opcode = 0x8 // a close frame (section 5.5.1)
	OpPing         Opcode = 0x9 // a ping (section 5.5.2)
	OpPong         Opcode = 0xA // a pong (section 5.5.3)
)

// IsControl reports whether o is a control opcode, defined or reserved. Control frames
// have a payload of at most [MaxControlPayload] bytes, are never fragmented, and may be
// sent between the fragments of a message (RFC 6455, section 5.5).
func (o Opcode) IsControl() bool { return o&0x8 != 0 }

// IsDefined reports whether RFC 6455 defines o.
func (o Opcode) IsDefined() bool {
	return o <= OpBinary || o >= OpClose && o <= OpPong
}

// String returns the name that RFC 6455 uses, or a string such as "reserved 0x3".
func (o Opcode) String() string {
	switch o {
	case OpContinuation:
		return "continuation"
	case OpText:
		return "text"
	case OpBinary:
		return "binary"
	case OpClose:
		return "close"
	case OpPing:
		return "ping"
	case OpPong:
		return "pong"
	}
	return "reserved 0x" + strconv.FormatUint(uint64(o), 16)
}

// A Kind says whether a [Frame] belongs to a text message, a binary message or a control
// frame. A continuation has the Kind of its message. Except for KindNone, a Kind has the
// value of an [Opcode] and converts to one.
type Kind uint8

// The kinds of frames. The zero Kind is KindNone.
const (
	KindNone   Kind = 0              // no frame
	KindText   Kind = Kind(OpText)   // a text message, or part of one
	KindBinary Kind = Kind(OpBinary) // a binary message, or part of one
	KindClose  Kind = Kind(OpClose)  // a close frame
	KindPing   Kind = Kind(OpPing)   // a ping
	KindPong   Kind = Kind(OpPong)   // a pong
)

// String returns "text", "binary", "close", "ping", "pong" or "none".
func (k Kind) String() string {
	if k == KindNone {
		return "none"
	}
	return Opcode(k).String()
}

// A Role is a side of a connection. It decides masking: a client masks every frame that it
// sends, and a server masks none (RFC 6455, section 5.1).
type Role uint8

// The two sides. The zero Role is [Server].
const (
	Server Role = iota
	Client
)

// String returns "server" or "client".
func (r Role) String() string {
	if r == Client {
		return "client"
	}
	return "server"
}
