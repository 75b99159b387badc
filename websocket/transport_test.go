package websocket_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A flipConn changes the bytes that it reads and writes. It embeds a type that the transport
// recognizes, and thus has all methods of that type.
type flipConn struct {
	*net.TCPConn
	reads, writes int
}

func flip(p []byte) {
	for i := range p {
		p[i] ^= 0x55
	}
}

func (c *flipConn) Read(p []byte) (int, error) {
	c.reads++
	n, err := c.TCPConn.Read(p)
	flip(p[:n])
	return n, err
}

func (c *flipConn) Write(p []byte) (int, error) {
	c.writes++
	b := append([]byte(nil), p...)
	flip(b)
	return c.TCPConn.Write(b)
}

// If a type embeds a TCP connection and overrides its methods, the Conn calls these methods and
// makes no system calls itself.
func TestTransportOfOtherType(t *testing.T) {
	for _, role := range roles {
		t.Run(role.String(), func(t *testing.T) {
			checkLeaks(t)
			a, b := netPair(t, "tcp")
			ours := &flipConn{TCPConn: a.(*net.TCPConn)}
			c, p := newPeerOver(t, ours, &flipConn{TCPConn: b.(*net.TCPConn)}, ConnOptions{Role: role})
			for _, text := range []string{"small", strings.Repeat("large ", 20_000)} {
				read := startRead(bounded(t), c)
				p.Send(wire.OpText, true, text)
				if g := <-read; g != (received{Text, text, nil}) {
					t.Fatalf("got %d bytes, %v, want %d", len(g.data), g.err, len(text))
				}
				written := start(func() error { return c.Write(bounded(t), Text, []byte(text)) })
				p.Expect(wire.OpText, true, text)
				noError(t, <-written)
			}
			if ours.reads < 2 || ours.writes < 2 || c.Transport().IsRaw() {
				t.Errorf("got %d reads, %d writes, raw %v, want calls of the methods",
					ours.reads, ours.writes, c.Transport().IsRaw())
			}
			if c.NetConn() != net.Conn(ours) || c.TLS() != nil {
				t.Errorf("got NetConn %v and TLS %v, want the connection and nil", c.NetConn(), c.TLS())
			}
		})
	}
}

// A TLS write that was cut in the middle cannot be resumed, and the error says so.
func TestWriteCutOverTLS(t *testing.T) {
	for _, role := range roles {
		t.Run(role.String(), func(t *testing.T) {
			checkLeaks(t)
			c, p := newPeerWith(t, "tls", role)
			ctx, cancel := context.WithCancel(bounded(t))
			for _, nc := range []net.Conn{c.NetConn(), p.nc} {
				tcp := nc.(*tls.Conn).NetConn().(*net.TCPConn)
				tcp.SetReadBuffer(64 << 10)
				tcp.SetWriteBuffer(64 << 10)
			}
			done := start(func() error { return c.Write(ctx, Binary, make([]byte, MaxRest)) })
			// A server writes the header with the first bytes, and then the rest in one write. Read more
			// than the former.
			if _, err := io.ReadFull(p.nc, make([]byte, 2*blockSize)); err != nil {
				t.Fatal(err)
			}
			cancel()
			e := wantError(t, <-done, "write", context.Canceled)
			if role == wire.Client && e.Accepted && !errors.Is(e, net.ErrClosed) {
				return // a client writes in pieces, and the context ended between two of them
			}
			if !errors.Is(e, net.ErrClosed) || e.Accepted {
				t.Errorf("got %+v, want net.ErrClosed and a message that is not accepted", e)
			}
			if s := e.Error(); !strings.Contains(s, "TLS") || !strings.Contains(s, "cut in the middle") {
				t.Errorf("the error does not say why the connection ended: %v", e)
			}
			wantClosed(t, c)
		})
	}
}

// A context that ends before the first byte of a TLS write does no harm.
func TestWriteCancelledBeforeOverTLS(t *testing.T) {
	checkLeaks(t)
	c, p := newPeerWith(t, "tls", wire.Server)
	ctx, cancel := context.WithCancel(bounded(t))
	cancel()
	for range 3 {
		e := wantError(t, c.Write(ctx, Text, []byte("no")), "write", context.Canceled)
		if errors.Is(e, net.ErrClosed) || e.Accepted {
			t.Errorf("got %+v, want an open connection and a message that is not accepted", e)
		}
		written := start(func() error { return c.Write(bounded(t), Text, []byte("yes")) })
		p.Expect(wire.OpText, true, "yes")
		noError(t, <-written)
	}
}
