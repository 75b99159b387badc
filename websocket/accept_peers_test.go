package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/wstest"
	"github.com/hawser-ws/hawser/wire"
)

// The server accepts some malformed requests because real clients send them. Each row
// names such a client, or a variant of its request. TestRefusals has the malformed
// requests that are refused.
func TestAcceptPeers(t *testing.T) {
	checkLeaks(t)
	const k8s = "SPDY/3.1+portforward.k8s.io"
	opts := &AcceptOptions{
		Subprotocols: []string{k8s, "chat"},
		Extensions:   []wire.Extension{&fakeExtension{name: "x-fake"}},
	}
	for name, test := range map[string]struct {
		request  string
		protocol []string // in the response
	}{
		// RFC 6455, section 4.1: a list of extensions (1#extension) or of subprotocols is not empty.
		"ktor: no extension":            {handshake("+Sec-WebSocket-Extensions:"), nil},
		"libwebsockets: no subprotocol": {handshake("+Sec-WebSocket-Protocol: "), nil},
		"only commas, extensions":       {handshake("+Sec-WebSocket-Extensions: , ,"), nil},
		"only commas, subprotocols": {
			handshake("+Sec-WebSocket-Protocol: ,,", "+Sec-WebSocket-Protocol:"), nil,
		},
		"an empty field and another": {
			handshake("+Sec-WebSocket-Protocol:", "+Sec-WebSocket-Protocol: chat"), []string{"chat"},
		},
		"ktor: two empty fields": {handshake("+Sec-WebSocket-Extensions:", "+Sec-WebSocket-Protocol:"), nil},

		// RFC 6455, section 4.1, item 10, allows no separators, such as the slash.
		"Kubernetes: port-forward": {handshake("+Sec-WebSocket-Protocol: " + k8s), []string{k8s}},
		"a bad name, not chosen":   {handshake("+Sec-WebSocket-Protocol: a/b;c=d, chat"), []string{"chat"}},
		"some elements are not names": {
			handshake("+Sec-WebSocket-Protocol: a b, caf\xc3\xa9, chat"), []string{"chat"},
		},
		"no element is a name":   {handshake("+Sec-WebSocket-Protocol: chat super"), nil},
		"a name in another case": {handshake("+Sec-WebSocket-Protocol: spdy/3.1+portforward.k8s.io"), nil},

		// RFC 6454, section 7: an origin ends with its host or port.
		"SocketRocket: origin": {handshake("+Origin: http://server.example/"), nil},
		"React Native: origin": {
			handshake("Host: server.example:8081", "+Origin: http://server.example:8081/"), nil,
		},
		"origin is the Host field": {
			handshake("Host: server.example:8081", "+Origin: server.example:8081"), nil,
		},

		// RFC 9112, section 6.3: a request with Transfer-Encoding has a body, here an empty one.
		"vert.x, Envoy: chunked": {handshake("+Transfer-Encoding: chunked") + "0\r\n\r\n", nil},
		"chunked, in any case":   {handshake("+transfer-encoding: Chunked") + "000;x=y\r\n\r\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, r, a := acceptWith(t, opts, test.request)
			if a.err != nil || r.status != switching {
				t.Fatalf("answered %s %q, returned %v; want %s", r.status, r.body, a.err, switching)
			}
			got := r.get("Sec-WebSocket-Protocol")
			if !slices.Equal(got, test.protocol) || a.c.Subprotocol() != strings.Join(got, "") {
				t.Errorf("got subprotocols %q and %q, want %q", got, a.c.Subprotocol(), test.protocol)
			}
			if got := r.get("Sec-WebSocket-Extensions"); got != nil {
				t.Errorf("got extensions %q, want none", got)
			}
		})
	}
}

