package wire

import "strconv"

// A Violation is a rule that was broken, either by bytes from a peer or by a frame that the
// program tried to send. Each Violation is an error, and every [Error] wraps exactly one, so
//
//	errors.Is(err, wire.ErrInvalidUTF8)
//
// reports whether that rule was broken. The constants below are the only Violations.
type Violation uint8

// The rules, each with its section of RFC 6455 in parentheses.
const (
	ErrReservedBits           Violation = iota + 1 // reserved bit that no extension negotiated (5.2)
	ErrReservedOpcode                              // opcode 3 to 7 or 11 to 15 (5.2)
	ErrLengthTopBit                                // 64-bit length with its most significant bit set (5.2)
	ErrLengthNotMinimal                            // length in more bytes than it needs (5.2)
	ErrUnmasked                                    // unmasked frame from a client (5.1)
	ErrMasked                                      // masked frame from a server (5.1)
	ErrControlFragmented                           // control frame without FIN (5.5)
	ErrControlTooLong                              // control frame with more than 125 bytes (5.5)
	ErrUnexpectedContinuation                      // continuation outside a message (5.4)
	ErrUnfinishedMessage                           // new message before the last one ended (5.4)
	ErrClosePayload                                // close frame with a payload of one byte (5.5.1)
	ErrCloseCode                                   // close code that must not be sent (7.4)
	ErrFrameAfterClose                             // frame after the close frame (5.5.1)
	ErrInvalidUTF8                                 // text or close reason that is not UTF-8 (8.1)
	ErrFrameTooBig                                 // frame larger than MaxFrame (10.4)
	ErrMessageTooBig                               // message larger than MaxMessage (10.4)
	ErrEmptyFragments                              // more than MaxEmptyFragments empty frames in a row (10.4)
	ErrControlFlood                                // more than MaxControls control frames in a row (10.4)
	ErrFieldSyntax                                 // Sec-WebSocket-Extensions field with invalid syntax (9.1)
)

// rules has the status code, the section and the text of each Violation. The texts are
// close reasons: peers see them.
var rules = [...]struct {
	code    StatusCode
	section string
	text    string
}{
	ErrReservedBits:           {StatusProtocolError, "5.2", "reserved bit set that no extension negotiated"},
	ErrReservedOpcode:         {StatusProtocolError, "5.2", "reserved opcode"},
	ErrLengthTopBit:           {StatusProtocolError, "5.2", "64-bit length with its top bit set"},
	ErrLengthNotMinimal:       {StatusProtocolError, "5.2", "length not in its shortest form"},
	ErrUnmasked:               {StatusProtocolError, "5.1", "frame from a client is not masked"},
	ErrMasked:                 {StatusProtocolError, "5.1", "frame from a server is masked"},
	ErrControlFragmented:      {StatusProtocolError, "5.5", "fragmented control frame"},
	ErrControlTooLong:         {StatusProtocolError, "5.5", "control frame over 125 bytes"},
	ErrUnexpectedContinuation: {StatusProtocolError, "5.4", "continuation without a message to continue"},
	ErrUnfinishedMessage:      {StatusProtocolError, "5.4", "new message before the last one ended"},
	ErrClosePayload:           {StatusProtocolError, "5.5.1", "close frame with a payload of one byte"},
	ErrCloseCode:              {StatusProtocolError, "7.4", "close code that must not be sent"},
	ErrFrameAfterClose:        {StatusProtocolError, "5.5.1", "frame after the close frame"},
	ErrInvalidUTF8:            {StatusInvalidPayload, "8.1", "invalid UTF-8"},
	ErrFrameTooBig:            {StatusMessageTooBig, "10.4", "frame over MaxFrame"},
	ErrMessageTooBig:          {StatusMessageTooBig, "10.4", "message over MaxMessage"},
	ErrEmptyFragments: {StatusPolicyViolation, "10.4",
		"too many empty fragments in a row (MaxEmptyFragments)"},
	ErrControlFlood: {StatusPolicyViolation, "10.4", "too many control frames (MaxControls)"},
	ErrFieldSyntax:  {StatusProtocolError, "9.1", "header field does not follow its grammar"},
}

// Code returns the status code with which to close a connection whose peer broke v.
func (v Violation) Code() StatusCode {
	if int(v) < len(rules) {
		return rules[v].code
	}
	return 0
}

// Section returns the section of RFC 6455 that has the rule, such as "5.2".
func (v Violation) Section() string {
	if int(v) < len(rules) {
		return rules[v].section
	}
	return ""
}

// Error returns the rule in words.
func (v Violation) Error() string {
	if int(v) < len(rules) && rules[v].text != "" {
		return rules[v].text
	}
	return "violation " + strconv.Itoa(int(v))
}

// An Error describes input that breaks a rule. A truncated header breaks no rule:
// [ConsumeHeader] returns [io.ErrUnexpectedEOF] for it.
type Error struct {
	// Violation is the rule that was broken.
	Violation Violation

	// Offset is the number of bytes before the one that broke the rule: bytes of the
	// stream for Decoder and Encoder, and bytes of the argument for functions. A
	// length that breaks a rule is reported at its last byte. An Encoder refuses a
	// frame at its first byte.
	Offset int64

	// Size is the size or count that exceeds Limit, in bytes or frames. Both are 0
	// unless the rule is a limit.
	Size, Limit int64
}

// Code returns the status code with which to close the connection.
func (e *Error) Code() StatusCode { return e.Violation.Code() }

// Reason returns a close reason of at most 123 bytes ([MaxCloseReason]): the rule and, if
// it is a limit, the size and the limit.
func (e *Error) Reason() string {
	s := e.Violation.Error()
	if e.Limit != 0 {
		s += ": " + strconv.FormatInt(e.Size, 10) + " > " + strconv.FormatInt(e.Limit, 10)
	}
	return s
}

// Error returns the offset, the reason and the section of RFC 6455.
func (e *Error) Error() string {
	return "wire: byte " + strconv.FormatInt(e.Offset, 10) + ": " + e.Reason() +
		" (RFC 6455, section " + e.Violation.Section() + ")"
}

// Unwrap returns the [Violation].
func (e *Error) Unwrap() error { return e.Violation }
