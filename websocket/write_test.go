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

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// newPeerWith is newPeer over the named kind of transport.
func newPeerWith(t *testing.T, kind string, role wire.Role) (*Conn, *peer) {
	t.Helper()
	ours, theirs := netPair(t, kind)
	return newPeerOver(t, ours, theirs, ConnOptions{Role: role})
}

// Write sends a message of any size as one frame and does not change the caller's bytes.
func TestWriteSizes(t *testing.T) {
	for _, kind := range []string{"tcp", "pipe"} {
		for _, role := range roles {
			t.Run(fmt.Sprintf("%s/%v", kind, role), func(t *testing.T) {
				checkLeaks(t)
				c, p := newPeerWith(t, kind, role)
				ctx := bounded(t)
				sizes := edges()
				go func() {
					for i, n := range sizes {
						want := pattern(n, uint32(i))
						data := bytes.Clone(want)
						if err := c.Write(ctx, Binary, data); err != nil {
							t.Errorf("Write of %d bytes: %v", n, err)
							return
						}
						if !bytes.Equal(data, want) {
							t.Errorf("Write changed the caller's %d bytes", n)
						}
					}
				}()
				for i, n := range sizes {
					p.Expect(wire.OpBinary, true, string(pattern(n, uint32(i))))
				}
			})
		}
	}
}

// Write and Writer accept the types of data messages only.
func TestWriteTypes(t *testing.T) {
	checkLeaks(t)
	c, p := newPeerWith(t, "tcp", wire.Server)
	ctx := bounded(t)
	for _, typ := range []MessageType{0, 3, 8, 9, 10, 255} {
		if err := c.Write(ctx, typ, nil); !errors.Is(err, ErrMessageType) {
			t.Errorf("Write of type %d: got %v, want %v", typ, err, ErrMessageType)
		}
		if _, err := c.Writer(ctx, typ); !errors.Is(err, ErrMessageType) {
			t.Errorf("Writer of type %d: got %v, want %v", typ, err, ErrMessageType)
		}
	}
	if err := c.Write(ctx, Text, []byte("aß")); err != nil {
		t.Fatal(err)
	}
	p.Expect(wire.OpText, true, "aß")
}

// A Writer's message arrives whole, whatever the sizes of its Writes. All fragments but the last
// have FragmentSize bytes.
func TestWriter(t *testing.T) {
	for _, role := range roles {
		t.Run(role.String(), func(t *testing.T) {
			checkLeaks(t)
			c, p := newPeerWith(t, "pipe", role)
			ctx := bounded(t)
			steps := [][]int{
				{}, {0}, {1}, {0, 1, 0}, {10, 20, 30},
				{FragmentSize - 1}, {FragmentSize}, {FragmentSize + 1}, {3*FragmentSize + 5},
				{FragmentSize - 1, 1}, {FragmentSize - 1, 2}, {1, FragmentSize, 1}, {100, 5 * FragmentSize},
			}
			go func() {
				for i, sizes := range steps {
					if err := writeSteps(ctx, c, uint32(i), sizes); err != nil {
						t.Errorf("%v: got %v, want nil", sizes, err)
						return
					}
				}
			}()
			for i, sizes := range steps {
				total := 0
				for _, n := range sizes {
					total += n
				}
				want := pattern(total, uint32(i))
				op := wire.OpText
				for {
					h, got := p.mustNext()
					if h.Opcode != op || h.RSV != 0 || !h.Fin && len(got) != FragmentSize {
						t.Fatalf("%v: got header %+v, want %v with %d bytes", sizes, h, op, FragmentSize)
					}
					if !bytes.HasPrefix(want, got) {
						t.Fatalf("%v: the peer received other bytes than were written", sizes)
					}
					want = want[len(got):]
					op = wire.OpContinuation
					if h.Fin {
						break
					}
				}
				if len(want) > 0 {
					t.Fatalf("%v: %d bytes are missing", sizes, len(want))
				}
			}
		})
	}
}

