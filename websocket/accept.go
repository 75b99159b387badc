package websocket

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"

	"github.com/hawser-ws/hawser/websocket/internal/field"
	"github.com/hawser-ws/hawser/websocket/internal/origin"
	"github.com/hawser-ws/hawser/websocket/internal/responsewriter"
	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// errBegun indicates a bug in the server program.
var errBegun = errors.New("the response has begun, but nothing may be written before Accept")

// Accept performs the opening handshake of a server (RFC 6455, section 4.2) and returns the
// connection, which the caller must close. It runs on the caller's goroutine and starts none. See
// [Handler] for servers with many connections. opts may be nil.
//
// A request that cannot be accepted gets a complete response, with an appropriate status and a line
// of text that says what was wrong and which RFC section it violates. The error is then a
// [*HandshakeError] with that status, and the caller only has to return:
//
//   - 400: the handshake violates RFC 6455, or has a body
//   - 403: the page is of another origin, or AcceptOptions.Configure refused
//   - 405: the method is not GET
//   - 408: the end of an empty chunked body did not arrive in time
//   - 426: the request has no "Upgrade: websocket", or uses HTTP/1.0 or a WebSocket version other
//     than 13
//   - 431: the Sec-WebSocket fields are larger than Limits.MaxHandshakeFields
//   - 500: opts, w.Header or the answer of an extension is invalid, or Hijack failed. Only the error
//     says why
//   - 501: w cannot be hijacked. A ResponseWriter that wraps another must have Unwrap or Hijack. The
//     one of [http.TimeoutHandler] has neither. The error names the type of the innermost writer
//   - 503: AcceptOptions.Group is full or shutting down. The response has a Retry-After field unless
//     Group.RetryAfter is negative, and the server closes the connection
//   - 505: the request uses HTTP/2 or HTTP/3, which have no Upgrade
//
// A status of 0 means that no response was sent: the response had already begun, the connection had
// already been hijacked, or the 101 could not be sent and the connection is gone. Accept notices
// that a response has begun if w, or a writer that it wraps, reports it with a method Written, or
// with a method Status together with BytesWritten or Size. The writer of net/http has none of these
// methods: write nothing to it before Accept.
//
// Accept sends the 101 itself, after Hijack. Middleware that records the status therefore sees
// none, or keeps its default, such as 200. Only a writer with a WriteHeaderNow method, such as
// gin's, records 101, because its WriteHeader sends nothing.
//
// For clients that do not follow the RFCs in every detail, Accept tolerates empty Sec-WebSocket
// lists, subprotocols with separators such as "/", an empty chunked body, and an Origin that ends
// in "/" or is the Host field without a scheme.
//
// The response has the fields of w.Header, such as Set-Cookie, except those of the handshake and
// those about the length of a body, and the fields of AcceptOptions.Header. It is sent within
// Limits.HandshakeTimeout.
//
// If the connections of a listener have no read deadlines, as with SSH channels, net/http cannot
// hand over a connection until the client sends something or disconnects, and Accept waits for
// that. The ReadDeadlines example adds deadlines to such connections.
//
// The context of the connection has the values of the request's context, but does not end with it.
// After Accept, the connection depends on neither w, nor r's context, nor the context that
// [http.Server.BaseContext] returned, nor a deadline of the server. [Group.Shutdown] closes the
// connections of a server that exits.
func Accept(w http.ResponseWriter, r *http.Request, opts *AcceptOptions) (*Conn, error) {
	c, _, err := accept(w, r, opts)
	if err == nil {
		c.group.leave(c, holdServe)
	}
	return c, err
}

// defaultAccept is only read.
var defaultAccept AcceptOptions

// accept is Accept for a Handler, which leaves the Group once Serve has returned. told is whether
// Events.Refused was called.
func accept(w http.ResponseWriter, r *http.Request, opts *AcceptOptions) (c *Conn, told bool, err error) {
	if opts == nil {
		opts = &defaultAccept
	}
	var e *HandshakeError
	if responsewriter.HasBegun(w) {
		e = &HandshakeError{Err: errBegun}
	} else if opts, e = optionsFor(r, opts); e == nil {
		c, e = open(w, r, opts)
	}
	if e == nil {
		done := false
		defer func() {
			c.group.join(c)
			if !done { // Accepted has panicked
				c.group.leave(c, holdServe)
			}
		}()
		c.accepted(r, opts.Events)
		done = true
		return c, false, nil
	}
	if e.Status != 0 {
		refuse(w, e)
	}
	return nil, opts.Events.refused(r, e), e
}

