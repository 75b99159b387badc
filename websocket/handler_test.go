package websocket_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"
	"weak"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// serveWith starts a server for h and returns a client that has completed the opening handshake.
func serveWith(t *testing.T, h http.Handler, set func(*http.Server)) (*peer, *lockedBuffer) {
	t.Helper()
	addr, logged := serveRaw(t, h, set)
	client := dialRaw(t, addr)
	client.Write([]byte(handshake()))
	if r := client.response(); r.status != "HTTP/1.1 101 Switching Protocols" {
		t.Fatalf("answered %s %q, want 101", r.status, r.body)
	}
	return client, logged
}

// finish answers the server's close frame and waits until the server closes the TCP connection.
func (c *peer) finish(code StatusCode) {
	c.t.Helper()
	c.SendClose(code, "")
	c.ExpectEOF()
}

// A picky value fails to unmarshal with the error err.
type picky struct{ err error }

func (p *picky) UnmarshalJSON([]byte) error { return p.err }

// readJSON reads a message as JSON into a value that refuses it with err. It reads from c, or
// from another connection if c is nil.
func readJSON(t *testing.T, c *Conn, err error) error {
	if c == nil {
		var p *peer
		c, p = newPeerWith(t, "tcp", wire.Client)
		p.Send(wire.OpText, true, "{}")
	}
	return c.ReadJSON(bounded(t), &picky{err})
}

// wantReason maps the names of tests to the reason in the close frame, which is a text of the
// package or the reason passed to CloseWith.
var wantReason = map[string]string{
	"error of the peer":          "invalid UTF-8",
	"its own JSON":               "message is not the expected JSON",
	"CloseWith":                  "full",
	"CloseWith an internal code": "later",
}

// A serveFunc is a Handler.Serve.
type serveFunc func(ctx context.Context, c *Conn) error

// returns makes a Handler.Serve that returns err.
func returns(err error) serveFunc {
	return func(context.Context, *Conn) error { return err }
}

// panics makes a Handler.Serve that panics with v.
func panics(v any) serveFunc {
	return func(context.Context, *Conn) error { panic(v) }
}

// readsJSON makes a Handler.Serve that reads a message of its own connection as JSON. It returns the
// error of ReadJSON, which wraps err.
func readsJSON(t *testing.T, err error) serveFunc {
	return func(_ context.Context, c *Conn) error { return readJSON(t, c, err) }
}

// A handlerEnd is a way in which Serve ends, and its consequences.
type handlerEnd struct {
	serve serveFunc
	code  StatusCode // 0 if there is no close frame
	log   string     // a part of the log; "" if nothing is logged
}

