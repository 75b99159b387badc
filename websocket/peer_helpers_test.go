package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/wstest"
	"github.com/hawser-ws/hawser/wire"
)

// A peer is the other side of a Conn.
type peer struct {
	*wstest.Peer
	t    *testing.T
	nc   net.Conn
	in   *rereader // of nc
	role wire.Role // the peer's own
	open bool      // a message has been begun; set by tests
}

// peerOver returns a peer with the given role.
func peerOver(t *testing.T, nc net.Conn, role wire.Role) *peer {
	in := &rereader{nc, nc}
	return &peer{Peer: wstest.NewPeer(t, in, role), t: t, nc: nc, in: in, role: role}
}

// mustNext is Next without an error.
func (p *peer) mustNext() (wire.Header, []byte) {
	p.t.Helper()
	h, b, err := p.Next()
	if err != nil {
		p.t.Fatal(err)
	}
	return h, b
}

// nextFrame is Next for a frame that may take up to two days, which only tests in bubbles have.
func (p *peer) nextFrame() (h wire.Header, payload []byte, err error) {
	for range 2 * 24 * 60 {
		if h, payload, err = p.Next(); !errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
	}
	return h, payload, err
}

// over makes nc the transport of p, which has not read yet.
func (p *peer) over(nc net.Conn) { *p = *peerOver(p.t, nc, p.role) }

// newPeer returns a Conn with the given role over a net.Pipe, and its peer. Zero fields of limits
// have their defaults. Both ends are closed at the end of the test.
func newPeer(t *testing.T, role wire.Role, limits Limits) (*Conn, *peer) {
	t.Helper()
	return newPipePeer(t, nil, ConnOptions{Role: role, Limits: limits})
}

// newPipePeer is newPeer with options. If wrap is not nil, it returns the Conn's transport.
func newPipePeer(t *testing.T, wrap func(net.Conn) net.Conn, cfg ConnOptions) (*Conn, *peer) {
	t.Helper()
	ours, theirs := net.Pipe()
	if wrap != nil {
		ours = wrap(ours)
	}
	return newPeerOver(t, ours, theirs, cfg)
}

// newPeerOver is newPeer for any pair of connected transports.
func newPeerOver(t *testing.T, ours, theirs net.Conn, cfg ConnOptions) (*Conn, *peer) {
	t.Helper()
	c := NewConn(context.Background(), ours, &cfg)
	t.Cleanup(func() {
		c.CloseNow()
		theirs.Close()
	})
	return c, peerOver(t, theirs, other(cfg.Role))
}

// other returns the role of the other side.
func other(role wire.Role) wire.Role { return wire.Client - role }

// take reads n bytes of the stream and no more. They remain the next ones.
func (p *peer) take(n int) {
	p.t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(p.in, b); err != nil {
		p.t.Fatal(err)
	}
	p.in.unread(b)
}

// A rereader is a connection that can return bytes once more.
type rereader struct {
	net.Conn
	r io.Reader
}

func (c *rereader) Read(b []byte) (int, error) { return c.r.Read(b) }
func (c *rereader) unread(b []byte)            { c.r = io.MultiReader(bytes.NewReader(b), c.r) }