// Frames after an empty chunked body are read, wherever TCP cuts the stream.
func TestAcceptChunkedEarlyBytes(t *testing.T) {
	checkLeaks(t)
	got := make(chan string, 1)
	serve := Handler{Serve: func(ctx context.Context, c *Conn) error {
		_, p, err := c.Read(ctx)
		got <- string(p)
		return err
	}}
	for name, h := range map[string]http.Handler{
		"plain":           serve,
		"MaxBytesHandler": http.MaxBytesHandler(serve, 0),
	} {
		addr, _ := serveRaw(t, h, nil)
		for _, size := range []int{1, 3000, 10000} {
			payload := strings.Repeat("e", size)
			head := handshake("+Transfer-Encoding: chunked")
			for cut := len(head) - 1; cut <= len(head)+len("0\r\n\r\n")+1; cut++ {
				client := dialRaw(t, addr)
				all := append([]byte(head+"0\r\n\r\n"), client.Frame(wire.OpBinary, true, payload)...)
				client.Write(all[:cut])
				client.Write(all[cut:])
				if r := client.response(); r.status != switching {
					t.Fatalf("%s: answered %s %q, want %s", name, r.status, r.body, switching)
				}
				if p := <-got; p != payload {
					t.Errorf("%s: got %d bytes after the body, want %d", name, len(p), size)
				}
				client.ExpectClose(StatusNormalClosure)
			}
		}
	}
}

// A request is refused if it has a body or trailers, or may have them.
func TestRefuseChunked(t *testing.T) {
	checkLeaks(t)
	const text = "the request has a body, which could be taken for frames (RFC 9110, section 9.3.1)\n"
	for name, test := range map[string]struct{ request, body string }{
		"one byte": {handshake("+Transfer-Encoding: chunked") + "1\r\nx\r\n0\r\n\r\n", text},
		"trailers": {handshake("+Transfer-Encoding: chunked") + "0\r\nX-Y: z\r\n\r\n", text},
		"Trailer":  {handshake("+Transfer-Encoding: chunked", "+Trailer: X-Y") + "0\r\n\r\n", text},
		"Expect":   {handshake("+Transfer-Encoding: chunked", "+Expect: 100-continue") + "0\r\n\r\n", text},
		"not a length": {
			handshake("+Transfer-Encoding: chunked") + "x\r\n\r\n",
			"chunked body is malformed or incomplete (RFC 9112, section 7.1)\n",
		},
		"foreign page": {
			handshake("+Transfer-Encoding: chunked", "+Origin: http://evil.example") + "0\r\n\r\n",
			"the origin is not allowed (RFC 6455, section 10.2)\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, r, a := acceptWith(t, nil, test.request)
			if a.err == nil || strings.HasPrefix(r.status, "HTTP/1.1 101") || r.body != test.body {
				t.Errorf("answered %s %q, returned %v; want a refusal with %q",
					r.status, r.body, a.err, test.body)
			}
		})
	}
}

// servePipe serves h to one client in memory, which may be in a bubble of synctest.
func servePipe(t *testing.T, h http.Handler) *peer {
	t.Helper()
	nc, err := wstest.NetDial(h)(t.Context(), "tcp", "example.com:80")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	return peerOver(t, nc, wire.Client)
}