// handlerEnds returns the ways in which Serve ends, by the names of their tests.
func handlerEnds(t *testing.T) map[string]handlerEnd {
	broken := func(v wire.Violation) error { return &wire.Error{Violation: v} }
	return map[string]handlerEnd{
		"nil":                {returns(nil), 1000, ""},
		"error":              {returns(errors.New("no disk")), 1011, "no disk"},
		"error of the peer":  {returns(broken(wire.ErrInvalidUTF8)), 1007, ""},
		"another peer's end": {returns(&CloseError{Code: 1000}), 1011, "peer closed with 1000"},
		"another conn's end": {returns(net.ErrClosed), 1011, "use of closed"},
		"another conn's violation": {returns(
			EndedError("read", broken(wire.ErrMessageTooBig), 0),
		), 1011, "message over MaxMessage"},
		"another conn's JSON": {func(context.Context, *Conn) error {
			return readJSON(t, nil, io.EOF)
		}, 1011, "EOF"},
		"another conn's JSON that ended": {func(context.Context, *Conn) error {
			return readJSON(t, nil, net.ErrClosed)
		}, 1011, "use of closed"},
		"another conn's extension": {returns(
			fmt.Errorf("backend: %w", ExtensionError(errors.New("secret"))),
		), 1011, "secret"},
		"another conn's handshake": {returns(
			&HandshakeError{Err: broken(wire.ErrMessageTooBig)},
		), 1011, "message over MaxMessage"},
		"its own extension": {func(_ context.Context, c *Conn) error {
			return c.OpError("write", ExtensionError(errors.New("no memory")))
		}, 1011, "no memory"},
		"its own JSON":                  {readsJSON(t, io.EOF), 1007, ""},
		"its own JSON, but cancelled":   {readsJSON(t, context.Canceled), 1007, ""},
		"its own JSON, but not closed":  {readsJSON(t, net.ErrClosed), 1007, ""},
		"its own JSON, but a violation": {readsJSON(t, broken(wire.ErrMessageTooBig)), 1007, ""},
		"its own JSON, but not UTF-8":   {readsJSON(t, errors.New("\xff")), 1007, ""},
		"another stream's end": {returns(
			BrokenStream(EndedError("read", io.ErrUnexpectedEOF, 0)),
		), 1011, "unexpected EOF"},
		"CloseWith":                  {returns(CloseWith(4005, "full")), 4005, ""},
		"CloseWith, wrapped":         {returns(fmt.Errorf("no: %w", CloseWith(1013, ""))), 1013, ""},
		"CloseWith an internal code": {returns(CloseWith(1011, "later")), 1011, ""},
		"CloseWith no code": {returns(CloseWith(0, "")), 1011,
			"closed with 1011 (internal error) instead of code 0"},
		"CloseWith a local code": {returns(CloseWith(1006, "")), 1011,
			"closed with 1011 (internal error) instead of code 1006"},
		"CloseWith a bad reason": {returns(CloseWith(4005, "\xff")), 4005, "without the reason"},
		"cancelled":              {returns(context.Canceled), 1001, ""},
		"too late":               {returns(context.DeadlineExceeded), 1011, ""},
		"panic":                  {panics("bad day"), 1011, "panic serving 127.0.0.1:"},
		"panic with an error":    {panics(io.EOF), 1011, "handler_test.go:"},
		"panic uncomparable":     {panics([]int{7}), 1011, "[7]"},
		"panic nil":              {panics(nil), 1011, "nil"},
		"abort":                  {panics(http.ErrAbortHandler), 0, ""},
		"Goexit": {func(context.Context, *Conn) error {
			runtime.Goexit()
			return nil
		}, 1011, ""},
		"CloseNow": {func(_ context.Context, c *Conn) error {
			c.CloseNow()
			return nil
		}, 0, ""},
	}
}

// The way in which Serve ends determines the close frame and the log.
func TestHandlerEnds(t *testing.T) {
	checkLeaks(t)
	for name, test := range handlerEnds(t) {
		for _, hold := range []bool{false, true} {
			if name == "Goexit" && hold {
				continue // it would end net/http's goroutine and leave its client waiting
			}
			t.Run(name, func(t *testing.T) {
				conns := make(chan *Conn, 1)
				serve := func(ctx context.Context, c *Conn) error {
					conns <- c
					return test.serve(ctx, c)
				}
				client, logged := serveWith(t, Handler{Hold: hold, Serve: serve}, nil)
				kind, _, _ := strings.Cut(name, ", but")
				if kind == "its own JSON" {
					client.Send(wire.OpText, true, "{}")
				}
				if test.code != 0 {
					if reason := client.ExpectClose(test.code); reason != wantReason[kind] {
						t.Errorf("the close frame has the reason %q, want %q", reason, wantReason[kind])
					}
					client.finish(test.code)
				} else {
					client.ExpectEOF()
				}
				c := <-conns
				<-c.Context().Done()
				v := c.Closure()
				if v.Sent.Code != test.code || v.Received.Code != test.code || v.ByPeer ||
					v.Clean != (test.code != 0) {
					t.Errorf("Closure: got %+v, want code %d both ways", v, test.code)
				}
				if s := logged.String(); (s == "") != (test.log == "") || !strings.Contains(s, test.log) {
					t.Errorf("logged %q, want a text with %q", s, test.log)
				}
			})
		}
	}
}

// Errors of the connection itself are caused by the peer and are not logged.
func TestHandlerPeerEnds(t *testing.T) {
	checkLeaks(t)
	reads := map[string]func(ctx context.Context, c *Conn) error{
		"Read": func(ctx context.Context, c *Conn) error {
			for {
				if _, _, err := c.Read(ctx); err != nil {
					return err
				}
			}
		},
		"ByteStream": func(_ context.Context, c *Conn) error {
			_, err := io.ReadFull(c.ByteStream(Binary), make([]byte, 2))
			return err
		},
		"ByteStream, wrapped": func(_ context.Context, c *Conn) error {
			_, err := c.ByteStream(Binary).Read(make([]byte, 2))
			return fmt.Errorf("reading: %w", err)
		},
	}
	for name, end := range map[string]func(*peer){
		"close frame": func(c *peer) {
			c.SendClose(StatusGoingAway, "bye")
			c.ExpectClose(StatusGoingAway)
			c.ExpectEOF()
		},
		"violation": func(c *peer) {
			c.Write([]byte{0x81, 0x00}) // not masked
			c.ExpectClose(StatusProtocolError)
			c.ExpectEOF()
		},
		"TCP drop": func(c *peer) { c.nc.Close() },
	} {
		for way, read := range reads {
			t.Run(name+"/"+way, func(t *testing.T) {
				returned := make(chan bool)
				h := Handler{Hold: true, Serve: read}
				client, logged := serveWith(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					h.ServeHTTP(w, r)
					close(returned)
				}), nil)
				end(client)
				<-returned
				if s := logged.String(); s != "" {
					t.Errorf("logged %q, want nothing", s)
				}
			})
		}
	}
}

