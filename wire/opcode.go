package wire

import "strconv"

// An Opcode says what a frame carries (RFC 6455, section 5.2). It is four bits
// wide: 0 to 7 are data frames, 8 to 15 are control frames.
type Opcode uint8

// The opcodes that RFC 6455, section 11.8, defines. All others are reserved:
// [Decoder] refuses them with [ErrReservedOpcode].
const (
	OpContinuation Opcode = 0x0 // a further fragment of the message that is open
	OpText         Opcode = 0x1 // the first frame of a message of UTF-8 text
	OpBinary       Opcode = 0x2 // the first frame of a message of any bytes
	OpClose        Opcode = 0x8 // the closing handshake, section 5.5.1
	OpPing         Opcode = 0x9 // section 5.5.2
	OpPong         Opcode = 0xA // section 5.5.3
)

// IsControl reports whether o is a control opcode, defined or reserved. Control
// frames carry at most [MaxControlPayload] bytes, are never fragmented and may
// stand between the fragments of a message (RFC 6455, section 5.5).
func (o Opcode) IsControl() bool { return o&0x8 != 0 }

// IsDefined reports whether RFC 6455 gives o a meaning.
func (o Opcode) IsDefined() bool {
	return o <= OpBinary || o >= OpClose && o <= OpPong
}

// String returns the name RFC 6455 uses, or "reserved 0x3" and the like.
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

// A Kind says what a [Frame] of a [Decoder] carries. The kind of a data frame is that
// of its message, in continuations too. Except for KindNone, a Kind has the value of an
// opcode, and converts to one.
type Kind uint8

// The kinds of frames. The zero Kind is KindNone.
const (
	KindNone   Kind = 0              // there is no frame
	KindText   Kind = Kind(OpText)   // all or part of a text message
	KindBinary Kind = Kind(OpBinary) // all or part of a binary message
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

// A Role is a side of a connection. It decides which frames are masked: all
// that a client sends and none that a server sends (RFC 6455, section 5.1).
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
