package websocket

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// A retainer still reads what a Write was given after it has timed out, as smux does.
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

// A buffer that the transport may still read goes to no other connection, whose bytes
// would go out on this one.
func TestRetainedBuffers(t *testing.T) {
	for _, size := range []int{100, 40 << 10, 200 << 10} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			a, b := net.Pipe()
			var given []byte
			c, _ := newPeerOver(t, retainer{unsure{a}, &given}, b, ConnOptions{Role: role, Limits: Limits{}})
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			if err := c.Write(ctx, Binary, make([]byte, size)); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
			for range 10 {
				small, large := getBlock(), largeBlocks.Get().(*largeBlock)
				if &given[0] == &small[0] || &given[0] == &large[0] {
					t.Fatalf("%d bytes: the buffer is back in its pool", size)
				}
			}
		})
	}
}

// A lateTaker takes all that it was given as it is closed.
type lateTaker struct {
	heedless
	closed context.Context
	close  context.CancelFunc
}

func (l lateTaker) Write(p []byte) (int, error) { <-l.closed.Done(); return len(p), nil }
func (l lateTaker) Close() error                { l.close(); return l.heedless.Close() }

// The error of a write says that its context has ended, also if the transport takes a
// part of the message as the watchdog closes it.
func TestTakenAtTheEnd(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		a, b := net.Pipe()
		closed, closeIt := context.WithCancel(context.Background())
		c, _ := newPeerOver(t, lateTaker{heedless{a}, closed, closeIt}, b, ConnOptions{Role: role, Limits: Limits{}})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		e := wantError(t, c.Write(ctx, Binary, make([]byte, 1<<20)), "write", context.DeadlineExceeded)
		if !errors.Is(e, errOverdue) && !strings.Contains(e.Error(), errOverdue.Error()) || e.Accepted || !errors.Is(e, net.ErrClosed) || !e.Timeout() {
			t.Errorf("%+v", e)
		}
	})
}
