package websocket_test

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// Dial sends exactly this request, given all options that affect it.
func TestDialRequest(t *testing.T) {
	checkLeaks(t)
	s := serveScript(t, nil, nil, hello)
	header := http.Header{
		"Origin": {"https://example.com"}, "x-LOWER": {"kept", "twice"},
		"HOST": {"virtual.example:8080"}, "user-agent": {"tester/1"},
	}
	opts := &DialOptions{
		Proxy: direct, Header: header, Subprotocols: []string{"b", "a"},
		Extensions: []wire.Extension{&offeredExtension{name: "x-one"}, &offeredExtension{name: "x-two"}},
	}
	want := maps.Clone(header)
	mustHello(t, "ws://user:pa%20ss@"+s.addr+"/a%2Fb/c?q=1&r", opts)
	if !maps.EqualFunc(header, want, slices.Equal) {
		t.Errorf("Dial changed the caller's header: %q", header)
	}
	head := s.requests()[0]
	key := fieldOf(head, FieldKey)
	if !wire.IsKey(key) {
		t.Errorf("got Sec-WebSocket-Key %q, want 16 bytes in base64", key)
	}
	wantHead := "GET /a%2Fb/c?q=1&r HTTP/1.1\r\n" +
		"Host: virtual.example:8080\r\n" +
		"User-Agent: tester/1\r\n" +
		"Authorization: Basic dXNlcjpwYSBzcw==\r\n" +
		"Connection: Upgrade\r\n" +
		"Origin: https://example.com\r\n" +
		"Sec-WebSocket-Extensions: x-one; v=1; flag, x-two; v=1; flag\r\n" +
		"Sec-WebSocket-Key: " + key + "\r\n" +
		"Sec-WebSocket-Protocol: b, a\r\n" +
		"Sec-WebSocket-Version: 13\r\n" +
		"Upgrade: websocket\r\n" +
		"x-LOWER: kept\r\nx-LOWER: twice\r\n\r\n"
	if head != wantHead {
		t.Errorf("got request:\n%s\nwant:\n%s", head, wantHead)
	}
}

// Authorization in Header, in any case, takes precedence over the userinfo of the URL.
func TestDialAuthorization(t *testing.T) {
	checkLeaks(t)
	s := serveScript(t, nil, nil, hello)
	mustHello(t, "ws://user:pass@"+s.addr, &DialOptions{
		Proxy: direct, Header: http.Header{"authorization": {"Bearer x"}},
	})
	head := s.requests()[0]
	if strings.Contains(head, "Basic") || fieldOf(head, "authorization") != "Bearer x" {
		t.Errorf("got request:\n%s\nwant Authorization: Bearer x alone", head)
	}
}

// Dial refuses fields of Header that could split the request or that belong to the
// handshake. It does not connect then.
func TestDialRefusesHeader(t *testing.T) {
	checkLeaks(t)
	rows := map[string]http.Header{
		"value with CR":         {"X": {"a\rb"}},
		"value with LF":         {"X": {"a\nEvil: 1"}},
		"value with NUL":        {"X": {"a\x00"}},
		"value with DEL":        {"X": {"a\x7f"}},
		"name with CR":          {"X\r": {"a"}},
		"name with LF":          {"X: a\nEvil": {"a"}},
		"name with a space":     {"X ": {"a"}},
		"name with a colon":     {"X:": {"a"}},
		"name empty":            {"": {"a"}},
		"User-Agent with LF":    {"User-Agent": {"a\nEvil: 1"}},
		"Host with LF":          {"Host": {"a\nEvil: 1"}},
		"Host with a space":     {"Host": {"a b"}},
		"Host with a path":      {"Host": {"a/b"}},
		"Host empty":            {"Host": {""}},
		"Upgrade":               {"Upgrade": {"x"}},
		"connection":            {"connection": {"close"}},
		"Sec-WebSocket-Key":     {"Sec-WebSocket-Key": {"x"}},
		"sec-websocket-version": {"sec-websocket-version": {"8"}},
		"Sec-Websocket-New":     {"Sec-Websocket-New": {"x"}},
		"Content-Length":        {"Content-Length": {"3"}},
		"transfer-encoding":     {"transfer-encoding": {"chunked"}},
		"Trailer":               {"Trailer": {"X"}},
		"Proxy-Authorization":   {"proxy-authorization": {"Basic x"}},
		"Host twice":            {"Host": {"a", "b"}},
		"Host in two spellings": {"Host": {"a"}, "host": {"b"}},
	}
	for name, header := range rows {
		t.Run(name, func(t *testing.T) {
			mustFail(t, "ws://host/", unconnected(t, DialOptions{Header: header}), "DialOptions.Header")
		})
	}
}

