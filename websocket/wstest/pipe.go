package wstest

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// pipeRoom is the number of bytes that each direction of a Pipe buffers.
const pipeRoom = 64 << 10

// Pipe returns the two ends of a connection in memory that behaves like TCP. Unlike [net.Pipe], it
// buffers 64 KiB in each direction: a write waits only while the buffer is full.
//
// Deadlines work. An error is [io.EOF], or a [*net.OpError] that wraps [os.ErrDeadlineExceeded],
// [net.ErrClosed], [syscall.EPIPE] or [syscall.ECONNRESET]. As with TCP, an end has the method
// CloseWrite() error, and its addresses are of type [*net.TCPAddr].
//
// After one end is closed, the other can still read the bytes that were sent before. But if the end
// has not read all that it has received, closing it resets the connection, and the other end loses
// the bytes that it has not read. With TCP, they are often lost, but not always.
//
// An end has no goroutine, and holds memory only for bytes that have not been read. [Outgoing] and
// [Incoming] return the faults of a Pipe.
func Pipe() (a, b net.Conn) { return newPipe(1) }

// newPipe returns a Pipe whose first end has the given port.
func newPipe(port int) (a, b net.Conn) {
	l := &link{}
	l.change.L = &l.mu
	for i := range l.ends {
		e := &l.ends[i]
		e.link, e.peer = l, &l.ends[1-i]
		e.in.cut = noCut
	}
	// Addresses for documentation (RFC 5737) cannot be mistaken for real ones.
	l.ends[0].addr = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: port}
	l.ends[1].addr = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 2}
	return &l.ends[0], &l.ends[1]
}

// A link joins the two ends of a Pipe.
//
// One mutex guards everything, and is never held while something waits. One condition announces
// every change, because the time of a bubble passes while a goroutine waits for a condition, but
// not for a mutex.
type link struct {
	mu     sync.Mutex
	change sync.Cond
	ends   [2]end
}

// An end is one end of a link. It implements [net.Conn].
type end struct {
	link    *link
	peer    *end
	addr    *net.TCPAddr
	in      stream // what the peer sends
	closed  bool
	writing bool // a Write is in progress; others wait, so that their bytes do not mix
	readBy  deadline
	writeBy deadline
}

// opError returns err as the methods of a TCP connection do.
func (e *end) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: e.addr.Network(), Source: e.addr, Addr: e.peer.addr, Err: err}
}

// Read implements [net.Conn].
func (e *end) Read(p []byte) (int, error) {
	e.link.mu.Lock()
	defer e.link.mu.Unlock()
	for {
		switch {
		case e.closed:
			return 0, e.opError("read", net.ErrClosed)
		case len(p) == 0:
			return 0, nil
		case e.readBy.passed:
			return 0, e.opError("read", os.ErrDeadlineExceeded)
		case e.in.stalled:
		case e.in.reset:
			return 0, e.opError("read", syscall.ECONNRESET)
		case e.in.bytes.len() > 0:
			n := e.in.bytes.read(p)
			e.link.change.Broadcast()
			return n, nil
		case e.in.ended:
			return 0, io.EOF
		}
		e.link.change.Wait()
	}
}

// Write implements [net.Conn].
func (e *end) Write(p []byte) (n int, err error) {
	e.link.mu.Lock()
	defer e.link.mu.Unlock()
	for e.writing { // until the other Write is done, or fails with an error that this one gets, too
		e.link.change.Wait()
	}
	e.writing = true
	defer func() {
		e.writing = false
		e.link.change.Broadcast()
	}()
	for {
		if err := e.writeError(); err != nil {
			return n, err
		}
		// Announce only changes. Otherwise, writes of both ends would wake each other forever.
		if sent := e.peer.in.send(p[n:]); sent > 0 {
			n += sent
			e.link.change.Broadcast()
		}
		switch {
		case n == len(p):
			return n, nil
		case !e.peer.in.ended: // otherwise the bytes were cut
			e.link.change.Wait()
		}
	}
}

// writeError returns the error with which a write must fail now, or nil.
func (e *end) writeError() error {
	arrived := !e.in.stalled // whether this end knows what the peer did
	switch {
	case e.closed:
		return e.opError("write", net.ErrClosed)
	case e.writeBy.passed:
		return e.opError("write", os.ErrDeadlineExceeded)
	case e.in.reset && arrived:
		return e.opError("write", syscall.ECONNRESET)
	case e.peer.in.ended, e.peer.closed && arrived:
		return e.opError("write", syscall.EPIPE)
	}
	return nil
}

// CloseWrite ends the stream that the peer reads, as [net.TCPConn.CloseWrite] does.
func (e *end) CloseWrite() error {
	e.link.mu.Lock()
	defer e.link.mu.Unlock()
	if e.closed {
		return e.opError("close", net.ErrClosed)
	}
	e.peer.in.ended = true
	e.link.change.Broadcast()
	return nil
}

// Close implements [net.Conn].
func (e *end) Close() error {
	e.link.mu.Lock()
	defer e.link.mu.Unlock()
	if e.closed {
		return e.opError("close", net.ErrClosed)
	}
	e.closed = true
	e.peer.in.ended = true
	if e.in.bytes.len() > 0 && !e.in.stalled {
		e.peer.in.breakOff()
	}
	e.in.bytes.drop()
	e.readBy.stop()
	e.writeBy.stop()
	e.link.change.Broadcast()
	return nil
}

// LocalAddr implements [net.Conn].
func (e *end) LocalAddr() net.Addr { return e.addr }

// RemoteAddr implements [net.Conn].
func (e *end) RemoteAddr() net.Addr { return e.peer.addr }

// SetDeadline implements [net.Conn].
func (e *end) SetDeadline(t time.Time) error { return e.setDeadlines(t, &e.readBy, &e.writeBy) }

// SetReadDeadline implements [net.Conn].
func (e *end) SetReadDeadline(t time.Time) error { return e.setDeadlines(t, &e.readBy) }

// SetWriteDeadline implements [net.Conn].
func (e *end) SetWriteDeadline(t time.Time) error { return e.setDeadlines(t, &e.writeBy) }

func (e *end) setDeadlines(t time.Time, deadlines ...*deadline) error {
	e.link.mu.Lock()
	defer e.link.mu.Unlock()
	if e.closed {
		return e.opError("set", net.ErrClosed)
	}
	for _, d := range deadlines {
		d.set(e.link, t)
	}
	e.link.change.Broadcast()
	return nil
}

// A deadline is the deadline of the reads, or of the writes, of an end.
type deadline struct {
	passed bool
	timer  *time.Timer // nil if there is nothing to wait for
}

// set sets the deadline to t. The caller holds l.mu.
func (d *deadline) set(l *link, t time.Time) {
	d.stop()
	d.passed = false
	if t.IsZero() {
		return
	}
	wait := time.Until(t)
	if wait <= 0 {
		d.passed = true
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(wait, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if d.timer == timer { // otherwise it was stopped too late
			d.passed = true
			l.change.Broadcast()
		}
	})
	d.timer = timer
}

// stop stops the timer. The caller holds the mutex of the link.
func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}
