package websocket

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// A peer is the other side of a Conn. The test tells it which frames to send, right or wrong, and
// it does nothing on its own.
type peer struct {
	t    *testing.T
	nc   net.Conn
	role wire.Role // the peer's own
	key  [4]byte

	got  []byte // read and not yet consumed
	open bool   // a message has been begun; set by tests
}

// newPeer returns a Conn with the given role over a net.Pipe, and its peer. Zero fields of limits
// have their defaults. Both ends are closed at the end of the test.
func newPeer(t *testing.T, role wire.Role, limits Limits) (*Conn, *peer) {
	t.Helper()
	ours, theirs := net.Pipe()
	return newPeerOver(t, ours, theirs, ConnOptions{Role: role, Limits: limits})
}

// newPeerOver is newPeer for any pair of connected transports.
func newPeerOver(t *testing.T, ours, theirs net.Conn, cfg ConnOptions) (*Conn, *peer) {
	t.Helper()
	c := NewConn(context.Background(), ours, &cfg)
	p := &peer{t: t, nc: theirs, role: wire.Client, key: [4]byte{1, 2, 3, 4}}
	if cfg.Role == wire.Client {
		p.role = wire.Server
	}
	t.Cleanup(func() {
		c.CloseNow()
		theirs.Close()
	})
	return c, p
}

// tcpPair returns the two ends of a TCP connection over the loopback interface.
func tcpPair(t *testing.T) (ours, theirs net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	theirs, err = net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	ours, err = ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return ours, theirs
}

// write sends raw bytes.
func (p *peer) write(b []byte) {
	p.t.Helper()
	if _, err := p.nc.Write(b); err != nil {
		p.t.Errorf("peer: write: %v", err)
	}
}

// frame returns a frame as the peer's role sends it.
func (p *peer) frame(op wire.Opcode, fin bool, payload []byte) []byte {
	h := wire.Header{
		Fin: fin, Opcode: op, Length: int64(len(payload)), Masked: p.role == wire.Client, Key: p.key,
	}
	b := wire.AppendHeader(nil, h)
	n := len(b)
	b = append(b, payload...)
	if h.Masked {
		wire.Mask(b[n:], h.Key, 0)
	}
	return b
}

// send sends a frame.
func (p *peer) send(op wire.Opcode, fin bool, payload string) {
	p.t.Helper()
	p.write(p.frame(op, fin, []byte(payload)))
}

// sendClose sends a close frame.
func (p *peer) sendClose(code wire.StatusCode, reason string) {
	p.t.Helper()
	b, err := wire.AppendClose(nil, code, reason)
	if err != nil {
		panic(err) // a bug in the test, which may run on any goroutine
	}
	p.send(wire.OpClose, true, string(b))
}

// next reads the next whole frame of the Conn, checks its masking and returns it unmasked. It
// waits for at most a minute.
func (p *peer) next() (wire.Header, []byte, error) {
	p.nc.SetReadDeadline(time.Now().Add(time.Minute))
	defer p.nc.SetReadDeadline(time.Time{})
	return p.nextFrame()
}

// nextFrame is next without the limit of a minute.
func (p *peer) nextFrame() (wire.Header, []byte, error) {
	for {
		h, n, err := wire.ConsumeHeader(p.got)
		if err == nil && int64(len(p.got)-n) >= h.Length {
			payload := bytes.Clone(p.got[n : n+int(h.Length)])
			p.got = p.got[n+int(h.Length):]
			if h.Masked != (p.role == wire.Server) {
				p.t.Errorf("peer: got a frame with masked=%v, want %v", h.Masked, !h.Masked)
			}
			if h.Masked {
				wire.Mask(payload, h.Key, 0)
				if h.Key == [4]byte{} {
					p.t.Error("peer: got the masking key 0, which occurs by chance once in 2^32 frames")
				}
			}
			return h, payload, nil
		}
		if err != nil && err != io.ErrUnexpectedEOF {
			return h, nil, err
		}
		b := make([]byte, 4096)
		n, err = p.nc.Read(b)
		p.got = append(p.got, b[:n]...)
		if n == 0 && err != nil {
			return h, nil, err
		}
	}
}

// expect reads the next frame and checks it.
func (p *peer) expect(op wire.Opcode, fin bool, payload string) {
	p.t.Helper()
	h, got, err := p.next()
	if err != nil {
		p.t.Fatalf("peer: got error %v, want a %v frame", err, op)
	}
	if h.Opcode != op || h.Fin != fin || string(got) != payload {
		p.t.Fatalf("peer: got %v fin=%v %.60q, want %v fin=%v %.60q", h.Opcode, h.Fin, got, op, fin, payload)
	}
}

// expectClose reads the next frame and checks that it is a close frame with code. It returns the
// reason.
func (p *peer) expectClose(code wire.StatusCode) string {
	p.t.Helper()
	h, got, err := p.next()
	if err != nil {
		p.t.Fatalf("peer: got error %v, want a close frame", err)
	}
	if h.Opcode != wire.OpClose {
		p.t.Fatalf("peer: got a %v frame %.60q, want close %v", h.Opcode, got, code)
	}
	c, reason, err := wire.ConsumeClose(got)
	if err != nil || c != code {
		p.t.Fatalf("peer: got close %v %q (%v), want %v", c, reason, err, code)
	}
	return string(reason)
}

// expectEOF checks that the Conn has ended its side of the stream.
func (p *peer) expectEOF() {
	p.t.Helper()
	if h, payload, err := p.next(); !errors.Is(err, io.EOF) {
		p.t.Fatalf("peer: got %v %.60q %v, want EOF", h.Opcode, payload, err)
	}
}
