package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/internal/exchange"
	"github.com/hawser-ws/hawser/wire"
)

// An undeadlined is a transport without deadlines, such as a channel of ssh.
type undeadlined struct{ net.Conn }

func (undeadlined) SetDeadline(time.Time) error      { return errors.ErrUnsupported }
func (undeadlined) SetReadDeadline(time.Time) error  { return errors.ErrUnsupported }
func (undeadlined) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }
func (undeadlined) LocalAddr() net.Addr              { return &net.UnixAddr{Net: "ssh"} }

// The timeouts at the end of a connection work over a transport without deadlines too.
func TestEndsWithoutDeadlines(t *testing.T) {
	ctx := context.Background()
	for _, row := range []struct {
		name   string
		writes int
		ours   func(c *Conn) error
		theirs func(p *peer)
	}{
		{"failed write", 0, func(c *Conn) error { return c.Write(ctx, Text, nil) }, func(*peer) {}},
		{"failed write, read in progress", 0, func(c *Conn) error {
			go c.Write(ctx, Text, nil)
			_, _, err := c.Read(ctx)
			return err
		}, func(*peer) {}},
		{"violation", 9, func(c *Conn) error { _, _, err := c.Read(ctx); return err },
			func(p *peer) { p.Write(p.rawFrame(0x83, 1, 0, "", false)); p.Next() }},
		{"peer closes", 9, func(c *Conn) error { _, _, err := c.Read(ctx); return err },
			func(p *peer) { p.SendClose(StatusNormalClosure, ""); p.Next() }},
		{"Close", 9, func(c *Conn) error { return c.Close(ctx, StatusNormalClosure, "") },
			func(p *peer) { p.Next(); p.SendClose(StatusNormalClosure, "") }},
	} {
		t.Run(row.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				a, b := net.Pipe()
				c, p := newPeerOver(t, undeadlined{&wornOut{a, row.writes}}, b, ConnOptions{Role: role})
				begun := time.Now()
				ours := start(func() error { return row.ours(c) })
				row.theirs(p)
				select {
				case <-c.Context().Done():
				case <-time.After(time.Hour):
					t.Errorf("the connection has not ended after an hour")
				}
				if took := time.Since(begun); took > DefaultCloseTimeout+time.Second {
					t.Errorf("the connection ended after %v, want at most %v",
						took, DefaultCloseTimeout+time.Second)
				}
				c.CloseNow()
				<-ours
			})
		})
	}
}

// Messages that arrive after a failed write are kept over a transport without deadlines too.
func TestKeptWithoutDeadlines(t *testing.T) {
	for _, closes := range []bool{true, false} {
		for _, late := range []time.Duration{0, LingerTime / 2, time.Hour} {
			eachRole(t, func(t *testing.T, role wire.Role) {
				a, b := net.Pipe()
				c, p := newPeerOver(t, undeadlined{&wornOut{a, 0}}, b, ConnOptions{Role: role})
				failWrite(t, c)
				p.Send(wire.OpText, true, "one")
				if closes {
					p.SendClose(4001, "")
				}
				time.Sleep(late)
				if g := <-startRead(context.Background(), c); g.err != nil || g.data != "one" {
					t.Errorf("got %q, %v, want %q", g.data, g.err, "one")
				}
				if closes {
					wantPeersClose(t, c, CloseFrame{4001, ""})
				} else {
					_, _, err := c.Read(context.Background())
					wantError(t, err, "read", errWornOut)
				}
			})
		}
	}
}

// A refusal ends Dial even if the rest of the request is stuck in a transport without deadlines.
func TestDialRefusedWithoutDeadlines(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		go func() {
			theirs.Read(make([]byte, 100))
			theirs.Write([]byte("HTTP/1.1 431 Too Large\r\nContent-Length: 0\r\n\r\n"))
		}()
		begun := time.Now()
		_, resp, err := Dial(context.Background(), "ws://example.com/", &DialOptions{
			Limits: Limits{HandshakeTimeout: -1},
			Header: http.Header{"X-Large": {strings.Repeat("x", 100_000)}},
			Proxy:  direct,
			NetDial: func(context.Context, string, string) (net.Conn, error) {
				return undeadlined{ours}, nil
			},
		})
		if resp == nil || resp.StatusCode != 431 || time.Since(begun) != exchange.SendTime {
			t.Errorf("got %v, %v after %v, want 431 after %v",
				resp, err, time.Since(begun), exchange.SendTime)
		}
	})
}

