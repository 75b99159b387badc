// Package pipe provides transports in memory. A [Link] joins two ends, and simulates a bad
// network: it buffers little, splits the bytes anywhere, stalls, and breaks. A [Canned] is
// a single end with canned input. Both follow the rules of net.Conn. A Link has deadlines,
// and uses only the clock of package time, so that it works in a bubble of
// testing/synctest.
//
// A Pipe of websocket/wstest has only the faults that a test chooses. The faults of a Link
// are random, from a seed, and its buffer may be as small as a single byte.
package pipe

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// Options are the options of a Link.
type Options struct {
	// Room is the number of bytes that a direction buffers, at least 1.
	Room int

	// ReadChop and WriteChop limit the bytes of one step of a read or write. Each step
	// carries a random number of bytes up to the limit. 0 means no limit.
	ReadChop, WriteChop int

	// Stalls delays some steps by some milliseconds, up to MaxStalls in total for each
	// direction.
	Stalls bool

	// HalfClose gives the ends CloseWrite, as TCP has. Closing an end with unread
	// bytes then resets the link, and the bytes in flight are lost.
	HalfClose bool

	// Seed is the seed of the random numbers.
	Seed uint64
}

// MaxStalls limits the stalls of one direction in total, and LongestStall a single one.
const (
	MaxStalls    = 200 * time.Millisecond
	LongestStall = 20 * time.Millisecond
)

// maxSteps is the number of steps after which a direction splits nothing and buffers
// 64 KiB, so that a large message does not take one step for each byte.
const maxSteps = 1000

// A Link joins two ends.
type Link struct {
	mu   sync.Mutex
	cond *sync.Cond
	bad  bool // splits, stalls and buffers little
	opts Options
	ends [2]end
}

// New returns a link and its two ends. The options apply once Spoil is called, except
// HalfClose, which always applies.
func New(o Options) (l *Link, a, b net.Conn) {
	l = &Link{opts: o}
	l.cond = sync.NewCond(&l.mu)
	for i := range l.ends {
		e := &l.ends[i]
		e.link, e.peer = l, &l.ends[1-i]
		e.in.draw = o.Seed*2 + uint64(i)
	}
	if o.HalfClose {
		return l, &halfCloser{&l.ends[0]}, &halfCloser{&l.ends[1]}
	}
	return l, &l.ends[0], &l.ends[1]
}

// Spoil applies the options. Before it is called, nothing is split or stalled, and each
// direction buffers at least 64 KiB.
func (l *Link) Spoil() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bad = true
}

// Drop breaks the link. The bytes in flight are lost.
func (l *Link) Drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.ends {
		l.ends[i].in.reset()
	}
	l.cond.Broadcast()
}

// Vanish breaks the link at end i, 0 or 1. The bytes in flight to that end are lost. The
// other end can still read the bytes in flight to it, before its reads fail too.
func (l *Link) Vanish(i int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ends[i].in.reset()
	l.ends[1-i].in.snapped = true
	l.cond.Broadcast()
}

// Waiting returns the number of bytes that end i has received but not read, and the time
// since its last read, or since the first of these bytes arrived, if that was later.
func (l *Link) Waiting(i int) (n int, d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &l.ends[i].in
	if n = len(s.buf); n > 0 {
		d = time.Since(s.since)
	}
	return n, d
}

// A stream is one direction: the bytes in flight to the end that reads it.
type stream struct {
	buf     []byte
	since   time.Time // of the last read, or of the first byte after it
	ended   bool      // the other end called CloseWrite or Close
	gone    bool      // the reading end is closed
	broken  bool
	snapped bool // broken, but buf can be read
	steps   int
	stalled time.Duration
	draw    uint64
}

func (s *stream) reset() { s.buf, s.broken = nil, true }

// random returns the next number of the sequence splitmix64.
func (s *stream) random() uint64 {
	s.draw += 0x9e3779b97f4a7c15
	z := s.draw
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// An end is one end of a link.
type end struct {
	link   *Link
	peer   *end
	in     stream
	closed bool
	rd, wd deadline
}

// A deadline is the deadline of the reads, or of the writes, of an end.
type deadline struct {
	at    time.Time
	timer *time.Timer
}

func (d *deadline) passed() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

// set sets the deadline. The caller holds l.mu.
func (d *deadline) set(l *Link, at time.Time) {
	d.at = at
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	if wait := time.Until(at); !at.IsZero() && wait > 0 {
		d.timer = time.AfterFunc(wait, l.wake)
	}
	l.cond.Broadcast()
}

func (l *Link) wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cond.Broadcast()
}

// chop returns the number of bytes, up to n, that the next step of s carries.
func (l *Link) chop(s *stream, n, limit int) int {
	if !l.bad || limit == 0 || n == 0 || s.steps >= maxSteps {
		return n
	}
	return min(n, 1+int(s.random()%uint64(limit)))
}

