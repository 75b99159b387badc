package websocket

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"runtime/debug"
)

// A Handler accepts WebSocket connections on any mux of net/http and serves each
// with a function:
//
//	http.Handle("/echo", websocket.Handler{Serve: echo})
//
// Set its fields before the first request; they are only read from then on.
//
// # Goroutines
//
// Serve runs on a goroutine of its own, and ServeHTTP returns once the handshake
// is done: net/http's goroutine, its stack and its buffers go, which is most of
// what an idle connection would hold. Middleware around the Handler thus sees
// the request end when the connection begins. Set Hold for middleware that needs
// it otherwise.
//
// # The end of a connection
//
// When Serve returns, the connection is closed, if it is not yet: with 1000 after
// nil; with the code and the reason of an error of [CloseWith]; with 1001 after
// [context.Canceled]; with 1007 after an error of [Conn.ReadJSON] about what the peer
// sent; with the code of a [wire.Error] that the program has found itself; and with
// 1011 after any other error. An error of another connection, such as that of a proxy
// to its backend, counts as any other error: its code is not relayed.
//
// The text of an error is not sent to the peer. The reason of the close frame is that of
// CloseWith, the Reason of the wire.Error, a fixed text for 1007, or empty.
//
// An error that is answered with 1011 goes to the ErrorLog of the [http.Server],
// but for a context's deadline and [CloseWith]; so does a request that was refused with
// 500 or 501, and a code or a reason of CloseWith that cannot be sent.
// The peer's own close, a lost connection and the faults of clients are not logged.
//
// If Serve panics, the panic and the stack are logged in the same way and the
// connection is closed with 1011. [http.ErrAbortHandler] is not logged and drops
// the connection without a close frame. A panic never reaches ServeHTTP's caller.
//
// # The request
//
// Serve does not see the request, which would have to stay in memory. Take what is
// needed of it before:
//
//	http.HandleFunc("/rooms/{room}", func(w http.ResponseWriter, r *http.Request) {
//		room := r.PathValue("room")
//		websocket.Handler{Serve: func(ctx context.Context, c *websocket.Conn) error {
//			return join(ctx, room, c)
//		}}.ServeHTTP(w, r)
//	})
//
// # Timeouts of the http.Server
//
// ReadTimeout, WriteTimeout and IdleTimeout do not end an open WebSocket: net/http
// clears its deadlines when the connection is taken over. Bound reads and writes
// with contexts and [Limits] instead. ReadHeaderTimeout (or ReadTimeout, if it is
// 0) is what bounds a client that sends its handshake slowly or not at all; a
// server that faces the internet must set one of them. [http.Server.Shutdown]
// neither waits for open WebSockets nor closes them.
type Handler struct {
	// Serve is called for each connection. Its context is that of the
	// connection: it has the values of the request's context and ends when the
	// connection does. The connection is closed when Serve returns, and is not to
	// be used after. If Serve is nil every request is answered with 500.
	Serve func(ctx context.Context, c *Conn) error

	// Options are those of [Accept]. nil means the zero value.
	Options *AcceptOptions

	// Hold keeps Serve on the goroutine that called ServeHTTP, which returns when
	// the connection has ended: for middleware whose defers must outlive it. The
	// transport may be closed a little later. It costs some 13 KiB a connection.
	Hold bool
}

// ServeHTTP accepts the request as [Accept] does and serves the connection.
func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	printf := errorLog(r)
	if h.Serve == nil {
		e := refusal(http.StatusInternalServerError, "", "Handler.Serve is nil")
		refuse(w, e)
		printf("%v", e)
		return
	}
	c, err := Accept(w, r, h.Options)
	if err != nil {
		if isOwnFault(err) {
			printf("%v", err)
		}
		return
	}
	if h.Hold {
		serve(h.Serve, c, printf)
		return
	}
	go serve(h.Serve, c, printf) // holds on to neither w nor r
}

// serve runs f on c and closes c in the way that f's end asks for.
func serve(f func(context.Context, *Conn) error, c *Conn, printf func(string, ...any)) {
	code, reason := StatusInternalError, "" // unless f returns
	logPanic := func(v any) {
		if v != nil && v != http.ErrAbortHandler {
			printf("websocket: panic serving %v: %v\n%s", c.RemoteAddr(), v, debug.Stack())
		}
	}
	defer func() {
		logPanic(recover()) // of OnControl's function, which Close calls
		_ = c.CloseNow()
	}()
	defer func() {
		v := recover()
		logPanic(v)
		if v != http.ErrAbortHandler {
			_ = c.Close(context.Background(), code, reason) // bounded by Limits.CloseTimeout
		}
	}()
	err := f(c.Context(), c)
	code, reason = closeStatus(err, c)
	if report := serveFailure(c, err, code); report != nil {
		printf("websocket: serving %v: %v", c.RemoteAddr(), report)
	}
	if code == 0 {
		// If the connection is open, this peer is still owed a close frame: OnControl has
		// left the answer to us, or err is about another connection or asks for code 0.
		if code = c.Closure().Received.Code; code == 0 {
			code = StatusInternalError
		}
	}
}

// serveFailure returns what is to be logged of the error with which Serve returned,
// which asks for code, or nil.
func serveFailure(c *Conn, err error, code StatusCode) error {
	var asked *closeRequest
	switch {
	case errors.As(err, &asked):
		_, refused := closePayload(asked.Code, asked.Reason)
		return refused
	case code == 0 && c.canWrite() && !c.closing.sent.Load() && !c.closing.received.Load():
		return err // or the connection has ended, and Serve has met with that
	case code == StatusInternalError && !isContextEnd(err) && !(isStreamEnd(err) && !c.canWrite()):
		return err
	}
	return nil
}

// isStreamEnd reports whether err is how [Conn.ByteStream], or what reads from it, tells
// of a peer that is gone.
func isStreamEnd(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// isOwnFault reports whether a handshake failed because of this program. A client
// can cause the other errors at will, and is not to fill the log.
func isOwnFault(err error) bool {
	var e *HandshakeError
	return errors.As(err, &e) && (e.Status == http.StatusInternalServerError || e.Status == http.StatusNotImplemented) ||
		errors.Is(err, http.ErrHijacked) || errors.Is(err, errBegun)
}

func isContextEnd(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// errorLog returns where the server of a request logs, which is package log by
// default, as net/http has it.
func errorLog(r *http.Request) func(format string, args ...any) {
	s, ok := r.Context().Value(http.ServerContextKey).(*http.Server)
	if ok && s.ErrorLog != nil {
		return s.ErrorLog.Printf
	}
	return log.Printf
}