// A muxed is a stream of a multiplexer with its own error for timeouts.
type muxed struct{ net.Conn }

type muxTimeout struct{}

func (muxTimeout) Error() string   { return "i/o deadline reached" }
func (muxTimeout) Timeout() bool   { return true }
func (muxTimeout) Temporary() bool { return true }

func (m muxed) Read(p []byte) (int, error)  { n, err := m.Conn.Read(p); return n, muxError(err) }
func (m muxed) Write(p []byte) (int, error) { n, err := m.Conn.Write(p); return n, muxError(err) }

func muxError(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return muxTimeout{}
	}
	return err
}

// A timeout of a transport is recognized by its method Timeout, whatever error the transport uses.
func TestMuxedTimeouts(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		cfg := ConnOptions{Role: role, Limits: Limits{WriteTimeout: time.Minute}}
		c, p := newPipePeer(t, func(nc net.Conn) net.Conn { return muxed{nc} }, cfg)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, _, err := c.Read(ctx)
		interrupted(t, err, context.DeadlineExceeded)
		go p.Send(wire.OpText, true, "alive")
		if g := <-startRead(context.Background(), c); g.data != "alive" {
			t.Errorf("got %q, %v, want %q", g.data, g.err, "alive")
		}
		wantError(t, c.Write(context.Background(), Text, []byte("not taken")), "write", ErrPeerNotReading)
		<-c.Context().Done()
		if v := c.Closure(); v.ByPeer || !errors.Is(v.Err, ErrPeerNotReading) {
			t.Errorf("got closure %+v, want %v", v, ErrPeerNotReading)
		}
		synctest.Wait()
		wantClosed(t, c)
	})
}

// A context that ends a write to a multiplexer also ends the connection, because the multiplexer may
// not say how many bytes it has taken.
func TestMuxedWriteTimeout(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		a, b := net.Pipe()
		c, _ := newPeerOver(t, muxed{a}, b, ConnOptions{Role: role})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		e := wantError(t, c.Write(ctx, Text, []byte("text")), "write", context.DeadlineExceeded)
		if !e.Timeout() || e.Accepted || !errors.Is(e, net.ErrClosed) ||
			!strings.Contains(e.Error(), "the transport cannot go on") {
			t.Errorf("got %+v, want a timeout that closed the connection", e)
		}
		<-c.Context().Done()
		wantClosed(t, c)
	})
}

// The cause of a context may be the error that ended another connection, as with errgroup in a
// proxy. Such a cause does not determine how this connection ends.
func TestForeignEndAsCause(t *testing.T) {
	for _, foreign := range []error{
		&CloseError{Code: 4001},
		EndedError("read", &CloseError{Code: 4001}, 4001),
		EndedError("read", io.ErrUnexpectedEOF, 0),
		fmt.Errorf("upstream: %w", net.ErrClosed),
	} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			c, p := newPeer(t, role, Limits{})
			ctx, cancel := context.WithCancelCause(context.Background())
			cancel(foreign)
			_, _, err := c.Read(ctx)
			if errors.Is(err, net.ErrClosed) || CloseStatus(err) != 0 ||
				!errors.Is(err, foreign) || !errors.Is(err, context.Canceled) {
				t.Errorf("%v: got %v with code %v, want the context's error", foreign, err, CloseStatus(err))
			}
			var peer *CloseError
			if errors.As(err, &peer) {
				t.Errorf("%v: got %v, want an error that does not wrap a CloseError", foreign, err)
			}
			if code := HandlerStatus(err, c); code != StatusGoingAway {
				t.Errorf("%v: a handler that returns the error closes with %v, want 1001", foreign, code)
			}
			go p.drain()
			nc := c.ByteStream(Binary)
			c.Abort(foreign)
			_, err = nc.Read(make([]byte, 1))
			if !errors.Is(err, foreign) || !errors.Is(err, net.ErrClosed) {
				t.Errorf("%v: Read of an aborted stream: got %v, want net.ErrClosed too", foreign, err)
			}
			if _, _, err := c.Read(context.Background()); CloseStatus(err) != StatusAbnormalClosure {
				t.Errorf("%v: got CloseStatus %v, want 1006", foreign, CloseStatus(err))
			}
		})
	}
}

