package websocket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A duplex is one end of a pair of net.Pipes, one for each direction, so that each direction can
// be closed alone, as with TCP. Unlike TCP it has no buffer and can be used in a bubble.
type duplex struct {
	net.Conn          // the direction in which this end writes
	in       net.Conn // the direction in which it reads
}

func duplexPair() (a, b net.Conn) {
	ab, ba := net.Pipe()
	cd, dc := net.Pipe()
	return &duplex{ab, dc}, &duplex{cd, ba}
}

func (d *duplex) Read(p []byte) (int, error)        { return d.in.Read(p) }
func (d *duplex) CloseWrite() error                 { return d.Conn.Close() }
func (d *duplex) Close() error                      { return errors.Join(d.in.Close(), d.Conn.Close()) }
func (d *duplex) SetReadDeadline(t time.Time) error { return d.in.SetReadDeadline(t) }
func (d *duplex) SetDeadline(t time.Time) error {
	return errors.Join(d.in.SetReadDeadline(t), d.Conn.SetWriteDeadline(t))
}

// newDuplexPeer is newPeer over a transport whose directions can be closed alone.
func newDuplexPeer(t *testing.T, role wire.Role, limits Limits) (*Conn, *peer) {
	t.Helper()
	ours, theirs := duplexPair()
	return newPeerOver(t, ours, theirs, ConnOptions{Role: role, Limits: limits})
}

// After a failure, the Conn ends its side of the stream at once. It reads what the peer still
// sends, for up to a second or 1 MiB, so that no reset overtakes the close frame.
func TestLinger(t *testing.T) {
	for _, row := range []struct {
		name string
		peer func(p *peer) error // runs after the peer has seen the end of the Conn's side
		want time.Duration
		fail bool // the peer's write fails
	}{
		{"peer closes", func(p *peer) error { return p.nc.Close() }, 0, false},
		{"peer sends and closes", func(p *peer) error {
			if _, err := p.nc.Write(make([]byte, 500<<10)); err != nil {
				return err
			}
			time.Sleep(300 * time.Millisecond)
			if _, err := p.nc.Write(make([]byte, 500<<10)); err != nil {
				return err
			}
			return p.nc.Close()
		}, 300 * time.Millisecond, false},
		{"peer does nothing", func(p *peer) error { return nil }, LingerTime, false},
		{"peer dribbles", func(p *peer) error {
			for {
				if _, err := p.nc.Write([]byte("x")); err != nil {
					return err
				}
				time.Sleep(100 * time.Millisecond)
			}
		}, LingerTime, true},
		{"peer sends without end", func(p *peer) error {
			_, err := p.nc.Write(make([]byte, 10<<20))
			return err
		}, 0, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newDuplexPeer(t, role, Limits{})
				begun := time.Now()
				read := timed(func() error { _, _, err := c.Read(context.Background()); return err })
				p.Write(append(p.rawFrame(0x83, 1, 0, "", false), "and more"...))
				p.ExpectClose(StatusProtocolError)
				p.ExpectEOF()
				if d := time.Since(begun); d != 0 {
					t.Errorf("the Conn ended its side after %v, want 0", d)
				}
				sent := start(func() error { return row.peer(p) })
				r := <-read
				wantError(t, r.err, "read", wire.ErrReservedOpcode)
				if r.took != 0 {
					t.Errorf("Read took %v, want 0", r.took)
				}
				if took := tornDown(c).Sub(begun); took != row.want {
					t.Errorf("the drain took %v, want %v", took, row.want)
				}
				if err := <-sent; (err != nil) != row.fail {
					t.Errorf("peer: got error %v, want an error: %v", err, row.fail)
				}
				wantClosed(t, c)
			})
		})
	}
}

// tornDown waits for the end of the teardown and returns the time.
func tornDown(c *Conn) time.Time {
	_ = c.ReadTurn().Lock(context.Background(), context.Background())
	defer c.ReadTurn().Unlock()
	return time.Now()
}

// Close and CloseNow do not wait for the drain, and do not cut it short either.
func TestLingerAndClose(t *testing.T) {
	for _, now := range []bool{true, false} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			c, p := newDuplexPeer(t, role, Limits{})
			begun := time.Now()
			read := timed(func() error { _, _, err := c.Read(context.Background()); return err })
			p.Write(p.rawFrame(0x83, 1, 0, "", false))
			p.ExpectClose(StatusProtocolError)
			p.ExpectEOF()
			if now {
				c.CloseNow()
			} else {
				ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
				defer cancel()
				if err := c.Close(ctx, StatusNormalClosure, ""); !errors.Is(err, net.ErrClosed) {
					t.Errorf("Close: got %v, want net.ErrClosed", err)
				}
			}
			if r := <-read; !errors.Is(r.err, net.ErrClosed) || r.took != 0 || time.Since(begun) != 0 {
				t.Errorf("Read: got %v after %v, and Close returned after %v, want both at once",
					r.err, r.took, time.Since(begun))
			}
			if took := tornDown(c).Sub(begun); took != LingerTime {
				t.Errorf("the drain took %v, want %v", took, LingerTime)
			}
			wantClosed(t, c)
		})
	}
}

// A peer that has ended its side of the stream still receives the close frame.
func TestPeerHalfClosed(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newDuplexPeer(t, role, Limits{})
		read := startRead(context.Background(), c)
		p.answer()
		p.closeWrite()
		p.ExpectClose(StatusNormalClosure)
		p.ExpectEOF()
		var e *CloseError
		if g := <-read; !errors.As(g.err, &e) || e.Code != StatusNormalClosure {
			t.Errorf("got %+v, want the peer's close frame", g)
		}
		wantClosed(t, c)

		c, p = newDuplexPeer(t, role, Limits{})
		written := stallWriter(c, "text")
		read = startRead(context.Background(), c)
		p.closeWrite()
		wantError(t, (<-read).err, "read", io.ErrUnexpectedEOF)
		if err := <-written; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write: got %v, want net.ErrClosed", err)
		}
		synctest.Wait()
		wantClosed(t, c)
	})
}

// If the peer sends bytes after its close frame, the server reads on until the peer closes: a reset
// would overtake the server's close frame. The peer's frame ends where a read ends, so that the rest
// has arrived but is not read with it.
func TestLingerAfterRead(t *testing.T) {
	checkLeaks(t)
	c, p := newPeerWith(t, "tcp", wire.Server)
	data := p.rawFrame(0x82, 2, blockSize-16, string(make([]byte, blockSize-16)), false)
	data = append(data, p.rawFrame(0x88, 1, 2, "\x03\xe8", false)...)
	if len(data) != blockSize {
		t.Fatalf("the frames have %d bytes, want %d", len(data), blockSize)
	}
	begun := time.Now()
	p.Write(append(data, "and more"...))
	for range 2 {
		_, _, _ = c.Read(bounded(t))
	}
	p.ExpectClose(StatusNormalClosure)
	p.ExpectEOF()
	for range 3 { // the second write fails if the first one was answered with a reset
		if _, err := p.nc.Write([]byte("and more")); err != nil && time.Since(begun) < LingerTime {
			t.Fatal(err)
		}
	}
	p.nc.Close()
	tornDown(c)
}
