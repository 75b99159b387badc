package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// A stepper is a transport that plays one message over and over. After every step bytes it
// cancels the read in progress, unless cancel is nil.
type stepper struct {
	tape
	step   int
	left   int // bytes that are left of this step
	cancel context.CancelFunc
	cut    chan struct{}
}

// newStepper returns a Conn over a stepper that plays a message with the given payload.
func newStepper(step int, payload []byte) (*Conn, *stepper) {
	h := wire.Header{Fin: true, Opcode: wire.OpBinary, Length: int64(len(payload)), Masked: true}
	s := &stepper{step: step, left: step, cut: make(chan struct{}, 1)}
	s.bytes = append(wire.AppendHeader(nil, h), payload...)
	opts := ConnOptions{Role: wire.Server, Limits: Limits{MaxMessage: -1}}
	return NewConn(context.Background(), s, &opts), s
}

func (s *stepper) Read(p []byte) (int, error) {
	if s.left == 0 {
		s.left = s.step
		if s.cancel != nil {
			select {
			case <-s.cut: // sent when a context ended after its read
			default:
			}
			s.cancel()
			<-s.cut
			return 0, os.ErrDeadlineExceeded
		}
	}
	n, _ := s.tape.Read(p[:min(len(p), s.left, len(s.bytes)-s.next)])
	s.left -= n
	return n, nil
}

func (s *stepper) SetReadDeadline(t time.Time) error {
	if t.Equal(transport.LongAgo) {
		select {
		case s.cut <- struct{}{}:
		default:
		}
	}
	return nil
}

// poll reads a message in as many calls as it takes, and returns their number.
func (s *stepper) poll(read func(context.Context) error) (polls int, err error) {
	for {
		var ctx context.Context
		ctx, s.cancel = context.WithCancel(context.Background())
		err := read(ctx)
		s.cancel()
		s.cancel = nil
		if polls++; !errors.Is(err, context.Canceled) || polls == 1<<20 {
			return polls, err
		}
	}
}

// pollWays are the ways to read a message of want bytes in several calls. Each passes the
// message to see.
var pollWays = []struct {
	name string
	make func(c *Conn, want int, see func([]byte)) func(context.Context) error
}{
	{"Read", func(c *Conn, _ int, see func([]byte)) func(context.Context) error {
		return func(ctx context.Context) error { _, p, err := c.Read(ctx); see(p); return err }
	}},
	{"AppendRead", func(c *Conn, want int, see func([]byte)) func(context.Context) error {
		dst := make([]byte, 0, want)
		return func(ctx context.Context) error { _, p, err := c.AppendRead(ctx, dst); see(p); return err }
	}},
	{"Messages", func(c *Conn, _ int, see func([]byte)) func(context.Context) error {
		return func(ctx context.Context) error {
			for m, err := range c.Messages(ctx) {
				see(m.Data)
				return err
			}
			return errLoopEnded
		}
	}},
}

// Reading a message in many cancelled calls takes memory in proportion to the message, not to
// the number of calls.
func TestCancelledReadsCopyOnce(t *testing.T) {
	const size = 1 << 20
	payload := pattern(size, 3)
	for _, way := range pollWays {
		for _, step := range []int{100, 1000, 10_000, 100_000} {
			t.Run(fmt.Sprintf("%s/%d", way.name, step), func(t *testing.T) {
				c, s := newStepper(step, bytes.Clone(payload))
				defer c.CloseNow()
				read := way.make(c, size, func(p []byte) {
					if len(p) > 0 && !bytes.Equal(p, payload) {
						t.Error("the message that was read differs from the one that was sent")
					}
				})
				before := allocated()
				polls, err := s.poll(read)
				if err != nil || polls < size/step {
					t.Fatalf("got %d calls, %v, want at least %d", polls, err, size/step)
				}
				// A context takes less than 1 KiB.
				most := int64(4*size + polls<<10)
				if took := int64(allocated() - before); took > most {
					t.Errorf("%d calls allocated %d bytes for a message of %d, want at most %d",
						polls, took, size, most)
				}
			})
		}
	}
}

// readKept reads a message in one of three ways. If ctx ends first, it returns a zero Message. It
// overwrites all memory that belongs to the caller.
func readKept(ctx context.Context, t *testing.T, c *Conn, way int, dst []byte) (m Message) {
	var err error
	switch way {
	case 0:
		_, m.Data, err = c.Read(ctx)
	case 1:
		_, m.Data, err = c.AppendRead(ctx, dst)
		if len(m.Data) < 10 || err != nil && (len(m.Data) != 10 || &m.Data[0] != &dst[0]) {
			t.Errorf("AppendRead: got %d bytes with error %v, want dst and no more", len(m.Data), err)
		}
		m.Data = m.Data[10:]
	case 2:
		for lent, e := range c.Messages(ctx) {
			m.Data, err = bytes.Clone(lent.Data), e
			shred(lent.Data)
			break
		}
	}
	if m.Type = Binary; err != nil {
		interrupted(t, err, context.Canceled)
		shred(dst)
		return Message{}
	}
	return m
}

