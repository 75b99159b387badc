package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// split cuts p into parts of the given sizes and the rest, and returns copies of them.
func split(p []byte, sizes ...int) (bufs [][]byte) {
	for _, n := range sizes {
		bufs = append(bufs, bytes.Clone(p[:n]))
		p = p[n:]
	}
	return append(bufs, bytes.Clone(p))
}

// WriteBuffers sends several slices as one message in one frame, as Write would, and does
// not change them.
func TestWriteBuffers(t *testing.T) {
	rows := [][]int{
		{}, {0}, {1}, {1, 0, 2}, {0, 0, 5, 0}, {100, 200},
		{2, FragmentSize}, {FragmentSize, FragmentSize + 3},
		{10, 3 * blockSize}, {largeSize, 0, 5}, {1 << 19, 7, 1<<19 + 5}, bytes2(300),
	}
	for _, extension := range []bool{false, true} {
		for _, role := range roles {
			t.Run(fmt.Sprintf("%v/%v", role, extension), func(t *testing.T) {
				checkLeaks(t)
				cfg, theirs := ConnOptions{Role: role, Limits: Limits{}}, newRuns(t)
				if extension {
					cfg.Session = newRuns(t)
				}
				a, b := netPair(t, "tcp")
				c, p := newPeerOver(t, a, b, cfg)
				wrote := start(func() error {
					if err := c.WriteBuffers(bounded(t), Text); err != nil {
						return err
					}
					for i, sizes := range rows {
						whole := pattern(total(sizes), uint32(i))
						bufs := split(whole, sizes...)
						if err := c.WriteBuffers(bounded(t), Text, bufs...); err != nil {
							return err
						}
						if !bytes.Equal(bytes.Join(bufs, nil), whole) {
							return errors.New("WriteBuffers changed a slice")
						}
						clear(bufs)
						PoisonBuffers()
					}
					return nil
				})
				for i, sizes := range append([][]int{nil}, rows...) {
					h, got := p.mustNext()
					if extension {
						got = theirs.decode(got)
					}
					want := pattern(total(sizes), uint32(max(i-1, 0)))
					if h.Opcode != wire.OpText || !h.Fin || (h.RSV != 0) != extension ||
						!bytes.Equal(got, want) {
						t.Fatalf("%d slices: got %+v with %d bytes, want the %d bytes sent",
							len(sizes), h, len(got), len(want))
					}
				}
				noError(t, <-wrote)
			})
		}
	}
}

// bytes2 returns the sizes of n slices of two bytes.
func bytes2(n int) []int {
	sizes := make([]int, n)
	for i := range sizes {
		sizes[i] = 2
	}
	return sizes
}

func total(sizes []int) (n int) {
	for _, size := range sizes {
		n += size
	}
	return n
}

// If WriteBuffers is canceled after the first byte, the message is accepted, and the caller
// may change the slices. If it is canceled before, nothing is sent.
func TestWriteBuffersCut(t *testing.T) {
	for _, size := range []int{20, 3 * blockSize, largeSize} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			header := wire.Header{Masked: role == wire.Client, Length: int64(size)}.Size()
			for _, n := range []int{
				0, 1, header - 1, header, header + 5, header + size/2, header + size - 1,
			} {
				c, p := newPeer(t, role, Limits{})
				whole := pattern(size, 3)
				bufs := split(whole, 5, size/2)
				ctx, cancel := context.WithCancel(context.Background())
				done := start(func() error { return c.WriteBuffers(ctx, Binary, bufs...) })
				p.take(n)
				synctest.Wait()
				cancel()
				e := wantError(t, <-done, "write", context.Canceled)
				for _, b := range bufs {
					clear(b)
				}
				PoisonBuffers()
				if e.Accepted != (n > 0) || errors.Is(e, net.ErrClosed) {
					t.Fatalf("cut at byte %d of %d: got %+v, want Accepted: %v", n, size, e, n > 0)
				}
				next := start(func() error {
					return c.WriteBuffers(context.Background(), Text, []byte("ne"), []byte("xt"))
				})
				if n > 0 {
					p.Expect(wire.OpBinary, true, string(whole))
				}
				p.Expect(wire.OpText, true, "next")
				noError(t, <-next)
			}
		})
	}
}

// WriteBuffers sends nothing if the type is invalid, or if the context or the connection
// has ended.
func TestWriteBuffersRefused(t *testing.T) {
	checkLeaks(t)
	c, p := newPeerWith(t, "tcp", wire.Server)
	two := [][]byte{[]byte("a"), []byte("b")}
	if err := c.WriteBuffers(bounded(t), 9, two...); !errors.Is(err, ErrMessageType) {
		t.Errorf("of type 9: got %v, want %v", err, ErrMessageType)
	}
	ctx, cancel := context.WithCancel(bounded(t))
	cancel()
	if err := c.WriteBuffers(ctx, Text, two...); !errors.Is(err, context.Canceled) {
		t.Errorf("with a canceled context: got %v, want %v", err, context.Canceled)
	}
	noError(t, c.WriteBuffers(bounded(t), Text, two...))
	p.Expect(wire.OpText, true, "ab")
	c.CloseNow()
	if err := c.WriteBuffers(bounded(t), Text, two...); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after the end: got %v, want %v", err, net.ErrClosed)
	}
}

// Memory in which slices were gathered does not return to the pool while the transport may
// still read it.
func TestWriteBuffersRetained(t *testing.T) {
	for _, size := range []int{100, 200 << 10} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			a, b := net.Pipe()
			var given []byte
			c, p := newPeerOver(t, retainer{unsure{a}, &given}, b, ConnOptions{Role: role, Limits: Limits{}})
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			done := start(func() error {
				return c.WriteBuffers(ctx, Binary, make([]byte, size/2), make([]byte, size/2))
			})
			p.take(min(size, 2*blockSize))
			if err := <-done; !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
			before := bytes.Clone(given)
			PoisonBuffers()
			if !bytes.Equal(given, before) {
				t.Errorf("message of %d bytes: its memory was reused by another connection", size)
			}
		})
	}
}