// room returns the number of bytes that s can buffer now.
func (l *Link) room(s *stream) int {
	room := l.opts.Room
	if !l.bad || s.steps >= maxSteps {
		room = max(room, 64<<10)
	}
	return room - len(s.buf)
}

// stall delays some steps. It returns early if d passes.
func (l *Link) stall(e *end, s *stream, d *deadline) {
	if !l.bad || !l.opts.Stalls || s.stalled >= MaxStalls || s.random()%4 != 0 {
		return
	}
	wait := time.Duration(1+s.random()%uint64(LongestStall/time.Millisecond)) * time.Millisecond
	s.stalled += wait
	until := time.Now().Add(wait)
	timer := time.AfterFunc(wait, l.wake)
	defer timer.Stop()
	for time.Now().Before(until) && !e.closed && !s.broken && !d.passed() {
		l.cond.Wait()
	}
}

func (e *end) Read(p []byte) (int, error) {
	l := e.link
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stall(e, &e.in, &e.rd)
	for {
		switch {
		case e.closed:
			return 0, net.ErrClosed
		case e.rd.passed():
			return 0, os.ErrDeadlineExceeded
		case e.in.broken:
			return 0, syscall.ECONNRESET
		case len(p) == 0:
			return 0, nil
		case len(e.in.buf) > 0:
			n := l.chop(&e.in, min(len(p), len(e.in.buf)), l.opts.ReadChop)
			e.in.steps++
			e.in.since = time.Now()
			copy(p, e.in.buf[:n])
			if e.in.buf = e.in.buf[n:]; len(e.in.buf) == 0 {
				e.in.buf = nil
			}
			l.cond.Broadcast()
			return n, nil
		case e.in.snapped:
			return 0, syscall.ECONNRESET
		case e.in.ended:
			return 0, io.EOF
		}
		l.cond.Wait()
	}
}

func (e *end) Write(p []byte) (n int, err error) {
	l, out := e.link, &e.peer.in
	l.mu.Lock()
	defer l.mu.Unlock()
	for first := true; first || n < len(p); first = false {
		l.stall(e, out, &e.wd)
		for !e.closed && !e.wd.passed() && !out.ended && !out.broken && !out.snapped && !out.gone &&
			l.room(out) <= 0 && n < len(p) {
			l.cond.Wait()
		}
		switch {
		case e.closed:
			return n, net.ErrClosed
		case e.wd.passed():
			return n, os.ErrDeadlineExceeded
		case out.broken || out.snapped:
			return n, syscall.ECONNRESET
		case out.gone || out.ended:
			return n, syscall.EPIPE
		}
		m := l.chop(out, min(len(p)-n, l.room(out)), l.opts.WriteChop)
		out.steps++
		if len(out.buf) == 0 {
			out.since = time.Now()
		}
		out.buf = append(out.buf, p[n:n+m]...)
		n += m
		l.cond.Broadcast()
	}
	return n, nil
}

// Close closes the end. The peer reads the bytes in flight, and then io.EOF.
func (e *end) Close() error {
	l := e.link
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.closed {
		return net.ErrClosed
	}
	e.closed = true
	e.peer.in.ended = true
	if len(e.in.buf) > 0 && l.opts.HalfClose {
		e.peer.in.reset()
	}
	e.in.gone, e.in.buf = true, nil
	l.cond.Broadcast()
	return nil
}

func (e *end) SetDeadline(t time.Time) error {
	e.link.mu.Lock()
	defer e.link.mu.Unlock()
	e.rd.set(e.link, t)
	e.wd.set(e.link, t)
	return nil
}

func (e *end) SetReadDeadline(t time.Time) error {
	e.link.mu.Lock()
	defer e.link.mu.Unlock()
	e.rd.set(e.link, t)
	return nil
}

func (e *end) SetWriteDeadline(t time.Time) error {
	e.link.mu.Lock()
	defer e.link.mu.Unlock()
	e.wd.set(e.link, t)
	return nil
}

func (e *end) LocalAddr() net.Addr  { return addr{} }
func (e *end) RemoteAddr() net.Addr { return addr{} }

type addr struct{}

func (addr) Network() string { return "memory" }
func (addr) String() string  { return "memory" }

// A halfCloser is an end with CloseWrite.
type halfCloser struct{ *end }

// CloseWrite ends the stream that the peer reads.
func (h *halfCloser) CloseWrite() error {
	l := h.link
	l.mu.Lock()
	defer l.mu.Unlock()
	if h.closed {
		return net.ErrClosed
	}
	h.peer.in.ended = true
	l.cond.Broadcast()
	return nil
}
