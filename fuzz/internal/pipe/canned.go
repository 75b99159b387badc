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

// A Canned is a transport in memory for one side. It returns canned input, in pieces, and
// keeps the bytes that were written. It waits only for the request that Reply answers, so if
// a side hangs, the cause is in that side.
type Canned struct {
	// Reply, if not nil, is called once with the bytes written so far, and returns the
	// input. The first Read waits for the empty line at the end of a request's header.
	Reply func(written []byte) []byte

	// In is the input.
	In []byte

	// Later follows In, in separate reads.
	Later []byte

	// Chop holds the sizes of the pieces: its bytes in turn, beginning with the least
	// significant. A byte of 0 means 256. If all are 0 the input is not split.
	Chop uint64

	// Filler, if not empty, follows, repeated without end. Otherwise the stream ends.
	Filler []byte

	mu      sync.Mutex
	change  sync.Cond // signals changes of written and closed; the first Read that waits sets L
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

// Close implements [net.Conn]. Written still works.
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

// Written returns a copy of the bytes that were written.
func (p *Canned) Written() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bytes.Clone(p.written.Bytes())
}

// HasRead returns the number of bytes that were read.
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

// A ResponseWriter is an [http.ResponseWriter] for one request. It also has those methods of
// net/http's ResponseWriter that package websocket uses.
type ResponseWriter struct {
	Conn   net.Conn
	Reader *bufio.Reader // of Conn, from which the request was read

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

// WriteHeader implements [http.ResponseWriter]. Only the first status counts.
func (w *ResponseWriter) WriteHeader(status int) {
	if w.Status == 0 {
		w.Status = status
	}
}

func (w *ResponseWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.Body.Write(b)
}

// SetReadDeadline sets the deadline of the connection.
func (w *ResponseWriter) SetReadDeadline(t time.Time) error { return w.Conn.SetReadDeadline(t) }

// Hijack implements [http.Hijacker].
func (w *ResponseWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.Hijacked || w.Status != 0 {
		return nil, nil, http.ErrHijacked
	}
	w.Hijacked = true
	return w.Conn, bufio.NewReadWriter(w.Reader, bufio.NewWriter(w.Conn)), nil
}
