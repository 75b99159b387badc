package websocket

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/hook"
)

// A Handler accepts WebSocket connections on any mux of net/http and serves each with a function:
//
//	http.Handle("/echo", websocket.Handler{Serve: echo})
//
// Set its fields before the first request. After that they are only read.
//
// # Goroutines
//
// Serve runs on a new goroutine, and ServeHTTP returns once the opening handshake is done. That
// frees the goroutine of net/http with its stack and buffers, which is most of what an idle
// connection would hold. Middleware around the Handler therefore sees the request end when the
// connection begins. To prevent that, set Hold.
//
// # The end of a connection
//
// When Serve returns, the connection is closed, unless it is closed already. The status code
// depends on the error:
//
//   - nil: 1000, or 1001 if AcceptOptions.Group is shutting down
//   - an error of [CloseWith]: its code and reason
//   - [context.Canceled]: 1001
//   - an error of [Conn.ReadJSON] about an invalid value from the peer: 1007
//   - a [wire.Error] that the program has found itself: its code
//   - any other error: 1011. That includes an error of another connection, such as that of a proxy
//     to its backend, whose code is not relayed
//
// The text of an error is not sent to the peer. The reason of the close frame is that of CloseWith,
// the Reason of the wire.Error, a fixed text for 1007, or empty.
//
// The ErrorLog of the [http.Server] gets each error that is answered with 1011, except a context's
// deadline and [CloseWith]; each request that was refused with 500 or 501, or that the program had
// already answered or hijacked; and each code or reason of CloseWith that cannot be sent. A close
// by the peer, a lost connection and errors of clients are not logged, with one exception: a request
// whose origin is not in AcceptOptions.Origins is logged, but at most one a minute in the whole
// program. If Events.Refused is set, it gets them all, and none is logged.
//
// If Serve panics, the panic and the stack are logged in the same way, and the connection is closed
// with 1011. [http.ErrAbortHandler] is not logged, and closes the connection as CloseNow does. A
// panic never reaches the caller of ServeHTTP.
//
// # The request
//
// Serve does not get the request, which would have to stay in memory. Copy what you need:
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
// ReadTimeout, WriteTimeout and IdleTimeout do not end an open WebSocket, because net/http clears
// its deadlines when the connection is hijacked. Limit reads and writes with contexts and [Limits]
// instead. ReadHeaderTimeout, or ReadTimeout if that is 0, limits a client that sends its handshake
// slowly or not at all. A server on the internet must set one of the two.
//
// # Shutdown
//
// [http.Server.Shutdown] neither closes open WebSockets nor waits for them. The end of the context
// that BaseContext returned does not end them either, with or without a Group. Set
// AcceptOptions.Group, and before the program exits:
//
//	err := group.Shutdown(ctx)
//	err = errors.Join(err, server.Shutdown(ctx))
type Handler struct {
	// Serve is called for each connection. Its context is that of the connection: it has the values
	// of the request's context and ends with the connection. When Serve returns, the connection is
	// closed and must not be used any more. If Serve is nil, every request is answered with 500.
	Serve func(ctx context.Context, c *Conn) error

	// Options are the options of [Accept]. nil means the zero value.
	Options *AcceptOptions

	// Hold runs Serve on the goroutine that called ServeHTTP, which then returns when the
	// connection has ended. Set it if middleware defers calls that must run after that. The
	// transport may be closed a little later. It costs about 13 KiB for each connection.
	Hold bool
}

// refusedOrigins is for all Handlers, which are values and keep nothing between requests.
var refusedOrigins hook.Minutely

// ServeHTTP accepts the request as [Accept] does and serves the connection.
func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	printf := errorLog(r.Context())
	if h.Serve == nil {
		e := refusal(http.StatusInternalServerError, "", "Handler.Serve is nil")
		refuse(w, e)
		printf("%v", e)
		return
	}
	c, told, err := accept(w, r, h.Options)
	if err != nil {
		switch {
		case isOwnFault(err):
			printf("%v", err)
		case !told && errors.Is(err, errOrigin) && refusedOrigins.Allow(time.Now()):
			printf("%v; further refused origins are not logged for a minute", err)
		}
		return
	}
	if run := serve(h.Serve, c, printf); h.Hold {
		run()
	} else {
		go run() // keeps neither w nor r in memory
	}
}

