package websocket

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/pump"
	"github.com/hawser-ws/hawser/websocket/internal/socket"
)

// A transport moves bytes between a Conn and its net.Conn. Reads belong to
// whoever holds the turn to read, writes to whoever holds the turn to write
// frames.
//
// Over plain TCP and Unix sockets it makes the system calls itself, within
// syscall.RawConn: a read then takes a buffer only when there are bytes for it,
// so that an idle connection holds none; and a write pays for deadlines only when
// the socket is full.
type transport struct {
	nc  net.Conn
	raw syscall.RawConn // nil: use nc alone
	in  *pump.Reader    // reads from nc where it has no read deadlines; nil elsewhere
	out *pump.Writer    // the same for writing
	rd  deadline
	wd  deadline

	// The read in progress.
	readFunc func(fd uintptr) bool
	idle     func() // called before the reader waits; may be nil
	rbuf     []byte // destination; nil asks for a block
	rblk     *block
	rn       int
	rerr     error

	// The write in progress.
	writeFunc func(fd uintptr) bool
	wbuf      []byte
	wtail     []byte
	wn        int
	werr      error
	wmark     int          // bytes that were out when the socket was found full; -1: not yet
	unsent    atomic.Int64 // bytes that the write in progress has left, once it waits
	closed    atomic.Bool
	broken    atomic.Bool // a write failed that cannot be taken up again
}

// maxSyscall is how much, in bytes, one system call is given: some systems refuse 2 GiB.
const maxSyscall = 1 << 30

// init makes t move bytes over nc. drop is called, as of a watchdog, with "read" or
// "write".
func (t *transport) init(nc net.Conn, drop func(op string, cut bool)) {
	t.nc = nc
	t.rd.set = nc.SetReadDeadline
	t.wd.set = nc.SetWriteDeadline
	rdErr, wdErr := nc.SetReadDeadline(time.Time{}), nc.SetWriteDeadline(time.Time{})
	if !isSocket(nc) {
		t.rd.dog = &watchdog{drop: func(cut bool) { drop("read", cut) }}
		t.wd.dog = &watchdog{drop: func(cut bool) { drop("write", cut) }}
		if rdErr != nil {
			t.in = pump.NewReader(nc)
			t.rd.set, t.rd.dog = t.in.SetDeadline, nil
		}
		if wdErr != nil {
			t.out = pump.NewWriter(nc)
			t.wd.set, t.wd.dog = t.out.SetDeadline, nil
		}
	} else if queue := socket.Queue(nc); queue != nil {
		t.wd.dog = &watchdog{queue: queue}
	}
	// Only the types themselves: one that embeds them and changes Read or Write
	// would have their other methods too.
	switch c := nc.(type) {
	case *net.TCPConn:
		t.raw = socket.Raw(c)
	case *net.UnixConn:
		t.raw = socket.Raw(c)
	}
	if t.raw != nil {
		t.readFunc = t.tryRead
		t.writeFunc = t.tryWrite
	}
}

// isSocket reports whether nc is one whose deadlines are known to work.
func isSocket(nc net.Conn) bool {
	switch c := nc.(type) {
	case *net.TCPConn, *net.UnixConn:
		return true
	case *tls.Conn:
		return isSocket(c.NetConn())
	}
	return false
}

// tlsState returns the state of the TLS connection that nc is, or wraps in a way that
// can be seen.
func tlsState(nc net.Conn) *tls.ConnectionState {
	for nc != nil {
		switch c := nc.(type) {
		case interface{ ConnectionState() tls.ConnectionState }:
			s := c.ConnectionState()
			return &s
		case interface{ NetConn() net.Conn }:
			nc = c.NetConn()
		default:
			return nil
		}
	}
	return nil
}

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

// probeTime is how long a look at what has come may take where looking means waiting.
const probeTime = 5 * time.Millisecond

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

// netError makes of an error of the system, or of a RawConn, what the methods of a
// net.Conn return.
func (t *transport) netError(op string, err error) error {
	var raw *net.OpError // whose Op is "raw-read" or "raw-write"
	if errors.As(err, &raw) {
		err = raw.Err
	}
	e := &net.OpError{Op: op, Source: t.nc.LocalAddr(), Addr: t.nc.RemoteAddr(), Err: err}
	if e.Source != nil { // as it is of a socket that was reset before it was accepted, on some systems
		e.Net = e.Source.Network()
	}
	return e
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

// closeWrite tells the peer that nothing more comes, where the transport can.
func (t *transport) closeWrite() error {
	if c, ok := t.nc.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return errors.ErrUnsupported
}

// close drops the connection at once.
func (t *transport) close() {
	if t.closed.Swap(true) {
		return
	}
	dropConn(t.nc)
	t.rd.rest()
	t.wd.rest()
	t.in.Close()
	t.out.Close()
}

// dropConn closes nc. It does not wait for long where closing means to tell the peer,
// who may not read.
func dropConn(nc net.Conn) {
	if c, ok := nc.(*tls.Conn); ok {
		nc = c.NetConn() // or an alert would be sent
	}
	if isSocket(nc) {
		_ = nc.Close()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = nc.SetReadDeadline(longAgo) // Close of a multiplexed stream leaves a Read waiting
		_ = nc.Close()
	}()
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case <-done:
	case <-late.C:
	}
}

// resets reports whether closing may make the system answer with a reset what the
// peer has sent and we have not read: that would overtake our last frames.
func (t *transport) resets() bool {
	a := t.nc.LocalAddr()
	return a == nil || a.Network() != "pipe" // net.Pipe holds no bytes
}

// quiet reports whether it is safe to close at once: the peer has sent nothing
// that is not read yet, as far as can be seen without waiting for it.
func (t *transport) quiet() bool {
	if _, halves := t.nc.(interface{ CloseWrite() error }); halves && t.raw == nil {
		return false // the peer can be told, and will answer at once
	}
	_ = t.rd.follow(context.Background())
	b, _, err := t.readNow()
	t.rd.bound(time.Time{})
	if err == nil {
		putBlock(b)
	}
	return err != nil
}
