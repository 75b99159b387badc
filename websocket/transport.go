package websocket

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
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
	rd  readHalf
	wr  writeHalf

	closed atomic.Bool
}

// maxSyscall is how much, in bytes, one system call is given: some systems refuse 2 GiB.
const maxSyscall = 1 << 30

// init makes t move bytes over nc. drop is called, as of a watchdog, with "read" or
// "write".
func (t *transport) init(nc net.Conn, drop func(op string, cut bool)) {
	t.nc = nc
	t.rd.set = nc.SetReadDeadline
	t.wr.set = nc.SetWriteDeadline
	rdErr, wdErr := nc.SetReadDeadline(time.Time{}), nc.SetWriteDeadline(time.Time{})
	if !isSocket(nc) {
		t.rd.dog = &watchdog{drop: func(cut bool) { drop("read", cut) }}
		t.wr.dog = &watchdog{drop: func(cut bool) { drop("write", cut) }}
		if rdErr != nil {
			t.rd.pump = pump.NewReader(nc)
			t.rd.set, t.rd.dog = t.rd.pump.SetDeadline, nil
		}
		if wdErr != nil {
			t.wr.pump = pump.NewWriter(nc)
			t.wr.set, t.wr.dog = t.wr.pump.SetDeadline, nil
		}
	} else if queue := socket.Queue(nc); queue != nil {
		t.wr.dog = &watchdog{queue: queue}
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
		t.rd.try = t.rd.tryRead
		t.wr.try = t.wr.tryWrite
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
	t.wr.rest()
	t.rd.pump.Close()
	t.wr.pump.Close()
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
