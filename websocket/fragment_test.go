package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// sendWays are the ways to send one message of type Binary.
var sendWays = []struct {
	name string
	send func(ctx context.Context, c *Conn, p []byte) error
}{
	{"Write", func(ctx context.Context, c *Conn, p []byte) error { return c.Write(ctx, Binary, p) }},
	{"WritePlain", func(ctx context.Context, c *Conn, p []byte) error {
		return c.WritePlain(ctx, Binary, p)
	}},
	{"WriteBuffers", func(ctx context.Context, c *Conn, p []byte) error {
		n := len(p) / 3
		return c.WriteBuffers(ctx, Binary, p[:n], p[n:2*n], p[2*n:])
	}},
	{"Writer", func(ctx context.Context, c *Conn, p []byte) error { return streamed(ctx, c, p, len(p)) }},
	{"Writer in pieces", func(ctx context.Context, c *Conn, p []byte) error {
		return streamed(ctx, c, p, 1000)
	}},
}

// streamed sends p with a Writer, in calls of at most piece bytes.
func streamed(ctx context.Context, c *Conn, p []byte, piece int) error {
	w, err := c.Writer(ctx, Binary)
	if err != nil {
		return err
	}
	for err == nil && len(p) > 0 {
		n := min(len(p), piece)
		_, err = w.Write(p[:n])
		p = p[n:]
	}
	return errors.Join(err, w.Close())
}

// fragments reads a message and checks its frames. All frames but the last must carry max bytes
// of payload. The last may carry fewer, but not zero unless it is the only one. The first frame
// must have the reserved bits rsv.
func (p *peer) fragments(op wire.Opcode, rsv byte, max int) (payload []byte) {
	p.t.Helper()
	h, b := p.mustNext()
	return p.fragmentsFrom(h, b, op, rsv, max)
}

// fragmentsFrom is fragments for a message whose first frame has been read.
func (p *peer) fragmentsFrom(h wire.Header, b []byte, op wire.Opcode, rsv byte, max int) (payload []byte) {
	p.t.Helper()
	for first := true; ; first = false {
		if h.Opcode != op || h.RSV != rsv || len(b) > max || !h.Fin && len(b) < max || !first && len(b) == 0 {
			p.t.Fatalf("got a frame of %d bytes, %+v, want %v with bits %d and at most %d bytes",
				len(b), h, op, rsv, max)
		}
		if payload = append(payload, b...); h.Fin {
			return payload
		}
		op, rsv = wire.OpContinuation, 0
		h, b = p.mustNext()
	}
}

// No way to send a message makes a frame larger than MaxWriteFrame, or more frames than
// necessary.
func TestMaxWriteFrame(t *testing.T) {
	for _, extension := range []bool{false, true} {
		for _, way := range sendWays {
			for _, role := range roles {
				t.Run(fmt.Sprintf("%s/%v/%v", way.name, role, extension), func(t *testing.T) {
					checkLeaks(t)
					for _, limit := range []int{1, 125, 4096, FragmentSize + 1, 40_000} {
						testMaxWriteFrame(t, limit, role, extension, way.send)
					}
				})
			}
		}
	}
}

func testMaxWriteFrame(
	t *testing.T, limit int, role wire.Role, extension bool, send func(context.Context, *Conn, []byte) error,
) {
	t.Helper()
	theirs := newRuns(t)
	a, b := netPair(t, "tcp")
	cfg := ConnOptions{Role: role, Limits: Limits{MaxWriteFrame: int64(limit)}}
	if extension {
		cfg.Session = newRuns(t)
	}
	c, p := newPeerOver(t, a, b, cfg)
	sizes := []int{0, 1, limit - 1, limit, limit + 1, 2 * limit, 3*limit + limit/2}
	wrote := start(func() error {
		for i, n := range sizes {
			if err := send(bounded(t), c, pattern(n, uint32(i))); err != nil {
				return err
			}
		}
		return nil
	})
	for i, n := range sizes {
		h, first := p.mustNext()
		most := limit
		if h.RSV == 0 && !h.Fin { // a plain Writer may make smaller fragments
			most = int(min(int64(limit), h.Length))
		}
		got := p.fragmentsFrom(h, first, wire.OpBinary, h.RSV, most)
		if h.RSV == runsBit {
			got = theirs.decode(got)
		}
		if !bytes.Equal(got, pattern(n, uint32(i))) {
			t.Fatalf("limit %d, message of %d bytes: got %d bytes that differ from it", limit, n, len(got))
		}
	}
	noError(t, <-wrote)
	if n := c.Stats().MessagesWritten; n != int64(len(sizes)) {
		t.Errorf("MessagesWritten = %d, want %d", n, len(sizes))
	}
}