// A context that ends a read in progress with the cause io.EOF is not the end of the stream.
func TestEOFAsCause(t *testing.T) {
	for _, kind := range []func(net.Conn) net.Conn{
		func(nc net.Conn) net.Conn { return nc },
		func(nc net.Conn) net.Conn { return undeadlined{nc} },
	} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			c, p := newPipePeer(t, kind, ConnOptions{Role: role})
			ctx, cancel := context.WithCancelCause(context.Background())
			read := startRead(ctx, c)
			synctest.Wait()
			cancel(io.EOF)
			err := (<-read).err
			if !errors.Is(err, context.Canceled) || !errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
				t.Fatalf("got %v, want the context's error and its cause, and an open connection", err)
			}
			go p.Send(wire.OpText, true, "alive")
			if g := <-startRead(context.Background(), c); g.data != "alive" {
				t.Errorf("got %q, %v, want %q", g.data, g.err, "alive")
			}
		})
	}
}

// If other code on this side closes the transport, the Closure does not blame the peer.
func TestOwnTransportClosed(t *testing.T) {
	for _, kind := range transports {
		checkLeaks(t)
		c, _ := newPeerWith(t, kind, wire.Server)
		read := startRead(bounded(t), c)
		c.NetConn().Close()
		<-read
		if v := c.Closure(); v.ByPeer || v.Err == nil {
			t.Errorf("%s: got closure %+v, want an error and ByPeer false", kind, v)
		}
	}
}

// A lateWriter returns from Write long after the bytes were sent.
type lateWriter struct {
	net.Conn
	held chan struct{}
}

func (w lateWriter) Write(p []byte) (int, error) {
	n, err := w.Conn.Write(p)
	<-w.held
	return n, err
}

// The peer's answer to the Conn's close frame does not count as the peer's own close, even if a
// context ends before the write of the frame returns.
func TestCloseAnswerIsNotFirst(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		ours, theirs := net.Pipe()
		w := lateWriter{ours, make(chan struct{})}
		c, p := newPeerOver(t, w, theirs, ConnOptions{Role: role})
		ctx, cancel := context.WithCancel(context.Background())
		closed := start(func() error { return c.Close(ctx, StatusNormalClosure, "") })
		p.ExpectClose(StatusNormalClosure)
		p.SendClose(StatusNormalClosure, "")
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(w.held)
		<-closed
		synctest.Wait()
		if v := c.Closure(); v.ByPeer {
			t.Errorf("got closure %+v, want ByPeer false", v)
		}
	})
}

// A Close that waits for its turn to read does not read after the reader has failed the connection.
func TestCloseDoesNotReadAfterFailure(t *testing.T) {
	for range 20 {
		eachRole(t, func(t *testing.T, role wire.Role) {
			c, p, _, _ := runsPeer(t, role, Limits{})
			got := startRead(t.Context(), c)
			synctest.Wait()
			closed := start(func() error { return c.Close(context.Background(), StatusNormalClosure, "") })
			p.ExpectClose(StatusNormalClosure)
			synctest.Wait()
			p.Write(append(p.extFrame(wire.OpBinary, true, "\x01"), p.Frame(wire.OpClose, true, "")...))
			<-c.Context().Done()
			v := c.Closure()
			time.Sleep(time.Second)
			if again := c.Closure(); v != again {
				t.Errorf("the closure changed after the end:\ngot  %+v\nwant %+v", again, v)
			}
			<-got
			<-closed
		})
	}
}
