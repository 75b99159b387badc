package play

import (
	"bytes"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"github.com/hawser-ws/hawser/fuzz/internal/model"
	"github.com/hawser-ws/hawser/fuzz/internal/pipe"
)

// errWriteFailed is the error of writes that failWrites makes fail.
var errWriteFailed = errors.New("the script made the write fail")

// A tap is the transport of a Conn. It records the bytes that were read and written. Its
// writes can be made to fail while its reads work.
type tap struct {
	net.Conn
	link  *pipe.Link
	index int // of its end of the link

	mu      sync.Mutex
	read    []byte
	written []byte
	failing bool
	left    int       // the number of bytes that may still be written, if worn
	failed  time.Time // the time of the first write that failed because of failWrites
	readErr error     // of the last read, unless this side closed

	gone    chan struct{} // closed by Close
	closed  time.Time
	ignored int           // bytes received but not read when it was closed
	waited  time.Duration // since the last read before that, or since the first of these bytes
}

// newTap returns the tap of an end of link, and the transport for the Conn, which has
// CloseWrite if nc does.
func newTap(link *pipe.Link, index int, nc net.Conn) (*tap, net.Conn) {
	t := &tap{Conn: nc, link: link, index: index, gone: make(chan struct{})}
	if half, ok := nc.(halfCloser); ok {
		return t, struct {
			*tap
			halfCloser
		}{t, half}
	}
	return t, t
}

type halfCloser interface{ CloseWrite() error }

// failWrites makes writes fail after n more bytes.
func (t *tap) failWrites(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.failing || n < t.left {
		t.failing, t.left = true, n
	}
}

func (t *tap) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.read = append(t.read, p[:n]...)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, net.ErrClosed) {
		t.readErr = err
	}
	return n, err
}

func (t *tap) Write(p []byte) (n int, err error) {
	t.mu.Lock()
	cut := t.failing && len(p) > t.left
	if cut {
		p = p[:t.left]
	}
	t.mu.Unlock()
	if len(p) > 0 || !cut {
		n, err = t.Conn.Write(p)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.written = append(t.written, p[:n]...)
	t.left = max(t.left-n, 0)
	if cut && err == nil {
		if err = errWriteFailed; t.failed.IsZero() {
			t.failed = time.Now()
		}
	}
	return n, err
}

func (t *tap) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed.IsZero() {
		close(t.gone)
		t.closed = time.Now()
		t.ignored, t.waited = t.link.Waiting(t.index)
	}
	return t.Conn.Close()
}

// writesFailed reports whether a write failed because of failWrites.
func (t *tap) writesFailed() bool { return !t.failed.IsZero() }

// afterHead returns the bytes after the header of a request or a response.
func afterHead(stream []byte) []byte {
	_, rest, _ := bytes.Cut(stream, []byte("\r\n\r\n"))
	return rest
}

// received returns the peer's stream up to the last byte that the Conn read, and sent the
// Conn's own stream.
func (t *tap) received() []byte { return afterHead(t.read) }
func (t *tap) sent() []byte     { return afterHead(t.written) }

// frames reads the stream of a server or a client, without limits.
func frames(byServer bool, stream []byte) model.Result {
	return model.Decode(model.Config{
		Server: !byServer, RSV: 4, MaxFrame: -1, MaxMessage: -1, MaxControls: -1, MaxEmptyFragments: -1,
		AnyText: true,
	}, stream)
}