// writeSteps sends a message with a Writer, in Writes of the given sizes.
func writeSteps(ctx context.Context, c *Conn, seed uint32, sizes []int) error {
	w, err := c.Writer(ctx, Text)
	if err != nil {
		return err
	}
	total := 0
	for _, n := range sizes {
		total += n
	}
	data := pattern(total, seed)
	for _, n := range sizes {
		if m, err := w.Write(data[:n]); m != n || err != nil {
			return fmt.Errorf("Write of %d bytes: got %d, error %w", n, m, err)
		}
		data = data[n:]
	}
	return w.Close()
}

// Flush sends the gathered bytes as a fragment, and nothing if there are none.
func TestWriterFlush(t *testing.T) {
	checkLeaks(t)
	c, p := newPeerWith(t, "tcp", wire.Client)
	w, err := c.Writer(bounded(t), Text)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []func() error{
		w.Flush, // nothing to flush: no frame
		func() error { _, err := io.WriteString(w, "one "); return err },
		w.Flush,
		w.Flush,
		func() error { _, err := io.WriteString(w, "two"); return err },
		w.Flush,
		w.Close,
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	p.Expect(wire.OpText, false, "one ")
	p.Expect(wire.OpContinuation, false, "two")
	p.Expect(wire.OpContinuation, true, "")
}

// All calls of a closed Writer fail, and closing it again does not give back the turn of the next
// writer.
func TestWriterClosed(t *testing.T) {
	checkLeaks(t)
	c, p := newPeerWith(t, "tcp", wire.Server)
	ctx := bounded(t)
	first, err := c.Writer(ctx, Text)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	p.Expect(wire.OpText, true, "")
	second, err := c.Writer(ctx, Binary)
	if err != nil {
		t.Fatal(err)
	}
	wantClosed := func() {
		t.Helper()
		if _, err := first.Write([]byte("x")); err == nil {
			t.Error("Write after Close succeeded")
		}
		if err := first.Flush(); err == nil {
			t.Error("Flush after Close succeeded")
		}
		if err := first.Close(); err == nil {
			t.Error("a second Close succeeded")
		}
		if c.MessageTurn().TryLock() {
			t.Fatal("a second Close gave back the next writer's turn")
		}
	}
	wantClosed()
	c.CloseNow()
	wantClosed()
	if err := second.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Close after the end of the connection: got %v, want net.ErrClosed", err)
	}
	if err := second.Close(); err == nil {
		t.Error("a second Close succeeded")
	}
}

// Closing a Writer several times after the connection has ended gives its turn back only once.
func TestWriterClosedAfterEnd(t *testing.T) {
	checkLeaks(t)
	c, _ := newPeerWith(t, "tcp", wire.Server)
	w, err := c.Writer(bounded(t), Text)
	if err != nil {
		t.Fatal(err)
	}
	c.CloseNow()
	for range 3 {
		if err := w.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Close: got %v, want net.ErrClosed", err)
		}
	}
	if c.MessageTurn().TryLock() {
		t.Error("the turn to write is free after the end of the connection")
	}
}

// Other messages wait while a Writer is open. Control frames do not.
func TestWriterHoldsTurn(t *testing.T) {
	checkLeaks(t)
	c, p := newPeerWith(t, "tcp", wire.Server)
	ctx := bounded(t)
	w, err := c.Writer(ctx, Text)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "first ")
	w.Flush()
	ended, cancel := context.WithCancel(ctx)
	waits := make(chan error, 1)
	go func() { waits <- c.Write(ended, Text, []byte("never")) }()
	written := make(chan error, 1)
	go func() { written <- c.Write(ctx, Text, []byte("later")) }()
	read := make(chan error, 1)
	go func() {
		_, _, err := c.Read(ctx)
		read <- err
	}()
	p.Send(wire.OpPing, true, "now")
	p.Expect(wire.OpText, false, "first ")
	p.Expect(wire.OpPong, true, "now")
	cancel()
	if err := <-waits; !errors.Is(err, context.Canceled) {
		t.Errorf("Write with a cancelled context: got %v, want context.Canceled", err)
	}
	io.WriteString(w, "message")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	p.Expect(wire.OpContinuation, true, "message")
	p.Expect(wire.OpText, true, "later")
	noError(t, <-written)
	p.Send(wire.OpText, true, "")
	noError(t, <-read)
}

