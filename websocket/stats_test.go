package websocket_test

import (
	"context"
	"errors"
	"io"
	"testing"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// Stats counts messages, frames, bytes and control frames in both directions.
func TestStats(t *testing.T) {
	checkLeaks(t)
	c, p := newPeerWith(t, "tcp", wire.Server)
	ctx := bounded(t)
	if got := c.Stats(); got != (Stats{}) {
		t.Errorf("at the start: got %+v, want zeros", got)
	}
	p.Send(wire.OpText, true, "four")
	p.Send(wire.OpPing, true, "ping")
	p.Send(wire.OpBinary, false, "three")
	p.Send(wire.OpPong, true, "pong")
	p.Send(wire.OpContinuation, false, "")
	p.Send(wire.OpContinuation, true, "pieces")
	for range 2 {
		if _, _, err := c.Read(ctx); err != nil {
			t.Fatal(err)
		}
	}
	c.Write(ctx, Text, []byte("five!"))
	w, err := c.Writer(ctx, Binary)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "ab")
	w.Flush()
	io.WriteString(w, "cde")
	w.Close()
	want := Stats{
		MessagesRead: 2, FramesRead: 4, BytesRead: 15, ControlsRead: 2,
		MessagesWritten: 2, FramesWritten: 3, BytesWritten: 10, ControlsWritten: 1,
	}
	if got := c.Stats(); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	p.SendClose(StatusNormalClosure, "")
	p.Expect(wire.OpPong, true, "ping")
	if _, _, err := c.Read(ctx); err == nil {
		t.Fatal("Read after the close frame: got no error")
	}
	want.ControlsRead++
	want.ControlsWritten++
	if got := c.Stats(); got != want {
		t.Errorf("after the close frame:\ngot  %+v\nwant %+v", got, want)
	}
}

// A frame that arrives in pieces is counted once, after its last piece.
func TestStatsPieces(t *testing.T) {
	checkLeaks(t)
	c, p := newPeerWith(t, "pipe", wire.Server)
	r := start(func() error { _, _, err := c.Read(bounded(t)); return err })
	frame := p.Frame(wire.OpBinary, true, string(make([]byte, 64<<10)))
	p.Write(frame[:100])
	p.Write(frame[100:20_000])
	if got, want := c.Stats().FramesRead, int64(0); got != want {
		t.Errorf("before the end of the frame: got FramesRead %d, want %d", got, want)
	}
	p.Write(frame[20_000:])
	if err := <-r; err != nil {
		t.Fatal(err)
	}
	if got, want := c.Stats(), (Stats{MessagesRead: 1, FramesRead: 1, BytesRead: 64 << 10}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// Stats counts the bytes on the wire, after an extension has encoded them.
func TestStatsExtension(t *testing.T) {
	checkLeaks(t)
	client, server, _, _ := runsPair(t, "tcp", Limits{})
	ctx := bounded(t)
	if err := client.Write(ctx, Binary, make([]byte, 510)); err != nil { // 2 pairs, and 1 for the end
		t.Fatal(err)
	}
	if _, p, err := server.Read(ctx); err != nil || len(p) != 510 {
		t.Fatal(len(p), err)
	}
	want := Stats{MessagesWritten: 1, FramesWritten: 1, BytesWritten: 6}
	if got := client.Stats(); got != want {
		t.Errorf("writer: got %+v, want %+v", got, want)
	}
	want = Stats{MessagesRead: 1, FramesRead: 1, BytesRead: 6}
	if got := server.Stats(); got != want {
		t.Errorf("reader: got %+v, want %+v", got, want)
	}
}

// A message that was cut is counted, since it was accepted. A message that was not sent is not
// counted.
func TestStatsCut(t *testing.T) {
	checkLeaks(t)
	c, p := newPeerWith(t, "pipe", wire.Client)
	ctx, cancel := context.WithCancel(bounded(t))
	err := cancelled(c, cancel, func() error { return c.Write(ctx, Text, []byte("no")) })
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if got := c.Stats(); got != (Stats{}) {
		t.Errorf("after a message that was not sent: got %+v, want zeros", got)
	}
	ctx, cancel = context.WithCancel(bounded(t))
	cut := start(func() error { return c.Write(ctx, Text, []byte("four")) })
	if _, err := p.nc.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-cut; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if got, want := c.Stats(), (Stats{MessagesWritten: 1, FramesWritten: 1, BytesWritten: 4}); got != want {
		t.Errorf("after a message that was cut: got %+v, want %+v", got, want)
	}
}

// A piece of a message counts as soon as its read returns, in Events.Closed, and while Close drops
// messages, even though no message has ended.
func TestStatsWithoutEnd(t *testing.T) {
	check := func(t *testing.T, c *Conn, want Stats) {
		t.Helper()
		if got := c.Stats(); got != want {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
	t.Run("Reader", func(t *testing.T) {
		checkLeaks(t)
		c, p := newPeerWith(t, "tcp", wire.Server)
		p.Send(wire.OpBinary, true, "four")
		r, err := c.Reader(bounded(t))
		if err != nil {
			t.Fatal(err)
		}
		check(t, c, Stats{FramesRead: 1, BytesRead: 4})
		if _, err := io.ReadFull(r, make([]byte, 3)); err != nil {
			t.Fatal(err)
		}
		check(t, c, Stats{FramesRead: 1, BytesRead: 4})
		io.Copy(io.Discard, r)
		check(t, c, Stats{MessagesRead: 1, FramesRead: 1, BytesRead: 4})
	})
	t.Run("Closed", func(t *testing.T) {
		checkLeaks(t)
		ours, theirs := netPair(t, "tcp")
		var closed Stats
		c, p := newPeerOver(t, ours, theirs, ConnOptions{
			Limits: Limits{Budget: NewBudget(4)},
			Events: &Events{Closed: func(c *Conn, _ Closure) { closed = c.Stats() }},
		})
		p.Send(wire.OpBinary, false, "four")
		p.Send(wire.OpContinuation, true, "five!")
		if _, _, err := c.Read(bounded(t)); !errors.Is(err, ErrBudget) {
			t.Fatalf("got %v, want ErrBudget", err)
		}
		if want := (Stats{FramesRead: 2, BytesRead: 9, ControlsWritten: 1}); closed != want {
			t.Errorf("in Closed:\ngot  %+v\nwant %+v", closed, want)
		}
	})
	t.Run("Close", func(t *testing.T) {
		checkLeaks(t)
		c, p := newPeerWith(t, "tcp", wire.Server)
		for range 2 {
			p.Send(wire.OpBinary, true, "four")
		}
		p.SendClose(StatusNormalClosure, "")
		if err := c.Close(bounded(t), StatusNormalClosure, ""); err != nil {
			t.Fatal(err)
		}
		check(t, c, Stats{FramesRead: 2, BytesRead: 8, ControlsRead: 1, ControlsWritten: 1})
	})
}
