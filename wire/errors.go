package wire

import "strconv"

// A Violation names a rule that the bytes of a peer, or the frames that we were
// asked to send, have broken. Each is an error to compare with: every [Error]
// wraps exactly one, so
//
//	errors.Is(err, wire.ErrInvalidUTF8)
//
// asks which rule it was. The constants below are all there are.
type Violation uint8

// The rules, each with the section it comes from.
const (
	ErrReservedBits           Violation = iota + 1 // RSV bit that no extension negotiated: RFC 6455, section 5.2
	ErrReservedOpcode                              // opcode 3 to 7 or 11 to 15: section 5.2
	ErrLengthTopBit                                // 64-bit length with its most significant bit set: section 5.2
	ErrLengthNotMinimal                            // length in more bytes than it needs: section 5.2
	ErrUnmasked                                    // frame from a client that is not masked: section 5.1
	ErrMasked                                      // frame from a server that is masked: section 5.1
	ErrControlFragmented                           // control frame without FIN: section 5.5
	ErrControlTooLong                              // control frame of more than 125 bytes: section 5.5
	ErrUnexpectedContinuation                      // continuation with no message open: section 5.4
	ErrUnfinishedMessage                           // text or binary frame while a message is open: section 5.4
	ErrClosePayload                                // close frame with a payload of one byte: section 5.5.1
	ErrCloseCode                                   // close code that must not be sent: section 7.4
	ErrFrameAfterClose                             // frame after the close frame: section 5.5.1
	ErrInvalidUTF8                                 // text or close reason that is not UTF-8: section 8.1
	ErrFrameTooBig                                 // frame over MaxFrame: section 10.4
	ErrMessageTooBig                               // message over MaxMessage: section 10.4
	ErrEmptyFragments                              // more than MaxEmptyFragments in a row: section 10.4
	ErrControlFlood                                // more control frames than MaxControls allows: section 10.4
	ErrFieldSyntax                                 // Sec-WebSocket header field against its grammar: section 9.1
)

// rules is the one table of what a violation means.
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
	ErrEmptyFragments:         {StatusPolicyViolation, "10.4", "too many empty fragments in a row (MaxEmptyFragments)"},
	ErrControlFlood:           {StatusPolicyViolation, "10.4", "too many control frames (MaxControls)"},
	ErrFieldSyntax:            {StatusProtocolError, "9.1", "header field does not follow its grammar"},
}

// Code returns the status code to close a connection with that broke v.
func (v Violation) Code() StatusCode {
	if int(v) < len(rules) {
		return rules[v].code
	}
	return 0
}

// Section returns the section of RFC 6455 that holds the rule: "5.2".
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

// An Error is what this package returns for input that breaks a rule. Truncated
// input is no violation: it is [io.ErrUnexpectedEOF].
type Error struct {
	// Violation is the rule that was broken.
	Violation Violation

	// Offset counts the bytes before the one at which the rule was seen to be
	// broken: bytes of the stream for Decoder and Encoder, of the argument for
	// the pure functions. The length of a frame is judged at its last byte.
	Offset int64

	// Size and Limit, in bytes or frames, are set for the violations of a limit
	// and are 0 otherwise.
	Size, Limit int64
}

// Code returns the status code to close the connection with.
func (e *Error) Code() StatusCode { return e.Violation.Code() }

// Reason returns a close reason of at most 123 bytes of UTF-8: the rule and,
// for a limit, both sizes.
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