// Close does not wait for an open Writer. The calls of the Writer then fail.
func TestCloseDuringWriter(t *testing.T) {
	checkLeaks(t)
	c, p := newPeerWith(t, "tcp", wire.Server)
	ctx := bounded(t)
	w, err := c.Writer(ctx, Text)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "begun")
	w.Flush()
	closed := make(chan error, 1)
	go func() { closed <- c.Close(ctx, StatusNormalClosure, "") }()
	p.Expect(wire.OpText, false, "begun")
	p.ExpectClose(StatusNormalClosure)
	io.WriteString(w, " in vain")
	if err := w.Flush(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Flush after the close frame: got %v, want net.ErrClosed", err)
	}
	p.SendClose(StatusNormalClosure, "")
	p.ExpectEOF()
	if err := <-closed; err != nil {
		t.Errorf("Close: got %v, want nil", err)
	}
	if err := w.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("MessageWriter.Close: got %v, want net.ErrClosed", err)
	}
}

// A message whose context ends before its first byte was sent is never sent, and does not affect the
// next message.
func TestWriteCancelledBefore(t *testing.T) {
	for _, role := range roles {
		for _, n := range []int{0, 100, FragmentSize, FragmentSize + 1, 5 * blockSize} {
			t.Run(fmt.Sprintf("%v/%d", role, n), func(t *testing.T) {
				checkLeaks(t)
				c, p := newPeerWith(t, "pipe", role)
				ctx, cancel := context.WithCancel(bounded(t))
				err := cancelled(c, cancel, func() error { return c.Write(ctx, Text, pattern(n, 0)) })
				var e *Error
				if !errors.Is(err, context.Canceled) || !errors.As(err, &e) || e.Accepted ||
					errors.Is(err, net.ErrClosed) {
					t.Fatalf("Write: got %#v, want context.Canceled and an open connection", err)
				}
				if err := c.Write(ctx, Text, nil); !errors.Is(err, context.Canceled) {
					t.Errorf("Write with an ended context: got %v, want context.Canceled", err)
				}
				ctx, cancel = context.WithCancel(bounded(t))
				w, err := c.Writer(ctx, Text)
				if err != nil {
					t.Fatal(err)
				}
				w.Write(pattern(min(n, FragmentSize-1), 0))
				err = cancelled(c, cancel, w.Close)
				if !errors.Is(err, context.Canceled) || errors.Is(err, net.ErrClosed) {
					t.Fatalf("MessageWriter.Close: got %v, want context.Canceled and an open connection", err)
				}
				go c.Write(bounded(t), Binary, []byte("next"))
				p.Expect(wire.OpBinary, true, "next")
				if got, want := c.Stats().MessagesWritten, int64(1); got > want {
					t.Errorf("MessagesWritten = %d, want at most %d", got, want)
				}
			})
		}
	}
}

// cancelled calls write, which must wait for the peer, and calls cancel once it has the turn to write.
// It returns the error of write.
func cancelled(c *Conn, cancel func(), write func() error) error {
	errs := make(chan error, 1)
	go func() { errs <- write() }()
	for !c.FrameTurn().Busy() {
	}
	cancel()
	return <-errs
}

// A message that is cut in the middle is accepted, and its rest is sent before any other frame.
func TestWriteCut(t *testing.T) {
	for _, kind := range []string{"pipe", "tcp"} {
		for _, role := range roles {
			for _, n := range []int{100, FragmentSize, FragmentSize + 1, 5 * blockSize, MaxRest - 100} {
				if kind == "tcp" && n < MaxRest-100 {
					continue // the socket takes all of it at once
				}
				t.Run(fmt.Sprintf("%s/%v/%d", kind, role, n), func(t *testing.T) {
					testWriteCut(t, kind, role, n)
				})
			}
		}
	}
}