// A Conn keeps a partial message in its own memory. The caller may change its destination at
// once, and another message does not overwrite the kept bytes. A message that was returned
// belongs to the caller for good.
func TestKeptIsNobodyElses(t *testing.T) {
	const size = 3*blockSize + 5
	for _, seed := range []uint64{1, 2, 3} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			random := rand.New(rand.NewPCG(seed, 0))
			c, p := newPeer(t, role, Limits{})
			var given, want [][]byte
			ctx, cancel := context.WithCancel(context.Background())
			for i := range uint32(100) {
				data := pattern(random.IntN(size), i)
				cut := random.IntN(len(data) + 1)
				stream := p.Frame(wire.OpBinary, false, string(data[:cut]))
				stream = append(stream, p.Frame(wire.OpContinuation, true, string(data[cut:]))...)
				for done := false; !done; {
					n := min(len(stream), 1+random.IntN(size))
					part, way := stream[:n], random.IntN(3)
					dst := make([]byte, 10, 10+random.IntN(2*size))
					got := start(func() Message { return readKept(ctx, t, c, way, dst) })
					p.Write(part)
					synctest.Wait()
					stream = stream[n:]
					cancel()
					m := <-got
					ctx, cancel = context.WithCancel(context.Background())
					if done = m.Type != 0; done {
						given, want = append(given, m.Data), append(want, data)
					}
				}
				UseBuffers(shred)
			}
			cancel()
			for i := range given {
				if !bytes.Equal(given[i], want[i]) {
					t.Errorf("seed %d: message %d differs from the one that was sent", seed, i)
				}
			}
		})
	}
}

// shred overwrites all of p up to its capacity.
func shred(p []byte) {
	for i := range p[:cap(p)] {
		p[:cap(p)][i] = '!'
	}
}

// A Reader returns the bytes that a cancelled Read has kept, and then the rest of the message.
func TestReaderTakesKeptBytes(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		data := pattern(100_000, 0)
		frame := p.Frame(wire.OpBinary, true, string(data))
		for _, cuts := range [][]int{{50_000}, {10, 50_000, 99_999}} {
			at := 0
			for _, cut := range cuts {
				ctx, cancel := context.WithCancel(context.Background())
				read := startRead(ctx, c)
				p.Write(frame[at:cut])
				at = cut
				synctest.Wait()
				cancel()
				interrupted(t, (<-read).err, context.Canceled)
			}
			r, err := c.Reader(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			sent := p.sendAll(frame[at:])
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
				t.Errorf("got %d bytes, %v, want the message of %d bytes", len(got), err, len(data))
			}
			<-sent
		}
	})
}

// When a message whose beginning was kept ends, Read returns the gathered memory itself, while
// AppendRead uses its destination if the message fits.
func TestKeptMemoryIsReturned(t *testing.T) {
	for _, way := range pollWays {
		c, s := newStepper(50_000, make([]byte, 200_000))
		defer c.CloseNow()
		var kept, got []byte
		read := way.make(c, 200_000, func(p []byte) { got = p })
		_, err := s.poll(func(ctx context.Context) error {
			kept = c.Kept()[:cap(c.Kept())]
			return read(ctx)
		})
		if err != nil || len(got) != 200_000 {
			t.Fatalf("%s: got %d bytes, %v, want 200000", way.name, len(got), err)
		}
		if c.Kept() != nil {
			t.Errorf("%s: %d bytes are kept after the end of the message", way.name, cap(c.Kept()))
		}
		if same := &kept[0] == &got[0]; same != (way.name != "AppendRead") {
			t.Errorf("%s: the kept memory was returned: got %v, want %v", way.name, same, !same)
		}
	}
}

// An interrupted read does not keep a reference to its destination, so that a caller can free
// it.
func TestKeptBytesNotInDestination(t *testing.T) {
	const received, size = 400_000, 4 << 20
	c, s := newStepper(received, make([]byte, 2*received))
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	before := liveHeap()
	if _, _, err := c.AppendRead(ctx, make([]byte, size)); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	after := liveHeap()
	if len(c.Kept()) < received/2 || after-before > 4*received {
		t.Errorf("the Conn keeps %d bytes of a message in %d bytes of memory", len(c.Kept()), after-before)
	}
}
