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

// maxRecord is how many octets of each direction of a connection are recorded. What is
// made of them is much shorter.
const maxRecord = 160 << 10

// drainTime bounds the wait for what the other side has still to send.
const drainTime = 200 * time.Millisecond

// A recording is what went over one connection.
type recording struct {
	addr           string // where the server listens
	ourClient      bool   // it is our client that is tested, else our server
	chopped        bool   // the suite sent octets or frames one by one
	mu             sync.Mutex
	client, server []byte
}

// add appends what came or was sent to one of the directions.
func (r *recording) add(dst *[]byte, b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*dst = append(*dst, b[:min(len(b), maxRecord-len(*dst))]...)
}

// octets returns both directions.
func (r *recording) octets() (client, server []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.client), bytes.Clone(r.server)
}

// A recorder is a listener that records its connections.
type recorder struct {
	net.Listener
	ourClient  bool
	mu         sync.Mutex
	recordings []*recording
}

// listen listens on a free port of loopback.
func listen(ourClient bool) (*recorder, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &recorder{Listener: l, ourClient: ourClient}, nil
}

// url is where it listens.
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

// of returns the recordings of a case that has this result, in the order of the
// connections.
func (l *recorder) of(res *report.Result) []*recording {
	chopped := slices.ContainsFunc(res.Wirelog, func(e report.LogEntry) bool { return e.Chop > 0 || e.Sync })
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.recordings {
		r.chopped = chopped
	}
	return l.recordings
}

// recorded is the server's end of a connection. The *net.TCPConn in it is hidden, for
// both sides read and write around Read and Write where they see one.
type recorded struct {
	net.Conn
	r *recording
}

func (c recorded) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.r.add(&c.r.client, b[:n])
	return n, err
}

// Write records all of b, also what the other side no longer takes.
func (c recorded) Write(b []byte) (int, error) {
	c.r.add(&c.r.server, b)
	return c.Conn.Write(b)
}

// CloseWrite ends one direction, as *net.TCPConn does.
func (c recorded) CloseWrite() error {
	return c.Conn.(interface{ CloseWrite() error }).CloseWrite()
}

// Close records what the other side has sent and nobody has read, so that it does not
// depend on when we close.
func (c recorded) Close() error {
	if c.CloseWrite() == nil && c.SetReadDeadline(time.Now().Add(drainTime)) == nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(c, maxRecord))
	}
	return c.Conn.Close()
}