// Dial refuses other options that could split the request.
func TestDialRefusesOptions(t *testing.T) {
	checkLeaks(t)
	extension := func(x wire.Extension) DialOptions {
		return DialOptions{Extensions: []wire.Extension{x}}
	}
	rows := map[string]struct {
		url  string
		opts DialOptions
	}{
		"subprotocol with LF":            {opts: DialOptions{Subprotocols: []string{"a\nEvil: 1"}}},
		"subprotocol with CR":            {opts: DialOptions{Subprotocols: []string{"a\r"}}},
		"subprotocol with a comma":       {opts: DialOptions{Subprotocols: []string{"a,b"}}},
		"subprotocol empty":              {opts: DialOptions{Subprotocols: []string{""}}},
		"subprotocol twice":              {opts: DialOptions{Subprotocols: []string{"a", "b", "a"}}},
		"extension with LF":              {opts: extension(&offeredExtension{name: "x\n"})},
		"extension with CR in parameter": {opts: extension(&offeredExtension{name: "x", value: "\r"})},
		"URL path with LF":               {url: "ws://host/\nEvil: 1"},
		"URL query with CR":              {url: "ws://host/?\r"},
		"URL host with LF":               {url: "ws://ho\nst/"},
		"URL host with a quote":          {url: "ws://ho\"st/"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			mustFail(t, cmp.Or(row.url, "ws://host/"), unconnected(t, row.opts), "")
		})
	}
}

// Dial sends subprotocols as the caller spells them, even if they are not tokens, such as
// that of Kubernetes' port forwarding.
func TestDialSubprotocolNames(t *testing.T) {
	checkLeaks(t)
	names := []string{
		"SPDY/3.1+portforward.k8s.io",
		"base64url.bearer.authorization.k8s.io.dG9rZW4",
		`!"#$%&'()*+-./09:;<=>?@AZ[\]^_` + "`az{|}~",
	}
	got, _, err := verdict(t, DialOptions{Subprotocols: names}, func(rc *scriptConn) string {
		if got, want := rc.field("Sec-WebSocket-Protocol"), strings.Join(names, ", "); got != want {
			t.Errorf("sent %q, want %q", got, want)
		}
		return rc.accept("Sec-WebSocket-Protocol: " + names[0])
	})
	if got != names[0] || err != nil {
		t.Errorf("got subprotocol %q, %v; want %q", got, err, names[0])
	}
}

// An invalid cookie of a Jar cannot split the request.
func TestDialBadCookie(t *testing.T) {
	checkLeaks(t)
	s := serveScript(t, nil, nil, hello)
	mustHello(t, "ws://"+s.addr, &DialOptions{Proxy: direct, Jar: badJar{}})
	if head := s.requests()[0]; strings.Contains(head, "\nEvil") {
		t.Errorf("the cookie split the request:\n%s", head)
	}
}

// A badJar has a cookie with line feeds.
type badJar struct{}

func (badJar) SetCookies(*url.URL, []*http.Cookie) {}
func (badJar) Cookies(*url.URL) []*http.Cookie {
	return []*http.Cookie{{Name: "a\nEvil: 1", Value: "b\r\nEvil: 2"}}
}

