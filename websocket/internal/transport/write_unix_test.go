//go:build unix

package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/socket"
)

// A socketPair is a RawConn over a non-blocking socket. A writer that has to wait calls wait
// instead of the system's poller.
type socketPair struct {
	syscall.RawConn
	fd, peer int
	wait     func() error
}

func newSocketPair(t *testing.T) *socketPair {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		syscall.Close(fds[0])
		syscall.Close(fds[1])
	})
	for _, fd := range fds {
		if err := syscall.SetNonblock(fd, true); err != nil {
			t.Fatal(err)
		}
	}
	return &socketPair{fd: fds[0], peer: fds[1]}
}

func (s *socketPair) Write(f func(fd uintptr) bool) error {
	for !f(uintptr(s.fd)) {
		if err := s.wait(); err != nil {
			return err
		}
	}
	return nil
}

// drain reads up to n bytes at the other end and returns their number.
func (s *socketPair) drain(t *testing.T, n int) int {
	b := make([]byte, n)
	n, again, err := socket.Read(uintptr(s.peer), b)
	if again {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// newRaw returns a transport over s whose write deadlines are set by set.
func newRaw(s *socketPair, set func(time.Time) error) *Transport {
	tr := &Transport{Conn: &setter{noConn{}, set}}
	tr.SetRaw(s)
	tr.Wr.of = tr
	return tr
}

// The timeout of a write to a full socket starts again whenever the peer has read something, and
// only then.
func TestWriteBoundMovesWithProgress(t *testing.T) {
	s := newSocketPair(t)
	var bounds []time.Time
	tr := newRaw(s, func(at time.Time) error {
		if !at.IsZero() {
			bounds = append(bounds, at)
		}
		return nil
	})
	ctx := &countingContext{Context: t.Context()}
	waits, progress, taken := 0, 0, 0
	s.wait = func() error {
		waits++
		if waits%3 == 0 {
			return nil // woken for nothing
		}
		progress++
		for n := 1; n > 0; taken += n {
			n = s.drain(t, BlockSize)
		}
		return nil
	}
	const size = 4 << 20
	n, err := tr.Write(ctx, time.Minute, make([]byte, size), nil)
	if n != size || err != nil {
		t.Fatalf("got %d bytes, %v, want %d", n, err, size)
	}
	// There is one deadline for the first wait, and one after each wait that made room.
	if progress < 3 || len(bounds) < progress || len(bounds) > progress+1 ||
		!slices.IsSortedFunc(bounds, time.Time.Compare) {
		t.Errorf("got %d deadlines in %d waits, %d of them with progress, want one for each of these",
			len(bounds), waits, progress)
	}
	if ctx.registered != 1 || tr.Wr.done != nil {
		t.Errorf("the context was registered %d times and is still watched: %v, want once and false",
			ctx.registered, tr.Wr.done != nil)
	}
}

// A peer that reads little is reading, although the system's poller does not report it: the poller
// waits until a third of the buffer is free. A write to a peer that reads nothing times out at once.
func TestSlowPeerIsReadingRaw(t *testing.T) {
	for _, takes := range []int{1 << 20, 0} {
		s := newSocketPair(t)
		tr := newRaw(s, func(time.Time) error { return nil })
		timeouts := 0
		s.wait = func() error {
			timeouts++
			if takes > 0 {
				s.drain(t, takes)
			}
			return os.ErrDeadlineExceeded
		}
		const size = 8 << 20
		n, err := tr.Write(context.Background(), time.Minute, make([]byte, size), nil)
		switch {
		case takes > 0 && (n != size || err != nil || timeouts < 3):
			t.Errorf("got %d bytes, %v after %d timeouts, want %d bytes after 3 or more",
				n, err, timeouts, size)
		case takes == 0 && (n == 0 || n == size || err != ErrNotReading || timeouts != 1):
			t.Errorf("got %d bytes, %v after %d timeouts, want %v after 1",
				n, err, timeouts, ErrNotReading)
		}
	}
}

// A timeout of the system's poller is reported as the error of the limit or the context that set
// the deadline.
func TestWriteErrorsOfFullSocket(t *testing.T) {
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	timeout := &net.OpError{Op: "raw-write", Net: "unix", Err: os.ErrDeadlineExceeded}
	for _, row := range []struct {
		name string
		ctx  context.Context
		wait error
		want error
	}{
		{"peer reads nothing", context.Background(), timeout, ErrNotReading},
		{"context ended before", canceled, nil, context.Canceled},
		{"connection broke", context.Background(), io.ErrClosedPipe, io.ErrClosedPipe},
	} {
		s := newSocketPair(t)
		tr := newRaw(s, func(time.Time) error { return nil })
		s.wait = func() error { return row.wait }
		n, err := tr.Write(row.ctx, time.Minute, make([]byte, 4<<20), nil)
		if n == 0 || n == 4<<20 || !errors.Is(err, row.want) ||
			IsInterrupt(err) != (row.want == context.Canceled) {
			t.Errorf("%s: got %d bytes, %v, want %v", row.name, n, err, row.want)
		}
		if tr.Wr.buf != nil || tr.Wr.done != nil || !tr.Wr.limit.IsZero() {
			t.Errorf("%s: the transport keeps references to the write", row.name)
		}
	}
}

// noConn is a net.Conn for transports that use only their RawConn.
type noConn struct{ net.Conn }

func (noConn) LocalAddr() net.Addr  { return &net.TCPAddr{} }
func (noConn) RemoteAddr() net.Addr { return &net.TCPAddr{} }
