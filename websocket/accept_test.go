package websocket_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// The response has the status, our fields, the choices and the fields of Header, in this
// order.
func TestAcceptResponse(t *testing.T) {
	checkLeaks(t)
	opts := &AcceptOptions{
		Subprotocols: []string{"v2.chat", "Chat"},
		Extensions:   []wire.Extension{&fakeExtension{name: "x-other"}, &fakeExtension{name: "x-fake"}},
		Header:       http.Header{"x-lower": {"a"}, "X-Two": {"1", "2"}},
	}
	_, r, a := acceptWith(t, opts, handshake(
		"Sec-WebSocket-Protocol: chat, Chat",
		"Sec-WebSocket-Extensions: x-fake; level=1",
	))
	if a.err != nil {
		t.Fatal(a.err)
	}
	want := rawResponse{
		status: switching,
		fields: []string{
			"Upgrade: websocket",
			"Connection: Upgrade",
			"Sec-WebSocket-Accept: " + sampleAccept,
			"Sec-WebSocket-Protocol: Chat",
			"Sec-WebSocket-Extensions: x-fake; level=1",
			"X-Two: 1",
			"X-Two: 2",
			"x-lower: a",
		},
	}
	if r.status != want.status || !slices.Equal(r.fields, want.fields) || r.body != "" {
		t.Errorf("got  %q\nwant %q", r, want)
	}
	if s := a.c.Subprotocol(); s != "Chat" {
		t.Errorf("Subprotocol() = %q, want \"Chat\"", s)
	}
}

// The server chooses the first of its subprotocols that the client offers. Names are
// case-sensitive. The field is absent if there is none.
func TestAcceptSubprotocol(t *testing.T) {
	checkLeaks(t)
	for _, test := range []struct {
		server  []string
		client  []string
		want    string
		present bool
	}{
		{[]string{"b", "a"}, []string{"+Sec-WebSocket-Protocol: a, b"}, "b", true},
		{[]string{"b", "a"}, []string{"+Sec-WebSocket-Protocol: a", "+Sec-WebSocket-Protocol: b"}, "b", true},
		{[]string{"chat"}, []string{"+Sec-WebSocket-Protocol: Chat"}, "", false},
		{[]string{"chat"}, nil, "", false},
		{nil, []string{"+Sec-WebSocket-Protocol: chat"}, "", false},
	} {
		_, r, a := acceptWith(t, &AcceptOptions{Subprotocols: test.server}, handshake(test.client...))
		if a.err != nil {
			t.Errorf("server %v, client %v: %v", test.server, test.client, a.err)
			continue
		}
		got := r.get("Sec-WebSocket-Protocol")
		if test.present != (len(got) == 1 && got[0] == test.want) || a.c.Subprotocol() != test.want {
			t.Errorf("server %v, client %v: got %q and %q, want %q",
				test.server, test.client, got, a.c.Subprotocol(), test.want)
		}
	}
}

// Header fields that middleware has set are sent with the 101, except for those that
// would break the handshake.
func TestAcceptMiddlewareHeader(t *testing.T) {
	checkLeaks(t)
	addr, _ := serveRaw(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add("Set-Cookie", "a=1")
		h.Add("Set-Cookie", "b=2")
		for _, name := range []string{
			"Connection", "Upgrade", "Sec-WebSocket-Accept", "sec-websocket-protocol",
			"Sec-WebSocket-Extensions", "Sec-Websocket-Version",
			"Content-Length", "Transfer-Encoding", "Trailer",
		} {
			h[name] = []string{"7"}
		}
		h[http.TrailerPrefix+"X"] = []string{"7"}
		c, err := Accept(w, r, &AcceptOptions{Header: http.Header{"Set-Cookie": {"c=3"}}})
		if err != nil {
			t.Error(err)
			return
		}
		c.CloseNow()
	}), nil)
	client := dialRaw(t, addr)
	client.Write([]byte(handshake()))
	r := client.response()
	want := []string{"Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: " + sampleAccept,
		"Set-Cookie: a=1", "Set-Cookie: b=2", "Set-Cookie: c=3"}
	if !slices.Equal(r.fields, want) {
		t.Errorf("got  %q\nwant %q", r.fields, want)
	}
	client.ExpectEOF()
}

