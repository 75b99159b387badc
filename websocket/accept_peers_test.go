package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// The leniencies of the server's opening handshake, each with what a peer sends that
// needs it. Whatever else is malformed is refused; see TestRefusals.
func TestAcceptPeers(t *testing.T) {
	checkLeaks(t)
	const k8s = "SPDY/3.1+portforward.k8s.io"
	opts := &AcceptOptions{Subprotocols: []string{k8s, "chat"}, Extensions: []wire.Extension{&fakeExtension{name: "x-fake"}}}
	for name, test := range map[string]struct {
		request  string
		protocol []string // of the answer
	}{
		// RFC 6455, section 4.1: 1#extension has an element, as has the list of subprotocols.
		"ktor: no extension":              {handshake("+Sec-WebSocket-Extensions:"), nil},
		"libwebsockets: no subprotocol":   {handshake("+Sec-WebSocket-Protocol: "), nil},
		"commas for extensions":           {handshake("+Sec-WebSocket-Extensions: , ,"), nil},
		"commas for subprotocols":         {handshake("+Sec-WebSocket-Protocol: ,,", "+Sec-WebSocket-Protocol:"), nil},
		"an empty field and another":      {handshake("+Sec-WebSocket-Protocol:", "+Sec-WebSocket-Protocol: chat"), []string{"chat"}},
		"ktor: neither, and both present": {handshake("+Sec-WebSocket-Extensions:", "+Sec-WebSocket-Protocol:"), nil},

		// RFC 6455, section 4.1, item 10: no separators, such as the slash.
		"Kubernetes: port-forward":      {handshake("+Sec-WebSocket-Protocol: " + k8s), []string{k8s}},
		"a name that is not chosen":     {handshake("+Sec-WebSocket-Protocol: a/b;c=d, chat"), []string{"chat"}},
		"elements that are not names":   {handshake("+Sec-WebSocket-Protocol: a b, caf\xc3\xa9, chat"), []string{"chat"}},
		"no element that is a name":     {handshake("+Sec-WebSocket-Protocol: chat super"), nil},
		"a name in another case is not": {handshake("+Sec-WebSocket-Protocol: spdy/3.1+portforward.k8s.io"), nil},

		// RFC 6454, section 7: an origin ends in its host or port.
		"SocketRocket: origin":     {handshake("+Origin: http://server.example/"), nil},
		"React Native: origin":     {handshake("Host: server.example:8081", "+Origin: http://server.example:8081/"), nil},
		"origin is the Host field": {handshake("Host: server.example:8081", "+Origin: server.example:8081"), nil},

		// RFC 9112, section 6.3: a request without both length fields has no body.
		"vert.x, Envoy: chunked": {handshake("+Transfer-Encoding: chunked") + "0\r\n\r\n", nil},
		"chunked, in any case":   {handshake("+transfer-encoding: Chunked") + "000;x=y\r\n\r\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, r, a := acceptWith(t, opts, test.request)
			if a.err != nil || r.status != switching {
				t.Fatalf("answered %s %q, returned %v", r.status, r.body, a.err)
			}
			if got := r.get("Sec-WebSocket-Protocol"); !slices.Equal(got, test.protocol) || a.c.Subprotocol() != strings.Join(got, "") {
				t.Errorf("subprotocol %q and %q", got, a.c.Subprotocol())
			}
			if got := r.get("Sec-WebSocket-Extensions"); got != nil {
				t.Errorf("extensions %q", got)
			}
		})
	}
}

// Behind an empty chunked body come frames, wherever the stream is cut.
func TestAcceptChunkedEarlyBytes(t *testing.T) {
	checkLeaks(t)
	got := make(chan string, 1)
	serve := Handler{Serve: func(ctx context.Context, c *Conn) error {
		_, p, err := c.Read(ctx)
		got <- string(p)
		return err
	}}
	for name, h := range map[string]http.Handler{"plain": serve, "MaxBytesHandler": http.MaxBytesHandler(serve, 0)} {
		addr, _ := serveRaw(t, h, nil)
		for _, size := range []int{1, 3000, 10000} {
			payload := strings.Repeat("e", size)
			head := handshake("+Transfer-Encoding: chunked")
			for cut := len(head) - 1; cut <= len(head)+len("0\r\n\r\n")+1; cut++ {
				client := dialRaw(t, addr)
				all := append([]byte(head+"0\r\n\r\n"), client.frame(wire.OpBinary, true, []byte(payload))...)
				client.write(all[:cut])
				client.write(all[cut:])
				if r := client.response(); r.status != switching {
					t.Fatalf("%s: answered %s %q", name, r.status, r.body)
				}
				if p := <-got; p != payload {
					t.Errorf("%s: sent %d bytes behind the body, got %d", name, size, len(p))
				}
				client.expectClose(StatusNormalClosure)
			}
		}
	}
}

// A body with a byte in it, or with trailers, is refused, and so is whatever may be one.
func TestRefuseChunked(t *testing.T) {
	checkLeaks(t)
	const text = "the request has a body, which could be taken for frames (RFC 9110, section 9.3.1)\n"
	for name, test := range map[string]struct{ request, body string }{
		"one byte":     {handshake("+Transfer-Encoding: chunked") + "1\r\nx\r\n0\r\n\r\n", text},
		"trailers":     {handshake("+Transfer-Encoding: chunked") + "0\r\nX-Y: z\r\n\r\n", text},
		"Trailer":      {handshake("+Transfer-Encoding: chunked", "+Trailer: X-Y") + "0\r\n\r\n", text},
		"Expect":       {handshake("+Transfer-Encoding: chunked", "+Expect: 100-continue") + "0\r\n\r\n", text},
		"not a length": {handshake("+Transfer-Encoding: chunked") + "x\r\n\r\n", "chunked body is malformed or incomplete (RFC 9112, section 7.1)\n"},
		"foreign page": {handshake("+Transfer-Encoding: chunked", "+Origin: http://evil.example") + "0\r\n\r\n", "the origin is not allowed (RFC 6455, section 10.2)\n"},
	} {
		t.Run(name, func(t *testing.T) {
			_, r, a := acceptWith(t, nil, test.request)
			if a.err == nil || strings.HasPrefix(r.status, "HTTP/1.1 101") || r.body != test.body {
				t.Errorf("answered %s %q, returned %v", r.status, r.body, a.err)
			}
		})
	}
}