// serve returns a function that runs f on c and then closes c as the result of f requires. That
// function has few variables, because its stack frame lives as long as the connection.
func serve(f func(context.Context, *Conn) error, c *Conn, printf func(string, ...any)) func() {
	return func() {
		code, reason := StatusInternalError, "" // if f panics
		defer func() { c.endServe(recover(), code, reason, printf) }()
		code, reason = c.result(f(c.Context(), c), printf)
	}
}

// endServe closes the connection after its Serve function, whose panic was v.
func (c *Conn) endServe(v any, code StatusCode, reason string, printf func(string, ...any)) {
	defer c.group.leave(c, holdServe)
	defer func() {
		logPanic(printf, c, recover()) // of OnControl's function, which Close calls
		_ = c.CloseNow()
	}()
	logPanic(printf, c, v)
	if v != http.ErrAbortHandler && !c.ctx.Ended() {
		_ = c.Close(context.Background(), code, reason) // bounded by Limits.CloseTimeout
	}
}

// result returns the code and reason to close with if Serve returned err. It logs err if necessary.
func (c *Conn) result(err error, printf func(string, ...any)) (StatusCode, string) {
	code, reason := closeStatus(err, c)
	if report := serveFailure(c, err, code); report != nil {
		printf("websocket: serving %v: %v", c.RemoteAddr(), report)
	}
	if code == 0 {
		// If the connection is open, the peer still needs a close frame: OnControl left the
		// answer to us, or err is about another connection or requests code 0.
		if code = c.Closure().Received.Code; code == 0 {
			code = StatusInternalError
		}
	}
	return code, reason
}

// logPanic logs v if it is the value of a panic that has to be logged. It is called by the deferred
// function that recovered v.
func logPanic(printf func(string, ...any), c *Conn, v any) {
	if v != nil && v != http.ErrAbortHandler {
		printf("websocket: panic serving %v: %v\n%s", c.RemoteAddr(), v, debug.Stack())
	}
}

// serveFailure returns the error to log if Serve returned err, which requires code, or nil.
func serveFailure(c *Conn, err error, code StatusCode) error {
	if _, peer := err.(*CloseError); err == nil || peer && !c.canWrite() {
		return nil // before asked is allocated
	}
	var asked *closeRequest
	switch {
	case errors.As(err, &asked):
		_, refused := closePayload(asked.Code, asked.Reason)
		return refused
	case code == 0 && c.canWrite() && !c.closing.sent.Load() && !c.closing.received.Load():
		return err // otherwise err only says that the connection has ended
	case code != StatusInternalError, isAny(err, context.Canceled, context.DeadlineExceeded):
		return nil
	case !c.canWrite() && isAny(err, io.EOF, io.ErrUnexpectedEOF): // of ByteStream
		return nil
	}
	return err
}

// isOwnFault reports whether a handshake failed because of this program. Clients can cause all
// other errors at will, and must not be able to fill the log.
func isOwnFault(err error) bool {
	var e *HandshakeError
	return errors.As(err, &e) &&
		(e.Status == http.StatusInternalServerError || e.Status == http.StatusNotImplemented) ||
		errors.Is(err, http.ErrHijacked) || errors.Is(err, errBegun)
}

func isAny(err error, targets ...error) bool {
	return slices.ContainsFunc(targets, func(target error) bool { return errors.Is(err, target) })
}

// errorLog returns the log function of the server in ctx, the context of a request or a connection.
// By default, it is that of package log, as in net/http.
func errorLog(ctx context.Context) func(format string, args ...any) {
	s, ok := ctx.Value(http.ServerContextKey).(*http.Server)
	if ok && s.ErrorLog != nil {
		return s.ErrorLog.Printf
	}
	return log.Printf
}
