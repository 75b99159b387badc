package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A stall is a peer that performs its part of the closing handshake badly, late or not at all. It
// plays until the stream ends. The channel over is closed when Close has returned.
type stall struct {
	name string
	play func(p *peer, over <-chan struct{})
	want error // the error of Close; nil if the closing handshake succeeds
	half bool  // the peer must be able to end its side of the stream alone
	slow bool  // Close has done its part, but has to wait for the peer nevertheless
}

// after returns a stall that plays after the Conn's close frame.
func after(play func(p *peer)) func(p *peer, over <-chan struct{}) {
	return func(p *peer, over <-chan struct{}) {
		p.ExpectClose(StatusNormalClosure)
		if p.open {
			p.Send(wire.OpContinuation, true, "the rest")
		}
		play(p)
	}
}

// part returns a stall that sends the first n bytes of a frame.
func part(op wire.Opcode, payload string, n int) func(p *peer, over <-chan struct{}) {
	return after(func(p *peer) {
		p.Write(p.Frame(op, true, payload)[:n])
		p.toEnd()
	})
}

// whole returns a stall that sends a frame.
func whole(b0 byte, form int, length uint64, payload string) func(p *peer, over <-chan struct{}) {
	return after(func(p *peer) {
		p.Write(p.rawFrame(b0, form, length, payload, false))
		p.toEnd()
	})
}

// toEnd reads until the stream ends, and checks that nothing follows the close frame.
func (p *peer) toEnd() {
	n, _ := io.Copy(io.Discard, p.in)
	if h, _, err := p.Next(); n > 0 || err == nil || err == io.ErrUnexpectedEOF {
		p.t.Errorf("peer: got %d bytes and %v %v after the close frame, want none", n, h, err)
	}
}

// forever sends b again and again until the Conn stops reading.
func (p *peer) forever(b []byte, pause time.Duration) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.toEnd()
	}()
	for {
		if _, err := p.nc.Write(b); err != nil {
			break
		}
		time.Sleep(pause) // without a pause, time would not advance in a bubble
	}
	<-ended
}

// closeWrite ends the peer's side of the stream.
func (p *peer) closeWrite() {
	if err := p.nc.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		p.t.Errorf("peer: %v", err)
	}
}

// answer answers the Conn's close frame.
func (p *peer) answer() { p.SendClose(StatusNormalClosure, "") }

const pause = 50 * time.Millisecond

const closeFrame = "\x03\xe8"

