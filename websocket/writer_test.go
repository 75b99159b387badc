package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A Writer sends a message that an extension transforms as one frame, unless the message is flushed or
// larger than MaxWriteFrame.
func TestWriterTransformedIsOneFrame(t *testing.T) {
	for _, row := range []struct {
		limit   int64
		flushAt int // bytes written before a Flush; 0 means no Flush
		frames  int
	}{
		{0, 0, 1}, {0, 1000, 2}, {0, 50_000, 2}, {40_000, 0, 5}, {120_000, 0, 2}, {1 << 20, 0, 1},
	} {
		for _, role := range roles {
			t.Run(fmt.Sprintf("%v/%+v", role, row), func(t *testing.T) {
				checkLeaks(t)
				c, p, _, theirs := runsPeer(t, role, Limits{MaxWriteFrame: row.limit})
				data := pattern(100_000, 1) // becomes twice as large
				wrote := start(func() error {
					w, err := c.Writer(bounded(t), Binary)
					if err != nil {
						return err
					}
					_, err = w.Write(data[:row.flushAt])
					if row.flushAt > 0 {
						err = errors.Join(err, w.Flush())
					}
					_, err2 := w.Write(data[row.flushAt:])
					return errors.Join(err, err2, w.Close())
				})
				h, got := p.message()
				if err := <-wrote; err != nil {
					t.Fatal(err)
				}
				if h.RSV != runsBit || !bytes.Equal(theirs.decode(got), data) {
					t.Errorf("got %+v with %d bytes, want the encoded message", h, len(got))
				}
				if n := c.Stats().FramesWritten; n != int64(row.frames) {
					t.Errorf("got %d frames, want %d", n, row.frames)
				}
			})
		}
	}
}

// A Writer treats a message of up to 16 KiB as Write does. The extension knows its size, and is not
// called for a message that is dropped.
func TestWriterSmallMessage(t *testing.T) {
	checkLeaks(t)
	c, p, ours, theirs := runsPeer(t, wire.Server, Limits{})
	ours.minimum = 100
	ctx := bounded(t)
	for _, n := range []int{0, 99, 100, FragmentSize} {
		data := string(pattern(n, 0))
		wrote := start(func() error { return streamed(ctx, c, []byte(data), 7000) })
		h, got := p.message()
		if n >= 100 {
			data = theirs.encode(data)
		}
		if string(got) != data || (h.RSV == 0) != (n < 100) {
			t.Errorf("%d bytes: got %+v with %d bytes, want %d", n, h, len(got), len(data))
		}
		noError(t, <-wrote)
	}
}

// A lostMessage is a message whose context ends before its Writer is closed.
type lostMessage struct {
	name      string
	extension bool
	write     int  // the number of bytes written
	flush     bool // there is a Flush after that
	ends      bool // the connection ends too
}

var lostMessages = []lostMessage{
	{"nothing", false, 0, false, false},
	{"little", false, 1000, false, false},
	{"a fragment sent", false, FragmentSize + 1, false, true},
	{"flushed", false, 10, true, true},
	{"extension, nothing", true, 0, true, false},
	{"extension, little", true, 1000, false, false},
	{"extension, as much as is gathered", true, FragmentSize, false, false},
	{"extension has begun", true, FragmentSize + 1, false, true},
	{"extension, flushed", true, 1, true, true},
}

// A Writer whose context ends sends nothing more, in particular not the end of an incomplete message.
// The connection ends too if a part of the message was sent or an extension has begun to encode it.
func TestWriterContextEnds(t *testing.T) {
	for _, lost := range lostMessages {
		for _, kind := range []string{"tcp", "pipe"} {
			t.Run(lost.name+"/"+kind, func(t *testing.T) { testWriterContextEnds(t, kind, lost) })
		}
	}
}

