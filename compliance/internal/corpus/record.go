package corpus

import (
	"bytes"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
)

// maxRecord limits the bytes recorded for each direction of a connection. Streams in the
// corpus are much shorter.
const maxRecord = 160 << 10

// drainTime limits the wait for the rest of what the peer sends.
const drainTime = 200 * time.Millisecond

// A recording holds the bytes sent on one connection.
type recording struct {
	addr           string // where the server listens
	ourClient      bool   // hawser's client is tested, rather than its server
	chopped        bool   // the suite sent bytes or frames one by one
	mu             sync.Mutex
	client, server []byte
}

// add appends bytes to one of the directions.
func (r *recording) add(dst *[]byte, b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*dst = append(*dst, b[:min(len(b), maxRecord-len(*dst))]...)
}

// bytes returns the bytes of both directions.
func (r *recording) bytes() (client, server []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.client), bytes.Clone(r.server)
}

// A recorder is a listener whose connections are recorded.
type recorder struct {
	net.Listener
	ourClient  bool
	mu         sync.Mutex
	recordings []*recording
}

// listen listens on a free loopback port.
func listen(ourClient bool) (*recorder, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &recorder{Listener: l, ourClient: ourClient}, nil
}

// url returns the URL of the recorder.
func (l *recorder) url() string { return "ws://" + l.Addr().String() }

func (l *recorder) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	r := &recording{addr: l.Addr().String(), ourClient: l.ourClient}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recordings = append(l.recordings, r)
	return recorded{c, r}, nil
}

// of returns the recordings of the case with this result, in the order of its connections.
func (l *recorder) of(res *report.Result) []*recording {
	chopped := slices.ContainsFunc(res.Wirelog, func(e report.LogEntry) bool { return e.Chop > 0 || e.Sync })
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.recordings {
		r.chopped = chopped
	}
	return l.recordings
}

// recorded is the server's end of a connection. It hides the *net.TCPConn, because package
// websocket would bypass Read and Write if it saw one.
type recorded struct {
	net.Conn
	r *recording
}

func (c recorded) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.r.add(&c.r.client, b[:n])
	return n, err
}

// Write records all of b, even the part that the peer no longer accepts.
func (c recorded) Write(b []byte) (int, error) {
	c.r.add(&c.r.server, b)
	return c.Conn.Write(b)
}

// CloseWrite closes the writing direction, as *net.TCPConn does.
func (c recorded) CloseWrite() error {
	return c.Conn.(interface{ CloseWrite() error }).CloseWrite()
}

// Close records the bytes that the peer has sent and that were not read, so that the
// recording does not depend on the time of the close.
func (c recorded) Close() error {
	if c.CloseWrite() == nil && c.SetReadDeadline(time.Now().Add(drainTime)) == nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(c, maxRecord))
	}
	return c.Conn.Close()
}