// open opens the connection that a request asks for, for which the caller must call Group.join. An
// error with a status has not been answered yet.
func open(w http.ResponseWriter, r *http.Request, opts *AcceptOptions) (*Conn, *HandshakeError) {
	a := acceptance{opts: opts}
	e := a.negotiate(w, r)
	if e == nil {
		if e = opts.Group.enter(); e != nil {
			closeSession(a.conn.Session)
		}
	}
	if e != nil {
		return nil, e
	}
	var nc net.Conn
	var c *Conn
	opened := false
	defer func() {
		// Also after a panic: net/http does not close a hijacked connection.
		if opened {
			return
		}
		if c != nil {
			c.end(errClosed) // not only its parts: abortOverdue may have called it already
		} else {
			closeSession(a.conn.Session)
			if nc != nil {
				transport.Drop(nc)
			}
		}
		opts.Group.join(nil)
	}()
	middleware := w.Header() // before Hijack, after which w must not be used
	var brw *bufio.ReadWriter
	if e = finishBody(w, r, a.conn.Limits.HandshakeTimeout); e == nil {
		nc, brw, e = hijack(w)
	}
	if e != nil {
		return nil, e
	}
	a.conn.Early = buffered(brw.Reader)
	c = newConn(r.Context(), nc, &a.conn)
	if err := a.respond(&c.tr, brw, middleware); err != nil {
		return nil, &HandshakeError{Err: fmt.Errorf("sending the response: %w", err)}
	}
	c.group = opts.Group
	opened = true
	return c, nil
}

// An acceptance is the server's side of one opening handshake.
type acceptance struct {
	opts      *AcceptOptions
	conn      ConnOptions // what was agreed
	accept    string      // the value of Sec-WebSocket-Accept
	extension []byte      // the value of Sec-WebSocket-Extensions, if any
}

// negotiate checks a request and its options, and chooses subprotocol and extension. Without an
// error, the caller must close a.conn.Session.
func (a *acceptance) negotiate(w http.ResponseWriter, r *http.Request) *HandshakeError {
	if e := a.opts.checkOptions(); e != nil {
		return e
	}
	if e := checkRequest(r); e != nil {
		return e
	}
	if e := a.opts.checkOrigin(r); e != nil {
		return e
	}
	a.conn.Limits = a.opts.Limits
	a.conn.Limits.setDefaults()
	if e := checkFieldSizes(r.Header, a.conn.Limits.MaxHandshakeFields); e != nil {
		return e
	}
	for name, values := range w.Header() {
		if field.IsReserved(name) {
			continue
		}
		if err := field.Check(name, values); err != nil {
			return refusal(http.StatusInternalServerError, "", "ResponseWriter.Header: %w", err)
		}
	}
	a.conn.Subprotocol = chooseSubprotocol(r.Header, a.opts.Subprotocols)
	// checkRequest has checked that there is a key. AcceptKey may panic (see there), so it is
	// called before there is a session to close.
	a.accept = wire.AcceptKey(r.Header[keyKey][0])
	return a.chooseExtension(r.Header, a.opts.Extensions)
}

// optionsFor returns the options for a request: opts itself, which is only read, or a copy that
// Configure has changed. With an error it returns opts.
func optionsFor(r *http.Request, opts *AcceptOptions) (*AcceptOptions, *HandshakeError) {
	if opts.Configure == nil {
		return opts, nil
	}
	o := *opts
	o.Subprotocols = slices.Clone(opts.Subprotocols)
	o.Extensions = slices.Clone(opts.Extensions)
	o.Origins = slices.Clone(opts.Origins)
	o.Header = opts.Header.Clone()
	err := opts.Configure(r, &o)
	if err == nil {
		return &o, nil
	}
	var own *HandshakeError
	if errors.As(err, &own) && !own.dial && own.Err != nil && own.Status >= 400 && own.Status <= 599 {
		return opts, own
	}
	return opts, &HandshakeError{
		Status: http.StatusForbidden,
		Err:    privateError{err, "the server refused the WebSocket"},
	}
}

// hijack takes the connection over from net/http. An error with a status has not been answered yet.
func hijack(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, *HandshakeError) {
	responsewriter.RecordSwitching(w)
	nc, brw, err := http.NewResponseController(w).Hijack()
	switch {
	case errors.Is(err, http.ErrHijacked):
		return nil, nil, &HandshakeError{Err: err}
	case errors.Is(err, http.ErrNotSupported):
		return nil, nil, refusal(http.StatusNotImplemented, "",
			"connection cannot be hijacked: %T has neither Hijack nor Unwrap", responsewriter.Innermost(w))
	case err != nil:
		return nil, nil, refusal(http.StatusInternalServerError, "", "hijack: %w", err)
	}
	return nc, brw, nil
}

// buffered returns a copy of the bytes in the buffer of br, so that br can be freed.
func buffered(br *bufio.Reader) []byte {
	n := br.Buffered()
	if n == 0 {
		return nil
	}
	b, _ := br.Peek(n) // cannot fail: n bytes are buffered
	return bytes.Clone(b)
}

// checkOptions returns an error for options with which no request can be accepted. Only the error
// quotes invalid values. The response does not.
func (o *AcceptOptions) checkOptions() *HandshakeError {
	bad := func(format string, args ...any) *HandshakeError {
		return refusal(http.StatusInternalServerError, "", format, args...)
	}
	for _, s := range o.Subprotocols {
		if !wire.IsProtocolName(s) {
			return bad("AcceptOptions.Subprotocols: %q %s", s, protocolNameRule)
		}
	}
	for _, p := range o.Origins {
		if err := origin.CheckPattern(p); err != nil {
			return bad("AcceptOptions.Origins: %q %w", p, err)
		}
	}
	for name, values := range o.Header {
		if field.IsReserved(name) {
			return bad("AcceptOptions.Header: %q is set by the handshake itself", name)
		}
		if err := field.Check(name, values); err != nil {
			return bad("AcceptOptions.Header: %w", err)
		}
	}
	return nil
}