// A message is sent as one frame by default, and also if the limit is negative.
func TestMaxWriteFrameDefault(t *testing.T) {
	for _, limit := range []int64{0, -1, 1 << 40} {
		checkLeaks(t)
		a, b := netPair(t, "tcp")
		c, p := newPeerOver(t, a, b, ConnOptions{Role: wire.Server, Limits: Limits{MaxWriteFrame: limit}})
		data := pattern(1<<20, 0)
		wrote := start(func() error { return c.Write(bounded(t), Binary, data) })
		p.Expect(wire.OpBinary, true, string(data))
		noError(t, <-wrote)
	}
}

// MaxWriteFrame applies to the messages of a ByteStream too.
func TestMaxWriteFrameByteStream(t *testing.T) {
	checkLeaks(t)
	a, b := netPair(t, "tcp")
	c, p := newPeerOver(t, a, b, ConnOptions{Role: wire.Server, Limits: Limits{MaxWriteFrame: 1000}})
	data := pattern(3*AdapterMessage/2, 0)
	wrote := start(func() error {
		_, err := c.ByteStream(Binary).Write(data)
		return err
	})
	var got []byte
	for len(got) < len(data) {
		got = append(got, p.fragments(wire.OpBinary, 0, 1000)...)
	}
	if !bytes.Equal(got, data) {
		t.Error("the peer received other bytes than were written")
	}
	noError(t, <-wrote)
}

// Pings and pongs are sent between the fragments of a message.
func TestMaxWriteFrameControlsBetween(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{MaxWriteFrame: 4})
		startRead(context.Background(), c)
		wrote := start(func() error { return c.Write(context.Background(), Text, []byte("one two three")) })
		synctest.Wait()
		p.Send(wire.OpPing, true, "now")
		synctest.Wait()
		pinged := start(func() error { _, err := c.Ping(context.Background()); return err })
		synctest.Wait()
		p.Expect(wire.OpText, false, "one ")
		p.Expect(wire.OpPong, true, "now")
		p.Send(wire.OpPong, true, p.expectPing())
		p.Expect(wire.OpContinuation, false, "two ")
		p.Expect(wire.OpContinuation, false, "thre")
		p.Expect(wire.OpContinuation, true, "e")
		noError(t, errors.Join(<-wrote, <-pinged))
	})
}

// A fragmented message that is cut at any byte arrives whole, before the next message. One that
// is cut before its first byte does not arrive.
func TestMaxWriteFrameCut(t *testing.T) {
	const payload = "a message in fragments"
	eachRole(t, func(t *testing.T, role wire.Role) {
		header := wire.Header{Masked: role == wire.Client}.Size()
		for n := range len(payload) + 5*header {
			c, p := newPeer(t, role, Limits{MaxWriteFrame: 5})
			e := cutWrite(t, c, p, payload, n)
			if e.Accepted != (n > 0) || errors.Is(e, net.ErrClosed) {
				t.Fatalf("cut at byte %d: got %+v, want accepted: %v", n, e, n > 0)
			}
			next := start(func() error { return c.Write(context.Background(), Binary, []byte("next")) })
			want := Stats{MessagesWritten: 1, FramesWritten: 1, BytesWritten: 4}
			if n > 0 {
				if got := p.fragments(wire.OpText, 0, 5); string(got) != payload {
					t.Fatalf("cut at byte %d: got %q, want %q", n, got, payload)
				}
				want = Stats{MessagesWritten: 2, FramesWritten: 6, BytesWritten: 4 + int64(len(payload))}
			}
			p.Expect(wire.OpBinary, true, "next")
			noError(t, <-next)
			if got := c.Stats(); got != want {
				t.Errorf("cut at byte %d: %+v, want %+v", n, got, want)
			}
		}
	})
}

// The memory that keeps the rest of a fragmented message is bounded, headers included.
func TestMaxWriteFrameCutTooMuch(t *testing.T) {
	for _, row := range []struct {
		size, limit int
		ends        bool
	}{
		{MaxRest - 100, 1 << 19, false},
		{MaxRest / 8, 1, false},
		{MaxRest / 2, 1, true},
		{MaxRest + 100, 1 << 16, true},
		{8 << 20, 1 << 16, true},
	} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			c, p := newPeer(t, role, Limits{MaxWriteFrame: int64(row.limit)})
			payload := strings.Repeat("x", row.size)
			e := cutWrite(t, c, p, payload, 1)
			if errors.Is(e, net.ErrClosed) != row.ends || e.Accepted == row.ends {
				t.Fatalf("%+v: got %+v, want the connection ended: %v", row, e, row.ends)
			}
			if row.ends {
				if !strings.Contains(e.Error(), "are kept") {
					t.Errorf("the error does not say how many bytes are kept: %v", e)
				}
				wantClosed(t, c)
			} else if got := p.fragments(wire.OpText, 0, row.limit); string(got) != payload {
				t.Errorf("%+v: got another message of %d bytes", row, len(got))
			}
		})
	}
}

