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

// A transport moves bytes between a Conn and its net.Conn. The holder of in.turn reads, and the
// holder of out.frames writes.
//
// Over plain TCP and Unix sockets it makes the system calls itself, within syscall.RawConn. A read
// then takes a buffer only when there are bytes for it, so that an idle connection holds none, and
// a write pays for deadlines only when the socket is full.
type transport struct {
	nc  net.Conn
	raw syscall.RawConn // nil: use the methods of nc
	rd  readHalf
	wr  writeHalf

	closed atomic.Bool
}

// maxSyscall is the largest number of bytes given to one system call. Some systems refuse 2 GiB.
const maxSyscall = 1 << 30

// init prepares t to move bytes over nc. A watchdog calls drop with "read" or "write".
func (t *transport) init(nc net.Conn, drop func(op string, cut bool)) {
	t.nc = nc
	t.rd.set = nc.SetReadDeadline
	t.wr.set = nc.SetWriteDeadline
	rdErr, wdErr := nc.SetReadDeadline(time.Time{}), nc.SetWriteDeadline(time.Time{})
	if !socket.HasDeadlines(nc) {
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
	// Only these types themselves: a type that embeds one of them and overrides Read or Write
	// also has its SyscallConn method.
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

// netError wraps an error of the system, or of a RawConn, as the methods of a net.Conn do.
func (t *transport) netError(op string, err error) error {
	var raw *net.OpError // its Op is "raw-read" or "raw-write"
	if errors.As(err, &raw) {
		err = raw.Err
	}
	e := &net.OpError{Op: op, Source: t.nc.LocalAddr(), Addr: t.nc.RemoteAddr(), Err: err}
	if e.Source != nil { // it is nil on some systems if the socket was reset before it was accepted
		e.Net = e.Source.Network()
	}
	return e
}

// closeWrite tells the peer that no more bytes follow, if the transport can.
func (t *transport) closeWrite() error {
	if c, ok := t.nc.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return errors.ErrUnsupported
}

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

// dropConn closes nc. It does not wait long if Close notifies a peer, which may not read.
func dropConn(nc net.Conn) {
	if c, ok := nc.(*tls.Conn); ok {
		nc = c.NetConn() // without sending an alert
	}
	if socket.HasDeadlines(nc) {
		_ = nc.Close()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = nc.SetReadDeadline(longAgo) // Close of a multiplexed stream does not end its Read
		_ = nc.Close()
	}()
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case <-done:
	case <-late.C:
	}
}

// resets reports whether the system may send a reset when a connection is closed with unread bytes.
// A reset would overtake our last frames.
func (t *transport) resets() bool {
	a := t.nc.LocalAddr()
	return a == nil || a.Network() != "pipe" // net.Pipe has no buffer
}

// quiet reports whether it is safe to close at once, because no unread bytes have arrived, as far
// as can be seen without waiting.
func (t *transport) quiet() bool {
	if _, halves := t.nc.(interface{ CloseWrite() error }); halves && t.raw == nil {
		return false // tell the peer instead, which answers at once
	}
	_ = t.rd.follow(context.Background())
	b, _, err := t.readNow()
	t.rd.bound(time.Time{})
	if err == nil {
		putBlock(b)
	}
	return err != nil
}
