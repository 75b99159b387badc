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

// A writeHalf is the writing half of a transport, of the holder of the turn to write frames.
type writeHalf struct {
	deadline
	pump   *pump.Writer // writes to nc where it has no write deadlines; nil elsewhere
	broken atomic.Bool  // a write failed that cannot be taken up again
	unsent atomic.Int64 // bytes that the write in progress has left, once it waits

	// The arguments and results of try, as in readHalf.
	try  func(fd uintptr) bool // is tryWrite; nil if raw is
	buf  []byte
	tail []byte // written after buf
	n    int
	err  error
	mark int // bytes that were out when the socket was found full; -1: not yet
}

// write writes p and then tail, for as long as ctx lives, unless the peer takes
// nothing for longer than limit, which does not hold if it is negative. n is short
// with an error alone; ErrPeerNotReading is the limit's.
//
// Two slices take two system calls. One that gathers them, by net.Buffers, would
// need a deadline in advance, which costs as much, and allocate.
func (t *transport) write(ctx context.Context, limit time.Duration, p, tail []byte) (n int, err error) {
	if t.raw == nil {
		return t.writePlain(ctx, limit, p, tail)
	}
	t.wr.buf, t.wr.tail, t.wr.n, t.wr.mark = p, tail, 0, -1
	mark := -1    // n when the socket was last found full
	last := false // this attempt is the last, unless the peer has taken something
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
			// The system tells of room only once a third of the buffer is free, which a
			// slow peer takes long for.
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

// tryWrite is called by RawConn.Write until it returns true; in between the
// goroutine waits. It does not wait unless the socket was full at wmark already.
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
	}
}

// writePlain is write through nc.
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
		switch {
		case err == nil:
			last = false
		case err != ErrPeerNotReading || t.wr.broken.Load() || m == 0 && (last || !t.resets()):
			return n, err
		default:
			last = m == 0 || t.wr.pump != nil // which counts m before the peer has it
		}
	}
}

// pieceSize returns how much, in bytes, the next write of a transport that is not raw is
// given. Each piece has a bound of its own, and so has what a cut write has left under way.
func (t *transport) pieceSize() int {
	switch {
	case t.wr.pump == nil:
		return 256 << 10
	case t.wr.pump.Pending() > 0:
		return 0
	}
	return pump.ChunkSize
}

// writePiece is one write to nc. The error of one that timed out is its cause.
func (t *transport) writePiece(b []byte) (int, error) {
	var w io.Writer = t.nc
	if t.wr.pump != nil {
		w = t.wr.pump
	}
	t.wr.begin()
	n, err := w.Write(b)
	t.wr.end()
	switch {
	case err == nil && n == len(b):
		return n, nil
	case err == nil: // or one that takes nothing and says so would be asked for ever
		err = io.ErrShortWrite
	}
	cause := t.wr.cause(err, ErrPeerNotReading)
	t.wr.broken.Store(cause == err || !t.resumes(err))
	return n, cause
}

// resumes reports whether nc can go on after a write that has timed out with err, where
// it said how much it took.
func (t *transport) resumes(err error) bool {
	switch {
	case t.wr.pump != nil:
		return true
	case t.wr.overran(), tlsState(t.nc) != nil: // a TLS record that was cut cannot be taken up again
		return false
	case isSocket(t.nc):
		return true
	case !errors.Is(err, os.ErrDeadlineExceeded):
		// Not a socket's timeout passed on. gRPC's bufconn does not count a part that
		// it took, nor does smux what it has queued and sends all the same.
		return false
	case !t.resets():
		return true
	}
	// What times out for good, such as TLS that a wrapper hides, does not wait to say so.
	until := time.Now().Add(probeTime)
	_ = t.wr.set(until)
	_, err = t.nc.Write(nil)
	return err == nil || !isDeadline(err) || !time.Now().Before(until)
}

// unwritten returns what is to be written next of p and then tail, of which n bytes
// are out.
func unwritten(n int, p, tail []byte) []byte {
	if n < len(p) {
		return p[n:]
	}
	return tail[n-len(p):]
}

func (t *transport) beginWrite(ctx context.Context, limit time.Duration) error {
	if err := t.wr.follow(ctx); err != nil {
		if t.wr.overran() { // though the transport took a piece at last
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
