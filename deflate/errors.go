package deflate

import "strconv"

// An Error is what a peer got wrong: a server's answer that fails the handshake,
// or a compressed message that cannot be inflated, for which a transport closes
// with status 1007.
type Error struct {
	// Section is where RFC 7692 has the rule: "7.2.2" for a message, "7" or
	// "7.1.2.1", say, for an answer.
	Section string

	// Offset counts the bytes of the message that were inflated before the fault.
	// It is 0 for an answer.
	Offset int64

	// Err is the cause. For a message that ends within a block it is
	// [io.ErrUnexpectedEOF].
	Err error
}

// Error returns the cause, the offset and the section.
func (e *Error) Error() string {
	s := "deflate: " + e.Err.Error()
	if e.Section == inflateSection {
		s += " after " + strconv.FormatInt(e.Offset, 10) + " inflated bytes"
	}
	return s + " (RFC 7692, section " + e.Section + ")"
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
