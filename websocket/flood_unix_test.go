//go:build unix

package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/wstest"
	"github.com/hawser-ws/hawser/wire"
)

// A filed is a raw connection over two files: it reads from one and writes to the other. A
// write takes a millisecond and writes everything. It calls wrote first.
type filed struct {
	in, out *os.File
	writes  int
	wrote   func()
}

// newFiled returns a Conn over a filed to which the peer has sent the bytes of stream.
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
	c.Transport().SetRaw(r)
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

// frames returns the headers and the payloads of the frames that the Conn has sent.
func (r *filed) frames(t *testing.T, p *peer) (heads []wire.Header, payloads []string) {
	t.Helper()
	sent, err := os.ReadFile(r.out.Name())
	if err != nil {
		t.Fatal(err)
	}
	filed := wstest.NewPeer(t, &rereader{p.nc, bytes.NewReader(sent)}, p.role)
	for {
		h, payload, err := filed.Next()
		if err == io.EOF {
			return heads, payloads
		}
		if err != nil {
			t.Fatal(err)
		}
		heads, payloads = append(heads, h), append(payloads, string(payload))
	}
}

func noStream(*peer) []byte { return nil }

// A call that writes a frame returns once the frame is written, even if the peer answers every
// pong with another ping.
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
			_, err := c.SendCloseFrame(ctx, []byte(closeFrame))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p, r := newFiled(t, role, noStream)
				var over atomic.Bool
				r.wrote = func() {
					if !over.Load() {
						c.AnswerPing([]byte("more"), false)
					}
				}
				for range 3 { // the later calls start during the flood
					ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
					done := timed(func() error { return call(ctx, c) })
					select {
					case d := <-done:
						if d.err != nil || d.took > 100*time.Millisecond {
							t.Errorf("got error %v after %v, want nil within 100ms", d.err, d.took)
						}
					case <-time.After(time.Minute):
						t.Error("the call has not returned after a minute")
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
						t.Errorf("got %v after the close frame, want no frame", heads[i+1:])
					}
				}
			})
		})
	}
}

// The pings of one read are answered before the message after them is returned, in one write
// for each block of pongs. Each pong has its own masking key.
func TestPingsOfOneRead(t *testing.T) {
	for _, row := range []struct{ pings, size, writes int }{
		{1, 125, 1}, {50, 10, 1}, {2000, 0, 1}, {130, 125, 1}, {1000, 125, 16},
	} {
		t.Run(fmt.Sprint(row.pings), func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				var want []string
				c, p, r := newFiled(t, role, func(p *peer) (stream []byte) {
					for i := range row.pings {
						want = append(want, string(pattern(row.size, uint32(i))))
						stream = append(stream, p.Frame(wire.OpPing, true, want[i])...)
					}
					return append(stream, p.Frame(wire.OpText, true, "text")...)
				})
				if g := <-startRead(context.Background(), c); g.data != "text" {
					t.Fatalf("got %+v, want the text message", g)
				}
				writes := r.writes
				heads, got := r.frames(t, p)
				if writes > row.writes || !slices.Equal(got, want) {
					t.Errorf("got %d pongs in %d writes, want %d in at most %d",
						len(got), writes, len(want), row.writes)
				}
				keys := map[[4]byte]bool{}
				for _, h := range heads {
					keys[h.Key] = true
				}
				if role == wire.Client && len(keys) < len(want)-1 { // two may be equal by chance
					t.Errorf("got %d masking keys for %d pongs, want one each", len(keys), len(want))
				}
				s := c.Stats()
				if s.ControlsRead != int64(row.pings) || s.ControlsWritten != int64(row.pings) {
					t.Errorf("got %+v, want %d control frames both ways", s, row.pings)
				}
			})
		})
	}
}
