// Package model is a slow implementation of RFC 6455. It reads whole buffers, and each
// rule is next to its sentence in the RFC. The fuzz targets compare package wire
// with it.
//
// It imports only the standard library, so that a mistake in wire's tables, constants
// or helpers cannot be repeated here. The model in wire's own tests shares wire's types
// and is used with random streams. The model here also covers senders, close payloads,
// text and header fields, and returns all faults of a frame header.
//
// The model also gives the offset of a fault: the offset of the first byte with which the
// fault is certain. There are two exceptions. A length is checked at its last byte, and the
// payload of a control frame once the frame is whole.
package model

// A Rule is a rule of RFC 6455 that bytes can break, named by what is wrong.
type Rule string

// The rules, each with its section.
const (
	ReservedBits     Rule = "a reserved bit that was not negotiated" // 5.2
	ReservedOpcode   Rule = "a reserved opcode"                      // 5.2
	LengthTopBit     Rule = "a 64-bit length with its top bit set"   // 5.2
	LengthNotMinimal Rule = "a length that is not minimal"           // 5.2
	Unmasked         Rule = "a client's frame that is not masked"    // 5.1
	Masked           Rule = "a server's frame that is masked"        // 5.1
	ControlFragment  Rule = "a control frame that is a fragment"     // 5.5
	ControlTooLong   Rule = "a control frame of more than 125 bytes" // 5.5
	NothingToGoOn    Rule = "a continuation without a message"       // 5.4
	MessageOpen      Rule = "a message within a message"             // 5.4
	CloseOneByte     Rule = "a close payload of one byte"            // 5.5.1
	CloseCode        Rule = "a close code that must not be sent"     // 7.4
	AfterClose       Rule = "a frame after the close frame"          // 5.5.1
	NotUTF8          Rule = "text that is not UTF-8"                 // 8.1
	FrameTooBig      Rule = "a frame over the limit"                 // 10.4
	MessageTooBig    Rule = "a message over the limit"               // 10.4
	EmptyFragments   Rule = "empty fragments over the limit"         // 10.4
	ControlFlood     Rule = "control frames over the limit"          // 10.4
)

// Code returns the status code to close with (RFC 6455, section 7.4.1): 1007 for "data
// within a message that was not consistent with the type of the message", 1009 for "a
// message that is too big", 1008 for a flood, which only a policy forbids, and 1002 for
// "a protocol error".
func (r Rule) Code() int {
	switch r {
	case NotUTF8:
		return 1007
	case EmptyFragments, ControlFlood:
		return 1008
	case FrameTooBig, MessageTooBig:
		return 1009
	}
	return 1002
}

// A Fault is a broken rule and its offset.
type Fault struct {
	Rule Rule
	At   int64 // the offset of the byte at which the fault is certain
	// Size and Limit are set for the rules about limits.
	Size, Limit int64

	needs int64 // the number of bytes of the frame up to that byte, inclusive
}