// Invalid options are an error, and no part of them is sent.
func TestAcceptBadOptions(t *testing.T) {
	checkLeaks(t)
	const evil = "evil\r\nX-Evil: 1"
	bad := &fakeExtension{
		name:   "x-fake",
		answer: &wire.ExtensionSpec{Name: "x-fake", Params: []wire.Param{{Name: evil}}},
	}
	unoffered := &fakeExtension{name: "x-fake", answer: &wire.ExtensionSpec{Name: "x-evil"}}
	for name, opts := range map[string]*AcceptOptions{
		"header value CRLF":     {Header: http.Header{"X-Ok": {evil}}},
		"header value LF":       {Header: http.Header{"X-Ok": {"evil\n b"}}},
		"header value NUL":      {Header: http.Header{"X-Ok": {"evil\x00"}}},
		"header name CRLF":      {Header: http.Header{evil: {"a"}}},
		"header name space":     {Header: http.Header{"evil b": {"a"}}},
		"header name empty":     {Header: http.Header{"": {"evil"}}},
		"handshake field":       {Header: http.Header{"Sec-WebSocket-Accept": {"evil"}}},
		"handshake field, case": {Header: http.Header{"connection": {"evil"}}},
		"field of a body":       {Header: http.Header{"Content-Length": {"0"}}},
		"subprotocol CRLF":      {Subprotocols: []string{"chat", evil}},
		"subprotocol comma":     {Subprotocols: []string{"chat,evil"}},
		"subprotocol empty":     {Subprotocols: []string{""}},
		"extension CRLF":        {Extensions: []wire.Extension{bad}},
		"extension unoffered":   {Extensions: []wire.Extension{unoffered}},
		"origin with a path":    {Origins: []string{"https://evil.example/"}},
		"origin CRLF":           {Origins: []string{evil}},
		"any origin":            {Origins: []string{"*"}},
		"origin, any scheme":    {Origins: []string{"*://*:*"}},
		"configured": {Configure: func(r *http.Request, o *AcceptOptions) error {
			o.Subprotocols = []string{evil}
			return nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			_, r, a := acceptWith(t, opts,
				handshake("+Sec-WebSocket-Protocol: chat", "+Sec-WebSocket-Extensions: x-fake"))
			if r.status != "HTTP/1.1 500 Internal Server Error" {
				t.Errorf("answered %s, want 500", r.status)
			}
			all := strings.Join(r.fields, "\n") + r.body
			if strings.Contains(all, "evil") || strings.Contains(all, "Evil") {
				t.Errorf("the invalid option was sent:\n%s", all)
			}
			var e *HandshakeError
			if !errors.As(a.err, &e) || e.Status != 500 {
				t.Errorf("returned %v, want status 500", a.err)
			}
			if strings.ContainsAny(a.err.Error(), "\r\n\x00") {
				t.Errorf("the error has a control character: %q", a.err)
			}
		})
	}
	if bad.open != 0 || unoffered.open != 0 {
		t.Errorf("%d and %d sessions are still open, want none", bad.open, unoffered.open)
	}
}

// An invalid header field of middleware is found before the connection is hijacked, so
// that the request can still be answered.
func TestAcceptBadMiddlewareHeader(t *testing.T) {
	checkLeaks(t)
	rec := httptest.NewRecorder()
	rec.Header()["X-Bad"] = []string{"a\r\nX-Evil: 1"}
	_, err := Accept(rec, newHandshake(t), nil)
	var e *HandshakeError
	if !errors.As(err, &e) || e.Status != 500 || rec.Code != 500 {
		t.Errorf("answered %d, returned %v; want 500 in both", rec.Code, err)
	}
}

