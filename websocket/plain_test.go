package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"testing"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// plainWays are the ways to send a message that bypasses the extension.
var plainWays = []struct {
	name  string
	write func(ctx context.Context, c *Conn, t MessageType, p []byte) error
}{
	{"WritePlain", func(ctx context.Context, c *Conn, t MessageType, p []byte) error {
		return c.WritePlain(ctx, t, p)
	}},
	{"PlainWriter", func(ctx context.Context, c *Conn, t MessageType, p []byte) error {
		w, err := c.PlainWriter(ctx, t)
		if err != nil {
			return err
		}
		for len(p) > 0 {
			n := min(len(p), 5000)
			if _, err := w.Write(p[:n]); err != nil {
				_ = w.Close()
				return err
			}
			p = p[n:]
		}
		return w.Close()
	}},
}

// A plain message is sent unchanged and without the bits of an extension. The state shared with
// the peer stays correct for later messages.
func TestPlain(t *testing.T) {
	for _, way := range plainWays {
		for _, role := range roles {
			t.Run(way.name+"/"+role.String(), func(t *testing.T) {
				checkLeaks(t)
				c, p, ours, theirs := runsPeer(t, role, Limits{})
				ctx := bounded(t)
				sizes := []int{0, 1, 300, FragmentSize, 3 * blockSize}
				wrote := start(func() error {
					for i, n := range sizes {
						err := errors.Join(
							way.write(ctx, c, Text, pattern(n, uint32(i))),
							c.Write(ctx, Binary, []byte("transformed")),
						)
						if err != nil {
							return err
						}
					}
					return nil
				})
				for i, n := range sizes {
					h, got := p.message()
					if h.RSV != 0 || h.Opcode != wire.OpText || !bytes.Equal(got, pattern(n, uint32(i))) {
						t.Fatalf("got %+v with %d bytes, want a plain message of %d bytes", h, len(got), n)
					}
					want := theirs.encode("transformed")
					if h, got := p.message(); h.RSV != runsBit || string(got) != want {
						t.Fatalf("after it: got %+v, % x, want % x", h, got, want)
					}
				}
				noError(t, <-wrote)
				if ours.plains < len(sizes) {
					t.Errorf("the extension saw %d plain messages, want at least %d", ours.plains, len(sizes))
				}
			})
		}
	}
}

// message reads a whole message. It returns the header of the first frame and the whole payload.
func (p *peer) message() (first wire.Header, payload []byte) {
	p.t.Helper()
	for i := 0; ; i++ {
		h, b := p.mustNext()
		if i == 0 {
			first = h
		} else if h.Opcode != wire.OpContinuation || h.RSV != 0 {
			p.t.Fatalf("frame %d of a message: got %+v, want a continuation", i, h)
		}
		if payload = append(payload, b...); h.Fin {
			return first, payload
		}
	}
}

// Without an extension, plain messages are like all others.
func TestPlainWithoutExtension(t *testing.T) {
	for _, way := range plainWays {
		checkLeaks(t)
		client, server := connPair(t, "tcp", Limits{})
		ctx := bounded(t)
		if err := way.write(ctx, client, Text, []byte("as it is")); err != nil {
			t.Fatal(err)
		}
		if typ, got, err := server.Read(ctx); typ != Text || string(got) != "as it is" || err != nil {
			t.Errorf("%s: got %v %q, %v, want the text message", way.name, typ, got, err)
		}
		for _, typ := range []MessageType{0, MessageType(wire.OpPing)} {
			if err := way.write(ctx, client, typ, nil); !errors.Is(err, ErrMessageType) {
				t.Errorf("%s of type %d: got %v, want %v", way.name, typ, err, ErrMessageType)
			}
		}
		client.CloseNow()
		if err := way.write(ctx, client, Text, nil); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s after the end: got %v, want net.ErrClosed", way.name, err)
		}
	}
}

// A plain message whose context ends before its first byte was sent does no harm, even with an
// extension.
func TestPlainCancelledBefore(t *testing.T) {
	for _, way := range plainWays {
		checkLeaks(t)
		c, p, _, theirs := runsPeer(t, wire.Server, Limits{})
		ctx, cancel := context.WithCancel(bounded(t))
		err := cancelled(c, cancel, func() error { return way.write(ctx, c, Text, pattern(3*blockSize, 0)) })
		if e := wantError(t, err, "write", context.Canceled); e.Accepted || errors.Is(e, net.ErrClosed) {
			t.Fatalf("%s: got %+v, want an open connection", way.name, e)
		}
		wrote := start(func() error { return c.Write(bounded(t), Binary, []byte("next")) })
		if h, got := p.message(); h.RSV != runsBit || string(got) != theirs.encode("next") {
			t.Errorf("%s: then got %+v, % x, want the next message", way.name, h, got)
		}
		noError(t, <-wrote)
	}
}
