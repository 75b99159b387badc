package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"testing"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/websocket/wstest"
	"github.com/hawser-ws/hawser/wire"
)

// heldWays are the ways to read that wait for the rest of a message. They allocate their
// destinations before anything is received.
var heldWays = []struct {
	name string
	make func(c *Conn) func(context.Context) error
}{
	{"Read", func(c *Conn) func(context.Context) error {
		return func(ctx context.Context) error { _, _, err := c.Read(ctx); return err }
	}},
	{"AppendRead", func(c *Conn) func(context.Context) error {
		dst := []byte("begun")[:5:5]
		return func(ctx context.Context) error { _, _, err := c.AppendRead(ctx, dst); return err }
	}},
	{"AppendRead roomy", func(c *Conn) func(context.Context) error {
		dst := make([]byte, 0, 64<<10)
		return func(ctx context.Context) error { _, _, err := c.AppendRead(ctx, dst); return err }
	}},
	{"Messages", func(c *Conn) func(context.Context) error {
		return func(ctx context.Context) error {
			for _, err := range c.Messages(ctx) {
				return err
			}
			return errLoopEnded
		}
	}},
	{"ReadJSON", func(c *Conn) func(context.Context) error {
		return func(ctx context.Context) error { return c.ReadJSON(ctx, new(any)) }
	}},
	{"Reader", func(c *Conn) func(context.Context) error {
		var r *MessageReader
		buf := make([]byte, 512)
		return func(ctx context.Context) (err error) {
			if r == nil {
				if r, err = c.Reader(ctx); err != nil {
					return err
				}
			}
			r.SetContext(ctx)
			_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, r, buf)
			return err
		}
	}},
	{"Reader skipped", func(c *Conn) func(context.Context) error {
		return func(ctx context.Context) error {
			for {
				if _, err := c.Reader(ctx); err != nil {
					return err
				}
			}
		}
	}},
	{"ByteStream", func(c *Conn) func(context.Context) error {
		nc := c.ByteStream(Binary)
		buf := make([]byte, 512)
		return func(ctx context.Context) error {
			nc.SetReadDeadline(time.Time{})
			defer context.AfterFunc(ctx, func() { nc.SetReadDeadline(time.Unix(1, 0)) })()
			_, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{nc}, buf)
			return err
		}
	}},
}

// A heldShape is a message of which a peer sends only the beginning.
type heldShape struct {
	name  string
	max   int64 // Limits.MaxMessage
	ext   bool
	begin func(p *peer, n int) []byte
}

var heldShapes = []heldShape{
	{"one frame", 0, false, func(p *peer, n int) []byte { return p.announce(wire.OpBinary, 1<<20, n, nil) }},
	{"unlimited", -1, false, func(p *peer, n int) []byte { return p.announce(wire.OpBinary, 1<<40, n, nil) }},
	{"fragments", 0, false, func(p *peer, n int) []byte {
		first := p.Frame(wire.OpBinary, false, "1")
		return append(first, p.announce(wire.OpContinuation, 1<<19, n, nil)...)
	}},
	{"extension", 0, true, func(p *peer, n int) []byte {
		return p.announce(wire.OpBinary, 1<<20, n, newRuns(nil))
	}},
}

// announce returns the header of a frame of the given length and the first n bytes of its
// payload, encoded by the session s if that is not nil.
func (p *peer) announce(op wire.Opcode, length int64, n int, s wire.Session) []byte {
	h := wire.Header{Fin: true, Opcode: op, Length: length, Masked: p.role == wire.Client}
	payload := bytes.Clone(pattern(n, 0))
	if s != nil {
		h.RSV = runsBit
		payload, _ = s.Encode(wire.MessageInfo{Size: -1}).Append(nil, payload, false)
	}
	return append(wire.AppendHeader(nil, h), payload...)
}

// heldConns is how many connections share a measurement.
const heldConns = 16

// A heldSide is one connection of a measurement: its peer, and a read in progress.
type heldSide struct {
	p      *peer
	read   func(context.Context) error
	done   <-chan error
	cancel context.CancelFunc
}