// Accept does not write to a connection that was hijacked before.
func TestAcceptHijacked(t *testing.T) {
	checkLeaks(t)
	addr, logged := serveRaw(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nc, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer nc.Close()
		_, err = Accept(w, r, nil)
		var e *HandshakeError
		if !errors.Is(err, http.ErrHijacked) || !errors.As(err, &e) || e.Status != 0 {
			t.Errorf("returned %v, want ErrHijacked without a status", err)
		}
	}), nil)
	client := dialRaw(t, addr)
	client.Write([]byte(handshake()))
	client.ExpectEOF()
	if s := logged.String(); s != "" {
		t.Errorf("logged %q, want nothing", s)
	}
}

// Accept refuses HTTP/2 requests, which have no Upgrade, and asks for HTTP/1.1.
func TestAcceptHTTP2(t *testing.T) {
	checkLeaks(t)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := Accept(w, r, nil); err == nil {
			t.Error("Accept succeeded over HTTP/2")
		}
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	resp, err := s.Client().Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.ProtoMajor != 2 || resp.StatusCode != 505 || !strings.Contains(string(body), "HTTP/1.1") {
		t.Errorf("got %s %s, %q; want 505 over HTTP/2, which names HTTP/1.1", resp.Proto, resp.Status, body)
	}
	for _, name := range []string{"Upgrade", "Connection"} { // RFC 9113, section 8.2.2
		if v := resp.Header.Values(name); v != nil {
			t.Errorf("got %s: %q, want no such field", name, v)
		}
	}
}

