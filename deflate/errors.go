package deflate

import "strconv"

// An Error describes a peer's mistake: a server's answer that fails the opening handshake,
// or a compressed message that cannot be inflated. A transport should close the connection
// with status 1007 for the latter.
type Error struct {
	// Section is the section of RFC 7692 that has the rule: "7.2.2" for a message, and
	// for an answer a section such as "7.1.2.1".
	Section string

	// Offset is the number of bytes of the message that were inflated before the error.
	// It is 0 for an answer.
	Offset int64

	// Err is the cause. It is [io.ErrUnexpectedEOF] for a message that ends within a
	// block.
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
