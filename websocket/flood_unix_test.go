//go:build unix

package websocket

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// A filed is a raw connection that reads from a file, and writes to one: everything at
// once, in a millisecond. It calls wrote in each write.
type filed struct {
	in, out *os.File
	writes  int
	wrote   func()
}

// newFiled makes a Conn over a filed in which the peer has sent a stream.
func newFiled(t *testing.T, role wire.Role, stream func(p *peer) []byte) (*Conn, *peer, *filed) {
	t.Helper()
	c, p := newPeer(t, role, Limits{MaxControls: -1})
	r := &filed{wrote: func() {}}
	for name, f := range map[string]**os.File{"in": &r.in, "out": &r.out} {
		var err error
		if *f, err = os.Create(filepath.Join(t.TempDir(), name)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { (*f).Close() })
	}
	if _, err := r.in.WriteAt(stream(p), 0); err != nil {
		t.Fatal(err)
	}
	c.tr.raw, c.tr.rd.try, c.tr.wr.try = r, c.tr.rd.tryRead, c.tr.wr.tryWrite
	return c, p, r
}

func (r *filed) Control(f func(fd uintptr)) error { return errors.ErrUnsupported }

func (r *filed) Read(f func(fd uintptr) bool) error {
	f(r.in.Fd())
	return nil
}

func (r *filed) Write(f func(fd uintptr) bool) error {
	r.writes++ // guarded by the turn
	r.wrote()
	time.Sleep(time.Millisecond)
	f(r.out.Fd())
	return nil
}

// frames returns the headers of what the Conn has sent, and the payloads.
func (r *filed) frames(t *testing.T, p *peer) (heads []wire.Header, payloads []string) {
	t.Helper()
	var err error
	if p.got, err = os.ReadFile(r.out.Name()); err != nil {
		t.Fatal(err)
	}
	for len(p.got) > 0 {
		h, payload, err := p.nextFrame()
		if err != nil {
			t.Fatal(err)
		}
		heads, payloads = append(heads, h), append(payloads, string(payload))
	}
	return heads, payloads
}

func noStream(*peer) []byte { return nil }

// A call that writes a frame returns after it, though the transport takes pongs at once and
// the peer sends a ping for each.
func TestReleaseIsShort(t *testing.T) {
	for name, call := range map[string]func(ctx context.Context, c *Conn) error{
		"Write": func(ctx context.Context, c *Conn) error { return c.Write(ctx, Text, []byte("text")) },
		"Ping": func(ctx context.Context, c *Conn) error {
			if _, err := c.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
				return err
			}
			return nil
		},
		"close frame": func(ctx context.Context, c *Conn) error {
			_, err := c.sendClose(ctx, []byte(closeFrame))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p, r := newFiled(t, role, noStream)
				var over atomic.Bool
				r.wrote = func() {
					if !over.Load() {
						c.answerPing([]byte("more"), false)
					}
				}
				for range 3 { // the second finds the flood going on
					ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
					done := timed(func() error { return call(ctx, c) })
					select {
					case d := <-done:
						if d.err != nil || d.took > 100*time.Millisecond {
							t.Errorf("%v after %v", d.err, d.took)
						}
					case <-time.After(time.Minute):
						t.Error("not done after a minute")
					}
					cancel()
					time.Sleep(10 * time.Millisecond)
				}
				over.Store(true)
				c.CloseNow()
				time.Sleep(time.Second)
				heads, _ := r.frames(t, p)
				for i, h := range heads {
					if h.Opcode == wire.OpClose && i < len(heads)-1 {
						t.Errorf("%v after the close frame", heads[i+1:])
					}
				}
			})
		})
	}
}

// The pings of one read are answered in as few writes as blocks hold the pongs, before the
// message after them is returned, each with a masking key of its own.
func TestPingsOfOneRead(t *testing.T) {
	for _, row := range []struct{ pings, size, writes int }{{1, 125, 1}, {50, 10, 1}, {2000, 0, 1}, {130, 125, 1}, {1000, 125, 16}} {
		t.Run(fmt.Sprint(row.pings), func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				var want []string
				c, p, r := newFiled(t, role, func(p *peer) (stream []byte) {
					for i := range row.pings {
						want = append(want, string(pattern(row.size, uint32(i))))
						stream = append(stream, p.frame(wire.OpPing, true, []byte(want[i]))...)
					}
					return append(stream, p.frame(wire.OpText, true, []byte("text"))...)
				})
				if g := <-startRead(context.Background(), c); g.data != "text" {
					t.Fatalf("%+v", g)
				}
				writes := r.writes
				heads, got := r.frames(t, p)
				if writes > row.writes || !slices.Equal(got, want) {
					t.Errorf("%d pongs in %d writes", len(got), writes)
				}
				keys := map[[4]byte]bool{}
				for _, h := range heads {
					keys[h.Key] = true
				}
				if role == wire.Client && len(keys) < len(want)-1 { // two may be the same, by chance
					t.Errorf("%d keys for %d pongs", len(keys), len(want))
				}
				if s := c.Stats(); s.ControlsRead != int64(row.pings) || s.ControlsWritten != int64(row.pings) {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}
