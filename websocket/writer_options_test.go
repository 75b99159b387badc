package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"testing"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// SetFrameSize sets the size of a Writer's fragments, up to the whole message in one frame.
// MaxWriteFrame still applies.
func TestWriterFrameSize(t *testing.T) {
	for _, row := range []struct {
		size, limit int64
		extension   bool // there is an extension, which the message bypasses
		max         int  // bytes in a full frame
	}{
		{0, 0, false, FragmentSize},
		{-1, 0, false, 100_000},
		{100_000, 0, false, 100_000},
		{99_999, 0, false, 99_999},
		{50_000, 0, false, 50_000},
		{1000, 0, false, 1000},
		{-1, 30_000, false, 30_000},
		{40_000, 30_000, false, 30_000},
		{30_000, 40_000, false, 30_000},
		{-1, 0, true, 100_000},
		{50_000, 0, true, 50_000},
		{50_000, 30_000, true, 30_000},
		{4096, 0, true, 4096}, // less than is gathered before the extension is called
	} {
		for _, role := range roles {
			t.Run(fmt.Sprintf("%v/%+v", role, row), func(t *testing.T) {
				checkLeaks(t)
				cfg := ConnOptions{Role: role, Limits: Limits{MaxWriteFrame: row.limit}}
				if row.extension {
					cfg.Session = newRuns(t)
				}
				ours, theirs := netPair(t, "tcp")
				c, p := newPeerOver(t, ours, theirs, cfg)
				data := pattern(100_000, 1)
				wrote := start(func() error {
					w, err := c.PlainWriter(bounded(t), Binary)
					if err != nil {
						return err
					}
					w.SetFrameSize(row.size)
					for b := data; len(b) > 0 && err == nil; b = b[min(len(b), 7000):] {
						_, err = w.Write(b[:min(len(b), 7000)])
					}
					return errors.Join(err, w.Close())
				})
				if got := p.fragments(wire.OpBinary, 0, row.max); !bytes.Equal(got, data) {
					t.Error("the peer received other bytes than were written")
				}
				noError(t, <-wrote)
			})
		}
	}
}

// SetFrameSize may be called in the middle of a message, even with less than the gathered bytes. Flush
// ends a fragment of any size.
func TestWriterFrameSizeChanges(t *testing.T) {
	checkLeaks(t)
	c, p := newPeerWith(t, "tcp", wire.Server)
	w, err := c.Writer(bounded(t), Text)
	if err != nil {
		t.Fatal(err)
	}
	write := func(s string) {
		t.Helper()
		if n, err := w.Write([]byte(s)); n != len(s) || err != nil {
			t.Errorf("Write of %q: got %d, %v, want %d", s, n, err, len(s))
		}
	}
	w.SetFrameSize(-1)
	write("one two ")
	w.SetFrameSize(4)
	write("threefour")
	w.SetFrameSize(0)
	write("teen ")
	noError(t, w.Flush())
	write("end")
	noError(t, w.Close())
	p.Expect(wire.OpText, false, "one ")
	p.Expect(wire.OpContinuation, false, "two ")
	p.Expect(wire.OpContinuation, false, "thre")
	p.Expect(wire.OpContinuation, false, "efou")
	p.Expect(wire.OpContinuation, false, "rteen ")
	p.Expect(wire.OpContinuation, true, "end")
}

// SetFrameSize applies to a small message that is sent when it is closed, even if an extension declines
// the message.
func TestWriterFrameSizeOfSmall(t *testing.T) {
	for _, extension := range []bool{false, true} {
		cfg := ConnOptions{}
		if extension {
			s := newRuns(t)
			s.minimum = 1 << 20
			cfg.Session = s
		}
		ours, theirs := netPair(t, "tcp")
		c, p := newPeerOver(t, ours, theirs, cfg)
		w, err := c.Writer(bounded(t), Binary)
		if err != nil {
			t.Fatal(err)
		}
		data := pattern(10_000, 1)
		_, err = w.Write(data)
		w.SetFrameSize(4096)
		noError(t, errors.Join(err, w.Close()))
		if got := p.fragments(wire.OpBinary, 0, 4096); !bytes.Equal(got, data) {
			t.Error("the peer received other bytes than were written")
		}
	}
}

// A Writer continues with a new context, even if the old one has ended between two calls. A call that
// has failed cannot be repeated.
func TestWriterSetContext(t *testing.T) {
	for _, extension := range []bool{false, true} {
		checkLeaks(t)
		cfg := ConnOptions{Role: wire.Server}
		if extension {
			cfg.Session = newRuns(t)
		}
		ours, theirs := netPair(t, "tcp")
		c, p := newPeerOver(t, ours, theirs, cfg)
		ctx, cancel := context.WithCancel(bounded(t))
		w, err := c.PlainWriter(ctx, Text)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Write([]byte("one, "))
		err = errors.Join(err, w.Flush())
		cancel()
		next, cancel := context.WithCancel(bounded(t))
		w.SetContext(next)
		_, err2 := w.Write([]byte("two"))
		if err := errors.Join(err, err2, w.Flush()); err != nil {
			t.Fatal(err)
		}
		cancel()
		w.SetContext(bounded(t))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		p.Expect(wire.OpText, false, "one, ")
		p.Expect(wire.OpContinuation, false, "two")
		p.Expect(wire.OpContinuation, true, "")

		ctx, cancel = context.WithCancel(bounded(t))
		if w, err = c.Writer(ctx, Text); err != nil {
			t.Fatal(err)
		}
		cancel()
		if _, err := w.Write([]byte("x")); !errors.Is(err, context.Canceled) {
			t.Errorf("Write: got %v, want context.Canceled", err)
		}
		w.SetContext(bounded(t))
		if _, err := w.Write([]byte("x")); !errors.Is(err, context.Canceled) {
			t.Errorf("Write after an error: got %v, want context.Canceled", err)
		}
		if err := w.Close(); !errors.Is(err, context.Canceled) || errors.Is(err, net.ErrClosed) {
			t.Errorf("Close: got %v, want context.Canceled and an open connection", err)
		}
	}
}