// Accept works over TLS, and Conn.TLS returns its state.
func TestAcceptOverTLS(t *testing.T) {
	checkLeaks(t)
	s := httptest.NewTLSServer(Handler{Serve: func(ctx context.Context, c *Conn) error {
		if c.TLS() == nil {
			t.Error("TLS() = nil")
		}
		return nil
	}})
	defer s.Close()
	config := s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	config.NextProtos = []string{"http/1.1"}
	nc, err := tls.Dial("tcp", s.Listener.Addr().String(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	client := peerOver(t, nc, wire.Client)
	client.Write([]byte(handshake()))
	if r := client.response(); r.status != switching {
		t.Errorf("answered %s, want %s", r.status, switching)
	}
	client.ExpectClose(StatusNormalClosure)
}

// Frames that a client sends right after its request are not lost.
func TestAcceptEarlyBytes(t *testing.T) {
	checkLeaks(t)
	for _, size := range []int{1, 200, 3000, 10000} { // the buffer of net/http has 4096 bytes
		got := make(chan []byte, 1)
		addr, _ := serveRaw(t, Handler{Serve: func(ctx context.Context, c *Conn) error {
			_, p, err := c.Read(ctx)
			got <- p
			return err
		}}, nil)
		client := dialRaw(t, addr)
		payload := bytes.Repeat([]byte("e"), size)
		client.Write(append([]byte(handshake()), client.Frame(wire.OpBinary, true, string(payload))...))
		client.response()
		if p := <-got; !bytes.Equal(p, payload) {
			t.Errorf("got %d bytes after the request, want %d", len(p), size)
		}
		client.ExpectClose(StatusNormalClosure)
	}
}

// The response is a single Write, with a deadline that is cleared afterwards.
func TestAcceptWritesOnce(t *testing.T) {
	checkLeaks(t)
	nc := new(callRecorder)
	c, err := Accept(scriptedHijack{httptest.NewRecorder(), nc}, newHandshake(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	want := []string{
		"SetReadDeadline none", "SetWriteDeadline none", "SetWriteDeadline", "Write", "SetWriteDeadline none",
	}
	if !slices.Equal(nc.calls, want) {
		t.Errorf("got calls %q, want %q", nc.calls, want)
	}
}

// If the response cannot be sent, Accept closes the connection and the session.
func TestAcceptWriteFails(t *testing.T) {
	checkLeaks(t)
	ext := &fakeExtension{name: "x-fake"}
	cause := errors.New("no cable")
	nc := &callRecorder{err: cause}
	rec := httptest.NewRecorder()
	r := newHandshake(t)
	r.Header.Set("Sec-WebSocket-Extensions", "x-fake")
	_, err := Accept(scriptedHijack{rec, nc}, r, &AcceptOptions{
		Extensions: []wire.Extension{ext},
		Limits:     Limits{HandshakeTimeout: -1},
	})
	var e *HandshakeError
	if !errors.As(err, &e) || e.Status != 0 || !errors.Is(err, cause) {
		t.Errorf("returned %v, want %v without a status", err, cause)
	}
	want := []string{"SetReadDeadline none", "SetWriteDeadline none", "Write", "SetReadDeadline", "Close"}
	if !slices.Equal(nc.calls, want) {
		t.Errorf("got calls %q, want %q", nc.calls, want)
	}
	if ext.open != 0 {
		t.Error("the session was not closed")
	}
	if rec.Body.Len() > 0 {
		t.Errorf("answered %q, want nothing", rec.Body)
	}
}

// Once the connection is hijacked, Accept closes it and the session even if the
// program's code panics.
func TestAcceptPanics(t *testing.T) {
	checkLeaks(t)
	for name, test := range map[string]struct {
		buffers, bits bool // whether Hijack returns buffers, and Session.Bits does not panic
		want          []string
	}{
		"no buffers": {false, true, []string{"SetReadDeadline", "Close"}},
		"extension": {true, false, []string{
			"SetReadDeadline none", "SetWriteDeadline none", "SetReadDeadline", "Close",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			ext := &fakeExtension{name: "x-fake", panics: !test.bits}
			nc := new(callRecorder)
			w := &bareHijack{header: http.Header{}, nc: nc}
			if test.buffers {
				w.brw = bufio.NewReadWriter(bufio.NewReader(nc), bufio.NewWriter(nc))
			}
			r := newHandshake(t)
			r.Header.Set("Sec-WebSocket-Extensions", "x-fake")
			func() {
				defer func() {
					if recover() == nil {
						t.Error("Accept did not panic")
					}
				}()
				_, _ = Accept(w, r, &AcceptOptions{Extensions: []wire.Extension{ext}})
			}()
			if !slices.Equal(nc.calls, test.want) {
				t.Errorf("got calls %q, want %q", nc.calls, test.want)
			}
			if ext.open != 0 {
				t.Error("the session was not closed")
			}
		})
	}
}

// A planner reads the deadline when a Write begins. Neither a later deadline nor Close
// ends that Write, as in smux version 1.
type planner struct {
	net.Conn
	due atomic.Pointer[time.Time]
}

func (p *planner) SetWriteDeadline(t time.Time) error { p.due.Store(&t); return nil }

func (p *planner) Write([]byte) (int, error) {
	wait := time.Hour
	if due := *p.due.Load(); !due.IsZero() {
		wait = time.Until(due)
	}
	time.Sleep(wait)
	return 0, os.ErrDeadlineExceeded
}

// Accept times out if the client does not read the response, or too slowly, even on a transport with
// no working deadlines. It closes the session once.
func TestAcceptHandshakeTimeout(t *testing.T) {
	checkLeaks(t)
	for _, wrap := range []func(net.Conn) net.Conn{
		func(nc net.Conn) net.Conn { return nc },
		func(nc net.Conn) net.Conn { return undeadlined{nc} },
		func(nc net.Conn) net.Conn { return heedless{nc} },
		func(nc net.Conn) net.Conn { return &planner{Conn: nc} },
	} {
		for _, slow := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				var wg sync.WaitGroup
				defer wg.Wait()
				defer theirs.Close()
				if slow {
					wg.Go(func() { trickle(theirs, DefaultHandshakeTimeout*2/3) })
				}
				ext := &fakeExtension{name: "x-fake"}
				r := newHandshake(t)
				r.Header.Set("Sec-WebSocket-Extensions", "x-fake")
				nc := wrap(ours)
				start := time.Now()
				_, err := Accept(scriptedHijack{httptest.NewRecorder(), nc}, r,
					&AcceptOptions{Extensions: []wire.Extension{ext}})
				if !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("%T: returned %v, want a timeout", nc, err)
				}
				// A write to a transport that may ignore its deadlines ends a little later.
				late := time.Since(start) - DefaultHandshakeTimeout
				if late < 0 || late > transport.ProbeTime+transport.Grace {
					t.Errorf("%T: ended %v after %v, want at most %v", nc, late, DefaultHandshakeTimeout,
						transport.ProbeTime+transport.Grace)
				}
				synctest.Wait()
				if ext.open != 0 {
					t.Errorf("%T: %d sessions are open, want none", nc, ext.open)
				}
			})
		}
	}
}

