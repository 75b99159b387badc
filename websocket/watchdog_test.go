package websocket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// A heedless is a transport that accepts deadlines and ignores them.
type heedless struct{ net.Conn }

func (heedless) SetDeadline(time.Time) error      { return nil }
func (heedless) SetReadDeadline(time.Time) error  { return nil }
func (heedless) SetWriteDeadline(time.Time) error { return nil }
func (heedless) LocalAddr() net.Addr              { return &net.UnixAddr{Net: "heedless"} }

// notDeadlined are the kinds of transports without deadlines. slack is the time by which a call may
// exceed its deadline.
var notDeadlined = []struct {
	name  string
	wrap  func(net.Conn) net.Conn
	slack time.Duration
}{
	{"failing", func(nc net.Conn) net.Conn { return undeadlined{nc} }, probeTime},
	{"ignored", func(nc net.Conn) net.Conn { return heedless{nc} }, grace},
}

// waits are the calls that wait for a peer that neither reads nor writes.
var waits = []struct {
	name string
	ends bool // cutting the call ends the connection
	call func(ctx context.Context, c *Conn) error
}{
	{"read", false, func(ctx context.Context, c *Conn) error { _, _, err := c.Read(ctx); return err }},
	{"read", false, func(ctx context.Context, c *Conn) error { _, err := c.Reader(ctx); return err }},
	{"write", false, func(ctx context.Context, c *Conn) error { return c.Write(ctx, Text, []byte("x")) }},
	{"write", false, func(ctx context.Context, c *Conn) error {
		return c.Write(ctx, Binary, make([]byte, 1<<20))
	}},
	{"write", false, func(ctx context.Context, c *Conn) error {
		return c.WritePlain(ctx, Text, []byte("x"))
	}},
	{"write", false, func(ctx context.Context, c *Conn) error {
		m, _ := Prepare(Text, make([]byte, 1<<18))
		return c.WritePrepared(ctx, m)
	}},
	{"write", false, func(ctx context.Context, c *Conn) error {
		w, err := c.Writer(ctx, Text)
		if err == nil {
			_, err = w.Write([]byte("x"))
			return errors.Join(err, w.Close())
		}
		return err
	}},
	{"write", true, func(ctx context.Context, c *Conn) error {
		w, err := c.Writer(ctx, Text)
		if err == nil {
			defer w.Close()
			_, err = w.Write(make([]byte, 1<<20))
		}
		return err
	}},
	{"ping", false, func(ctx context.Context, c *Conn) error { _, err := c.Ping(ctx); return err }},
	{"close", true, func(ctx context.Context, c *Conn) error {
		return c.Close(ctx, StatusNormalClosure, "")
	}},
}

// A context ends every call even if the transport ignores deadlines. If the call was waiting in the
// transport, the connection ends too, and the error says so.
func TestContextWithIgnoredDeadlines(t *testing.T) {
	for _, wait := range waits {
		t.Run(wait.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				a, b := net.Pipe()
				c, _ := newPeerOver(t, heedless{a}, b, ConnOptions{Role: role})
				const patience = 100 * time.Millisecond
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				defer cancel()
				begun := time.Now()
				err := wait.call(ctx, c)
				if took := time.Since(begun); took > patience+grace+probeTime {
					t.Errorf("got %v after %v, want it within %v", err, took, patience+grace+probeTime)
				}
				if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, net.ErrClosed) ||
					!os.IsTimeout(errors.Unwrap(err)) && !transport.IsTimeout(err) {
					t.Errorf("got %v, want a timeout that closed the connection", err)
				}
				synctest.Wait()
				if c.Context().Err() == nil {
					t.Error("the connection is open, want it closed")
				}
				if wait.name == "close" {
					return
				}
				if !strings.Contains(err.Error(), transport.ErrOverdue.Error()) {
					t.Errorf("got %v, want an error that contains %q", err, transport.ErrOverdue)
				}
				v := c.Closure()
				if !errors.Is(v.Err, transport.ErrOverdue) || v.ByPeer || transport.IsTimeout(v.Err) {
					t.Errorf("got closure %+v, want %v", v, transport.ErrOverdue)
				}
				again := c.Write(context.Background(), Text, nil)
				if !errors.Is(again, transport.ErrOverdue) || errors.Is(again, context.DeadlineExceeded) ||
					transport.IsTimeout(again) {
					t.Errorf("a later Write: got %v, want %v alone", again, transport.ErrOverdue)
				}
			})
		})
	}
}

