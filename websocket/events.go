package websocket

import (
	"net/http"
	"time"
)

// Events are functions that a connection calls as things happen, for logs and metrics. Any of them
// may be nil. Set AcceptOptions.Events, DialOptions.Events or ConnOptions.Events.
//
// A function may be called from several goroutines at once. It must return soon: the connection
// waits for it. It may not call a method of the Conn that reads, writes, pings or closes. A function
// that must do more passes its arguments to another goroutine.
type Events struct {
	// Refused is called when an opening handshake fails: on a server for each request that [Accept]
	// refuses, with the response already sent, and on a client when [Dial] fails. On a client, r is
	// the last request, or nil if none was made.
	Refused func(r *http.Request, err *HandshakeError)

	// Accepted is called when the opening handshake is done, before the program gets the connection.
	// r is nil for a connection that [NewConn] has made.
	Accepted func(r *http.Request, c *Conn)

	// Read is called for each message that has been read, or skipped, to its end. payload is its
	// size in bytes after decompression, and wire its size before, without headers, as in [Stats].
	Read func(c *Conn, t MessageType, payload, wire int64)

	// Wrote is called for each message that has been written or accepted. The sizes are as in Read.
	Wrote func(c *Conn, t MessageType, payload, wire int64)

	// Pong is called for each pong that answers a ping of [Conn.Ping] or Limits.PingInterval, with
	// the time since that ping.
	Pong func(c *Conn, roundTrip time.Duration)

	// Closed is called once, when the connection has ended. It is also called for connections that
	// the program closed.
	Closed func(c *Conn, closure Closure)
}

// JoinEvents returns Events that call the functions of each of es, in order. Nil pointers are
// skipped.
func JoinEvents(es ...*Events) *Events { panic("TODO") }
