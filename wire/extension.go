package wire

import "iter"

// A Param is one parameter of an extension (RFC 6455, section 9.1). Value is ""
// for a parameter without a value, such as server_no_context_takeover. A quoted
// value stands here without its quotes.
type Param struct{ Name, Value string }

// An ExtensionSpec is one element of a Sec-WebSocket-Extensions field: an extension with
// its parameters, in their order and with duplicates. In a response it is the
// answer to an offer.
type ExtensionSpec struct {
	Name   string
	Params []Param
}

// An Extension changes messages on their way (RFC 6455, section 9). It is a
// description that connections share: its methods may be called at the same
// time and must not change it. What belongs to one connection is a [Session].
//
// The contract stands in this package so that transports and extensions need not
// know each other, as database/sql/driver does for databases.
type Extension interface {
	// Offer appends what a client offers to dst, the most wanted first.
	Offer(dst []ExtensionSpec) []ExtensionSpec

	// Accept chooses among the offers of a client, in their order, which may
	// name other extensions too. It returns the answer and the state of the
	// connection, or false to decline them all.
	Accept(offers iter.Seq[ExtensionSpec]) (answer ExtensionSpec, s Session, ok bool)

	// Confirm takes the answer of a server to what Offer offered. An error
	// fails the connection (RFC 6455, section 4.1).
	Confirm(answer ExtensionSpec) (Session, error)
}

// A Session is the state of an extension on one connection. A transport calls
// Encode from one goroutine at a time and Decode from one; the two may run at
// the same time.
type Session interface {
	// Bits returns the reserved bits that the extension uses: rsv those it sets
	// on the first frame of a message, perFrame those on any data frame. They
	// must not change.
	Bits() (rsv, perFrame byte)

	// Encode starts a message. It returns nil if the message is to go out
	// plain, as it must if m.Plain is set, and then has changed no state.
	// Otherwise the first frame carries the bits rsv, and all of the message
	// goes through the encoder.
	Encode(m MessageInfo) MessageEncoder

	// Decode starts a message whose first frame carried the bits rsv of Bits.
	Decode(rsv byte) (MessageDecoder, error)

	// Idle is called by the reader when the connection waits for its peer: the
	// session gives back what it can do without. Encode may run at the same
	// time.
	Idle()

	// Close ends the session. No method is called after it.
	Close() error
}

// A SharedSession is a [Session] that can send the same bytes as others: for
// broadcasts, where a message is encoded once for many connections. Its methods are
// called as Encode is, by one goroutine at a time and between messages.
type SharedSession interface {
	Session

	// SharedKey returns what the shared form of a message depends on, beside its
	// payload. Sessions that return equal keys, with equal bits rsv, can send the
	// same bytes. A key is comparable, and refers to no session, because it is
	// kept for longer. There should be few: parameters, not connections. ok is
	// false for a message that has no shared form; Encode then decides.
	SharedKey(m MessageInfo) (key any, ok bool)

	// AppendShared appends a whole message to dst, in a form that refers to
	// nothing that was sent before. It changes no state: the message may go out
	// on this connection or not. src is not kept.
	AppendShared(dst, src []byte) ([]byte, error)

	// SharedSent tells that a message with the payload src goes out on this
	// connection in the shared form, so that the state that the peer shares
	// moves on. src is not kept.
	SharedSent(src []byte)
}

// MessageInfo is what a transport knows of a message before it encodes it.
type MessageInfo struct {
	Text  bool  // a text message; else binary
	Plain bool  // the sender wants no transformation
	Size  int64 // payload size in bytes; -1 if it is streamed
}

// A MessageEncoder transforms one outgoing message.
type MessageEncoder interface {
	// Append appends the form of src on the wire to dst. fin marks the last
	// piece of the message; the encoder must not be used after it. src is not
	// kept.
	Append(dst, src []byte, fin bool) ([]byte, error)
}

// A MessageDecoder transforms one incoming message back. It never blocks.
type MessageDecoder interface {
	// Append decodes from src and appends at most max bytes to dst. fin says
	// that src ends the message. It returns how much of src it took, and more
	// if there is output left that max held back: the caller calls again with
	// the rest of src. src is not kept. The limit on a message is the caller's:
	// it stops when it has seen enough.
	Append(dst, src []byte, fin bool, max int) (out []byte, consumed int, more bool, err error)

	// Release ends the message, whole or not, and gives its buffers back.
	Release()
}