// A body that does not end within Limits.HandshakeTimeout is refused. Once it has ended,
// the timeout no longer applies.
func TestAcceptChunkedTimeout(t *testing.T) {
	for _, late := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			got := make(chan accepted, 1)
			client := servePipe(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				c, err := Accept(w, r, nil)
				got <- accepted{c, err}
			}))
			began := time.Now()
			client.Write([]byte(handshake("+Transfer-Encoding: chunked") + "0\r\n"))
			if late {
				const want = "chunked body did not end within Limits.HandshakeTimeout: i/o timeout " +
					"(RFC 9110, section 15.5.9)\n"
				if r := client.response(); r.status != "HTTP/1.1 408 Request Timeout" || r.body != want {
					t.Errorf("answered %s %q, want 408", r.status, r.body)
				}
				if d := time.Since(began); d != DefaultHandshakeTimeout {
					t.Errorf("answered after %v, want %v", d, DefaultHandshakeTimeout)
				}
				var e *HandshakeError
				if a := <-got; !errors.As(a.err, &e) || e.Status != 408 ||
					!errors.Is(e, os.ErrDeadlineExceeded) {
					t.Errorf("returned %v, want a timeout with status 408", a.err)
				}
				return
			}
			time.Sleep(DefaultHandshakeTimeout - 1)
			go client.Write([]byte("\r\n"))
			if r := client.response(); r.status != switching {
				t.Fatalf("answered %s %q, want %s", r.status, r.body, switching)
			}
			a := <-got
			defer a.c.CloseNow()
			time.AfterFunc(time.Hour, func() {
				client.Write(client.Frame(wire.OpText, true, "later"))
			})
			if _, p, err := a.c.Read(t.Context()); string(p) != "later" {
				t.Errorf(`read %q, %v; want "later"`, p, err)
			}
		})
	}
}

// A chunked body is refused if the ResponseWriter supports no read deadline, unless
// HandshakeTimeout is off.
func TestAcceptChunkedWithoutDeadline(t *testing.T) {
	checkLeaks(t)
	for _, limit := range []time.Duration{0, -1} {
		rec := httptest.NewRecorder()
		r := newHandshake(t)
		r.TransferEncoding, r.ContentLength = []string{"chunked"}, -1
		r.Body = io.NopCloser(strings.NewReader(""))
		c, err := Accept(scriptedHijack{rec, new(callRecorder)}, r,
			&AcceptOptions{Limits: Limits{HandshakeTimeout: limit}})
		if (err == nil) != (limit < 0) || limit == 0 && rec.Code != 400 {
			t.Errorf("limit %v: answered %d, returned %v; want 400 only with a limit", limit, rec.Code, err)
		}
		if c != nil {
			c.CloseNow()
		}
	}
}

// MaxHandshakeFields can be raised for clients that send large tokens as subprotocols.
func TestMaxHandshakeFields(t *testing.T) {
	checkLeaks(t)
	bearer := handshake("+Sec-WebSocket-Protocol: chat, base64url.bearer.authorization.k8s.io." +
		strings.Repeat("e", 10<<10))
	for limit, want := range map[int64]string{
		0:        "HTTP/1.1 431 Request Header Fields Too Large",
		8 << 10:  "HTTP/1.1 431 Request Header Fields Too Large",
		16 << 10: switching,
		-1:       switching,
	} {
		opts := &AcceptOptions{Subprotocols: []string{"chat"}, Limits: Limits{MaxHandshakeFields: limit}}
		_, r, a := acceptWith(t, opts, bearer)
		if r.status != want || (a.err != nil) == (want == switching) {
			t.Errorf("limit %d: answered %s, returned %v; want %s", limit, r.status, a.err, want)
		}
		if a.err != nil &&
			!strings.Contains(r.body, "more than Limits.MaxHandshakeFields, 8192 (RFC 6585, section 5)") {
			t.Errorf("answered %q, which does not name the limit", r.body)
		}
	}
}

// A refusal does not reveal the host to which the origin was compared.
func TestRefusalHidesHost(t *testing.T) {
	checkLeaks(t)
	_, r, a := acceptWith(t, nil, handshake("+Origin: https://evil.example"))
	if r.status != "HTTP/1.1 403 Forbidden" ||
		r.body != "the origin is not allowed (RFC 6455, section 10.2)\n" {
		t.Errorf("answered %s %q, want 403", r.status, r.body)
	}
	const want = `websocket: handshake (status 403): origin "https://evil.example" does not match ` +
		`host "server.example" and is not in AcceptOptions.Origins (RFC 6455, section 10.2)`
	if fmt.Sprint(a.err) != want {
		t.Errorf("returned %v, want %s", a.err, want)
	}
}