var stalls = []stall{
	// The peer does not complete the closing handshake, and Close ends with its context.
	{"silent", after((*peer).toEnd), context.DeadlineExceeded, false, false},
	{"one byte of a header", part(wire.OpClose, closeFrame, 1), context.DeadlineExceeded, false, false},
	{"header of a close frame", part(wire.OpClose, closeFrame+"reason", 2),
		context.DeadlineExceeded, false, false},
	{"within a close frame", part(wire.OpClose, closeFrame+"and a reason", 9),
		context.DeadlineExceeded, false, false},
	{"header of a message", part(wire.OpBinary, strings.Repeat("x", 1000), 4),
		context.DeadlineExceeded, false, false},
	{"half a message", part(wire.OpBinary, strings.Repeat("x", 1000), 500),
		context.DeadlineExceeded, false, false},
	{"half a ping", part(wire.OpPing, "ping", 4), context.DeadlineExceeded, false, false},
	{"endless messages", after(func(p *peer) {
		p.forever(p.Frame(wire.OpText, true, "more"), pause)
	}), context.DeadlineExceeded, false, false},
	{"one endless message", after(func(p *peer) {
		p.Send(wire.OpBinary, false, "begins")
		p.forever(p.Frame(wire.OpContinuation, false, "more"), pause)
	}), context.DeadlineExceeded, false, false},
	{"reads nothing", func(p *peer, over <-chan struct{}) { <-over }, context.DeadlineExceeded, false, false},

	// The peer breaks a rule or drops the connection.
	{"a flood of pings", after(func(p *peer) {
		p.forever(bytes.Repeat(p.Frame(wire.OpPing, true, string(pattern(125, 0))), 100), 0)
	}), wire.ErrControlFlood, false, true},
	{"garbage", after(func(p *peer) {
		p.Write([]byte("\xff\xff\xff\xff\xff"))
		p.toEnd()
	}), wire.ErrReservedBits, false, false},
	{"too large a message", whole(0x82, 8, 1<<30, ""), wire.ErrMessageTooBig, false, false},
	{"a reserved code", whole(0x88, 1, 2, "\x03\xed"), wire.ErrCloseCode, false, false},
	{"a reason that is not UTF-8", whole(0x88, 1, 3, closeFrame+"\xff"), wire.ErrInvalidUTF8, false, false},
	{"drops TCP", after(func(p *peer) { p.nc.Close() }), io.ErrUnexpectedEOF, false, false},
	{"drops TCP within a close frame", after(func(p *peer) {
		p.Write(p.Frame(wire.OpClose, true, closeFrame)[:3])
		p.nc.Close()
	}), io.ErrUnexpectedEOF, false, false},
	{"half-closes", after(func(p *peer) { p.closeWrite(); p.toEnd() }), io.ErrUnexpectedEOF, true, false},
	{"half-closes within a message", after(func(p *peer) {
		p.Write(p.Frame(wire.OpBinary, true, "message")[:8])
		p.closeWrite()
		p.toEnd()
	}), io.ErrUnexpectedEOF, true, false},

	// The closing handshake is completed, and nothing that follows matters.
	{"answers", after(func(p *peer) { p.answer(); p.nc.Close() }), nil, false, false},
	{"answers after messages", after(func(p *peer) {
		p.Send(wire.OpText, true, "one more")
		p.Send(wire.OpPing, true, "and a ping")
		p.SendClose(4000, "late")
		p.nc.Close()
	}), nil, false, false},
	{"answers within a message", after(func(p *peer) {
		p.Send(wire.OpText, false, "begins")
		p.answer()
		p.nc.Close()
	}), nil, false, false},
	{"answers and half-closes", after(func(p *peer) {
		p.answer()
		p.closeWrite()
		p.toEnd()
	}), nil, true, false},
	{"answers and keeps TCP", after(func(p *peer) { p.answer(); p.toEnd() }), nil, false, true},
	{"answers and goes on", after(func(p *peer) {
		p.answer()
		p.forever(p.Frame(wire.OpText, true, "more"), pause)
	}), nil, false, true},
}

// A situation is the state of the connection when Close is called.
type situation struct {
	name  string
	first func(p *peer) // run by the peer before its stall; may be nil
	run   func(t *testing.T, c *Conn, close func())
}

var situations = []situation{
	{"alone", nil, func(t *testing.T, c *Conn, close func()) { close() }},
	{"read in progress", nil, func(t *testing.T, c *Conn, close func()) {
		read := start(func() error {
			for {
				if _, _, err := c.Read(context.Background()); err != nil {
					return err
				}
			}
		})
		close()
		if err := <-read; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Read: got %v, want net.ErrClosed", err)
		}
	}},
	{"in a loop", func(p *peer) {
		p.Send(wire.OpText, true, "close")
	}, func(t *testing.T, c *Conn, close func()) {
		n := 0
		for m, err := range c.Messages(context.Background()) {
			if n++; n == 1 && string(m.Data) == "close" {
				close()
				if string(m.Data) != "close" {
					t.Errorf("Close changed the message to %q", m.Data)
				}
				continue
			}
			if n != 2 || !errors.Is(err, net.ErrClosed) {
				t.Errorf("after Close the loop yielded %q, %v, want net.ErrClosed once", m.Data, err)
			}
		}
	}},
	{"in a message", func(p *peer) {
		p.open = true
		p.Send(wire.OpBinary, false, "half")
	}, func(t *testing.T, c *Conn, close func()) {
		r, err := c.Reader(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		p := make([]byte, 2)
		if _, err := r.Read(p); err != nil || string(p) != "ha" {
			t.Errorf("MessageReader.Read: got %q, %v, want %q", p, err, "ha")
		}
		close()
		if _, err := r.Read(p); !errors.Is(err, net.ErrClosed) {
			t.Errorf("MessageReader.Read: got %v, want net.ErrClosed", err)
		}
	}},
	{"writer open", func(p *peer) {
		p.Expect(wire.OpText, false, "half")
	}, func(t *testing.T, c *Conn, close func()) {
		w, err := c.Writer(context.Background(), Text)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, "half")
		noError(t, w.Flush())
		close()
		if _, err := io.WriteString(w, strings.Repeat("x", 2*blockSize)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("MessageWriter.Write: got %v, want net.ErrClosed", err)
		}
		if err := w.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("MessageWriter.Close: got %v, want net.ErrClosed", err)
		}
	}},
}