// A refusal is logged if it is the server's own fault, and not if it is the client's.
func TestHandlerLogsOwnFaults(t *testing.T) {
	checkLeaks(t)
	serving := Handler{Serve: func(context.Context, *Conn) error { return nil }}
	for _, test := range []struct {
		h       http.Handler
		request string
		status  string
		log     string
	}{
		{Handler{}, handshake(), "500 Internal Server Error", "Handler.Serve is nil"},
		{Handler{Serve: serving.Serve, Options: &AcceptOptions{Subprotocols: []string{"a b"}}},
			handshake(), "500 Internal Server Error",
			`AcceptOptions.Subprotocols: "a b" must be ` +
				`one or more bytes from U+0021 to U+007E other than a comma`},
		{serving, handshake("-Upgrade:"), "426 Upgrade Required", ""},
		{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serving.ServeHTTP(opaque{w}, r) }),
			handshake(), "501 Not Implemented", "neither Hijack nor Unwrap"},
		{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.ProtoMajor = 2
			serving.ServeHTTP(w, r)
		}), handshake(), "505 HTTP Version Not Supported", ""},
	} {
		addr, logged := serveRaw(t, test.h, nil)
		client := dialRaw(t, addr)
		client.Write([]byte(test.request))
		if r := client.response(); r.status != "HTTP/1.1 "+test.status {
			t.Errorf("answered %s, want %s", r.status, test.status)
		}
		if s := logged.String(); (s == "") != (test.log == "") || !strings.Contains(s, test.log) {
			t.Errorf("logged %q, want a text with %q", s, test.log)
		}
	}
}

type contextKey struct{}

// The context carries the request's values, outlives the request and ends with the connection.
func TestHandlerContext(t *testing.T) {
	checkLeaks(t)
	requestOver := make(chan struct{})
	h := Handler{Serve: func(ctx context.Context, c *Conn) error {
		<-requestOver
		if ctx.Value(contextKey{}) != "ada" || ctx.Value(http.ServerContextKey) == nil {
			t.Error("the context lacks values of the request")
		}
		if err := ctx.Err(); err != nil {
			t.Errorf("the context ended with the request: %v", err)
		}
		c.CloseNow()
		<-ctx.Done()
		return nil
	}}
	client, _ := serveWith(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(context.WithValue(r.Context(), contextKey{}, "ada"))
		h.ServeHTTP(w, r.WithContext(ctx))
		cancel()
		close(requestOver)
	}), nil)
	client.ExpectEOF()
}

// Functions deferred by middleware run after the connection has ended if Hold is set, and before
// that otherwise.
func TestHandlerHold(t *testing.T) {
	checkLeaks(t)
	for _, hold := range []bool{false, true} {
		returned := make(chan struct{})
		serving := make(chan struct{})
		goOn := make(chan struct{})
		h := Handler{Hold: hold, Serve: func(ctx context.Context, c *Conn) error {
			close(serving)
			<-goOn
			return nil
		}}
		client, _ := serveWith(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(returned)
			h.ServeHTTP(w, r)
		}), nil)
		<-serving
		if hold {
			select {
			case <-returned:
				t.Error("ServeHTTP returned before Serve")
			default:
			}
		} else {
			<-returned
		}
		close(goOn)
		client.ExpectClose(StatusNormalClosure)
		client.finish(StatusNormalClosure)
		<-returned
	}
}

// A watchedHijack records net/http's buffers without keeping them alive.
type watchedHijack struct {
	http.ResponseWriter
	buffers *weak.Pointer[bufio.Reader]
}

func (h watchedHijack) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	nc, brw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err == nil {
		*h.buffers = weak.Make(brw.Reader)
	}
	return nc, brw, err
}

