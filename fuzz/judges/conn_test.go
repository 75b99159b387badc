package judges

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"regexp"
	"sync"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// A conn is a connection to a peer that sends octets and then ends its direction. As
// the peer of a client it answers the opening handshake first.
type conn struct {
	mu        sync.Mutex
	in        []byte
	out       bytes.Buffer
	awaiting  bool          // a request
	requested chan struct{} // closed when the request is there
	closed    chan struct{}
	once      sync.Once
	extension string // in the answer
}

// newConn returns a connection on which comes in. A client's has its handshake first,
// answered with this extension.
func newConn(in []byte, client bool, extension string) *conn {
	c := &conn{
		in: bytes.Clone(in), awaiting: client, extension: extension,
		requested: make(chan struct{}), closed: make(chan struct{}),
	}
	if !client {
		close(c.requested)
	}
	return c
}

var (
	keyField = regexp.MustCompile(`(?i)sec-websocket-key: ([^\r\n]*)`)
	blank    = []byte("\r\n\r\n")
)

func (c *conn) Read(b []byte) (int, error) {
	select {
	case <-c.requested:
	case <-c.closed:
		return 0, net.ErrClosed
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.in) == 0 {
		return 0, io.EOF
	}
	n := copy(b, c.in)
	c.in = c.in[n:]
	return n, nil
}

func (c *conn) Write(b []byte) (int, error) {
	select {
	case <-c.closed:
		return 0, net.ErrClosed
	default:
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.Write(b)
	if c.awaiting && bytes.Contains(c.out.Bytes(), blank) {
		c.awaiting = false
		c.in = append(c.answer(), c.in...)
		close(c.requested)
	}
	return len(b), nil
}

// answer is the response to the request that was written.
func (c *conn) answer() []byte {
	key := keyField.FindSubmatch(c.out.Bytes())
	if key == nil {
		return []byte("HTTP/1.1 400 Bad Request\r\n\r\n")
	}
	a := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: " + wire.AcceptKey(string(key[1])) + "\r\n"
	if c.extension != "" {
		a += "Sec-WebSocket-Extensions: " + c.extension + "\r\n"
	}
	return []byte(a + "\r\n")
}

func (c *conn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

// frames returns what was written behind the handshake.
func (c *conn) frames() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, b, _ := bytes.Cut(c.out.Bytes(), blank)
	return bytes.Clone(b)
}

// No deadline is ever met: nothing here waits for a peer.
func (c *conn) SetDeadline(time.Time) error      { return nil }
func (c *conn) SetReadDeadline(time.Time) error  { return nil }
func (c *conn) SetWriteDeadline(time.Time) error { return nil }
func (c *conn) LocalAddr() net.Addr              { return addr{} }
func (c *conn) RemoteAddr() net.Addr             { return addr{} }

type addr struct{}

func (addr) Network() string { return "memory" }
func (addr) String() string  { return "memory" }

// A response is an http.ResponseWriter that can be hijacked.
type response struct {
	c      *conn
	header http.Header
	status int
}

func newResponse(c *conn) *response { return &response{c: c, header: http.Header{}} }

func (w *response) Header() http.Header { return w.header }
func (w *response) WriteHeader(status int) {
	if w.status != 0 {
		return
	}
	if w.status = status; status == http.StatusSwitchingProtocols {
		_, _ = w.c.Write([]byte("HTTP/1.1 101 Switching Protocols\r\n\r\n")) // before it is hijacked
	}
}

func (w *response) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return len(b), nil
}

// Flush makes it look like that of net/http.
func (w *response) Flush() {}

func (w *response) SetReadDeadline(time.Time) error { return nil } // all has come

func (w *response) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return w.c, bufio.NewReadWriter(bufio.NewReader(w.c), bufio.NewWriter(w.c)), nil
}