// cutWaiting cuts a message between two fragments, while it waits for the turn that other has.
// The write must fail with want. The peer has received the first fragment then.
func cutWaiting(t *testing.T, c *Conn, p *peer, payload string, first int, want error, other func()) *Error {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	data := []byte(payload)
	done := start(func() error { return c.Write(ctx, Text, data) })
	synctest.Wait()
	go other()
	synctest.Wait() // other waits for its turn
	p.Expect(wire.OpText, false, payload[:first])
	synctest.Wait() // now the message waits
	cancel()
	e := wantError(t, <-done, "write", want)
	clear(data) // the caller may change it again
	return e
}

// A write whose context ends between two fragments, while a ping is being written, returns
// without waiting for the ping. The rest of the message is sent after the ping and before the
// next message.
func TestMaxWriteFrameCutWaiting(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{MaxWriteFrame: 7})
		e := cutWaiting(t, c, p, "first, second, third", 7, context.Canceled, func() { c.Ping(c.Context()) })
		if !e.Accepted || errors.Is(e, net.ErrClosed) {
			t.Fatalf("got %+v, want an accepted message and an open connection", e)
		}
		next := start(func() error { return c.Write(context.Background(), Binary, []byte("next")) })
		synctest.Wait()
		p.expectPing()
		p.Expect(wire.OpContinuation, false, "second,")
		p.Expect(wire.OpContinuation, true, " third")
		p.Expect(wire.OpBinary, true, "next")
		noError(t, <-next)
		synctest.Wait()
		if c.HasPostponed() || c.HasRest() || c.FrameTurn().Busy() {
			t.Error("everything was sent, but the Conn still keeps a rest or the turn")
		}
	})
}

// A message that waits for a close frame is not accepted, because nothing may follow that frame.
func TestMaxWriteFrameCutWaitingForClose(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{MaxWriteFrame: 7})
		closed := make(chan error, 1)
		e := cutWaiting(t, c, p, "first, second, third", 7, net.ErrClosed, func() {
			closed <- c.Close(context.Background(), StatusNormalClosure, "")
		})
		if e.Accepted {
			t.Fatalf("got %+v, want a message that is not accepted", e)
		}
		p.ExpectClose(StatusNormalClosure)
		p.answer()
		if role == wire.Client {
			p.nc.Close()
		}
		noError(t, <-closed)
		wantClosed(t, c)
		if h, _, err := p.Next(); err == nil {
			t.Errorf("got %+v after the close frame, want no frame", h)
		}
		if n := c.Stats().MessagesWritten; n != 0 {
			t.Errorf("MessagesWritten = %d, want 0", n)
		}
	})
}

// The rest of a waiting message is dropped when the connection ends, and is not accepted if it
// is too large.
func TestMaxWriteFrameCutWaitingEnds(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{MaxWriteFrame: 7})
		e := cutWaiting(t, c, p, "first, second, third", 7, context.Canceled, func() { c.Ping(c.Context()) })
		if !e.Accepted {
			t.Fatalf("got %+v, want an accepted message", e)
		}
		c.CloseNow()
		synctest.Wait()
		if c.HasPostponed() {
			t.Error("the rest of the message is kept after the connection ended")
		}
		wantClosed(t, c)

		c, p = newPeer(t, role, Limits{MaxWriteFrame: 7})
		large := "first, " + strings.Repeat("x", MaxRest+1)
		e = cutWaiting(t, c, p, large, 7, context.Canceled, func() { c.Ping(c.Context()) })
		if e.Accepted || !errors.Is(e, net.ErrClosed) {
			t.Fatalf("got %+v, want net.ErrClosed and a message that is not accepted", e)
		}
		synctest.Wait()
		wantClosed(t, c)
	})
}

// The turn may become free at the moment at which a message stops waiting for it.
func TestMaxWriteFrameCutAsTurnIsFree(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{MaxWriteFrame: 7})
		if e := wantError(t, c.PostponeText(context.Canceled, "first, second"), "write", context.Canceled); !e.Accepted {
			t.Errorf("got %+v, want an accepted message", e)
		}
		p.Expect(wire.OpText, false, "first, ")
		p.Expect(wire.OpContinuation, true, "second")
		synctest.Wait()
		if !c.FrameTurn().TryLock() {
			t.Error("the turn was not given back")
		}
	})
}

// The turn may also have been freed and taken again by then. Its holder then sends the message.
func TestMaxWriteFrameCutAsTurnIsTaken(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{MaxWriteFrame: 7})
		if !c.FrameTurn().TryLock() {
			t.Fatal("the turn is taken")
		}
		if e := wantError(t, c.PostponeText(context.Canceled, "first, second"), "write", context.Canceled); !e.Accepted {
			t.Errorf("got %+v, want an accepted message", e)
		}
		c.UnlockFrames()
		if !c.FrameTurn().Busy() {
			t.Fatal("the turn was given back before the message was sent")
		}
		p.Expect(wire.OpText, false, "first, ")
		p.Expect(wire.OpContinuation, true, "second")
	})
}
