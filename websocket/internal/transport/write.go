package transport

import (
	"context"
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/pump"
	"github.com/hawser-ws/hawser/websocket/internal/socket"
)

// A WriteHalf is the writing half of a transport. It belongs to the goroutine that writes.
type WriteHalf struct {
	deadline
	pump   *pump.Writer // writes to Conn if it has no write deadlines; otherwise nil
	broken atomic.Bool  // a write failed that cannot be resumed
	unsent atomic.Int64 // bytes left of the write in progress, once it waits

	// Taken, if not nil, counts the bytes that Conn has taken.
	Taken *atomic.Int64

	// The arguments and results of try, as in ReadHalf.
	try  func(fd uintptr) bool // is tryWrite; nil if raw is
	buf  []byte
	tail []byte // written after buf
	n    int
	err  error
	mark int // n when the socket was last found full; -1: not yet
}

// Write writes p and then tail until ctx ends, or the peer takes nothing for longer than limit, in
// which case the error is ErrNotReading. A negative limit means none. n < len(p)+len(tail) only
// if err is not nil.
//
// Where t gathers, two slices take one system call. net.Buffers would need a deadline in advance,
// which costs as much, and would allocate.
func (t *Transport) Write(ctx context.Context, limit time.Duration, p, tail []byte) (n int, err error) {
	if t.raw == nil {
		return t.writePlain(ctx, limit, p, tail)
	}
	t.Wr.buf, t.Wr.tail, t.Wr.n, t.Wr.mark = p, tail, 0, -1
	mark := -1    // n when the socket was last found full
	last := false // this attempt is the last one unless the peer takes something
	for again := true; again; {
		again = false
		err = t.writeRaw()
		full := err == nil && t.Wr.n < len(p)+len(tail)
		switch {
		case full && t.Wr.n > mark:
			mark, last = t.Wr.n, false
			t.Wr.mark = mark
			t.Wr.unsent.Store(int64(len(p) + len(tail) - mark))
			err = t.beginWrite(ctx, limit)
			again = err == nil
		case full:
			err = ErrNotReading
		case err == ErrNotReading && !last:
			// The system reports room only once a third of the buffer is free. With a slow peer,
			// that takes a long time.
			last, again = true, true
			t.Wr.mark = -1
			t.Wr.Bound(time.Now().Add(limit))
		}
	}
	t.Wr.buf, t.Wr.tail = nil, nil
	if mark >= 0 {
		t.endWrite()
	}
	return t.Wr.n, err
}

// Gathers reports whether Write sends two slices in one system call.
func (t *Transport) Gathers() bool { return socket.Gathers && t.raw != nil }

// Broken reports whether a write has failed that cannot be resumed.
func (w *WriteHalf) Broken() bool { return w.broken.Load() }

// Unsent returns how many bytes are left of the write in progress, or 0 if it does not wait.
func (w *WriteHalf) Unsent() int64 { return w.unsent.Load() }

func (t *Transport) writeRaw() error {
	t.Wr.err = nil
	err := t.raw.Write(t.Wr.try)
	if err == nil {
		err = t.Wr.err
	}
	if err == nil || IsInterrupt(err) || err == ErrNotReading {
		return err
	}
	return t.Wr.Cause(t.netError("write", err), ErrNotReading)
}

// tryWrite is called by RawConn.Write until it returns true. In between, the goroutine waits. It
// waits only if the socket was already full at mark.
func (w *WriteHalf) tryWrite(fd uintptr) bool {
	for {
		p := unwritten(w.n, w.buf, w.tail)
		if len(p) == 0 {
			return true
		}
		var n int
		var again bool
		var err error
		if w.n < len(w.buf) && len(w.tail) > 0 {
			n, again, err = socket.WriteBoth(fd, p, w.tail[:min(len(w.tail), MaxSyscall)])
		} else {
			n, again, err = socket.Write(fd, p[:min(len(p), MaxSyscall)])
		}
		if again {
			return w.n > w.mark
		}
		if err != nil {
			w.err = err
			return true
		}
		w.n += n
		w.took(n)
	}
}

