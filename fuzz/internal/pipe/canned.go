package pipe

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// A Canned is the transport of one side, in memory. What it reads is there at once, in
// pieces; what it writes is kept. It never waits but for the request that Reply
// answers, so that a side which hangs does so by itself; package pipe has the two ends
// that wait for each other.
type Canned struct {
	// Reply, if set, is called once, with all that was written, and returns what is to
	// be read. The first Read waits for the empty line that ends the head of a request.
	Reply func(written []byte) []byte

	// In is what is to be read.
	In []byte

	// Later comes behind In, in reads of its own.
	Later []byte

	// Chop says how long the pieces are: its octets in turn, from the least on, 0
	// for 256; or all at once if it is 0.
	Chop uint64

	// Filler, if there is any, comes again and again behind them; else the stream
	// ends there.
	Filler []byte

	mu      sync.Mutex
	change  sync.Cond // of written and closed; L is set by the first who waits
	written bytes.Buffer
	read    int
	pieces  int
	closed  bool
}

func (p *Canned) Read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.Reply != nil && !p.closed && !bytes.Contains(p.written.Bytes(), []byte("\r\n\r\n")) {
		p.change.L = &p.mu
		p.change.Wait()
	}
	if p.closed {
		return 0, net.ErrClosed
	}
	if p.Reply != nil {
		p.In, p.Reply = p.Reply(p.written.Bytes()), nil
	}
	if len(p.In) == 0 {
		p.In, p.Later = p.Later, nil
	}
	if len(p.In) == 0 && len(p.Filler) > 0 {
		p.In = p.Filler
	}
	if len(p.In) == 0 {
		return 0, io.EOF
	}
	n := min(len(b), len(p.In))
	if p.Chop > 0 {
		n = min(n, 1+int(byte(p.Chop>>(p.pieces%8*8)-1)))
		p.pieces++
	}
	copy(b, p.In[:n])
	p.In = p.In[n:]
	p.read += n
	return n, nil
}

func (p *Canned) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return 0, net.ErrClosed
	}
	p.change.Broadcast()
	return p.written.Write(b)
}

// Close implements [net.Conn]. What was written stays.
func (p *Canned) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.change.Broadcast()
	return nil
}

// Closed reports whether Close was called.
func (p *Canned) Closed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// Written returns a copy of all that was written.
func (p *Canned) Written() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bytes.Clone(p.written.Bytes())
}

// HasRead returns how many octets were read.
func (p *Canned) HasRead() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.read
}

func (p *Canned) LocalAddr() net.Addr              { return addr{} }
func (p *Canned) RemoteAddr() net.Addr             { return addr{} }
func (p *Canned) SetDeadline(time.Time) error      { return nil }
func (p *Canned) SetReadDeadline(time.Time) error  { return nil }
func (p *Canned) SetWriteDeadline(time.Time) error { return nil }

// A ResponseWriter is the ResponseWriter of one request, as net/http's own in what package
// websocket asks of it.
type ResponseWriter struct {
	Conn   net.Conn
	Reader *bufio.Reader // what was read of it beyond the request

	Status   int // of the response; 0 if there was none
	Body     bytes.Buffer
	Hijacked bool
	header   http.Header
}

// Header implements [http.ResponseWriter].
func (w *ResponseWriter) Header() http.Header {
	if w.header == nil {
		w.header = http.Header{}
	}
	return w.header
}

// WriteHeader implements [http.ResponseWriter]. The first status counts.
func (w *ResponseWriter) WriteHeader(status int) {
	if w.Status == 0 {
		w.Status = status
	}
}

func (w *ResponseWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.Body.Write(b)
}

// SetReadDeadline is that of the connection.
func (w *ResponseWriter) SetReadDeadline(t time.Time) error { return w.Conn.SetReadDeadline(t) }

// Hijack implements [http.Hijacker].
func (w *ResponseWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.Hijacked || w.Status != 0 {
		return nil, nil, http.ErrHijacked
	}
	w.Hijacked = true
	return w.Conn, bufio.NewReadWriter(w.Reader, bufio.NewWriter(w.Conn)), nil
}
