package wire

import "iter"

// A Param is a parameter of an extension (RFC 6455, section 9.1). Value is "" for a
// parameter without a value, such as server_no_context_takeover. A quoted value is stored
// without its quotes.
type Param struct{ Name, Value string }

// An ExtensionSpec is an element of a Sec-WebSocket-Extensions field: the name of an
// extension and its parameters, in order and including duplicates. In a request it is an
// offer. In a response it is the answer to an offer.
type ExtensionSpec struct {
	Name   string
	Params []Param
}

// An Extension transforms messages between a program and the wire (RFC 6455, section 9).
// Connections share it, so its methods must be safe for concurrent use and must not change
// it. The state of one connection is a [Session].
//
// Extension and the interfaces below are the contract between a transport and an
// extension. As in database/sql/driver, they are in this package so that neither has to
// import the other. The interfaces never gain methods. Each has only the methods that
// every extension needs. Additional features are optional interfaces, which a transport
// finds by a type assertion on the Session: [IdleSession], [SharedSession] and
// [io.Closer]. A Session that wraps another must itself implement the optional interfaces
// that it passes on.
type Extension interface {
	// Offer appends the offers of a client to dst, in order of preference.
	Offer(dst []ExtensionSpec) []ExtensionSpec

	// Accept chooses one of the offers of a client, which are in the client's order of
	// preference and may name other extensions too. It returns the answer and the
	// state of the connection, or false to decline every offer.
	Accept(offers iter.Seq[ExtensionSpec]) (answer ExtensionSpec, s Session, ok bool)

	// Confirm checks a server's answer against the offers of Offer and returns the
	// state of the connection. An error fails the opening handshake (RFC 6455, section
	// 4.1).
	Confirm(answer ExtensionSpec) (Session, error)
}

// A Session is the state of an extension on one connection. A transport calls Encode, and
// the encoder that it returns, from one goroutine at a time, and likewise Decode and its
// decoder. The two sides may run concurrently.
//
// If a Session also implements [io.Closer], the transport calls Close when the connection
// has ended or its opening handshake has failed, and calls no method after that.
type Session interface {
	// Bits returns the reserved bits that the extension uses: rsv on the first
	// frame of a message, perFrame on any data frame. The result must not change.
	Bits() (rsv, perFrame byte)

	// Encode begins an outgoing message. It returns nil, and changes no state, if the
	// message should be sent untransformed. It must do so if m.Plain is set. Otherwise
	// the transport sets the bits rsv on the first frame and passes the whole message
	// through the encoder.
	Encode(m MessageInfo) MessageEncoder

	// Decode begins an incoming message. rsv contains the bits that are set on its
	// first frame, of those that Bits returned as rsv.
	Decode(rsv byte) (MessageDecoder, error)
}

// An IdleSession is a [Session] that can release memory while nothing is received. It
// is optional.
type IdleSession interface {
	// Idle releases memory that the session can do without. The goroutine that reads
	// calls it before it waits for the peer. Encode may run concurrently.
	Idle()
}

// A SharedSession is a [Session] that can send the same bytes as other sessions. It is
// for broadcasts, in which a message is encoded once for many connections. It is
// optional. Like Encode, its methods are called by one goroutine at a time, and only between
// messages.
type SharedSession interface {
	// SharedKey returns a comparable value that identifies everything on which the
	// shared form of a message depends, except its payload. Sessions whose keys are
	// equal, and whose Bits return equal rsv, can send the same bytes. A key outlives
	// the session and must not refer to it. Keys identify parameters, not connections,
	// so there should be few. ok is false if the message has no shared form. The
	// transport then calls Encode.
	SharedKey(m MessageInfo) (key any, ok bool)

	// AppendShared appends the shared form of the whole message src to dst. The form
	// must not refer to an earlier message. AppendShared changes no state, because the
	// message might not be sent on this connection. It does not keep src.
	AppendShared(dst, src []byte) ([]byte, error)

	// SharedSent records that the message src is sent on this connection in its shared
	// form, so that the session's state follows the peer's. It does not keep src.
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
	// Append appends the encoded form of src, the next piece of the message, to dst.
	// fin marks the last piece, after which the encoder is not used. Append does not
	// keep src.
	Append(dst, src []byte, fin bool) ([]byte, error)
}

// A MessageDecoder restores one incoming message. It never blocks.
type MessageDecoder interface {
	// Append decodes src, the next piece of the message, and appends at most max bytes
	// to dst. fin marks the last piece. Append returns how many bytes of src it
	// consumed. more reports that max was reached and there is more to append: the
	// caller then calls Append again with the rest of src. Append does not keep src.
	// It does not limit the size of a message: the caller stops when a message is too
	// large.
	Append(dst, src []byte, fin bool, max int) (out []byte, consumed int, more bool, err error)

	// Release ends the message, whether or not it is complete, and releases its
	// buffers.
	Release()
}
