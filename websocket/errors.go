package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

var (
	// ErrConcurrentRead is the cause of the error of a read that is called while another goroutine
	// reads, or after CloseRead. One goroutine may read a Conn at a time; any number may write.
	ErrConcurrentRead = errors.New("another goroutine is reading")

	// ErrPeerNotReading is the cause of the error of a write whose peer took nothing for longer
	// than Limits.WriteTimeout. Nothing more can be written after it. It is a timeout.
	ErrPeerNotReading error = transport.ErrNotReading

	// ErrMessageTimeout is the cause of the error of a read whose message took longer than
	// Limits.MessageTimeout to arrive. The connection was closed with 1008. It is a timeout.
	ErrMessageTimeout error = timeoutError("message took longer than Limits.MessageTimeout to arrive")

	// ErrMessageOpen is the cause of the error of a write that waited for an open [MessageWriter]
	// that was idle for longer than Limits.WriteTimeout. A goroutine that begins a message before
	// it closes its own writer always gets this error. Nothing of the message was sent, and the
	// connection is as before. It is a timeout.
	ErrMessageOpen error = timeoutError("another message is open: " +
		"its MessageWriter was idle for longer than Limits.WriteTimeout")

	// ErrNoPong is matched by the error of a connection that ended because its peer was silent for
	// Limits.PongTimeout after a ping of Limits.PingInterval. The text of that error says since
	// when nothing has come. ErrNoPong is a timeout, and matches [os.ErrDeadlineExceeded].
	ErrNoPong error = noPongError{"peer did not answer a ping within Limits.PongTimeout"}

	// ErrBudget is the cause of the error of a read whose message does not fit into Limits.Budget.
	// The connection was closed with 1013.
	ErrBudget = errors.New("no room for the message in Limits.Budget")
)

// Causes for a program to print, not to match.
var (
	errClosed = &Error{Op: "close", Err: net.ErrClosed, closed: true, local: true} // by our side

	// Of reads.
	errNoCloseFrame = fmt.Errorf("connection ended without a close frame: %w", io.ErrUnexpectedEOF)
	errLingered     = errors.New("peer did not close the connection in time")
	errSuperseded   = errors.New("a later Reader has replaced this one")
	errTextMessage  = errors.New("text message on a stream of binary messages")
	errReadClosed   = fmt.Errorf("CloseRead was called: %w", ErrConcurrentRead)
	errUnexpected   = errors.New("message from the peer after CloseRead")

	// Of writes.
	errMessageType  = errors.New("message type must be Text or Binary")
	errWriterClosed = errors.New("MessageWriter is closed")
	errHalfRune     = errors.New("text ends within a rune, which was not sent")
	errNotYielded   = errors.New("message is not from Messages")
	errControl      = errors.New("opcode must be OpPing, OpPong or OpClose")

	errCloseTimeout = fmt.Errorf("closing handshake not completed within Limits.CloseTimeout: %w",
		context.DeadlineExceeded)
)

type timeoutError string

func (e timeoutError) Error() string { return string(e) }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

type noPongError struct{ timeoutError }

// Is reports whether target is [os.ErrDeadlineExceeded].
func (noPongError) Is(target error) bool { return target == os.ErrDeadlineExceeded }

// A CloseError is the close frame of the peer (RFC 6455, section 5.5.1). A failure that this side
// detected is an [Error] instead. The connection is closed: errors.Is(err, net.ErrClosed) is true.
type CloseError struct {
	Code   StatusCode // StatusNoStatusReceived if the frame was empty
	Reason string     // at most 123 bytes of UTF-8
}

func (e *CloseError) Error() string {
	s := "websocket: peer closed with " + e.Code.String()
	if e.Reason != "" {
		s += fmt.Sprintf(": %q", e.Reason)
	}
	return s
}

// Is reports whether target is [net.ErrClosed].
func (e *CloseError) Is(target error) bool { return target == net.ErrClosed }

// An Error is the error of a method of [Conn] for every reason but the peer's close frame. Its
// cause is a [wire.Error] if the peer broke the protocol or a limit, [context.Canceled] or
// [context.DeadlineExceeded] if a context ended, [io.ErrUnexpectedEOF] if the stream ended without
// a close frame, an error of the transport, or one of this package's variables.
type Error struct {
	// Op is the operation: "read", "write", "ping" or "close".
	Op string

	// Code is the status code that was sent to the peer because of this error, or 0 if none was
	// sent before the operation returned.
	Code StatusCode

	// Accepted is set if the context or deadline of a write ended, but the message, or its rest,
	// will still be sent before anything else. Do not send it again.
	Accepted bool

	// Err is the cause.
	Err error

	closed   bool       // the connection has ended, or can send no more
	later    bool       // it ended before this operation began
	local    bool       // this side has closed the connection
	received StatusCode // of the peer's close frame, if one arrived
}