// trickle reads one byte from nc in each interval.
func trickle(nc net.Conn, interval time.Duration) {
	for err := error(nil); err == nil; {
		time.Sleep(interval)
		_, err = nc.Read(make([]byte, 1))
	}
}

// Configure may refuse a request, and only a HandshakeError of its own is shown to the
// client. Its changes to the options apply to one request only.
func TestConfigure(t *testing.T) {
	checkLeaks(t)
	backend := httptest.NewServer(http.NotFoundHandler())
	defer backend.Close()
	opts := &AcceptOptions{
		Subprotocols: []string{"a"},
		Header:       http.Header{"X-A": {"1"}},
		Configure: func(r *http.Request, o *AcceptOptions) error {
			switch r.URL.Path {
			case "/own":
				return &HandshakeError{Status: 401, Err: errors.New("who are you?")}
			case "/other":
				return errors.New("dial db.internal: refused")
			case "/odd":
				return &HandshakeError{Status: 200, Err: errors.New("not a refusal")}
			case "/backend":
				_, _, err := Dial(r.Context(), backend.URL, nil)
				return fmt.Errorf("backend: %w", err)
			}
			o.Subprotocols[0] = "b"
			o.Header.Set("X-A", "2")
			o.Origins = append(o.Origins, "https://app.example")
			return nil
		},
	}
	for _, test := range []struct{ path, status, body string }{
		{"/own", "HTTP/1.1 401 Unauthorized", "who are you?\n"},
		{"/other", "HTTP/1.1 403 Forbidden", "the server refused the WebSocket\n"},
		{"/odd", "HTTP/1.1 403 Forbidden", "the server refused the WebSocket\n"},
		{"/backend", "HTTP/1.1 403 Forbidden", "the server refused the WebSocket\n"},
	} {
		_, r, a := acceptWith(t, opts, handshake("GET "+test.path+" HTTP/1.1"))
		if r.status != test.status || r.body != test.body {
			t.Errorf("%s: answered %s %q, want %s %q", test.path, r.status, r.body, test.status, test.body)
		}
		if a.err == nil || test.path == "/other" && !strings.Contains(a.err.Error(), "db.internal") {
			t.Errorf("%s: returned %v, want the error of Configure", test.path, a.err)
		}
	}
	_, r, _ := acceptWith(t, opts, handshake("+Origin: https://app.example", "+Sec-WebSocket-Protocol: a, b"))
	if got := r.get("Sec-WebSocket-Protocol"); !slices.Equal(got, []string{"b"}) {
		t.Errorf("got subprotocols %q, want \"b\"", got)
	}
	if opts.Subprotocols[0] != "a" || opts.Header.Get("X-A") != "1" || opts.Origins != nil {
		t.Errorf("Configure changed the shared options: %+v", opts)
	}
}