func testWriterContextEnds(t *testing.T, kind string, lost lostMessage) {
	checkLeaks(t)
	a, b := netPair(t, kind)
	cfg, theirs := ConnOptions{Role: wire.Server}, newRuns(t)
	if lost.extension {
		cfg.Session = newRuns(t)
	}
	c, p := newPeerOver(t, a, b, cfg)
	sent := start(func() string {
		b, _ := io.ReadAll(p.nc)
		return string(b)
	})
	ctx, cancel := context.WithCancel(bounded(t))
	w, err := c.Writer(ctx, Text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(pattern(lost.write, 0)); err != nil {
		t.Fatal(err)
	}
	if lost.flush {
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if _, err := w.Write([]byte("more")); !errors.Is(err, context.Canceled) {
		t.Errorf("Write: got %v, want context.Canceled", err)
	}
	if err := w.Flush(); !errors.Is(err, context.Canceled) {
		t.Errorf("Flush: got %v, want context.Canceled", err)
	}
	err = w.Close()
	e := wantError(t, err, "write", context.Canceled)
	if errors.Is(e, net.ErrClosed) != lost.ends || e.Accepted {
		t.Fatalf("Close: got %+v, want a message that is not accepted, connection ended: %v", e, lost.ends)
	}
	if lost.ends {
		got := <-sent
		if lost.extension && !lost.flush && got != "" || got != "" && got[0]&0x80 != 0 {
			t.Errorf("the peer received % x, want no end of the message", got[:min(len(got), 50)])
		}
		return
	}
	next := "\x81\x04next"
	if lost.extension {
		next = theirs.encode("next")
		next = string([]byte{0xc1, byte(len(next))}) + next
	}
	if err := c.Write(bounded(t), Text, []byte("next")); err != nil {
		t.Fatal(err)
	}
	c.CloseNow()
	if got := <-sent; got != next {
		t.Errorf("the peer received % x, want % x", got, next)
	}
}

// A Writer of a connection that has ended takes no more bytes. Otherwise a message that an extension
// transforms would grow without a limit.
func TestWriterConnectionEnds(t *testing.T) {
	for _, begun := range []int{0, 10, FragmentSize + 1} {
		checkLeaks(t)
		c, p, _, _ := runsPeer(t, wire.Server, Limits{})
		w, err := c.Writer(bounded(t), Binary)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(pattern(begun, 0)); err != nil {
			t.Fatal(err)
		}
		p.nc.Close()
		if _, _, err := c.Read(bounded(t)); !errors.Is(err, net.ErrClosed) {
			t.Fatal(err)
		}
		n, err := w.Write([]byte("more"))
		if e := wantError(t, err, "write", io.ErrUnexpectedEOF); n != 0 || !errors.Is(e, net.ErrClosed) {
			t.Errorf("Write after %d bytes: got %d, %v, want 0, net.ErrClosed", begun, n, err)
		}
		if err := w.Flush(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Flush after %d bytes: got %v, want net.ErrClosed", begun, err)
		}
		if err := w.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Close after %d bytes: got %v, want net.ErrClosed", begun, err)
		}
	}
}

// A transformed message whose context ends during Close is accepted, even if no byte of it has been
// sent.
func TestWriterTransformedCutAtEnd(t *testing.T) {
	for _, n := range []int{10, 3 * blockSize} {
		checkLeaks(t)
		c, p, _, theirs := runsPeer(t, wire.Server, Limits{})
		ctx, cancel := context.WithCancel(bounded(t))
		w, err := c.Writer(ctx, Binary)
		if err != nil {
			t.Fatal(err)
		}
		data := strings.Repeat("ab", n/2)
		if _, err := w.Write([]byte(data)); err != nil {
			t.Fatal(err)
		}
		err = cancelled(c, cancel, w.Close)
		if e := wantError(t, err, "write", context.Canceled); !e.Accepted || errors.Is(e, net.ErrClosed) {
			// The context may have ended before the extension began.
			if n > FragmentSize || errors.Is(e, net.ErrClosed) {
				t.Fatalf("got %+v, want an accepted message and an open connection", e)
			}
			continue
		}
		if _, got := p.message(); string(theirs.decode(got)) != data {
			t.Errorf("the peer received %d bytes that do not decode to the message", len(got))
		}
	}
}

// The end of a transformed message whose context ends while it waits for the turn is sent once the turn
// is free. Several such messages are sent in order.
func TestWriterTransformedCutWaiting(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ours, theirs := newRuns(t), newRuns(t)
		a, b := net.Pipe()
		c, p := newPeerOver(t, a, b, ConnOptions{Role: wire.Server, Session: ours})
		go c.Ping(c.Context())
		synctest.Wait() // the ping has the turn until the peer reads
		var want []string
		for i, n := range []int{FragmentSize + 1, 2 * FragmentSize} {
			ctx, cancel := context.WithCancel(context.Background())
			w, err := c.Writer(ctx, Binary)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, string(pattern(n, uint32(i))))
			if _, err := w.Write([]byte(want[i])); err != nil {
				t.Fatal(err)
			}
			closed := start(w.Close)
			synctest.Wait()
			cancel()
			e := wantError(t, <-closed, "write", context.Canceled)
			if !e.Accepted || errors.Is(e, net.ErrClosed) {
				t.Fatalf("got %+v, want an accepted message and an open connection", e)
			}
		}
		next := start(func() error { return c.Write(context.Background(), Text, []byte("next")) })
		p.expectPing()
		for i, data := range append(want, "next") {
			if h, got := p.message(); h.RSV != runsBit || string(theirs.decode(got)) != data {
				t.Fatalf("message %d: got %+v with %d bytes, want the encoded message", i, h, len(got))
			}
		}
		noError(t, <-next)

		// If the messages are too large to be kept, the extension's state is lost and the connection ends.
		go c.Ping(c.Context())
		synctest.Wait()
		for _, fits := range []bool{true, false} {
			ctx, cancel := context.WithCancel(context.Background())
			w, err := c.Writer(ctx, Binary)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(pattern(MaxRest*3/10, 0)); err != nil { // twice that when transformed
				t.Fatal(err)
			}
			closed := start(w.Close)
			synctest.Wait()
			cancel()
			e := wantError(t, <-closed, "write", context.Canceled)
			if e.Accepted != fits || errors.Is(e, net.ErrClosed) == fits {
				t.Fatalf("got %+v, want accepted and open: %v", e, fits)
			}
		}
		synctest.Wait()
		wantClosed(t, c)
	})
}