// Frames that arrive in the same segment or TLS record as the response are not lost, and
// neither are those that follow.
func TestDialEarlyFrames(t *testing.T) {
	checkLeaks(t)
	serverTLS, clientTLS := dialTLS(t)
	for _, scheme := range []string{"ws", "wss"} {
		for _, size := range []int{0, 1, 4 << 10, 100 << 10} {
			t.Run(fmt.Sprint(scheme, "/", size), func(t *testing.T) {
				big := strings.Repeat("b", size)
				var c *tls.Config
				if scheme == "wss" {
					c = serverTLS
				}
				s := serveScript(t, nil, c, func(rc *scriptConn) {
					frame := string(serverFrame(wire.OpBinary, big))
					rc.say(rc.accept() + helloFrame + frame + helloFrame[:3])
					rc.say(helloFrame[3:])
					waitClosed(rc)
				})
				conn, _ := mustHello(t, scheme+"://"+s.addr,
					&DialOptions{Proxy: direct, TLSConfig: clientTLS})
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				for _, want := range []string{big, "hello"} {
					if _, got, err := conn.Read(ctx); err != nil || string(got) != want {
						t.Fatalf("read %d bytes, %v; want the %d bytes sent", len(got), err, len(want))
					}
				}
				if _, ok := conn.NetConn().(*net.TCPConn); scheme == "ws" && !ok {
					t.Errorf("NetConn is a %T, want a *net.TCPConn", conn.NetConn())
				}
				if state := conn.TLS(); (state != nil) != (scheme == "wss") {
					t.Errorf("TLS() = %v over %s", state, scheme)
				}
			})
		}
	}
}

// serverFrame returns an unmasked frame.
func serverFrame(op wire.Opcode, payload string) []byte {
	b := wire.AppendHeader(nil, wire.Header{Fin: true, Opcode: op, Length: int64(len(payload))})
	return append(b, payload...)
}

// Dial accepts a response that arrives a byte at a time.
func TestDialDribbledResponse(t *testing.T) {
	checkLeaks(t)
	synctest.Test(t, func(t *testing.T) {
		opts := pipeOptions(t, func(rc *scriptConn) {
			for _, b := range []byte(rc.accept() + helloFrame) {
				time.Sleep(50 * time.Millisecond)
				if _, err := rc.Write([]byte{b}); err != nil {
					t.Error(err)
				}
			}
			waitClosed(rc)
		})
		mustHello(t, "ws://host/", opts)
	})
}

// Limits.HandshakeTimeout ends a handshake however the server delays it.
func TestDialTimeout(t *testing.T) {
	checkLeaks(t)
	slowly := func(text string) func(*scriptConn) {
		return func(rc *scriptConn) {
			for i := range len(text) {
				time.Sleep(300 * time.Millisecond)
				if _, err := rc.Write([]byte{text[i]}); err != nil {
					return
				}
			}
			waitClosed(rc)
		}
	}
	rows := map[string]func(*scriptConn){
		"silent":           waitClosed,
		"stalls":           func(rc *scriptConn) { rc.say("HTTP/1.1 101 Sw"); waitClosed(rc) },
		"dribbles":         func(rc *scriptConn) { slowly(rc.accept())(rc) },
		"interim, endless": slowly(strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 1000)),
	}
	for name, f := range rows {
		for _, limit := range []time.Duration{0, 3 * time.Second} {
			t.Run(fmt.Sprint(name, "/", limit), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					opts := pipeOptions(t, f)
					opts.Limits.HandshakeTimeout = limit
					start := time.Now()
					_, resp, err := Dial(context.Background(), "ws://host/", opts)
					if took, want := time.Since(start), cmp.Or(limit, DefaultHandshakeTimeout); took != want {
						t.Errorf("took %v, want %v", took, want)
					}
					if !errors.Is(err, context.DeadlineExceeded) || resp != nil ||
						!strings.Contains(err.Error(), "Limits.HandshakeTimeout") {
						t.Errorf("Dial: got %v, %v; want no response and a timeout that names the limit",
							resp, err)
					}
				})
			})
		}
	}
}