func (e *Error) Error() string {
	s := "websocket: " + e.Op + ": "
	if e.Err != nil {
		s += e.Err.Error()
	}
	if e.Accepted {
		s += " (cut in the middle; the rest will be sent first)"
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is [net.ErrClosed] and the connection has ended or can send nothing
// more.
func (e *Error) Is(target error) bool { return e.closed && target == net.ErrClosed }

// Timeout reports whether the operation failed because a deadline passed. It is false if the
// connection had ended before the operation, even if a timeout ended it.
func (e *Error) Timeout() bool {
	return !e.later && transport.IsTimeout(e.Err)
}

// Temporary makes Error a [net.Error], so that [errors.As] finds this Timeout method and not that
// of a cause that ended the connection earlier.
//
// Deprecated: Use errors.Is(err, net.ErrClosed) to test whether the connection has ended.
func (e *Error) Temporary() bool { return !e.closed }

// A HandshakeError is the error of [Accept] and [Dial]: the opening handshake failed (RFC 6455,
// section 4).
type HandshakeError struct {
	// Status is the HTTP status that a server sent or a client received, or 0 without a response.
	Status int

	// Section cites the violated rule, such as "RFC 6455, section 4.2.1". It may be empty.
	Section string

	// Err is the cause.
	Err error

	dial bool // Dial made it from a response
}

func (e *HandshakeError) Error() string {
	s := "websocket: handshake"
	if e.Status != 0 {
		s += fmt.Sprintf(" (status %d)", e.Status)
	}
	s += ": " + e.Err.Error()
	if e.Section != "" {
		s += " (" + e.Section + ")"
	}
	return s
}

// Unwrap returns Err.
func (e *HandshakeError) Unwrap() error { return e.Err }

// closeStatus is the one function that maps an error to a close frame. A code of 0 means that err
// requires no frame. handler is the connection whose handler returned err, or nil if err was found
// while reading. An error of another connection is not this peer's fault, so its code is not sent
// to this peer. Reasons are fixed texts, or the program's own from CloseWith, because the text of
// an error may be a secret.
func closeStatus(err error, handler *Conn) (StatusCode, string) {
	switch _, peer := err.(*CloseError); { // first, as the variables below are allocated
	case err == nil && handler.group.patience() > 0:
		return StatusGoingAway, ""
	case err == nil:
		return StatusNormalClosure, ""
	case peer && handler != nil:
		return 0, ""
	}
	var asked *closeRequest
	var op *Error
	var dial *HandshakeError
	var w *wire.Error
	var payload *payloadError
	var stream *brokenStream
	switch {
	case errors.As(err, &asked):
		return asked.Code, asked.Reason
	case err == ErrBudget:
		return StatusTryAgainLater, "no room for the message (Budget)"
	case err == ErrMessageTimeout:
		return StatusPolicyViolation, "message took too long (MessageTimeout)"
	case err == errUnexpected:
		return StatusPolicyViolation, "unexpected message"
	case err == errTextMessage:
		return StatusUnsupportedData, err.Error()
	case errors.As(err, &payload) && payload.reader == handler:
		return StatusInvalidPayload, payload.reason()
	case handler != nil && (errors.Is(err, net.ErrClosed) || errors.As(err, &stream)): // has ended
		return 0, ""
	case errors.Is(err, context.Canceled):
		return StatusGoingAway, ""
	case payload == nil && !errors.As(err, &op) && !errors.As(err, &dial) && errors.As(err, &w):
		return w.Code(), w.Reason()
	}
	return StatusInternalError, ""
}

// opError returns the error of an operation that failed with err. Once it is known why the
// connection ends, the error has that cause instead.
func (c *Conn) opError(op string, err error) error {
	received, cause := c.ending.known(op)
	if cause == nil {
		return &Error{Op: op, Err: bare(err)}
	}
	own, ok := cause.(*Error)
	if !ok && op == "read" {
		return cause // the peer's CloseError
	}
	e := &Error{Op: op, Err: cause, closed: true, later: true, received: received}
	if ok {
		e.Err, e.Code, e.local = own.Err, own.Code, own.local
	}
	return e
}

// bare returns err without the types that this package wraps it in. It replaces the end of a
// context by its error.
func bare(err error) error {
	switch e := err.(type) {
	case transport.Interrupt:
		return contextError(e.Ctx)
	case *transport.CutError:
		return cutError(e.Text, e.Err)
	case *Error:
		return e.Err
	}
	return err
}

// acceptedError is opError for a write that err has cut in the middle.
func (c *Conn) acceptedError(op string, err error) error {
	e := c.opError(op, err)
	if e, ok := e.(*Error); ok {
		e.Accepted = !e.closed
	}
	return e
}

// isAccepted reports whether err is the error of a write whose rest is sent later.
func isAccepted(err error) bool {
	e, ok := err.(*Error)
	return ok && e.Accepted
}

// contextError returns the error of ctx, which has ended. It wraps the cause of ctx along with its
// error, if they differ.
func contextError(ctx context.Context) error {
	err := ctx.Err()
	if cause := context.Cause(ctx); !errors.Is(err, cause) {
		return &contextCause{err, cause}
	}
	return err
}

// isEnd reports whether err is the error of a context that ended because the connection did, such
// as a child of Conn.Context. The error of a call then has the connection's cause.
func (c *Conn) isEnd(err error) bool {
	if cut, ok := err.(*transport.CutError); ok {
		err = cut.Err
	}
	ended, ok := bare(err).(*contextCause)
	return ok && c.ctx.Ended() && ended.cause == c.ctx.Cause()
}

// A contextCause is the error of a context that was canceled with a cause. The cause may be the end
// of another connection, as with errgroup in a proxy, and must not look like the end of this one.
type contextCause struct{ err, cause error }

func (e *contextCause) Error() string { return e.err.Error() + ": " + e.cause.Error() }

func (e *contextCause) Unwrap() error { return e.err }

func (e *contextCause) Timeout() bool { return transport.IsTimeout(e.err) }

// Is reports whether the cause matches target.
func (e *contextCause) Is(target error) bool {
	return target != net.ErrClosed && errors.Is(e.cause, target)
}

// As looks for target in the cause.
func (e *contextCause) As(target any) bool {
	switch target.(type) {
	case **Error, **CloseError:
		return false
	}
	return errors.As(e.cause, target)
}

// cutError returns the error of a message that was begun and will not be finished, because of err.
func cutError(text string, err error) error { return &transport.CutError{Text: text, Err: bare(err)} }

// extensionError wraps the error of an extension so that it has a status code: that of a
// [wire.Error] if it wraps one. Other data that an extension cannot decode is payload that is "not
// consistent with the type of the message" (RFC 6455, section 7.4.1).
func extensionError(err error) error {
	err = fmt.Errorf("extension: %w", err)
	if w := (*wire.Error)(nil); errors.As(err, &w) {
		return err
	}
	return &payloadError{err: err}
}

// A payloadError is a message with an invalid payload.
type payloadError struct {
	err    error
	reader *Conn // whose ReadJSON has read it; nil if an extension cannot decode it
}

func (e *payloadError) Error() string { return e.err.Error() }

func (e *payloadError) Unwrap() error { return e.err }

func (e *payloadError) reason() string {
	if e.reader == nil {
		return "extension cannot decode the message"
	}
	return "message is not the expected JSON"
}

// transportError returns the error of a read of the transport that failed with err, and ends the
// connection unless the read was only interrupted.
func (c *Conn) transportError(err error) error {
	err = c.readCause(err)
	if late, ok := err.(*transport.CutError); ok && !c.isEnd(err) {
		return &Error{Op: "read", Err: late, closed: true} // abortOverdue has ended the connection
	}
	switch {
	case c.ctx.Ended():
		err := c.opError("read", nil)
		if own, ok := err.(*Error); ok && errors.Is(own.Err, ErrNoPong) {
			own.later = false // this read waited for the pong
		}
		return err
	case transport.IsInterrupt(err):
		return c.readError(err)
	}
	return c.abortRead(err)
}

// readCause returns why a read of the transport failed with err.
func (c *Conn) readCause(err error) error {
	err = c.tr.Rd.Cause(err, errLingered)
	switch _, late := err.(*transport.CutError); {
	case late:
		return bare(err)
	case errors.Is(err, io.EOF), err == io.ErrUnexpectedEOF:
		return errNoCloseFrame
	}
	return err
}

// readError returns the error of a read that err has ended without ending the connection. While
// there may be messages to read, its cause is err even if it is known how the connection ends.
func (c *Conn) readError(err error) error {
	if c.leftover() && !c.isEnd(err) {
		return &Error{Op: "read", Err: bare(err)}
	}
	return c.opError("read", err)
}

// lostByPeer reports whether the peer ended the stream, with err, as opposed to this side or a
// program that uses the transport itself.
func (c *Conn) lostByPeer(err error) bool {
	ours := errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) ||
		errors.Is(err, os.ErrDeadlineExceeded)
	return !ours && !c.closing.sent.Load()
}

// closedWell reports whether err is the error of a connection that was closed normally.
func closedWell(err error) bool {
	switch e := err.(type) {
	case *CloseError:
		return e.Code == StatusNormalClosure || e.Code == StatusGoingAway || e.Code == StatusNoStatusReceived
	case *Error:
		return e.Err == net.ErrClosed
	}
	return false
}