func (w *WriteHalf) took(n int) {
	if w.Taken != nil {
		w.Taken.Add(int64(n))
	}
}

// writePlain is Write with Conn.Write.
func (t *Transport) writePlain(ctx context.Context, limit time.Duration, p, tail []byte) (n int, err error) {
	defer t.endWrite()
	last := false // as in Write
	for {
		b := unwritten(n, p, tail)
		if len(b) == 0 && t.Wr.pump.Pending() == 0 {
			return n, nil
		}
		if last {
			t.Wr.Bound(time.Now().Add(ProbeTime))
		} else if err := t.beginWrite(ctx, limit); err != nil {
			return n, err
		}
		t.Wr.unsent.Store(int64(len(p) + len(tail) - n + t.Wr.pump.Pending()))
		m, err := t.writePiece(b[:min(len(b), t.pieceSize())])
		n += m
		t.Wr.took(m)
		switch {
		case err == nil:
			last = false
		case err != ErrNotReading || t.Wr.broken.Load() || m == 0 && (last || !t.Resets()):
			return n, err
		default:
			last = m == 0 || t.Wr.pump != nil // which counts bytes before the peer has them
		}
	}
}

// pieceSize returns how many bytes the next call of Conn.Write gets at most. Each piece has its own
// time limit, and so does the part of a cut write that the transport is still sending.
func (t *Transport) pieceSize() int {
	switch {
	case t.Wr.pump == nil:
		return 256 << 10
	case t.Wr.pump.Pending() > 0:
		return 0
	}
	return pump.ChunkSize
}

// writePiece calls Conn.Write once. If that times out, it returns the cause.
func (t *Transport) writePiece(b []byte) (int, error) {
	var w io.Writer = t.Conn
	if t.Wr.pump != nil {
		w = t.Wr.pump
	}
	t.Wr.setBusy(true)
	n, err := w.Write(b)
	t.Wr.setBusy(false)
	switch {
	case err == nil && n == len(b):
		return n, nil
	case err == nil: // a transport that takes nothing without an error would be called forever
		err = io.ErrShortWrite
	}
	cause := t.Wr.Cause(err, ErrNotReading)
	t.Wr.broken.Store(cause == err || !t.resumes(err))
	return n, cause
}

// resumes reports whether Conn can continue after a write that timed out with err, which has
// returned how much it took.
func (t *Transport) resumes(err error) bool {
	switch {
	case t.Wr.pump != nil:
		return true
	case t.Wr.Overran(), socket.TLSState(t.Conn) != nil: // a TLS record that was cut cannot be resumed
		return false
	case socket.HasDeadlines(t.Conn):
		return true
	case !errors.Is(err, os.ErrDeadlineExceeded):
		// This is not a socket's timeout. gRPC's bufconn does not count a part that it took,
		// and smux does not count what it has queued and still sends.
		return false
	case !t.Resets():
		return true
	}
	// A transport that has failed for good, such as TLS in a wrapper, times out at once.
	until := time.Now().Add(ProbeTime)
	_ = t.Wr.set(until)
	_, err = t.Conn.Write(nil)
	return err == nil || !IsDeadline(err) || !time.Now().Before(until)
}

// unwritten returns the next bytes to write of p and then tail, of which n bytes are written.
func unwritten(n int, p, tail []byte) []byte {
	if n < len(p) {
		return p[n:]
	}
	return tail[n-len(p):]
}

func (t *Transport) beginWrite(ctx context.Context, limit time.Duration) error {
	if err := t.Wr.Follow(ctx); err != nil {
		if t.Wr.Overran() { // although the transport took a piece in the end
			return &CutError{ErrOverdue.Error(), err}
		}
		return err
	}
	if limit >= 0 {
		t.Wr.Bound(time.Now().Add(limit))
	}
	return nil
}

func (t *Transport) endWrite() {
	t.Wr.unsent.Store(0)
	t.Wr.Bound(time.Time{}) // first, so that one call clears the deadline
	t.Wr.Unfollow()
}
