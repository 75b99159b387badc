package websocket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"testing"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A message and the end of the stream may come in one segment, which wakes the reader only once.
// The read after the message must then find the end at once, although the read of the message was
// shorter than its buffer.
func TestEndWithMessage(t *testing.T) {
	reads := map[string]func(ctx context.Context, c *Conn) (n int, err error){
		"Read": func(ctx context.Context, c *Conn) (n int, err error) {
			for ; err == nil; n++ {
				_, _, err = c.Read(ctx)
			}
			return n - 1, err
		},
		"Messages": func(ctx context.Context, c *Conn) (n int, _ error) {
			for _, err := range c.Messages(ctx) {
				if err != nil {
					return n, err
				}
				n++
			}
			return n, nil
		},
	}
	for name, read := range reads {
		t.Run(name, func(t *testing.T) {
			checkLeaks(t)
			ctx := bounded(t)
			for range 128 {
				c, p := newPeerWith(t, "tcp", wire.Server)
				var waits atomic.Bool
				waiting := make(chan struct{})
				c.Transport().Rd.Idle = func() {
					if !waits.Swap(true) {
						close(waiting)
					}
				}
				var n int
				ended := start(func() (err error) { n, err = read(ctx, c); return err })
				<-waiting
				cork(t, p.nc.(*net.TCPConn)) // until CloseWrite
				p.Send(wire.OpText, true, "the last message")
				if err := p.nc.(*net.TCPConn).CloseWrite(); err != nil {
					t.Fatal(err)
				}
				if err := <-ended; n != 1 || !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatalf("got %d messages and %v, want 1 and io.ErrUnexpectedEOF", n, err)
				}
			}
		})
	}
}

// cork makes the system keep what is written to nc, as long as it fits into a segment.
func cork(t *testing.T, nc *net.TCPConn) {
	t.Helper()
	raw, err := nc.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_CORK, 1)
	})
	if err = errors.Join(err, failed); err != nil {
		t.Fatal(err)
	}
}