// A context that ends while no call waits in the transport does not end the connection.
func TestIdleContextWithoutDeadlines(t *testing.T) {
	for _, kind := range notDeadlined {
		eachRole(t, func(t *testing.T, role wire.Role) {
			c, p := newPipePeer(t, kind.wrap, ConnOptions{Role: role})
			ctx, cancel := context.WithCancel(context.Background())
			go p.Send(wire.OpText, true, "one")
			if g := <-startRead(ctx, c); g.data != "one" {
				t.Fatalf("%s: got %q, %v, want %q", kind.name, g.data, g.err, "one")
			}
			cancel()
			time.Sleep(time.Hour)
			go p.Send(wire.OpText, true, "two")
			if g := <-startRead(context.Background(), c); g.data != "two" {
				t.Errorf("%s: got %q, %v, want %q", kind.name, g.data, g.err, "two")
			}
		})
	}
}

// Limits.WriteTimeout works over a transport without deadlines too. It also applies to bytes that a
// goroutine of the Conn writes, and ends a read in progress.
func TestWriteTimeoutWithoutDeadlines(t *testing.T) {
	for _, kind := range notDeadlined {
		eachRole(t, func(t *testing.T, role wire.Role) {
			c, p := newPipePeer(t, kind.wrap, ConnOptions{Role: role})
			got := startRead(context.Background(), c)
			begun := time.Now()
			p.Write(p.Frame(wire.OpPing, true, "?")) // the peer does not read the pong
			err := c.Write(context.Background(), Text, []byte("x"))
			if took := time.Since(begun); took > DefaultWriteTimeout+kind.slack {
				t.Errorf("%s: Write returned after %v, want at most %v",
					kind.name, took, DefaultWriteTimeout+kind.slack)
			}
			wantError(t, err, "write", ErrPeerNotReading)
			wantError(t, (<-got).err, "read", ErrPeerNotReading)
			if v := c.Closure(); v.ByPeer || !errors.Is(v.Err, ErrPeerNotReading) {
				t.Errorf("%s: got closure %+v, want %v", kind.name, v, ErrPeerNotReading)
			}
		})
	}
}

// The error of the write that timed out is a timeout. The errors of later writes are not.
func TestWriteTimeoutIsTimeout(t *testing.T) {
	for _, kind := range notDeadlined {
		eachRole(t, func(t *testing.T, role wire.Role) {
			a, b := net.Pipe()
			c, _ := newPeerOver(t, kind.wrap(a), b, ConnOptions{Role: role})
			for n, want := range []bool{true, false} {
				err := c.Write(context.Background(), Text, []byte("x"))
				wantError(t, err, "write", ErrPeerNotReading)
				if transport.IsTimeout(err) != want || !errors.Is(err, net.ErrClosed) {
					t.Errorf("%s: write %d: got %v, want net.ErrClosed, a timeout: %v",
						kind.name, n, err, want)
				}
			}
		})
	}
}

// Deadlines of a ByteStream work even if the transport has none.
func TestNetConnWithoutDeadlines(t *testing.T) {
	for _, kind := range notDeadlined {
		for _, call := range []func(net.Conn) error{
			func(nc net.Conn) error { _, err := nc.Read(make([]byte, 1)); return err },
			func(nc net.Conn) error { _, err := nc.Write(make([]byte, 1)); return err },
		} {
			eachRole(t, func(t *testing.T, role wire.Role) {
				a, b := net.Pipe()
				c, _ := newPeerOver(t, kind.wrap(a), b, ConnOptions{Role: role})
				nc := c.ByteStream(Binary)
				begun := time.Now()
				nc.SetDeadline(begun.Add(time.Second))
				err := call(nc)
				if took := time.Since(begun); took > time.Second+kind.slack {
					t.Errorf("%s: got %v after %v, want at most %v",
						kind.name, err, took, time.Second+kind.slack)
				}
				var ne net.Error
				overdue := strings.Contains(err.Error(), transport.ErrOverdue.Error())
				if !errors.As(err, &ne) || !ne.Timeout() || overdue != (kind.name == "ignored") {
					t.Errorf("%s: got %v, want a timeout", kind.name, err)
				}
			})
		}
	}
}