// closeAgainst calls Close in a situation against a stalling peer. It checks the error and that the
// connection has ended.
func closeAgainst(
	t *testing.T, s stall, in situation, c *Conn, p *peer, ctx context.Context,
) (took time.Duration) {
	over, played := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(played)
		if in.first != nil {
			in.first(p)
		}
		s.play(p, over)
		p.nc.Close()
	}()
	in.run(t, c, func() {
		begun := time.Now()
		err := c.Close(ctx, StatusNormalClosure, "")
		took = time.Since(begun)
		close(over)
		if s.want == nil && err != nil {
			t.Errorf("Close: got %v, want nil", err)
		}
		if s.want != nil {
			e := wantError(t, err, "close", s.want)
			if !errors.Is(e, net.ErrClosed) || e.Code != 0 || e.Accepted {
				t.Errorf("Close: got %+v, want net.ErrClosed without a code", e)
			}
		}
	})
	wantClosed(t, c)
	<-played
	return took
}

// Close never waits longer than its context and CloseTimeout allow, whatever the peer and other
// goroutines do.
func TestCloseBounded(t *testing.T) {
	for _, s := range stalls {
		for _, in := range situations {
			t.Run(s.name+"/"+in.name, func(t *testing.T) {
				eachRole(t, func(t *testing.T, role wire.Role) {
					testCloseBounded(t, s, in, role, newDuplexPeer)
					if !s.half {
						testCloseBounded(t, s, in, role, newPeer)
					}
				})
			})
		}
	}
}

func testCloseBounded(
	t *testing.T, s stall, in situation, role wire.Role,
	newPeer func(*testing.T, wire.Role, Limits) (*Conn, *peer),
) {
	for _, bound := range []struct{ ctx, timeout, want time.Duration }{
		{0, 0, DefaultCloseTimeout},
		{time.Second, 0, time.Second},
		{time.Minute, 3 * time.Second, 3 * time.Second},
		{time.Minute, -1, time.Minute},
	} {
		c, p := newPeer(t, role, Limits{CloseTimeout: bound.timeout, WriteTimeout: -1})
		ctx := context.Background()
		if bound.ctx > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, bound.ctx)
			defer cancel()
		}
		took := closeAgainst(t, s, in, c, p, ctx)
		if s.want == context.DeadlineExceeded && took != bound.want || took > bound.want {
			t.Errorf("Close took %v, want %v", took, bound.want)
		}
	}
}

// Close is bounded over sockets and TLS too.
func TestCloseAgainstStalls(t *testing.T) {
	for _, kind := range []string{"tcp", "unix", "tls"} {
		for _, s := range stalls {
			for _, in := range situations {
				if s.slow || in.name != "alone" && (kind != "tcp" || in.name != "read in progress") {
					continue // as in a bubble, but slower
				}
				for _, role := range roles {
					t.Run(kind+"/"+s.name+"/"+in.name+"/"+role.String(), func(t *testing.T) {
						testCloseAgainst(t, kind, s, in, role)
					})
				}
			}
		}
	}
}

func testCloseAgainst(t *testing.T, kind string, s stall, in situation, role wire.Role) {
	checkLeaks(t)
	c, p := newPeerWith(t, kind, role)
	finishTLS(t, c, p)
	c.SetCloseTimeout(20 * time.Second)
	if s.want == context.DeadlineExceeded {
		c.SetCloseTimeout(20 * time.Millisecond)
	}
	closeAgainst(t, s, in, c, p, bounded(t))
}
