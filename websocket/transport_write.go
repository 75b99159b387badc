package websocket

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

// A writeHalf is the writing half of a transport. It belongs to the holder of out.frames.
type writeHalf struct {
	deadline
	pump   *pump.Writer  // writes to nc if it has no write deadlines; otherwise nil
	broken atomic.Bool   // a write failed that cannot be resumed
	unsent atomic.Int64  // bytes left of the write in progress, once it waits
	taken  *atomic.Int64 // if not nil, counts the bytes that nc has taken

	// The arguments and results of try, as in readHalf.
	try  func(fd uintptr) bool // is tryWrite; nil if raw is
	buf  []byte
	tail []byte // written after buf
	n    int
	err  error
	mark int // n when the socket was last found full; -1: not yet
}

// write writes p and then tail until ctx ends, or the peer takes nothing for longer than limit, in
// which case the error is ErrPeerNotReading. A negative limit means none. n < len(p)+len(tail) only
// if err is not nil.
//
// Two slices take two system calls. A single one, by net.Buffers, would need a deadline in advance,
// which costs as much, and would allocate.
func (t *transport) write(ctx context.Context, limit time.Duration, p, tail []byte) (n int, err error) {
	if t.raw == nil {
		return t.writePlain(ctx, limit, p, tail)
	}
	t.wr.buf, t.wr.tail, t.wr.n, t.wr.mark = p, tail, 0, -1
	mark := -1    // n when the socket was last found full
	last := false // this attempt is the last one unless the peer takes something
	for again := true; again; {
		again = false
		err = t.writeRaw()
		full := err == nil && t.wr.n < len(p)+len(tail)
		switch {
		case full && t.wr.n > mark:
			mark, last = t.wr.n, false
			t.wr.mark = mark
			t.wr.unsent.Store(int64(len(p) + len(tail) - mark))
			err = t.beginWrite(ctx, limit)
			again = err == nil
		case full:
			err = ErrPeerNotReading
		case err == ErrPeerNotReading && !last:
			// The system reports room only once a third of the buffer is free. With a slow peer,
			// that takes a long time.
			last, again = true, true
			t.wr.mark = -1
			t.wr.bound(time.Now().Add(limit))
		}
	}
	t.wr.buf, t.wr.tail = nil, nil
	if mark >= 0 {
		t.endWrite()
	}
	return t.wr.n, err
}

func (t *transport) writeRaw() error {
	t.wr.err = nil
	err := t.raw.Write(t.wr.try)
	if err == nil {
		err = t.wr.err
	}
	if err == nil || isInterrupt(err) || err == ErrPeerNotReading {
		return err
	}
	return t.wr.cause(t.netError("write", err), ErrPeerNotReading)
}

// tryWrite is called by RawConn.Write until it returns true. In between, the goroutine waits. It
// waits only if the socket was already full at mark.
func (w *writeHalf) tryWrite(fd uintptr) bool {
	for {
		p := unwritten(w.n, w.buf, w.tail)
		if len(p) == 0 {
			return true
		}
		n, again, err := socket.Write(fd, p[:min(len(p), maxSyscall)])
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

func (w *writeHalf) took(n int) {
	if w.taken != nil {
		w.taken.Add(int64(n))
	}
}

// writePlain is write with nc.Write.
func (t *transport) writePlain(ctx context.Context, limit time.Duration, p, tail []byte) (n int, err error) {
	defer t.endWrite()
	last := false // as in write
	for {
		b := unwritten(n, p, tail)
		if len(b) == 0 && t.wr.pump.Pending() == 0 {
			return n, nil
		}
		if last {
			t.wr.bound(time.Now().Add(probeTime))
		} else if err := t.beginWrite(ctx, limit); err != nil {
			return n, err
		}
		t.wr.unsent.Store(int64(len(p) + len(tail) - n + t.wr.pump.Pending()))
		m, err := t.writePiece(b[:min(len(b), t.pieceSize())])
		n += m
		t.wr.took(m)
		switch {
		case err == nil:
			last = false
		case err != ErrPeerNotReading || t.wr.broken.Load() || m == 0 && (last || !t.resets()):
			return n, err
		default:
			last = m == 0 || t.wr.pump != nil // which counts bytes before the peer has them
		}
	}
}

// pieceSize returns how many bytes the next call of nc.Write gets at most. Each piece has its own
// time limit, and so does the part of a cut write that the transport is still sending.
func (t *transport) pieceSize() int {
	switch {
	case t.wr.pump == nil:
		return 256 << 10
	case t.wr.pump.Pending() > 0:
		return 0
	}
	return pump.ChunkSize
}

// writePiece writes to nc once. If that times out, it returns the cause.
func (t *transport) writePiece(b []byte) (int, error) {
	var w io.Writer = t.nc
	if t.wr.pump != nil {
		w = t.wr.pump
	}
	t.wr.setBusy(true)
	n, err := w.Write(b)
	t.wr.setBusy(false)
	switch {
	case err == nil && n == len(b):
		return n, nil
	case err == nil: // a transport that takes nothing without an error would be called forever
		err = io.ErrShortWrite
	}
	cause := t.wr.cause(err, ErrPeerNotReading)
	t.wr.broken.Store(cause == err || !t.resumes(err))
	return n, cause
}

// resumes reports whether nc can continue after a write that timed out with err, which has returned
// how much it took.
func (t *transport) resumes(err error) bool {
	switch {
	case t.wr.pump != nil:
		return true
	case t.wr.overran(), socket.TLSState(t.nc) != nil: // a TLS record that was cut cannot be resumed
		return false
	case socket.HasDeadlines(t.nc):
		return true
	case !errors.Is(err, os.ErrDeadlineExceeded):
		// This is not a socket's timeout. gRPC's bufconn does not count a part that it took,
		// and smux does not count what it has queued and still sends.
		return false
	case !t.resets():
		return true
	}
	// A transport that has failed for good, such as TLS in a wrapper, times out at once.
	until := time.Now().Add(probeTime)
	_ = t.wr.set(until)
	_, err = t.nc.Write(nil)
	return err == nil || !isDeadline(err) || !time.Now().Before(until)
}

// unwritten returns the next bytes to write of p and then tail, of which n bytes are written.
func unwritten(n int, p, tail []byte) []byte {
	if n < len(p) {
		return p[n:]
	}
	return tail[n-len(p):]
}

func (t *transport) beginWrite(ctx context.Context, limit time.Duration) error {
	if err := t.wr.follow(ctx); err != nil {
		if t.wr.overran() { // although the transport took a piece in the end
			return &cutMessage{errOverdue.Error(), bare(err)}
		}
		return err
	}
	if limit >= 0 {
		t.wr.bound(time.Now().Add(limit))
	}
	return nil
}

func (t *transport) endWrite() {
	t.wr.unsent.Store(0)
	t.wr.unfollow()
	t.wr.bound(time.Time{})
}