// servePipe serves h to one client that is in the same bubble.
func servePipe(t *testing.T, h http.Handler) *rawClient {
	ours, theirs := net.Pipe()
	ln := &oneListener{conns: make(chan net.Conn, 1)}
	ln.conns <- ours
	s := &http.Server{Handler: h}
	done := start(func() error { return s.Serve(ln) })
	t.Cleanup(func() {
		theirs.Close()
		s.Close()
		<-done
	})
	return &rawClient{peer{t: t, nc: theirs, role: wire.Client, key: [4]byte{1, 2, 3, 4}}}
}

type oneListener struct{ conns chan net.Conn }

func (l *oneListener) Accept() (net.Conn, error) {
	nc, ok := <-l.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return nc, nil
}
func (l *oneListener) Close() error   { close(l.conns); return nil }
func (l *oneListener) Addr() net.Addr { return &net.UnixAddr{} }

// The end of the body has Limits.HandshakeTimeout, which does not bear on the connection.
func TestAcceptChunkedTimeout(t *testing.T) {
	for _, late := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			got := make(chan accepted, 1)
			client := servePipe(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				c, err := Accept(w, r, nil)
				got <- accepted{c, err}
			}))
			began := time.Now()
			client.write([]byte(handshake("+Transfer-Encoding: chunked") + "0\r\n"))
			if late {
				if r := client.response(); r.status != "HTTP/1.1 408 Request Timeout" ||
					r.body != "chunked body did not end within Limits.HandshakeTimeout: i/o timeout (RFC 9110, section 15.5.9)\n" {
					t.Errorf("answered %s %q", r.status, r.body)
				}
				if d := time.Since(began); d != DefaultHandshakeTimeout {
					t.Errorf("after %v", d)
				}
				var e *HandshakeError
				if a := <-got; !errors.As(a.err, &e) || e.Status != 408 || !errors.Is(e, os.ErrDeadlineExceeded) {
					t.Errorf("returned %v", a.err)
				}
				return
			}
			time.Sleep(DefaultHandshakeTimeout - 1)
			go client.write([]byte("\r\n"))
			if r := client.response(); r.status != switching {
				t.Fatalf("answered %s %q", r.status, r.body)
			}
			a := <-got
			defer a.c.CloseNow()
			time.AfterFunc(time.Hour, func() { client.write(client.frame(wire.OpText, true, []byte("later"))) })
			if _, p, err := a.c.Read(t.Context()); string(p) != "later" {
				t.Errorf("read %q, %v", p, err)
			}
		})
	}
}

// Where the end of the body cannot be bounded there must be none.
func TestAcceptChunkedWithoutDeadline(t *testing.T) {
	checkLeaks(t)
	for _, limit := range []time.Duration{0, -1} {
		rec := httptest.NewRecorder()
		r := newHandshake(t)
		r.TransferEncoding, r.ContentLength = []string{"chunked"}, -1
		r.Body = io.NopCloser(strings.NewReader(""))
		c, err := Accept(scriptedHijack{rec, new(callRecorder)}, r, &AcceptOptions{Limits: Limits{HandshakeTimeout: limit}})
		if (err == nil) != (limit < 0) || limit == 0 && rec.Code != 400 {
			t.Errorf("limit %v: answered %d, returned %v", limit, rec.Code, err)
		}
		if c != nil {
			c.CloseNow()
		}
	}
}

// Subprotocols may carry tokens of some size, if the server says so.
func TestMaxHandshakeFields(t *testing.T) {
	checkLeaks(t)
	bearer := handshake("+Sec-WebSocket-Protocol: chat, base64url.bearer.authorization.k8s.io." + strings.Repeat("e", 10<<10))
	for limit, want := range map[int64]string{
		0:        "HTTP/1.1 431 Request Header Fields Too Large",
		8 << 10:  "HTTP/1.1 431 Request Header Fields Too Large",
		16 << 10: switching,
		-1:       switching,
	} {
		_, r, a := acceptWith(t, &AcceptOptions{Subprotocols: []string{"chat"}, Limits: Limits{MaxHandshakeFields: limit}}, bearer)
		if r.status != want || (a.err != nil) == (want == switching) {
			t.Errorf("%d: answered %s, returned %v", limit, r.status, a.err)
		}
		if a.err != nil && !strings.Contains(r.body, "more than Limits.MaxHandshakeFields, 8192 (RFC 6585, section 5)") {
			t.Errorf("answered %q", r.body)
		}
	}
}

// The client is not told which host its page was compared with.
func TestRefusalHidesHost(t *testing.T) {
	checkLeaks(t)
	_, r, a := acceptWith(t, nil, handshake("+Origin: https://evil.example"))
	if r.status != "HTTP/1.1 403 Forbidden" || r.body != "the origin is not allowed (RFC 6455, section 10.2)\n" {
		t.Errorf("answered %s %q", r.status, r.body)
	}
	const want = `websocket: handshake (status 403): origin "https://evil.example" does not match host "server.example" and is not in AcceptOptions.Origins (RFC 6455, section 10.2)`
	if fmt.Sprint(a.err) != want {
		t.Errorf("returned %v", a.err)
	}
}