func testWriteCut(t *testing.T, kind string, role wire.Role, n int) {
	checkLeaks(t)
	c, p := newPeerWith(t, kind, role)
	if kind == "tcp" {
		for _, nc := range []net.Conn{c.NetConn(), p.nc} {
			nc.(*net.TCPConn).SetReadBuffer(64 << 10)
			nc.(*net.TCPConn).SetWriteBuffer(64 << 10)
		}
	}
	ctx, cancel := context.WithCancel(bounded(t))
	cut := make(chan error, 1)
	go func() { cut <- c.Write(ctx, Binary, pattern(n, 0)) }()
	// A part of the message has been sent once these bytes arrive, but not all of it.
	p.take(7)
	cancel()
	err := <-cut
	var e *Error
	if !errors.Is(err, context.Canceled) || !errors.As(err, &e) || !e.Accepted ||
		errors.Is(err, net.ErrClosed) {
		t.Fatalf("Write: got %#v, want an accepted message and an open connection", err)
	}
	if !strings.Contains(err.Error(), "will be sent first") {
		t.Errorf("the error does not say that the rest goes out first: %v", err)
	}
	go c.Write(bounded(t), Text, []byte("next"))
	p.Expect(wire.OpBinary, true, string(pattern(n, 0)))
	p.Expect(wire.OpText, true, "next")
}

// If the rest of a cut message is too large to be kept, the connection ends.
func TestWriteCutTooMuch(t *testing.T) {
	for _, role := range roles {
		checkLeaks(t)
		c, p := newPeerWith(t, "pipe", role)
		ctx, cancel := context.WithCancel(bounded(t))
		cut := make(chan error, 1)
		go func() { cut <- c.Write(ctx, Binary, pattern(MaxRest+100, 0)) }()
		if _, err := io.ReadFull(p.nc, make([]byte, 7)); err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := <-cut; !errors.Is(err, context.Canceled) || !errors.Is(err, net.ErrClosed) {
			t.Errorf("%v: got %v, want context.Canceled and net.ErrClosed", role, err)
		}
	}
}

// A Writer that is cut between or within fragments ends the connection when it is closed, because its
// message cannot be completed.
func TestWriterCut(t *testing.T) {
	checkLeaks(t)
	c, p := newPeerWith(t, "pipe", wire.Server)
	ctx, cancel := context.WithCancel(bounded(t))
	w, err := c.Writer(ctx, Binary)
	if err != nil {
		t.Fatal(err)
	}
	flushed := make(chan error, 1)
	w.Write([]byte("begun"))
	go func() { flushed <- w.Flush() }()
	p.Expect(wire.OpBinary, false, "begun")
	if err := <-flushed; err != nil {
		t.Fatal(err)
	}
	cancel()
	n, err := w.Write(pattern(2*FragmentSize, 0))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Write: got %d, %v, want context.Canceled", n, err)
	}
	if _, again := w.Write([]byte("x")); again != err {
		t.Errorf("Write after an error: got %v, want the same error", again)
	}
	if err := w.Close(); !errors.Is(err, context.Canceled) || !errors.Is(err, net.ErrClosed) {
		t.Errorf("Close: got %v, want context.Canceled and net.ErrClosed", err)
	}
	p.ExpectEOF()
}

// A message whose last fragment is cut is accepted.
func TestWriterCutAtEnd(t *testing.T) {
	checkLeaks(t)
	c, p := newPeerWith(t, "pipe", wire.Server)
	ctx, cancel := context.WithCancel(bounded(t))
	w, err := c.Writer(ctx, Text)
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte("all of it"))
	closed := make(chan error, 1)
	go func() { closed <- w.Close() }()
	p.take(3)
	cancel()
	err = <-closed
	var e *Error
	if !errors.As(err, &e) || !e.Accepted || errors.Is(err, net.ErrClosed) {
		t.Fatalf("Close: got %v, want an accepted message and an open connection", err)
	}
	go c.Write(bounded(t), Text, []byte("next"))
	p.Expect(wire.OpText, true, "all of it")
	p.Expect(wire.OpText, true, "next")
}
