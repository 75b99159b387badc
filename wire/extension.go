package wire

import "iter"

// A Param is one parameter of an extension (RFC 6455, section 9.1). Value is "" for
// a parameter without a value, such as server_no_context_takeover. A quoted value is
// stored without its quotes.
type Param struct{ Name, Value string }

// An ExtensionSpec is one element of a Sec-WebSocket-Extensions field: the name of an
// extension and its parameters, in order and including duplicates. In a request it is
// an offer. In a response it is the answer to an offer.
type ExtensionSpec struct {
	Name   string
	Params []Param
}

// An Extension transforms messages between a program and the wire (RFC 6455, section
// 9). Connections share it, so its methods must be safe for concurrent use and must
// not change it. The state of one connection is a [Session].
//
// Extension and the interfaces below are the contract between a transport and an
// extension. They are in this package so that neither has to import the other, as
// in database/sql/driver. The interfaces never gain methods. Each has only the
// methods that every extension needs. What an extension may also do is an optional
// interface, which a transport finds by a type assertion on the Session: today
// [IdleSession], [SharedSession] and [io.Closer]. A Session that wraps another must
// implement the optional interfaces that it wants to pass on.
type Extension interface {
	// Offer appends the offers of a client to dst, in order of preference.
	Offer(dst []ExtensionSpec) []ExtensionSpec

	// Accept chooses among the offers of a client. They are in the client's order
	// of preference and may name other extensions too. Accept returns the answer
	// and the state of the connection, or false to decline every offer.
	Accept(offers iter.Seq[ExtensionSpec]) (answer ExtensionSpec, s Session, ok bool)

	// Confirm checks a server's answer against the offers of Offer and returns the
	// state of the connection. An error fails the connection (RFC 6455, section
	// 4.1).
	Confirm(answer ExtensionSpec) (Session, error)
}

// A Session is the state of an extension on one connection. A transport calls Encode
// from one goroutine at a time, and Decode from one goroutine at a time. Encode and
// Decode may run concurrently.
//
// If a Session also implements [io.Closer], the transport calls Close when the connection
// has ended or its handshake has failed, and no method after it.
type Session interface {
	// Bits returns the reserved bits that the extension uses: rsv on the first
	// frame of a message, perFrame on any data frame. The result must not change.
	Bits() (rsv, perFrame byte)

	// Encode begins an outgoing message. It returns nil, and changes no state, if
	// the message is to be sent untransformed, which is required if m.Plain is
	// set. Otherwise the first frame carries the bits rsv, and the transport passes
	// the whole message through the encoder.
	Encode(m MessageInfo) MessageEncoder

	// Decode begins an incoming message. rsv is the reserved bits of Bits that its
	// first frame carries.
	Decode(rsv byte) (MessageDecoder, error)
}

// An IdleSession is a [Session] that can release memory while nothing is received. It
// is optional.
type IdleSession interface {
	// Idle releases what the session can do without. The goroutine that reads calls
	// it when it has to wait for the peer. Encode may run concurrently.
	Idle()
}

// A SharedSession is a [Session] that can send the same bytes as other sessions. It
// is for broadcasts, in which a message is encoded once for many connections. It is
// optional. Its methods are called as Encode is: by one goroutine at a time, between
// messages.
type SharedSession interface {
	// SharedKey returns a comparable value that identifies everything but the
	// payload on which the shared form of a message depends. Sessions with equal
	// keys and equal bits rsv can send the same bytes. A key outlives the session
	// and must not refer to it. There should be few distinct keys: parameters, not
	// connections. ok is false if the message has no shared form. The transport
	// then calls Encode.
	SharedKey(m MessageInfo) (key any, ok bool)

	// AppendShared appends the shared form of a whole message to dst. The form
	// refers to no earlier message. AppendShared changes no state, because the
	// message might not be sent on this connection. It does not keep src.
	AppendShared(dst, src []byte) ([]byte, error)

	// SharedSent records that a message with the payload src is sent on this
	// connection in its shared form, so that the session's state follows the
	// peer's. It does not keep src.
	SharedSent(src []byte)
}

// MessageInfo describes an outgoing message before it is encoded.
type MessageInfo struct {
	Text  bool  // the message is text, not binary
	Plain bool  // the message must not be transformed
	Size  int64 // payload size in bytes; -1 if unknown
}

// A MessageEncoder transforms one outgoing message.
type MessageEncoder interface {
	// Append appends the encoded form of src to dst. fin marks the last piece of
	// the message, after which the encoder is not used. Append does not keep src.
	Append(dst, src []byte, fin bool) ([]byte, error)
}

// A MessageDecoder restores one incoming message. It never blocks.
type MessageDecoder interface {
	// Append decodes src and appends at most max bytes to dst. fin reports that
	// src ends the message. Append returns how many bytes of src it consumed, and
	// whether max kept it from appending more. In that case the caller calls Append
	// again with the rest of src. Append does not keep src. It does not limit the
	// size of a message: the caller stops when the message is too large.
	Append(dst, src []byte, fin bool, max int) (out []byte, consumed int, more bool, err error)

	// Release ends the message, complete or not, and releases its buffers.
	Release()
}