// init makes the connection, which is closed at the end of the test.
func (s *heldSide) init(t testing.TB, role wire.Role, way int, shape heldShape) *Conn {
	cfg := ConnOptions{Role: role, Limits: Limits{MaxMessage: shape.max}}
	if shape.ext {
		cfg.Session = newRuns(t)
	}
	ours, theirs := netPair(t, "unix")
	c := NewConn(context.Background(), ours, &cfg)
	t.Cleanup(func() { c.CloseNow(); theirs.Close() })
	s.p = &peer{Peer: wstest.NewPeer(t, theirs, other(role)), nc: theirs, role: other(role)}
	s.read = heldWays[way].make(c)
	return c
}

// begin starts a read.
func (s *heldSide) begin() {
	var ctx context.Context
	ctx, s.cancel = context.WithCancel(context.Background())
	s.done = start(func() error { return s.read(ctx) })
}

// end cancels the read in progress and waits for it.
func (s *heldSide) end(t testing.TB) {
	s.cancel()
	if err := <-s.done; !errors.Is(err, context.Canceled) && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a cancelled read: got %v, want the error of its context", err)
	}
}

// heldAfter returns how many bytes a connection holds after it has received the first n bytes of
// a message, in addition to the bytes that it held while it waited for the message. If polled is
// set, two reads have been cancelled and none is in progress.
func heldAfter(t testing.TB, role wire.Role, way int, shape heldShape, n int, polled bool) int64 {
	t.Helper()
	bound := bounded(t)
	waits := make(chan struct{}, heldConns)
	await := func() {
		t.Helper()
		for range heldConns {
			select {
			case <-waits:
			case <-bound.Done():
				t.Fatal("a connection is not waiting for its peer after a minute")
			}
		}
	}
	var sides [heldConns]heldSide
	offset := int64(0) // the offset in the stream at which the readers must wait
	for i := range sides {
		s := &sides[i]
		c := s.init(t, role, way, shape)
		reported := int64(-1)
		c.Transport().Rd.Idle = func() { // called by the goroutine that reads
			if at := c.ReadOffset(); at != reported && (at == 0 || at == offset) {
				reported = at
				waits <- struct{}{}
			}
		}
		s.begin()
	}
	await()
	stream := shape.begin(sides[0].p, n)[:n]
	before := liveHeap()
	LargeBuffers(heldConns)
	for offset < int64(n) {
		part := stream[offset:]
		if polled && offset == 0 {
			part = part[:n/2]
		}
		offset += int64(len(part))
		for i := range sides {
			if _, err := sides[i].p.nc.Write(part); err != nil {
				t.Fatal(err)
			}
		}
		await()
		for i := range sides {
			if s := &sides[i]; polled {
				if s.end(t); offset < int64(n) {
					s.begin()
				}
			}
		}
	}
	held := (liveHeap() - before) / heldConns
	for i := range sides {
		if s := &sides[i]; !polled {
			s.end(t)
		}
		runtime.KeepAlive(sides[i].read)
	}
	return held
}

// After n bytes on the wire, a connection holds memory in proportion to n, not to the length in a
// frame's header.
func TestHeldInProportion(t *testing.T) {
	probe, peer := netPair(t, "unix")
	defer probe.Close()
	defer peer.Close()
	var tr transport.Transport
	if tr.Init(probe); !tr.IsRaw() {
		t.Skip("reads on this system take a buffer before they wait")
	}
	for way := range heldWays {
		for i, shape := range heldShapes {
			for j, n := range []int{15, 1 << 10, 20 << 10} {
				for _, polled := range []bool{false, true} {
					name := fmt.Sprintf("%s/%s/%d/polled %v", heldWays[way].name, shape.name, n, polled)
					t.Run(name, func(t *testing.T) {
						role := roles[(way+i+j)%2] // the roles differ only in a masking key
						most := int64(4*n + 4<<10)
						if held := heldAfter(t, role, way, shape, n, polled); held > most {
							t.Errorf("%v: after %d bytes on the wire, %d are held, want at most %d",
								role, n, held, most)
						}
					})
				}
			}
		}
	}
}

// liveHeap returns how many bytes of the heap are in use.
func liveHeap() int64 {
	var m runtime.MemStats
	runtime.GC() // twice, because sync.Pool keeps its values for one collection
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