// HandshakeTimeout also ends a handshake if the peer does not complete TLS or does not read
// the request.
func TestDialTimeoutBeforeResponse(t *testing.T) {
	checkLeaks(t)
	for _, url := range []string{"ws://host/", "wss://host/"} {
		t.Run(url, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe() // theirs is not read
				defer theirs.Close()
				_, _, err := Dial(context.Background(), url, &DialOptions{
					Proxy: direct,
					NetDial: func(context.Context, string, string) (net.Conn, error) {
						return ours, nil
					},
				})
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v, want a timeout", err)
				}
				if _, err := ours.Write(nil); !errors.Is(err, io.ErrClosedPipe) {
					t.Errorf("Write: got %v, want %v because Dial closes the connection",
						err, io.ErrClosedPipe)
				}
			})
		})
	}
}

// The end of the caller's context ends the handshake, and its cause is in the error.
func TestDialContext(t *testing.T) {
	checkLeaks(t)
	cause := errors.New("changed my mind")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(context.Background())
		opts := pipeOptions(t, func(rc *scriptConn) { cancel(cause); waitClosed(rc) })
		opts.Limits.HandshakeTimeout = -1
		_, _, err := Dial(ctx, "ws://host/", opts)
		if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
			t.Errorf("got %v, want context.Canceled with cause %v", err, cause)
		}
	})
	ctx, cancel := context.WithDeadline(context.Background(), time.Now())
	defer cancel()
	_, _, err := Dial(ctx, "ws://127.0.0.1:1/", &DialOptions{Proxy: direct})
	if !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "Limits") {
		t.Errorf("got %v, want a timeout that names no limit", err)
	}
}

// After the handshake, the end of its context or of HandshakeTimeout does not affect the
// connection. Its context keeps the values.
func TestDialContextAfterwards(t *testing.T) {
	checkLeaks(t)
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		ctx, cancel := context.WithCancel(context.WithValue(context.Background(), key{}, 1))
		send := make(chan struct{})
		opts := pipeOptions(t, func(rc *scriptConn) {
			rc.say(rc.accept())
			<-send
			rc.say(helloFrame)
			waitClosed(rc)
		})
		c, _, err := Dial(ctx, "ws://host/", opts)
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		time.Sleep(2 * DefaultHandshakeTimeout)
		close(send)
		if _, got, err := c.Read(context.Background()); string(got) != "hello" || err != nil {
			t.Errorf(`read %q, %v; want "hello"`, got, err)
		}
		if err := c.Context().Err(); err != nil || c.Context().Value(key{}) != 1 {
			t.Errorf("Context: got error %v, value %v; want nil, 1", err, c.Context().Value(key{}))
		}
		c.CloseNow()
	})
}

// A Conn keeps neither the request nor the response of its handshake in memory.
func TestDialKeepsNothing(t *testing.T) {
	checkLeaks(t)
	s := serveScript(t, nil, nil, hello)
	c, resp := mustHello(t, "ws://"+s.addr, &DialOptions{Proxy: direct})
	req, res := weak.Make(resp.Request), weak.Make(resp)
	resp = nil
	for range 10 { // two would do, but the scheduler may still hold references
		runtime.GC()
	}
	if req.Value() != nil || res.Value() != nil {
		t.Error("the request or the response is still reachable")
	}
	c.CloseNow()
}

// Dial returns errors of the network without a response.
func TestDialNetworkErrors(t *testing.T) {
	checkLeaks(t)
	boom := errors.New("boom")
	opts := &DialOptions{Proxy: direct, NetDial: func(context.Context, string, string) (net.Conn, error) {
		return nil, boom
	}}
	if he, resp := mustFail(t, "ws://host/", opts, "connecting: boom"); !errors.Is(he, boom) || resp != nil {
		t.Errorf("got %v, response %v; want %v, nil", he, resp, boom)
	}
	ln := listen(t)
	ln.Close()
	var oe *net.OpError
	he, _ := mustFail(t, "ws://"+ln.Addr().String(), &DialOptions{Proxy: direct}, "connect")
	if !errors.As(he, &oe) {
		t.Errorf("got %v, want a *net.OpError", he)
	}
	s := serveScript(t, nil, nil, func(rc *scriptConn) {})
	he, _ = mustFail(t, "ws://"+s.addr, &DialOptions{Proxy: direct}, "reading the response")
	if !errors.Is(he, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want %v", he, io.ErrUnexpectedEOF)
	}
}

