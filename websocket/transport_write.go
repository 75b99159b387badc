package websocket

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/pump"
	"github.com/hawser-ws/hawser/websocket/internal/socket"
)

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
	t.wbuf, t.wtail, t.wn, t.wmark = p, tail, 0, -1
	mark := -1    // n when the socket was last found full
	last := false // this attempt is the last, unless the peer has taken something
	for again := true; again; {
		again = false
		err = t.writeRaw()
		full := err == nil && t.wn < len(p)+len(tail)
		switch {
		case full && t.wn > mark:
			mark, last = t.wn, false
			t.wmark = mark
			t.unsent.Store(int64(len(p) + len(tail) - mark))
			err = t.beginWrite(ctx, limit)
			again = err == nil
		case full:
			err = ErrPeerNotReading
		case err == ErrPeerNotReading && !last:
			// The system tells of room only once a third of the buffer is free, which a
			// slow peer takes long for.
			last, again = true, true
			t.wmark = -1
			t.wd.bound(time.Now().Add(limit))
		}
	}
	t.wbuf, t.wtail = nil, nil
	if mark >= 0 {
		t.endWrite()
	}
	return t.wn, err
}

func (t *transport) writeRaw() error {
	t.werr = nil
	err := t.raw.Write(t.writeFunc)
	if err == nil {
		err = t.werr
	}
	if err == nil || isInterrupt(err) || err == ErrPeerNotReading {
		return err
	}
	return t.wd.cause(t.netError("write", err), ErrPeerNotReading)
}

// tryWrite is called by RawConn.Write until it returns true; in between the
// goroutine waits. It does not wait unless the socket was full at wmark already.
func (t *transport) tryWrite(fd uintptr) bool {
	for {
		p := unwritten(t.wn, t.wbuf, t.wtail)
		if len(p) == 0 {
			return true
		}
		n, again, err := socket.Write(fd, p[:min(len(p), maxSyscall)])
		if again {
			return t.wn > t.wmark
		}
		if err != nil {
			t.werr = err
			return true
		}
		t.wn += n
	}
}

// writePlain is write through nc.
func (t *transport) writePlain(ctx context.Context, limit time.Duration, p, tail []byte) (n int, err error) {
	defer t.endWrite()
	last := false // as in write
	for {
		b := unwritten(n, p, tail)
		if len(b) == 0 && t.out.Pending() == 0 {
			return n, nil
		}
		if last {
			t.wd.bound(time.Now().Add(probeTime))
		} else if err := t.beginWrite(ctx, limit); err != nil {
			return n, err
		}
		t.unsent.Store(int64(len(p) + len(tail) - n + t.out.Pending()))
		m, err := t.writePiece(b[:min(len(b), t.pieceSize())])
		n += m
		switch {
		case err == nil:
			last = false
		case err != ErrPeerNotReading || t.broken.Load() || m == 0 && (last || !t.resets()):
			return n, err
		default:
			last = m == 0 || t.out != nil // which counts m before the peer has it
		}
	}
}

// pieceSize returns how much, in bytes, the next write of a transport that is not raw is
// given. Each piece has a bound of its own, and so has what a cut write has left under way.
func (t *transport) pieceSize() int {
	switch {
	case t.out == nil:
		return 256 << 10
	case t.out.Pending() > 0:
		return 0
	}
	return pump.ChunkSize
}

// writePiece is one write to nc. The error of one that timed out is its cause.
func (t *transport) writePiece(b []byte) (int, error) {
	var w io.Writer = t.nc
	if t.out != nil {
		w = t.out
	}
	t.wd.begin()
	n, err := w.Write(b)
	t.wd.end()
	switch {
	case err == nil && n == len(b):
		return n, nil
	case err == nil: // or one that takes nothing and says so would be asked for ever
		err = io.ErrShortWrite
	}
	cause := t.wd.cause(err, ErrPeerNotReading)
	t.broken.Store(cause == err || !t.resumes(err))
	return n, cause
}

// resumes reports whether nc can go on after a write that has timed out with err, where
// it said how much it took.
func (t *transport) resumes(err error) bool {
	switch {
	case t.out != nil:
		return true
	case t.wd.overran(), tlsState(t.nc) != nil: // a TLS record that was cut cannot be taken up again
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
	_ = t.wd.set(until)
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
	if err := t.wd.follow(ctx); err != nil {
		if t.wd.overran() { // though the transport took a piece at last
			return &cutMessage{errOverdue.Error(), bare(err)}
		}
		return err
	}
	if limit >= 0 {
		t.wd.bound(time.Now().Add(limit))
	}
	return nil
}

func (t *transport) endWrite() {
	t.unsent.Store(0)
	t.wd.unfollow()
	t.wd.bound(time.Time{})
}
