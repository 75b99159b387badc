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

// errWornOut is what the writes of a tap that is worn out fail with.
var errWornOut = errors.New("worn out")

// A tap is the transport of a Conn. It keeps what came and what went, to be judged, and
// its writes can be made to fail while its reads work.
type tap struct {
	net.Conn
	link  *pipe.Link
	index int // of its end of the link

	mu      sync.Mutex
	read    []byte
	written []byte
	worn    bool
	left    int       // how many bytes may still be written, if worn
	failed  time.Time // the first time, because of that
	readErr error     // with which reading has ended, unless this side ended it

	gone    chan struct{} // closed by Close
	closed  time.Time
	ignored int           // bytes that had come and were not read when it was closed
	waited  time.Duration // for how long they were ignored
}

// newTap returns the tap of an end of link. It has CloseWrite if nc has.
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

// wearOut makes writes fail once n more bytes are out.
func (t *tap) wearOut(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.worn || n < t.left {
		t.worn, t.left = true, n
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
	cut := t.worn && len(p) > t.left
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
		if err = errWornOut; t.failed.IsZero() {
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

// wornOut reports whether a write has failed because of wearOut.
func (t *tap) wornOut() bool { return !t.failed.IsZero() }

// afterHead returns what follows the head of a request or a response.
func afterHead(stream []byte) []byte {
	_, rest, _ := bytes.Cut(stream, []byte("\r\n\r\n"))
	return rest
}

// came is the peer's stream as far as the Conn has read it, and went the Conn's.
func (t *tap) received() []byte { return afterHead(t.read) }
func (t *tap) sent() []byte     { return afterHead(t.written) }

// frames reads a stream that a peer of that role has sent, without limits.
func frames(byServer bool, stream []byte) model.Result {
	return model.Decode(model.Config{
		Server: !byServer, RSV: 4, MaxFrame: -1, MaxMessage: -1, MaxControls: -1, MaxEmptyFragments: -1, AnyText: true,
	}, stream)
}
