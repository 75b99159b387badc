package websocket

import (
	"errors"
	"net/http"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/hook"
	"github.com/hawser-ws/hawser/wire"
)

// Events are functions that are called as things happen on connections, for logs and metrics. Any of
// them may be nil. Set AcceptOptions.Events, DialOptions.Events or ConnOptions.Events, and do not
// change the Events after that. [JoinEvents] combines several.
//
// A function may be called by several goroutines at once. It must return soon, because the
// connection waits for it. It may call methods of the Conn that return at once, such as Context,
// Stats, Closure and RemoteAddr. It must start a goroutine to read, write, ping or close.
//
// A function must not panic. A panic reaches the caller of the method that called the function, or
// crashes the program if a goroutine of the connection did. A panic of Accepted or Wrote also ends
// the connection.
type Events struct {
	// Refused is called for each opening handshake that fails. On a server, that is each request
	// that [Accept] refuses, and the response has already been written, if there is one. On a
	// client, it is each [Dial] that fails, and r is the last request that Dial made, even if it was
	// not sent, or nil if it made none. r may contain credentials.
	Refused func(r *http.Request, err *HandshakeError)

	// Accepted is called when the opening handshake is done, before the program gets the connection.
	// r is the request, as in Refused, or nil for a connection of [NewConn]. The Conn does not keep
	// it.
	Accepted func(r *http.Request, c *Conn)

	// Read is called for each message that has been read or skipped to its end, in order, as
	// Stats.MessagesRead counts them. payload is the size of the message in bytes, and wire is the
	// size of its frames without their headers, as in Stats.BytesRead. They differ if an extension
	// has transformed the message.
	Read func(c *Conn, t MessageType, payload, wire int64)

	// Wrote is called for each message that has been written, or accepted to be sent later, in
	// order. The sizes have the same meaning as those of Read.
	Wrote func(c *Conn, t MessageType, payload, wire int64)

	// Pong is called for each pong that answers a ping of [Conn.Ping] or Limits.PingInterval, with
	// the time since that ping.
	Pong func(c *Conn, roundTrip time.Duration)

	// Closed is called once for each connection that was accepted, when it has ended, whichever side
	// ended it. [Conn.Closure] returns the same closure from then on, except that Sent and Clean may
	// be set later if our close frame is being written at that moment. The call that ends the
	// connection returns after Closed: Close, CloseNow, Abort, or the read that finds the end, unless
	// its own context ends first. Two kinds of messages may be reported after Closed: those that
	// another goroutine is reading or writing when the connection ends, and those read after a failed
	// write.
	Closed func(c *Conn, closure Closure)
}

// JoinEvents returns Events that call the functions of each of es in order. Nil pointers are
// skipped. The result is nil if none are left. If one is left, it is the result. A function that
// none of es has is nil in the result, and costs nothing.
func JoinEvents(es ...*Events) *Events {
	var all *Events
	for _, e := range es {
		switch {
		case e == nil:
		case all == nil:
			all = e
		default:
			all = &Events{
				Refused: hook.Join2(all.Refused, e.Refused), Accepted: hook.Join2(all.Accepted, e.Accepted),
				Read: hook.Join4(all.Read, e.Read), Wrote: hook.Join4(all.Wrote, e.Wrote),
				Pong: hook.Join2(all.Pong, e.Pong), Closed: hook.Join2(all.Closed, e.Closed),
			}
		}
	}
	return all
}

// refused calls Refused for a handshake that failed with err, and reports whether there is such a
// function.
func (e *Events) refused(r *http.Request, err error) bool {
	if e == nil || e.Refused == nil {
		return false
	}
	var failed *HandshakeError
	errors.As(err, &failed)
	e.Refused(r, failed)
	return true
}

// events are the Events of a connection. read belongs to the holder of in.turn, and typ and wrote
// belong to the holder of out.frames.
type events struct {
	*Events
	read  int64         // Stats.BytesRead at the end of the last message
	typ   MessageType   // of the message that is being written
	wrote int64         // bytes of its payloads that were written
	over  chan struct{} // closed when Closed has returned
}

// accepted sets the connection's events to e. It is called before the program gets the connection.
func (c *Conn) accepted(r *http.Request, e *Events) {
	if e == nil {
		return
	}
	c.events = &events{Events: e, over: make(chan struct{})}
	if e.Accepted != nil {
		defer c.endIfPanicking()
		e.Accepted(r, c)
	}
}

// messageRead is called at the end of a message. decoded is whether an extension has transformed it.
func (e *events) messageRead(c *Conn, decoded bool) {
	all := c.stats.read.Load().Bytes
	size := all - e.read
	payload := size
	if decoded {
		payload = c.in.size
	}
	if e.read = all; e.Read != nil {
		e.Read(c, c.in.typ, payload, size)
	}
}

// wrote counts a frame that was accepted. The caller has out.frames.
func (c *Conn) wrote(f *frame) {
	c.stats.wrote(f)
	if c.events != nil && !f.Opcode.IsControl() {
		c.events.frameWrote(c, f)
	}
}

// frameWrote is called for each data frame that was accepted.
func (e *events) frameWrote(c *Conn, f *frame) {
	if f.Opcode != wire.OpContinuation {
		e.typ, e.wrote = MessageType(f.Opcode), 0
	}
	e.wrote += int64(len(f.payload))
	if f.Fin && e.Wrote != nil {
		defer c.endIfPanicking() // out.frames stays taken
		e.Wrote(c, e.typ, f.size, e.wrote)
	}
}

func (c *Conn) endIfPanicking() {
	if v := recover(); v != nil {
		_ = c.CloseNow()
		panic(v)
	}
}

// end is called when the connection has ended.
func (e *events) end(c *Conn) {
	defer close(e.over)
	if e.Closed != nil {
		e.Closed(c, c.Closure())
	}
}

// ended returns a channel that is closed when the connection has ended and Closed has returned.
func (c *Conn) ended() <-chan struct{} {
	if c.events != nil {
		return c.events.over
	}
	return c.Context().Done()
}