// A grudging is a transport that takes a few bytes of each write and then times out.
type grudging struct{ net.Conn }

func (g grudging) Write(p []byte) (int, error) {
	n, err := g.Conn.Write(p[:min(len(p), 10_000)])
	if err == nil && n < len(p) {
		err = os.ErrDeadlineExceeded
	}
	return n, err
}

// A write does not time out as long as the peer reads something, however long the whole message
// takes.
func TestSlowPeerIsReading(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPipePeer(t, func(nc net.Conn) net.Conn { return grudging{nc} }, ConnOptions{Role: role})
		want := pattern(1<<20, 1)
		done := start(func() error { return c.Write(context.Background(), Binary, want) })
		p.Expect(wire.OpBinary, true, string(want))
		noError(t, <-done)
	})
}

// An unsure is a transport that reports 0 bytes for every write that timed out, as gRPC's bufconn
// does.
type unsure struct{ net.Conn }

func (unsure) LocalAddr() net.Addr { return &net.UnixAddr{Net: "unsure"} }

func (u unsure) Write(p []byte) (int, error) {
	n, err := u.Conn.Write(p)
	if err != nil {
		return 0, muxError(err)
	}
	return n, nil
}

// If a transport does not report how many bytes it took, the Conn neither repeats nor skips bytes,
// but closes the connection.
func TestUnsureCutEndsWriting(t *testing.T) {
	for _, taken := range []int{0, 50_000} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			c, p := newPipePeer(t, func(nc net.Conn) net.Conn { return unsure{nc} }, ConnOptions{Role: role})
			go io.CopyN(io.Discard, p.nc, int64(taken))
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			e := wantError(t, c.Write(ctx, Binary, make([]byte, 100_000)), "write", context.DeadlineExceeded)
			if e.Accepted || !errors.Is(e, net.ErrClosed) {
				t.Errorf("%d bytes: got %+v, want net.ErrClosed", taken, e)
			}
		})
	}
}

// A secretTLS is a TLS connection whose type is hidden. It cannot write after a write that timed
// out.
type secretTLS struct {
	net.Conn
	broken error
}

func (s *secretTLS) LocalAddr() net.Addr { return &net.UnixAddr{Net: "wrapped"} }

func (s *secretTLS) Write(p []byte) (int, error) {
	if s.broken == nil && len(p) > 0 {
		n, err := s.Conn.Write(p)
		if s.broken = err; err != nil {
			n = n / 1000 * 1000 // whole records
		}
		return n, err
	}
	return 0, s.broken
}

// A cut message counts as accepted only if its rest can be sent. The connection stays open only if
// the next message can be sent.
func TestCutOverSecretTLS(t *testing.T) {
	for _, taken := range []int{0, 1, 50_000} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			c, p := newPipePeer(t, func(nc net.Conn) net.Conn { return &secretTLS{Conn: nc} }, ConnOptions{Role: role})
			go io.CopyN(io.Discard, p.nc, int64(taken))
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			e := wantError(t, c.Write(ctx, Binary, make([]byte, 100_000)), "write", context.DeadlineExceeded)
			if e.Accepted || !errors.Is(e, net.ErrClosed) ||
				!strings.Contains(e.Error(), "the transport cannot go on") {
				t.Errorf("%d bytes: got %+v, want net.ErrClosed", taken, e)
			}
		})
	}
}

// A cut message is accepted and its rest is sent if the transport's deadlines work.
func TestCutIsResumed(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPipePeer(t, func(nc net.Conn) net.Conn { return unpiped{nc} }, ConnOptions{Role: role})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		want := pattern(100_000, 1)
		done := start(func() error { return c.Write(ctx, Binary, want) })
		p.take(50_000)
		e := wantError(t, <-done, "write", context.DeadlineExceeded)
		if !e.Accepted || errors.Is(e, net.ErrClosed) {
			t.Errorf("got %+v, want an accepted message and an open connection", e)
		}
		p.Expect(wire.OpBinary, true, string(want))
	})
}

