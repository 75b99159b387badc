package websocket

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/hawser-ws/hawser/wire"
)

var (
	// ErrConcurrentRead is the cause of an error from a read while another
	// goroutine reads. One goroutine reads a Conn; any number may write.
	ErrConcurrentRead = errors.New("another goroutine is reading")

	// ErrPeerNotReading is the cause of the error of a write that its peer let wait
	// for longer than Limits.WriteTimeout. Nothing more can be written after it. It is
	// a timeout.
	ErrPeerNotReading error = timeoutError("peer does not read: a write took longer than Limits.WriteTimeout")

	// ErrMessageTimeout is the cause of the error of a read whose peer took longer than
	// Limits.MessageTimeout for a message. The connection has failed with 1008. It is a
	// timeout.
	ErrMessageTimeout error = timeoutError("message took longer to come than Limits.MessageTimeout")

	// ErrMessageOpen is the cause of the error of a write that waited for an open
	// [MessageWriter] that was idle for longer than Limits.WriteTimeout. A goroutine that
	// begins a message before it has closed its own writer always gets it. Nothing of the
	// message has been sent, and the connection is as before. It is a timeout.
	ErrMessageOpen error = timeoutError("another message is open: its MessageWriter was idle for longer than Limits.WriteTimeout")
)

type timeoutError string

func (e timeoutError) Error() string { return string(e) }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

// A CloseError is the close frame of the peer (RFC 6455, section 5.5.1): what it
// told us, as opposed to what we found, which is an [Error]. The connection is
// closed: errors.Is(err, net.ErrClosed) holds.
type CloseError struct {
	Code   StatusCode // StatusNoStatusReceived if the frame had none
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

// An Error is what a method of [Conn] returns for anything but the peer's close
// frame. Its cause says what happened: a [wire.Error] for a peer that broke the
// protocol or a limit, [context.Canceled] or [context.DeadlineExceeded] for a
// context that ended, [io.ErrUnexpectedEOF] for a stream that ended without a
// close frame, an error of the transport, or one of this package's variables.
type Error struct {
	// Op is the operation: "read", "write", "ping" or "close".
	Op string

	// Code is the status code that was sent to the peer because of this error,
	// or 0 if none was sent before the operation returned.
	Code StatusCode

	// Accepted is set by a write that was cut in the middle, by its context or a
	// deadline: what is left of the message is sent before anything else. Do not
	// send it again.
	Accepted bool

	// Err is the cause.
	Err error

	closed   bool       // the connection has ended, or can send no more
	later    bool       // that happened before this operation
	local    bool       // this side has closed the connection
	received StatusCode // of the peer's close frame, if one came
}

func (e *Error) Error() string {
	s := "websocket: " + e.Op + ": "
	if e.Err != nil {
		s += e.Err.Error()
	}
	if e.Accepted {
		s += " (cut in the middle; the rest goes out first)"
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is [net.ErrClosed] and the connection has ended, by
// this error or before it.
func (e *Error) Is(target error) bool { return e.closed && target == net.ErrClosed }

// Timeout reports whether the operation failed because a deadline passed. It is false
// if the connection had ended before the operation, even if a timeout ended it.
func (e *Error) Timeout() bool {
	return !e.later && isTimeout(e.Err)
}

// Temporary makes Error a [net.Error], so that [errors.As] finds this Timeout and not
// that of a cause that ended the connection earlier.
//
// Deprecated: errors.Is(err, net.ErrClosed) reports whether the connection has ended.
func (e *Error) Temporary() bool { return !e.closed }

// A HandshakeError is an opening handshake that failed (RFC 6455, section 4): on
// a server a request that was refused, on a client a response that was.
type HandshakeError struct {
	// Status is the HTTP status: on a server the one the request was answered
	// with, on a client the one received, or 0 if there was no response.
	Status int

	// Section is where the rule stands that was broken: "RFC 6455, section
	// 4.2.1". It may be empty.
	Section string

	// Err says what was wrong.
	Err error

	dial bool // Dial made it of an answer
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

// closeStatus is the one place that maps an error to the close frame it calls
// for. A code of 0 means that no frame is due. handler is the connection whose
// handler returned err, or nil if the error was found while reading. An error of
// another connection calls for no frame here: this peer did not cause it. Reasons are
// fixed texts, or the program's own by CloseWith: an error may tell what is not for peers.
func closeStatus(err error, handler *Conn) (StatusCode, string) {
	var asked *closeRequest
	var op *Error
	var dial *HandshakeError
	var w *wire.Error
	var payload *payloadError
	switch {
	case err == nil:
		return StatusNormalClosure, ""
	case errors.As(err, &asked):
		return asked.Code, asked.Reason
	case err == ErrBudget:
		return StatusTryAgainLater, "no room for the message (Budget)"
	case err == ErrMessageTimeout:
		return StatusPolicyViolation, "message took too long to come (MessageTimeout)"
	case err == errTextMessage:
		return StatusUnsupportedData, err.Error()
	case errors.As(err, &payload) && payload.reader == handler:
		return StatusInvalidPayload, payload.reason()
	case handler != nil && isEnded(err):
		return 0, ""
	case errors.Is(err, context.Canceled):
		return StatusGoingAway, ""
	case payload == nil && !errors.As(err, &op) && !errors.As(err, &dial) && errors.As(err, &w):
		return w.Code(), w.Reason()
	}
	return StatusInternalError, ""
}

// isEnded reports whether err is that of a connection that has ended.
func isEnded(err error) bool {
	var stream *brokenStream
	return errors.Is(err, net.ErrClosed) || errors.As(err, &stream)
}