// An open connection keeps neither the request nor net/http's buffers alive, even with Events.
func TestHandlerKeepsNoRequest(t *testing.T) {
	checkLeaks(t)
	var request weak.Pointer[http.Request]
	var buffers weak.Pointer[bufio.Reader]
	returned := make(chan struct{})
	events := &Events{Accepted: func(*http.Request, *Conn) {}}
	h := Handler{Options: &AcceptOptions{Events: events}, Serve: func(ctx context.Context, c *Conn) error {
		_, _, err := c.Read(ctx)
		return err
	}}
	client, _ := serveWith(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request = weak.Make(r)
		h.ServeHTTP(watchedHijack{w, &buffers}, r)
		close(returned)
	}), nil)
	<-returned
	deadline := time.Now().Add(time.Minute)
	for ; request.Value() != nil || buffers.Value() != nil; runtime.GC() {
		if time.Now().After(deadline) {
			t.Errorf("still alive: request %v, buffers %v, want neither",
				request.Value() != nil, buffers.Value() != nil)
			break
		}
	}
	client.SendClose(StatusNormalClosure, "")
	client.ExpectClose(StatusNormalClosure)
	client.ExpectEOF()
}

// No timeout of the http.Server ends an open WebSocket, because Accept clears its deadlines. The
// test does not depend on the machine's speed: all timeouts have passed before the client sends.
func TestHandlerServerTimeouts(t *testing.T) {
	checkLeaks(t)
	const timeout = 2 * time.Second // enough for a busy machine to read the request
	for name, set := range map[string]func(*http.Server){
		"ReadTimeout":       func(s *http.Server) { s.ReadTimeout = timeout },
		"ReadHeaderTimeout": func(s *http.Server) { s.ReadHeaderTimeout = timeout },
		"WriteTimeout":      func(s *http.Server) { s.WriteTimeout = timeout },
		"IdleTimeout":       func(s *http.Server) { s.IdleTimeout = timeout },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, _ := serveWith(t, Handler{Serve: func(ctx context.Context, c *Conn) error {
				<-time.After(timeout + timeout/4)
				if err := c.Write(ctx, Text, []byte("over")); err != nil {
					return err
				}
				typ, p, err := c.Read(ctx)
				if err != nil {
					return err
				}
				return c.Write(ctx, typ, p)
			}}, set)
			client.Expect(wire.OpText, true, "over")
			client.Send(wire.OpText, true, "still here")
			client.Expect(wire.OpText, true, "still here")
			client.ExpectClose(StatusNormalClosure)
			client.finish(StatusNormalClosure)
		})
	}
}

// A request that arrives a byte at a time is accepted.
func TestHandlerDribbled(t *testing.T) {
	checkLeaks(t)
	addr, _ := serveRaw(t, Handler{Serve: func(ctx context.Context, c *Conn) error {
		typ, p, err := c.Read(ctx)
		if err != nil {
			return err
		}
		return c.Write(ctx, typ, p)
	}}, func(s *http.Server) { s.ReadHeaderTimeout = 10 * time.Second })
	client := dialRaw(t, addr)
	client.nc.(*net.TCPConn).SetNoDelay(true)
	for _, b := range []byte(handshake("Connection: keep-alive, Upgrade")) {
		client.Write([]byte{b})
		runtime.Gosched()
	}
	if r := client.response(); r.status != "HTTP/1.1 101 Switching Protocols" {
		t.Fatalf("answered %s, want 101", r.status)
	}
	for _, b := range client.Frame(wire.OpText, true, "drop by drop") {
		client.Write([]byte{b})
	}
	client.Expect(wire.OpText, true, "drop by drop")
	client.ExpectClose(StatusNormalClosure)
	client.finish(StatusNormalClosure)
}

// ReadHeaderTimeout ends a request that stalls, wherever it stalls.
func TestHandlerStalled(t *testing.T) {
	checkLeaks(t)
	addr, _ := serveRaw(t, Handler{Serve: func(context.Context, *Conn) error {
		t.Error("Serve was called for an incomplete request")
		return nil
	}}, func(s *http.Server) { s.ReadHeaderTimeout = 50 * time.Millisecond })
	whole := handshake()
	for _, n := range []int{0, 1, 30, len(whole) - 1} {
		client := dialRaw(t, addr)
		client.Write([]byte(whole[:n]))
		// Depending on where the request stalls, net/http answers with 400 or not at all.
		if b, err := io.ReadAll(client.nc); err != nil || bytes.Contains(b, []byte(" 101 ")) {
			t.Errorf("after %d bytes: got %q, %v, want no 101", n, b, err)
		}
	}
}
