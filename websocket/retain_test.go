package websocket_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// A retainer keeps the bytes of a Write that has timed out, and may still read them, as smux does.
type retainer struct {
	unsure
	given *[]byte
}

func (r retainer) Write(p []byte) (int, error) {
	n, err := r.unsure.Write(p)
	if err != nil {
		*r.given = p
	}
	return n, err
}

// A buffer that the transport may still read is not given to another connection, whose bytes
// would be sent on this one.
func TestRetainedBuffers(t *testing.T) {
	for _, size := range []int{100, 40 << 10, 200 << 10} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			a, b := net.Pipe()
			var given []byte
			c, _ := newPeerOver(t, retainer{unsure{a}, &given}, b, ConnOptions{Role: role})
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			if err := c.Write(ctx, Binary, make([]byte, size)); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
			for range 10 {
				small, large := transport.GetBlock(), transport.GetLarge()
				if &given[0] == &small[0] || &given[0] == &large[0] {
					t.Fatalf("%d bytes: the pool returned the transport's buffer", size)
				}
			}
		})
	}
}

// A lateTaker is a transport whose Write takes all bytes once the transport is closed.
type lateTaker struct {
	heedless
	closed context.Context
	close  context.CancelFunc
}

func (l lateTaker) Write(p []byte) (int, error) { <-l.closed.Done(); return len(p), nil }
func (l lateTaker) Close() error                { l.close(); return l.heedless.Close() }

// The error of a write says that its context has ended, even if the transport takes a part of the
// message while the watchdog closes it.
func TestTakenAtTheEnd(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		a, b := net.Pipe()
		closed, closeIt := context.WithCancel(context.Background())
		c, _ := newPeerOver(t, lateTaker{heedless{a}, closed, closeIt}, b, ConnOptions{Role: role})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		e := wantError(t, c.Write(ctx, Binary, make([]byte, 1<<20)), "write", context.DeadlineExceeded)
		late := transport.ErrOverdue
		overdue := errors.Is(e, late) || strings.Contains(e.Error(), late.Error())
		if !overdue || e.Accepted || !errors.Is(e, net.ErrClosed) || !e.Timeout() {
			t.Errorf("got %+v, want a timeout that closed the connection, with %v", e, late)
		}
	})
}