// Dial accepts all forms of URLs of Unix sockets.
func TestDialUnix(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the path of a socket on Windows is not the path of a URL")
	}
	checkLeaks(t)
	serverTLS, clientTLS := dialTLS(t)
	clientTLS.ServerName = "example.com"
	for _, scheme := range []string{"ws", "wss"} {
		path := filepath.Join(t.TempDir(), "s")
		ln, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		var c *tls.Config
		if scheme == "wss" {
			c = serverTLS
		}
		s := serveScript(t, ln, c, hello)
		proxy := func(*http.Request) (*url.URL, error) { return nil, errors.New("Proxy was called") }
		for i, row := range []struct{ suffix, line string }{
			{"", "GET / HTTP/1.1"},
			{":", "GET / HTTP/1.1"},
			{":/a%2Fb:c?d=e", "GET /a%2Fb:c?d=e HTTP/1.1"},
			{"?x", "GET /?x HTTP/1.1"},
		} {
			mustHello(t, scheme+"+unix://"+path+row.suffix, &DialOptions{TLSConfig: clientTLS, Proxy: proxy})
			head := s.requests()[i]
			line, _, _ := strings.Cut(head, "\r\n")
			if line != row.line || fieldOf(head, "Host") != "localhost" {
				t.Errorf("%q: got request:\n%s\nwant %q and Host: localhost", row.suffix, head, row.line)
			}
		}
	}
}

// Dial uses a copy of the caller's TLSConfig that negotiates HTTP/1.1, even with a server
// that prefers HTTP/2.
func TestDialALPN(t *testing.T) {
	checkLeaks(t)
	serverTLS, clientTLS := dialTLS(t)
	serverTLS.NextProtos = []string{"h2", "http/1.1"}
	clientTLS.NextProtos = []string{"h2"}
	s := serveScript(t, nil, serverTLS, hello)
	c, _ := mustHello(t, "https://"+s.addr, &DialOptions{Proxy: direct, TLSConfig: clientTLS})
	if got := c.TLS().NegotiatedProtocol; got != "http/1.1" {
		t.Errorf(`negotiated %q, want "http/1.1"`, got)
	}
	if len(clientTLS.NextProtos) != 1 || clientTLS.NextProtos[0] != "h2" || clientTLS.ServerName != "" {
		t.Errorf("Dial changed the caller's TLSConfig: %q %q", clientTLS.NextProtos, clientTLS.ServerName)
	}
	serverTLS = serverTLS.Clone()
	serverTLS.NextProtos = []string{"spdy/1"}
	s = serveScript(t, nil, serverTLS, hello)
	mustFail(t, "wss://"+s.addr, &DialOptions{Proxy: direct, TLSConfig: clientTLS}, "TLS handshake")
}

// Dial sends the cookies of Jar and sets those of the response, even if it refuses the
// handshake. A Cookie of Header is sent in the same field.
func TestDialCookies(t *testing.T) {
	checkLeaks(t)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := serveScript(t, nil, nil, func(rc *scriptConn) {
		if strings.HasPrefix(rc.head, "GET /login ") {
			rc.say("HTTP/1.1 403 No\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n")
			return
		}
		rc.say(rc.accept("Set-Cookie: b=2") + helloFrame)
		waitClosed(rc)
	})
	mustFail(t, "ws://"+s.addr+"/login", &DialOptions{Proxy: direct, Jar: jar}, "403")
	mustHello(t, "ws://"+s.addr+"/", &DialOptions{Proxy: direct, Jar: jar})
	mustHello(t, "ws://"+s.addr+"/", &DialOptions{
		Proxy: direct, Jar: jar, Header: http.Header{"cookie": {"own=0"}},
	})
	var got []string
	for _, head := range s.requests() {
		if strings.Count(strings.ToLower(head), "\ncookie:") > 1 {
			t.Errorf("got request:\n%s\nwant one Cookie field", head)
		}
		got = append(got, fieldOf(head, "Cookie"))
	}
	if want := []string{"", "a=1", "own=0; a=1; b=2"}; !slices.Equal(got, want) {
		t.Errorf("sent cookies %q, want %q", got, want)
	}
}
