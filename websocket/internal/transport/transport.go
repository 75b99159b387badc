// Package transport moves bytes between a Conn and its net.Conn. Reads and writes wait, but not
// beyond their limits or the end of their context.
package transport

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

// A Transport moves the bytes of one connection. One goroutine at a time may read, and one may
// write. The methods of Rd are for the former, and those of Wr for the latter. Bound, Close,
// CloseWrite, Broken, Overran and Unsent may be called at any time.
//
// Over plain TCP and Unix sockets it makes the system calls itself, within syscall.RawConn. A read
// then takes a buffer only when there are bytes for it, so that an idle connection holds none, and
// a write pays for deadlines only when the socket is full.
type Transport struct {
	Conn net.Conn
	raw  syscall.RawConn // nil: use the methods of Conn
	Rd   ReadHalf
	Wr   WriteHalf

	closed  atomic.Bool
	readNow bool // a read must not wait; belongs to the goroutine that reads
}

// MaxSyscall is the largest number of bytes given to one system call. Some systems refuse 2 GiB.
const MaxSyscall = 1 << 30

// Init prepares t to move bytes over nc, and clears the deadlines of nc. It reports whether these
// are known to work. If not, the caller must call Watch.
func (t *Transport) Init(nc net.Conn) (reliable bool) {
	t.Conn = nc
	t.Rd.of, t.Wr.of = t, t
	if !socket.HasDeadlines(nc) {
		return false
	}
	_ = nc.SetDeadline(time.Time{})
	if queue := socket.Queue(nc); queue != nil {
		t.Wr.dog = &watchdog{queue: queue}
	}
	// Only these types themselves: a type that embeds one of them and overrides Read or Write
	// also has its SyscallConn method.
	switch c := nc.(type) {
	case *net.TCPConn:
		t.SetRaw(socket.Raw(c))
	case *net.UnixConn:
		t.SetRaw(socket.Raw(c))
	}
	return true
}

// Watch watches the deadlines. If an operation, "read" or "write", continues after its deadline, a
// timer calls drop, which closes t. cut is whether a context has ended, as opposed to a limit.
func (t *Transport) Watch(drop func(op string, cut bool)) {
	t.Rd.dog = &watchdog{drop: func(cut bool) { drop("read", cut) }}
	t.Wr.dog = &watchdog{drop: func(cut bool) { drop("write", cut) }}
	if t.Rd.set(time.Time{}) != nil {
		t.Rd.pump, t.Rd.dog = pump.NewReader(t.Conn), nil
	}
	if t.Wr.set(time.Time{}) != nil {
		t.Wr.pump, t.Wr.dog = pump.NewWriter(t.Conn), nil
	}
}

// SetRaw makes t make the system calls itself, within raw, unless raw is nil.
func (t *Transport) SetRaw(raw syscall.RawConn) {
	if t.raw = raw; raw != nil {
		t.Rd.try = t.Rd.tryRead
		t.Wr.try = t.Wr.tryWrite
	}
}

// IsRaw reports whether t makes the system calls itself.
func (t *Transport) IsRaw() bool { return t.raw != nil }

// netError wraps an error of the system, or of a RawConn, as the methods of a net.Conn do.
func (t *Transport) netError(op string, err error) error {
	var raw *net.OpError // its Op is "raw-read" or "raw-write"
	if errors.As(err, &raw) {
		err = raw.Err
	}
	e := &net.OpError{Op: op, Source: t.Conn.LocalAddr(), Addr: t.Conn.RemoteAddr(), Err: err}
	if e.Source != nil { // it is nil on some systems if the socket was reset before it was accepted
		e.Net = e.Source.Network()
	}
	return e
}

// CloseWrite tells the peer that no more bytes follow, if the transport can.
func (t *Transport) CloseWrite() error {
	if c, ok := t.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return errors.ErrUnsupported
}

// Close closes Conn and stops the timers. Operations in progress fail. Calls after the first do
// nothing and return false.
func (t *Transport) Close() (first bool) {
	if t.closed.Swap(true) {
		return false
	}
	Drop(t.Conn)
	t.Rd.rest()
	t.Wr.rest()
	t.Rd.pump.Close()
	t.Wr.pump.Close()
	return true
}

// IsClosed reports whether Close was called.
func (t *Transport) IsClosed() bool { return t.closed.Load() }

// Drop closes nc. It does not wait long if Close notifies a peer, which may not read.
func Drop(nc net.Conn) {
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
		_ = nc.SetReadDeadline(LongAgo) // Close of a multiplexed stream does not end its Read
		_ = nc.Close()
	}()
	late := time.NewTimer(Grace)
	defer late.Stop()
	select {
	case <-done:
	case <-late.C:
	}
}

// Resets reports whether the system may send a reset when a connection is closed with unread bytes.
// A reset would overtake our last frames.
func (t *Transport) Resets() bool {
	a := t.Conn.LocalAddr()
	return a == nil || a.Network() != "pipe" // net.Pipe has no buffer
}

// Quiet reports whether it is safe to close at once, because no unread bytes have arrived, as far
// as can be seen without waiting.
func (t *Transport) Quiet() bool {
	if _, halves := t.Conn.(interface{ CloseWrite() error }); halves && t.raw == nil {
		return false // tell the peer instead, which answers at once
	}
	_ = t.Rd.Follow(context.Background())
	t.Rd.Bound(time.Time{})
	b, _, err := t.ReadNow()
	t.Rd.Bound(time.Time{})
	if err == nil {
		b.Free()
	}
	return err != nil
}
