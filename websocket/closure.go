package websocket

import "errors"

// A CloseFrame is the content of a close frame (RFC 6455, section 5.5.1).
type CloseFrame struct {
	Code   StatusCode // StatusNoStatusReceived if the frame was empty; 0 if there was no frame
	Reason string     // at most 123 bytes of UTF-8
}

// A Closure describes how a connection ended. [Conn.Closure] returns it.
type Closure struct {
	// Sent and Received are the close frames of this side and of the peer. A frame counts as sent
	// once the transport has taken all of it.
	Sent, Received CloseFrame

	// ByPeer reports whether the peer ended the connection: its close frame arrived before this
	// side had to send one, or its stream ended without one.
	ByPeer bool

	// Clean reports whether both close frames were exchanged (RFC 6455, section 7.1.4).
	Clean bool

	// Err is the cause, as [context.Cause] of [Conn.Context] returns it. It is nil while the
	// connection is open, which includes up to a second after a write has failed. It is a
	// [*CloseError] if the peer closed the connection, and an [*Error] otherwise.
	Err error
}

// Closure returns how the connection ended, whichever side ended it. It may be called at any time.
// While the connection is open, it returns how far the closing handshake has advanced.
func (c *Conn) Closure() Closure {
	return c.ending.closure(c.ctx.Ended(), c.closing.out.Load())
}

// CloseStatus returns the status code with which the connection of err ended, as RFC 6455, section
// 7.1.5, defines it: the code of the peer's close frame, StatusNoStatusReceived if that frame had
// none, and StatusAbnormalClosure if the connection ended without one. It returns 0 if err is nil,
// is not an error of a [Conn], or leaves the connection open. For the error of the write that
// failed it returns StatusAbnormalClosure, because the peer's close frame may still be unread: use
// the error of the next read, or Closure.Err.
func CloseStatus(err error) StatusCode {
	var e *Error // its cause may be about another connection
	var peer *CloseError
	switch {
	case errors.As(err, &e) && !e.closed:
		return 0
	case e != nil && e.received != 0:
		return e.received
	case e != nil:
		return StatusAbnormalClosure
	case errors.As(err, &peer):
		return peer.Code
	}
	return 0
}

// CloseWith returns an error that the Serve function of a [Handler] returns to close the connection
// with this code and reason, as [Conn.Close] does. The error may be wrapped.
func CloseWith(code StatusCode, reason string) error {
	return &closeRequest{CloseFrame{code, reason}}
}

// A closeRequest is the error of CloseWith.
type closeRequest struct{ CloseFrame }

func (e *closeRequest) Error() string {
	s := "websocket: close with " + e.Code.String()
	if e.Reason != "" {
		s += ": " + e.Reason
	}
	return s
}
