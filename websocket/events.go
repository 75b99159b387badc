package websocket

import (
	"errors"
	"net/http"
	"sync/atomic"
	"time"
)

// Events are functions that are called as things happen on connections, for logs and metrics. Any of
// them may be nil. Set AcceptOptions.Events, DialOptions.Events or ConnOptions.Events, and do not
// change the Events after that. [JoinEvents] combines several.
//
// A function must return soon, because the connection waits for it. It may be called by several
// goroutines at once, even for one connection. It may call the methods of the Conn that return at
// once, such as Context, Stats, Closure and RemoteAddr, but none that reads, writes, pings or closes.
// To do more, it must pass its arguments to another goroutine.
//
// A function must not panic. Its panic is passed on to the caller of the method that called it, and
// ends the program if the connection called it on a goroutine of its own. The connection usually
// ends, too.
type Events struct {
	// Refused is called for each opening handshake that fails. On a server, that is each request
	// that [Accept] or a [Handler] refuses. The response, if there is one, has been written. On a
	// client, it is each [Dial] that fails. r is then the last request that Dial made, whether it was
	// sent or not, or nil if it made none. r may contain credentials.
	Refused func(r *http.Request, err *HandshakeError)

	// Accepted is called when the opening handshake is done, before the program gets the connection.
	// r is the request as in Refused. The Conn does not keep it. r is nil for a connection of
	// [NewConn].
	Accepted func(r *http.Request, c *Conn)

	// Read is called for each message that has been read, or skipped, to its end, before the program
	// gets that end. payload is the size of the message in bytes. wire is the size of its frames'
	// payloads, without headers, as in Stats.BytesRead: it differs from payload if an extension has
	// transformed the message. There is one call for each message that [Stats] counts, in the order
	// in which they arrived.
	Read func(c *Conn, t MessageType, payload, wire int64)

	// Wrote is called for each message of which the last byte has been written, or accepted to be
	// sent later. payload and wire are as in Read. There is one call for each message that [Stats]
	// counts, in the order in which they are sent.
	Wrote func(c *Conn, t MessageType, payload, wire int64)

	// Pong is called for each pong that answers a ping of [Conn.Ping] or Limits.PingInterval, with
	// the time since that ping.
	Pong func(c *Conn, roundTrip time.Duration)

	// Closed is called once for each connection that was accepted, when it has ended, whichever side
	// ended it. closure is final: [Conn.Closure] returns the same. The call that ends the connection
	// returns after Closed: Close, CloseNow, Abort, or the read that finds the end, unless its own
	// context ends first. A message that another goroutine is reading or writing when the connection
	// ends may be reported after Closed, and so may one that is still read after a failed write.
	Closed func(c *Conn, closure Closure)
}

// JoinEvents returns Events that call the functions of each of es in order. Nil pointers are skipped.
// If there is only one other, the result is that one, and if there is none, nil. A function that is
// nil in all of es is nil in the result, and costs nothing.
func JoinEvents(es ...*Events) *Events {
	var all *Events
	for _, e := range es {
		switch {
		case e == nil:
		case all == nil:
			all = e
		default:
			all = &Events{
				Refused: join(all.Refused, e.Refused), Accepted: join(all.Accepted, e.Accepted),
				Read: joinSizes(all.Read, e.Read), Wrote: joinSizes(all.Wrote, e.Wrote),
				Pong: join(all.Pong, e.Pong), Closed: join(all.Closed, e.Closed),
			}
		}
	}
	return all
}

func join[A, B any](f, g func(A, B)) func(A, B) {
	switch {
	case f == nil:
		return g
	case g == nil:
		return f
	}
	return func(a A, b B) { f(a, b); g(a, b) }
}

func joinSizes(f, g func(*Conn, MessageType, int64, int64)) func(*Conn, MessageType, int64, int64) {
	switch {
	case f == nil:
		return g
	case g == nil:
		return f
	}
	return func(c *Conn, t MessageType, payload, wire int64) { f(c, t, payload, wire); g(c, t, payload, wire) }
}

// refused reports whether there is a function to call for a handshake that failed with err.
func (e *Events) refused(r *http.Request, err error) bool {
	if e == nil || e.Refused == nil {
		return false
	}
	var failed *HandshakeError
	errors.As(err, &failed)
	e.Refused(r, failed)
	return true
}

// events are the Events of a connection.
type events struct {
	*Events
	read  int64       // Stats.BytesRead at the end of the last message; belongs to the holder of in.turn
	typ   MessageType // of the message that is being written; this and wrote belong to the holder of out.frames
	wrote int64       // its size on the wire so far
	over  chan struct{}
}

func (c *Conn) accepted(r *http.Request) {
	if e := c.events; e != nil && e.Accepted != nil {
		returned := false
		defer c.endUnless(&returned)
		e.Accepted(r, c)
		returned = true
	}
}

// messageRead is called at the end of a message that was read. decoded is whether an extension has
// transformed it. The caller has in.turn.
func (e *events) messageRead(c *Conn, decoded bool) {
	all := c.stats.bytesRead.Load()
	wire := all - e.read
	e.read = all
	payload := wire
	if decoded {
		payload = c.in.size
	}
	if e.Read != nil {
		e.Read(c, c.in.typ, payload, wire)
	}
}

// wrote counts a frame that was accepted. The caller has out.frames.
func (c *Conn) wrote(f frame) {
	c.stats.wrote(f)
	e := c.events
	if e == nil || f.Opcode.IsControl() {
		return
	}
	if t := MessageType(f.Opcode); t == Text || t == Binary {
		e.typ, e.wrote = t, 0
	}
	e.wrote += int64(len(f.payload))
	if f.Fin && e.Wrote != nil {
		returned := false
		defer c.endUnless(&returned) // no one can take out.frames any more
		e.Wrote(c, e.typ, f.size, e.wrote)
		returned = true
	}
}

// end is called once, when the connection has ended.
func (e *events) end(c *Conn) {
	defer close(e.over)
	if e.Closed != nil {
		e.Closed(c, c.Closure())
	}
}

// ended returns a channel that is closed when the connection has ended and Events.Closed has returned.
func (c *Conn) ended() <-chan struct{} {
	if c.events != nil {
		return c.events.over
	}
	return c.ctx.Done()
}

// endUnless ends the connection if a function of Events has not returned but panicked.
func (c *Conn) endUnless(returned *bool) {
	if !*returned {
		_ = c.CloseNow()
	}
}

// refusedOrigins is for all Handlers of the process, which are values without a place of their own
// to remember anything.
var refusedOrigins logLimit

// A logLimit lets one line a minute into a log.
type logLimit struct{ next atomic.Int64 } // in Unix nanoseconds

// allow reports whether a line may be written at the time now.
func (l *logLimit) allow(now time.Time) bool {
	next := l.next.Load()
	return now.UnixNano() >= next && l.next.CompareAndSwap(next, now.Add(time.Minute).UnixNano())
}
