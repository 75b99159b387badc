package websocket

import (
	"context"
	"time"
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
	t.wctx, t.wlimit, t.wbuf, t.wtail, t.wn, t.wmark, t.wlast = ctx, limit, p, tail, 0, -1, false
	for again := true; again; {
		err = t.writeRaw()
		// The system tells of room only once a third of the buffer is free, which a
		// slow peer takes long for.
		again = err == ErrPeerNotReading && !t.wlast
		if again {
			t.wlast = true
			t.wd.bound(time.Now().Add(limit))
		}
	}
	t.wctx, t.wbuf, t.wtail = nil, nil, nil
	if t.wmark >= 0 {
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
	return t.wd.cause(t.opError("write", err), ErrPeerNotReading)
}

// tryWrite is called by RawConn.Write until it returns true; in between the
// goroutine waits.
func (t *transport) tryWrite(fd uintptr) bool {
	for {
		p := unwritten(t.wn, t.wbuf, t.wtail)
		if len(p) == 0 {
			return true
		}
		n, again, err := sysWrite(fd, p[:min(len(p), maxSyscall)])
		if again {
			switch {
			case t.wn > t.wmark: // the first time, or the peer has taken something
				t.wmark, t.wlast = t.wn, false
				t.unsent.Store(int64(len(t.wbuf) + len(t.wtail) - t.wn))
				t.werr = t.beginWrite(t.wctx, t.wlimit)
			case t.wlast:
				t.werr = ErrPeerNotReading
			}
			return t.werr != nil
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
	for {
		b := unwritten(n, p, tail)
		if len(b) == 0 {
			return n, nil
		}
		if err := t.beginWrite(ctx, limit); err != nil {
			return n, err
		}
		t.unsent.Store(int64(len(p) + len(tail) - n))
		m, err := t.writePiece(b[:min(len(b), pieceSize)])
		n += m
		if err != nil && (err != ErrPeerNotReading || m == 0 || !t.honest()) {
			return n, err
		}
	}
}

// writePiece is one write to nc. The error of one that timed out is its cause.
func (t *transport) writePiece(b []byte) (int, error) {
	t.wd.begin()
	n, err := t.nc.Write(b)
	t.wd.end()
	if err == nil {
		return n, nil
	}
	cause := t.wd.cause(err, ErrPeerNotReading)
	t.broken = cause != err && !t.resumes(n)
	return n, cause
}

// honest reports whether nc is known to tell how much it has taken when a write times
// out. gRPC's bufconn says nothing of a part, and smux sends on what it has queued.
func (t *transport) honest() bool {
	return tlsState(t.nc) == nil && isSocket(t.nc) || !t.resets()
}

// resumes reports whether nc can go on after a write that has timed out and, it says,
// taken n bytes.
func (t *transport) resumes(n int) bool {
	switch {
	case t.wd.overran(), tlsState(t.nc) != nil: // a TLS record that was cut cannot be taken up again
		return false
	case t.honest():
		return true
	case n == 0:
		return false
	}
	// What cannot write any more does not wait to say so.
	until := time.Now().Add(probeTime)
	_ = t.wd.set(until)
	_, err := t.nc.Write(nil)
	return err == nil || !time.Now().Before(until)
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
