package websocket_test

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A scriptServer is a server on loopback whose responses a test scripts byte by byte.
type scriptServer struct {
	addr string
	wg   sync.WaitGroup

	mu    sync.Mutex
	heads []string // the headers of the requests so far
}

// A scriptConn is a connection to a scriptServer that has read a request.
type scriptConn struct {
	net.Conn
	br   *bufio.Reader
	head string // the header of the request as received, with its empty line
}

// serveScript starts a server that reads the header of a request from each connection,
// calls f and closes the connection. It ends with the test, and its reads and writes time
// out after a minute. A nil ln means a listener on loopback, a nil c no TLS.
func serveScript(t *testing.T, ln net.Listener, c *tls.Config, f func(rc *scriptConn)) *scriptServer {
	t.Helper()
	if ln == nil {
		ln = listen(t)
	}
	s := &scriptServer{addr: ln.Addr().String()}
	t.Cleanup(s.wg.Wait)
	t.Cleanup(func() { ln.Close() })
	s.wg.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			s.wg.Go(func() {
				defer nc.Close()
				nc.SetDeadline(time.Now().Add(time.Minute))
				if c != nil {
					nc = tls.Server(nc, c)
				}
				s.serve(nc, f)
			})
		}
	})
	return s
}

func (s *scriptServer) serve(nc net.Conn, f func(rc *scriptConn)) {
	rc, err := readHead(nc)
	if err != nil {
		return // some tests refuse the connection before the request
	}
	s.mu.Lock()
	s.heads = append(s.heads, rc.head)
	s.mu.Unlock()
	f(rc)
}

// requests returns the headers of the requests so far.
func (s *scriptServer) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.heads...)
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// readHead reads the header of a request.
func readHead(nc net.Conn) (*scriptConn, error) {
	rc := &scriptConn{Conn: nc, br: bufio.NewReader(nc)}
	for !strings.HasSuffix(rc.head, "\r\n\r\n") {
		line, err := rc.br.ReadString('\n')
		if err != nil {
			return nil, err
		}
		rc.head += line
	}
	return rc, nil
}

func (rc *scriptConn) say(s string) { io.WriteString(rc.Conn, s) }

// field returns the value of a field of the request, or "" if there is none. The case of
// name must match.
func (rc *scriptConn) field(name string) string { return fieldOf(rc.head, name) }

func fieldOf(head, name string) string {
	for line := range strings.SplitSeq(head, "\r\n") {
		if v, ok := strings.CutPrefix(line, name+": "); ok {
			return v
		}
	}
	return ""
}

// accept returns a response that accepts the request, with additional header lines.
func (rc *scriptConn) accept(lines ...string) string {
	return "HTTP/1.1 101 Switching Protocols\r\n" +
		"Upgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: " + wire.AcceptKey(rc.field(FieldKey)) + "\r\n" +
		strings.Join(append(lines, ""), "\r\n") + "\r\n"
}

// hello accepts the request and sends the message "hello" in the same write.
func hello(rc *scriptConn) {
	rc.say(rc.accept() + helloFrame)
	waitClosed(rc)
}

const helloFrame = "\x81\x05hello"

// waitClosed reads until the peer closes the connection.
func waitClosed(rc *scriptConn) { io.Copy(io.Discard, rc.br) }

// refuseWith returns a function that sends a whole response.
func refuseWith(response string) func(*scriptConn) {
	return func(rc *scriptConn) { rc.say(response) }
}

// direct is a DialOptions.Proxy that uses no proxy, whatever the environment.
func direct(*http.Request) (*url.URL, error) { return nil, nil }

// mustHello dials and reads the message of hello.
func mustHello(t *testing.T, url string, opts *DialOptions) (*Conn, *http.Response) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, resp, err := Dial(ctx, url, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.CloseNow() })
	if _, got, err := c.Read(ctx); string(got) != "hello" || err != nil {
		t.Fatalf(`read %q, %v; want "hello"`, got, err)
	}
	return c, resp
}