// An unpiped is a net.Pipe with the address of another transport.
type unpiped struct{ net.Conn }

func (unpiped) LocalAddr() net.Addr { return &net.UnixAddr{Net: "unpiped"} }

// A reader that starts after a failed write gets the peer's close frame.
func TestReadAfterFailedWriteWithoutDeadlines(t *testing.T) {
	for _, kind := range notDeadlined {
		eachRole(t, func(t *testing.T, role wire.Role) {
			a, b := net.Pipe()
			c, p := newPeerOver(t, kind.wrap(&wornOut{a, 0}), b, ConnOptions{Role: role})
			failWrite(t, c)
			synctest.Wait()
			read := startRead(context.Background(), c)
			time.Sleep(300 * time.Millisecond)
			p.SendClose(4001, "")
			g := <-read
			var ce *CloseError
			if !errors.As(g.err, &ce) {
				t.Errorf("%s: Read: got %v, want the peer's CloseError", kind.name, g.err)
			}
		})
	}
}

// A readDeadlined is a transport with read deadlines, but without write deadlines.
type readDeadlined struct{ net.Conn }

func (h readDeadlined) SetDeadline(t time.Time) error {
	return errors.Join(h.SetReadDeadline(t), h.SetWriteDeadline(t))
}
func (readDeadlined) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

// The Conn checks deadlines for each direction separately. A Read whose context ends loses no bytes
// if read deadlines work.
func TestReadDeadlinesAlone(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPipePeer(t, func(nc net.Conn) net.Conn { return readDeadlined{nc} }, ConnOptions{Role: role})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, _, err := c.Read(ctx)
		if errors.Is(err, net.ErrClosed) {
			t.Fatalf("got %v, want an open connection", err)
		}
		go p.Send(wire.OpText, true, "alive")
		if g := <-startRead(context.Background(), c); g.data != "alive" {
			t.Errorf("got %q, %v, want %q", g.data, g.err, "alive")
		}
	})
}

// A queuing is a transport like a stream of smux. A frame that is queued when the deadline passes is
// not counted, but is sent nevertheless. An empty Write succeeds at once.
type queuing struct {
	net.Conn
	mu sync.Mutex
	at time.Time
	ch chan struct{} // closed when the deadline moves
}

func (*queuing) LocalAddr() net.Addr { return &net.UnixAddr{Net: "queuing"} }
func (q *queuing) SetWriteDeadline(t time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.at = t
	close(q.ch)
	q.ch = make(chan struct{})
	return nil
}
func (q *queuing) SetDeadline(t time.Time) error { q.SetReadDeadline(t); return q.SetWriteDeadline(t) }
func (q *queuing) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		frame := append([]byte(nil), p[:min(len(p), 10_000)]...)
		done := start(func() error { _, err := q.Conn.Write(frame); return err })
	wait:
		for {
			q.mu.Lock()
			at, ch := q.at, q.ch
			q.mu.Unlock()
			var late <-chan time.Time
			if !at.IsZero() {
				late = time.After(time.Until(at))
			}
			select {
			case err := <-done:
				if err != nil {
					return n, err
				}
				break wait
			case <-late:
				return n, muxTimeout{}
			case <-ch:
			}
		}
		n += len(frame)
		p = p[len(frame):]
	}
	return n, nil
}

// No byte is sent twice if a transport goes on sending after a timeout.
func TestQueuedIsNotSentTwice(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		a, b := net.Pipe()
		c, p := newPeerOver(t, &queuing{Conn: a, ch: make(chan struct{})}, b, ConnOptions{Role: role})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		want := pattern(100_000, 1)
		done := start(func() error { return c.Write(ctx, Binary, want) })
		p.take(15_000)
		err := <-done
		if !IsAccepted(err) {
			return
		}
		_, got, err2 := p.Next()
		if string(got) != string(want) {
			t.Errorf("the peer received other bytes, %v, although the message was accepted: %v", err2, err)
		}
	})
}
