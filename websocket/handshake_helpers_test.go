package websocket_test

import (
	"bufio"
	"bytes"
	"iter"
	"log"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// sampleKey and sampleAccept are the example of RFC 6455, section 1.3.
const (
	sampleKey    = "dGhlIHNhbXBsZSBub25jZQ=="
	sampleAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
)

// A lockedBuffer is a log that a test can read while a server writes to it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// serveRaw starts an http.Server for h on the loopback interface and returns its address and its
// ErrorLog. If set is not nil, it may change the server before the server starts.
func serveRaw(t testing.TB, h http.Handler, set func(*http.Server)) (addr string, logged *lockedBuffer) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	logged = new(lockedBuffer)
	s := &http.Server{Handler: h, ErrorLog: log.New(logged, "", 0)}
	if set != nil {
		set(s)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ln) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-done; err != http.ErrServerClosed {
			t.Error(err)
		}
	})
	return ln.Addr().String(), logged
}

func dialRaw(t *testing.T, addr string) *peer {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(time.Minute))
	return peerOver(t, nc, wire.Client)
}

// A rawResponse is a response as it was received.
type rawResponse struct {
	status string   // the status line
	fields []string // "Name: value", in order
	body   string
}

// get returns the values of the fields with exactly this name, in the same case.
func (r rawResponse) get(name string) (values []string) {
	for _, f := range r.fields {
		if n, v, _ := strings.Cut(f, ": "); n == name {
			values = append(values, v)
		}
	}
	return values
}

// response reads a response. It reads a body only if there is a Content-Length.
func (c *peer) response() (r rawResponse) {
	c.t.Helper()
	var got []byte
	defer func() { c.in.unread(got) }()
	b := make([]byte, 4096)
	fill := func() {
		n, err := c.in.Read(b)
		if got = append(got, b[:n]...); err != nil {
			c.t.Fatalf("reading a response: %v after %q", err, got)
		}
	}
	end := -1
	for ; end < 0; end = bytes.Index(got, []byte("\r\n\r\n")) {
		fill()
	}
	lines := strings.Split(string(got[:end]), "\r\n")
	got = got[end+4:]
	r.status, r.fields = lines[0], lines[1:]
	if length := r.get("Content-Length"); length != nil {
		n, err := strconv.Atoi(length[0])
		if err != nil {
			c.t.Fatal(err)
		}
		for len(got) < n {
			fill()
		}
		r.body, got = string(got[:n]), got[n:]
	}
	return r
}

// handshake returns a request that opens a WebSocket, with changes. "Name: value" replaces all
// fields with that name, "+Name: value" adds a field, "-Name:" removes all fields with that name,
// and a change that ends in a version of HTTP replaces the request line.
func handshake(changes ...string) string {
	lines := []string{
		"GET /chat HTTP/1.1",
		"Host: server.example",
		"Upgrade: websocket",
		"Connection: Upgrade",
		"Sec-WebSocket-Key: " + sampleKey,
		"Sec-WebSocket-Version: 13",
	}
	for _, c := range changes {
		name, _, _ := strings.Cut(strings.TrimLeft(c, "+-"), ":")
		same := func(line string) bool { return strings.HasPrefix(line, name+":") }
		switch {
		case c[0] == '+':
			lines = append(lines, c[1:])
		case c[0] == '-':
			lines = slices.DeleteFunc(lines, same)
		case strings.HasSuffix(c, " HTTP/1.1"), strings.HasSuffix(c, " HTTP/1.0"):
			lines[0] = c
		default:
			lines = append(slices.DeleteFunc(lines, same), c)
		}
	}
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// An accepted is the result of Accept in acceptWith's handler.
type accepted struct {
	c   *Conn
	err error
}

// acceptWith sends request to a server that calls Accept with opts. It returns the client, the
// response and the result of Accept. The Conn is closed at the end of the test.
func acceptWith(t *testing.T, opts *AcceptOptions, request string) (*peer, rawResponse, accepted) {
	t.Helper()
	got := make(chan accepted, 1)
	addr, _ := serveRaw(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := Accept(w, r, opts)
		got <- accepted{c, err}
	}), nil)
	client := dialRaw(t, addr)
	client.Write([]byte(request))
	r := client.response()
	var a accepted
	select {
	case a = <-got:
	case <-time.After(time.Minute):
		t.Fatalf("Accept was not called or did not return, answered %s", r.status)
	}
	if a.c != nil {
		t.Cleanup(func() { a.c.CloseNow() })
	}
	return client, r, a
}

// A fakeExtension accepts the first offer of its name. It answers with answer, or with the offer
// itself if answer is nil, and counts its open sessions.
type fakeExtension struct {
	wire.Extension
	name   string
	answer *wire.ExtensionSpec
	panics bool // in the sessions' Bits
	open   int
}

type fakeSession struct {
	wire.Session
	ext *fakeExtension
}

func (x *fakeExtension) Accept(offers iter.Seq[wire.ExtensionSpec]) (wire.ExtensionSpec, wire.Session, bool) {
	for o := range offers {
		if o.Name == x.name {
			if x.answer != nil {
				o = *x.answer
			}
			x.open++
			return o, fakeSession{ext: x}, true
		}
	}
	return wire.ExtensionSpec{}, nil, false
}

func (s fakeSession) Bits() (rsv, perFrame byte) {
	if s.ext.panics {
		panic("Bits")
	}
	return wire.RSV1, 0
}
func (s fakeSession) Close() error { s.ext.open--; return nil }

// newHandshake returns a valid request that was not received over a connection.
func newHandshake(t testing.TB) *http.Request {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(handshake())))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A scriptedHijack is a ResponseWriter that hands out the test's connection when it is hijacked.
type scriptedHijack struct {
	http.ResponseWriter
	nc net.Conn
}

func (h scriptedHijack) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.nc, bufio.NewReadWriter(bufio.NewReader(h.nc), bufio.NewWriter(h.nc)), nil
}

// A callRecorder records the calls that a handshake makes of a net.Conn.
type callRecorder struct {
	net.Conn
	calls []string
	err   error // returned by Write
}

func (c *callRecorder) Write(p []byte) (int, error) {
	c.calls = append(c.calls, "Write")
	return len(p), c.err
}

func (c *callRecorder) note(what string, at time.Time) error {
	if at.IsZero() {
		what += " none"
	}
	c.calls = append(c.calls, what)
	return nil
}

func (c *callRecorder) SetDeadline(at time.Time) error      { return c.note("SetDeadline", at) }
func (c *callRecorder) SetReadDeadline(at time.Time) error  { return c.note("SetReadDeadline", at) }
func (c *callRecorder) SetWriteDeadline(at time.Time) error { return c.note("SetWriteDeadline", at) }
func (c *callRecorder) Close() error                        { c.calls = append(c.calls, "Close"); return nil }