// mustFail dials and checks that Dial returns a HandshakeError whose text contains want.
func mustFail(t *testing.T, url string, opts *DialOptions, want string) (*HandshakeError, *http.Response) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, resp, err := Dial(ctx, url, opts)
	if err == nil {
		c.CloseNow()
		t.Fatal("Dial succeeded, want an error")
	}
	he, ok := err.(*HandshakeError)
	if !ok {
		t.Fatalf("got a %T, want a *HandshakeError: %v", err, err)
	}
	if c != nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("Dial = %v, %v; want nil and an error with %q", c, err, want)
	}
	status := 0
	if resp != nil {
		status = resp.StatusCode
	}
	if he.Status != status {
		t.Errorf("got Status %d, want that of the response, %d", he.Status, status)
	}
	return he, resp
}

// dialTLS returns the TLS configuration of a server with a certificate for example.com and
// the loopback addresses, and that of a client that trusts it.
func dialTLS(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates}, &tls.Config{RootCAs: roots}
}

// An offeredExtension offers itself with two parameters. Its Confirm returns err, or a
// session that counts calls of Close.
type offeredExtension struct {
	name, value string
	err         error

	answers []wire.ExtensionSpec
	closed  int
}

func (x *offeredExtension) Offer(dst []wire.ExtensionSpec) []wire.ExtensionSpec {
	params := []wire.Param{{Name: "v", Value: cmp.Or(x.value, "1")}, {Name: "flag"}}
	return append(dst, wire.ExtensionSpec{Name: x.name, Params: params})
}

func (x *offeredExtension) Accept(iter.Seq[wire.ExtensionSpec]) (wire.ExtensionSpec, wire.Session, bool) {
	panic("Accept was called on a client")
}

func (x *offeredExtension) Confirm(answer wire.ExtensionSpec) (wire.Session, error) {
	x.answers = append(x.answers, answer)
	if x.err != nil {
		return nil, x.err
	}
	return offeredSession{x}, nil
}

// An offeredSession changes no message.
type offeredSession struct{ x *offeredExtension }

func (offeredSession) Bits() (rsv, perFrame byte)                  { return 0, 0 }
func (offeredSession) Encode(wire.MessageInfo) wire.MessageEncoder { return nil }
func (offeredSession) Decode(byte) (wire.MessageDecoder, error)    { return nil, nil }
func (s offeredSession) Close() error                              { s.x.closed++; return nil }

// pipeOptions returns options to dial a server over a net.Pipe. The server reads the header
// of a request and calls f.
func pipeOptions(t *testing.T, f func(rc *scriptConn)) *DialOptions {
	var wg sync.WaitGroup
	t.Cleanup(wg.Wait)
	return &DialOptions{Proxy: direct, NetDial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		wg.Go(func() {
			defer theirs.Close()
			if rc, err := readHead(theirs); err == nil {
				f(rc)
			}
		})
		return ours, nil
	}}
}

// unconnected adds to opts a NetDial that fails the test.
func unconnected(t *testing.T, opts DialOptions) *DialOptions {
	opts.NetDial = func(context.Context, string, string) (net.Conn, error) {
		t.Error("Dial called NetDial")
		return nil, io.EOF
	}
	return &opts
}

// verdict dials a server that answers with the text of f, over a net.Pipe, and returns the
// result of Dial. It closes the Conn at once.
func verdict(
	t *testing.T, opts DialOptions, f func(rc *scriptConn) string,
) (subprotocol, body string, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o := pipeOptions(t, func(rc *scriptConn) { rc.say(f(rc)); waitClosed(rc) })
		opts.Proxy, opts.NetDial = o.Proxy, o.NetDial
		c, resp, e := Dial(context.Background(), "ws://host/", &opts)
		if e == nil {
			subprotocol = c.Subprotocol()
			c.CloseNow()
		}
		if resp != nil {
			b, _ := io.ReadAll(resp.Body)
			body = string(b)
		}
		err = e
	})
	return subprotocol, body, err
}
