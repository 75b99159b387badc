package websocket

import (
	"io"
	"os"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/pump"
	"github.com/hawser-ws/hawser/websocket/internal/socket"
)

// A readHalf is the reading half of a transport. It belongs to the holder of in.turn.
type readHalf struct {
	deadline
	pump *pump.Reader // reads from nc if it has no read deadlines; otherwise nil
	idle func()       // if not nil, called before a read waits

	// The arguments and results of try, which RawConn.Read calls. They are fields because a
	// closure over them would be allocated for each call.
	try func(fd uintptr) bool // is tryRead; nil if raw is
	buf []byte                // destination; nil asks for a block
	blk *block
	n   int
	err error
}

// probeTime is how long to wait for bytes that have already arrived, if only a waiting read can see
// them.
const probeTime = 5 * time.Millisecond

// readBlock reads what has arrived into a block from the pool, and waits if nothing has arrived.
// The caller gives the block back.
func (t *transport) readBlock() (*block, int, error) {
	if t.raw == nil {
		if t.rd.pump != nil {
			t.rd.waiting()
			if err := t.rd.pump.Wait(); err != nil { // without a block
				return nil, 0, err
			}
		}
		b := getBlock()
		n, err := t.readPlain(b[:])
		if n == 0 {
			putBlock(b)
			return nil, 0, err
		}
		return b, n, nil
	}
	n, err := t.readRaw(nil)
	b := t.rd.blk
	t.rd.blk = nil
	if n == 0 {
		if b != nil {
			putBlock(b)
		}
		return nil, 0, err
	}
	return b, n, nil
}

// read reads into p, which must not be empty.
func (t *transport) read(p []byte) (n int, err error) {
	if t.raw == nil {
		n, err = t.readPlain(p)
	} else {
		n, err = t.readRaw(p)
	}
	if n > 0 {
		return n, nil
	}
	return 0, err
}

// readNow is readBlock for bytes that have already arrived. If only a waiting read can see them, it
// waits for probeTime.
func (t *transport) readNow() (*block, int, error) {
	if !t.resets() && t.rd.pump == nil {
		return nil, 0, os.ErrDeadlineExceeded // net.Pipe has no buffer
	}
	t.rd.bound(time.Now().Add(probeTime))
	if t.raw == nil {
		return t.readBlock()
	}
	b := getBlock()
	var n int
	var again bool
	var sysErr error
	err := t.raw.Read(func(fd uintptr) bool {
		n, again, sysErr = socket.Read(fd, b[:])
		return true
	})
	switch {
	case err == nil && n > 0:
		return b, n, nil
	case again:
		err = os.ErrDeadlineExceeded
	case err != nil:
		err = t.netError("read", err)
	case sysErr != nil:
		err = t.netError("read", sysErr)
	default:
		err = io.EOF
	}
	putBlock(b)
	return nil, 0, err
}

// readPlain reads with nc.Read. A read may return nothing, as net.Pipe does for an empty write, but
// not forever.
func (t *transport) readPlain(p []byte) (n int, err error) {
	t.rd.waiting()
	t.rd.setBusy(true)
	defer t.rd.setBusy(false)
	var r io.Reader = t.nc
	if t.rd.pump != nil {
		r = t.rd.pump
	}
	for range 100 {
		if n, err = r.Read(p); n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

func (t *transport) readRaw(p []byte) (int, error) {
	t.rd.buf, t.rd.n, t.rd.err = p, 0, nil
	err := t.raw.Read(t.rd.try)
	t.rd.buf = nil
	switch {
	case err != nil:
		err = t.netError("read", err)
	case t.rd.err != nil:
		err = t.netError("read", t.rd.err)
	case t.rd.n == 0:
		err = io.EOF
	}
	return t.rd.n, err
}

// tryRead is called by RawConn.Read until it returns true. In between, the goroutine waits. The
// attempt before the wait is essential, because the poller reports only once that a socket is
// ready.
func (r *readHalf) tryRead(fd uintptr) bool {
	p := r.buf
	if p == nil {
		if r.blk == nil {
			r.blk = getBlock()
		}
		p = r.blk[:]
	}
	n, again, err := socket.Read(fd, p[:min(len(p), maxSyscall)])
	if again {
		if r.blk != nil {
			putBlock(r.blk)
			r.blk = nil
		}
		r.waiting()
		return false
	}
	r.n, r.err = n, err
	return true
}

func (r *readHalf) waiting() {
	if r.idle != nil {
		r.idle()
	}
}
