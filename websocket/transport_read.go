package websocket

import (
	"io"
	"os"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/socket"
)

// probeTime is how long a look at what has come may take where looking means waiting.
const probeTime = 5 * time.Millisecond

// readBlock reads what there is into a block from the pool. The caller gives the
// block back.
func (t *transport) readBlock() (*block, int, error) {
	if t.raw == nil {
		if t.in != nil {
			t.waiting()
			if err := t.in.Wait(); err != nil { // without a block
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
	b := t.rblk
	t.rblk = nil
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

// readNow reads into a block, as readBlock does, what has come already. Where that
// cannot be told without a wait, it waits for probeTime.
func (t *transport) readNow() (*block, int, error) {
	if !t.resets() && t.in == nil {
		return nil, 0, os.ErrDeadlineExceeded // net.Pipe holds no bytes
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

// readPlain reads through nc. A read may bring nothing: net.Pipe makes one of an
// empty write. It must not do so for ever.
func (t *transport) readPlain(p []byte) (n int, err error) {
	t.waiting()
	t.rd.begin()
	defer t.rd.end()
	var r io.Reader = t.nc
	if t.in != nil {
		r = t.in
	}
	for range 100 {
		if n, err = r.Read(p); n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

func (t *transport) readRaw(p []byte) (int, error) {
	t.rbuf, t.rn, t.rerr = p, 0, nil
	err := t.raw.Read(t.readFunc)
	t.rbuf = nil
	switch {
	case err != nil:
		err = t.netError("read", err)
	case t.rerr != nil:
		err = t.netError("read", t.rerr)
	case t.rn == 0:
		err = io.EOF
	}
	return t.rn, err
}

// tryRead is called by RawConn.Read until it returns true; in between the
// goroutine waits. The attempt before the wait must not be left out: the poller
// tells of a socket's readiness once.
func (t *transport) tryRead(fd uintptr) bool {
	p := t.rbuf
	if p == nil {
		if t.rblk == nil {
			t.rblk = getBlock()
		}
		p = t.rblk[:]
	}
	n, again, err := socket.Read(fd, p[:min(len(p), maxSyscall)])
	if again {
		if t.rblk != nil {
			putBlock(t.rblk)
			t.rblk = nil
		}
		t.waiting()
		return false
	}
	t.rn, t.rerr = n, err
	return true
}

func (t *transport) waiting() {
	if t.idle != nil {
		t.idle()
	}
}
