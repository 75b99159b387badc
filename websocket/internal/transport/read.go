package transport

import (
	"io"
	"os"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/pump"
	"github.com/hawser-ws/hawser/websocket/internal/socket"
)

// A ReadHalf is the reading half of a transport. It belongs to the goroutine that reads.
type ReadHalf struct {
	deadline
	pump *pump.Reader // reads from Conn if it has no read deadlines; otherwise nil
	Idle func()       // if not nil, called before a read waits

	// The arguments and results of try, which RawConn.Read calls. They are fields because a
	// closure over them would be allocated for each call.
	try func(fd uintptr) bool // is tryRead; nil if raw is
	buf []byte                // destination; nil asks for a buffer
	blk *Buffer
	err error
	n   int32

	class uint8 // of the buffers to ask for, see Expect
}

// ProbeTime is how long to wait for bytes that have already arrived, if only a waiting read can see
// them.
const ProbeTime = 5 * time.Millisecond

// maxRead is the largest number of bytes that one system call reads. When so many are unmasked, they
// are still in a processor's second-level cache.
const maxRead = 256<<10 + headRoom

// ReadBlock reads what has arrived into a buffer from a pool, and waits if nothing has arrived. The
// caller frees the buffer. It has BlockSize bytes unless Expect asks for more.
func (t *Transport) ReadBlock() (*Buffer, int, error) {
	if t.raw == nil {
		return t.readPlainBlock()
	}
	t.Rd.n, t.Rd.err = 0, nil
	if err := t.raw.Read(t.Rd.try); err != nil || t.Rd.n == 0 {
		return nil, 0, t.noBlock(err)
	}
	b := t.Rd.blk
	t.Rd.blk = nil
	return b, int(t.Rd.n), nil
}

// noBlock returns the error of a ReadBlock that got nothing.
func (t *Transport) noBlock(err error) error {
	t.Rd.blk.Free()
	t.Rd.blk = nil
	return t.rawError(err)
}

func (t *Transport) readPlainBlock() (*Buffer, int, error) {
	if t.Rd.pump != nil {
		t.Rd.waiting()
		if err := t.Rd.pump.Wait(); err != nil { // without a block
			return nil, 0, err
		}
	}
	b := getBuffer(blockClass)
	n, err := t.readPlain(b.Bytes)
	if n == 0 {
		b.Free()
		return nil, 0, err
	}
	return b, n, nil
}

// Read reads into p, which must not be empty.
func (t *Transport) Read(p []byte) (n int, err error) {
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

// ReadNow is ReadBlock for bytes that have already arrived. If only a waiting read can see them, it
// waits for ProbeTime. The limit of Bound must not have passed.
func (t *Transport) ReadNow() (*Buffer, int, error) {
	if !t.Resets() && t.Rd.pump == nil {
		return nil, 0, os.ErrDeadlineExceeded // net.Pipe has no buffer
	}
	if t.raw == nil {
		return t.probe()
	}
	t.readNow = true
	defer func() { t.readNow = false }()
	return t.ReadBlock()
}

// probe is ReadBlock within ProbeTime. If the machine is so slow that the deadline may have passed
// before the system call, probe tries again, but not forever.
func (t *Transport) probe() (b *Buffer, n int, err error) {
	for range 20 {
		begun := time.Now()
		t.Rd.Bound(begun.Add(ProbeTime))
		b, n, err = t.ReadBlock()
		if err == nil || !IsDeadline(err) || time.Since(begun) < 2*ProbeTime {
			break
		}
	}
	return b, n, err
}

// readPlain reads with Conn.Read. A read may return nothing, as net.Pipe does for an empty write,
// but not forever.
func (t *Transport) readPlain(p []byte) (n int, err error) {
	t.Rd.waiting()
	t.Rd.setBusy(true)
	defer t.Rd.setBusy(false)
	var r io.Reader = t.Conn
	if t.Rd.pump != nil {
		r = t.Rd.pump
	}
	for range 100 {
		if n, err = r.Read(p); n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

func (t *Transport) readRaw(p []byte) (int, error) {
	t.Rd.buf, t.Rd.n, t.Rd.err = p, 0, nil
	err := t.raw.Read(t.Rd.try)
	t.Rd.buf = nil
	return int(t.Rd.n), t.rawError(err)
}

// rawError returns the error of a call of raw.Read that returned err, or nil.
func (t *Transport) rawError(err error) error {
	switch {
	case err != nil:
		return t.netError("read", err)
	case t.readNow && t.Rd.err == os.ErrDeadlineExceeded:
		return t.Rd.err
	case t.Rd.err != nil:
		return t.netError("read", t.Rd.err)
	case t.Rd.n == 0:
		return io.EOF
	}
	return nil
}

// tryRead is called by RawConn.Read until it returns true. In between, the goroutine waits. The
// attempt before the wait is essential, because the poller reports only once that a socket is
// ready.
func (r *ReadHalf) tryRead(fd uintptr) bool {
	p := r.buf
	if p == nil {
		if r.blk == nil {
			r.blk = getBuffer(max(r.class, blockClass))
		}
		p = r.blk.Bytes
	}
	n, again, err := socket.Read(fd, p[:min(len(p), maxRead)])
	if again {
		r.blk.Free()
		r.blk = nil
		if r.of.readNow {
			r.err = os.ErrDeadlineExceeded
			return true
		}
		r.waiting()
		return false
	}
	r.n, r.err = int32(n), err
	return true
}

// Expect makes ReadBlock use a buffer in which n bytes fit, if a read that waits holds no buffer.
func (r *ReadHalf) Expect(n int) { r.class = min(classOf(n), uint8(len(sizes)-1)) }

func (r *ReadHalf) waiting() {
	if r.Idle != nil {
		r.Idle()
	}
}
