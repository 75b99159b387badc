package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

var errDeadPeer = errors.New("the peer is dead")

// How a connection ended can be asked afterwards, whoever ended it.
func TestClosure(t *testing.T) {
	ctx := context.Background()
	readAll := func(c *Conn) error {
		for {
			if _, _, err := c.Read(ctx); err != nil {
				return err
			}
		}
	}
	closing := func(c *Conn) error { return c.Close(ctx, 4000, "ours") }
	answered := func(p *peer, code StatusCode, reason string) {
		p.next()
		p.sendClose(code, reason)
		p.nc.Close()
	}
	for _, row := range []struct {
		name   string
		ours   func(c *Conn) error
		theirs func(p *peer)
		want   Closure
		status StatusCode // of what later calls return
	}{
		{"peer closes", readAll, func(p *peer) {
			p.sendClose(4001, "theirs")
			p.expectClose(4001)
			p.nc.Close()
		}, Closure{CloseFrame{4001, ""}, CloseFrame{4001, "theirs"}, true, true, &CloseError{4001, "theirs"}}, 4001},
		{"peer closes without a code", readAll, func(p *peer) {
			p.send(wire.OpClose, true, "")
			p.expect(wire.OpClose, true, "")
			p.nc.Close()
		}, Closure{CloseFrame{1005, ""}, CloseFrame{1005, ""}, true, true, &CloseError{1005, ""}}, 1005},
		{"peer closes and is gone", readAll, func(p *peer) {
			p.sendClose(1000, "")
			p.nc.Close()
		}, Closure{CloseFrame{}, CloseFrame{1000, ""}, true, false, &CloseError{1000, ""}}, 1000},
		{"stream ends", readAll, func(p *peer) { p.nc.Close() },
			Closure{CloseFrame{}, CloseFrame{}, true, false, io.ErrUnexpectedEOF}, 1006},
		{"Close", closing, func(p *peer) { answered(p, 4000, "") },
			Closure{CloseFrame{4000, "ours"}, CloseFrame{4000, ""}, false, true, net.ErrClosed}, 4000},
		{"Close, another answer", closing, func(p *peer) { answered(p, 1009, "too big") },
			Closure{CloseFrame{4000, "ours"}, CloseFrame{1009, "too big"}, false, true, net.ErrClosed}, 1009},
		{"Close without a code", func(c *Conn) error { return c.Close(ctx, StatusNoStatusReceived, "") },
			func(p *peer) { p.next(); p.send(wire.OpClose, true, ""); p.nc.Close() },
			Closure{CloseFrame{1005, ""}, CloseFrame{1005, ""}, false, true, net.ErrClosed}, 1005},
		{"Close, no answer", closing, func(p *peer) { p.next() },
			Closure{CloseFrame{4000, "ours"}, CloseFrame{}, false, false, net.ErrClosed}, 1006},
		{"Close, and the stream ends", closing, func(p *peer) { p.next(); p.nc.Close() },
			Closure{CloseFrame{4000, "ours"}, CloseFrame{}, false, false, io.ErrUnexpectedEOF}, 1006},
		{"Close that is not taken", closing, func(p *peer) {},
			Closure{CloseFrame{}, CloseFrame{}, false, false, net.ErrClosed}, 1006},
		{"Close that meets the peer's", func(c *Conn) error {
			written := start(func() error { return c.Write(ctx, Text, []byte("slow")) })
			done := start(func() error { time.Sleep(time.Second); return closing(c) })
			err := readAll(c)
			<-done
			<-written
			return err
		}, func(p *peer) {
			time.Sleep(2 * time.Second)
			p.sendClose(4001, "theirs")
			synctest.Wait() // it has been read, while Close waits for its turn
			p.expect(wire.OpText, true, "slow")
			p.expectClose(4000)
			p.nc.Close()
		}, Closure{CloseFrame{4000, "ours"}, CloseFrame{4001, "theirs"}, true, true, &CloseError{4001, "theirs"}}, 4001},
		{"breach", readAll, func(p *peer) {
			p.write(p.rawFrame(0x83, 1, 0, "", false))
			p.expectClose(StatusProtocolError)
			p.nc.Close()
		}, Closure{CloseFrame{1002, "reserved opcode"}, CloseFrame{}, false, false, wire.ErrReservedOpcode}, 1006},
		{"breach of a peer that is gone", readAll, func(p *peer) {
			p.write(p.rawFrame(0x83, 1, 0, "", false))
			p.nc.Close()
		}, Closure{CloseFrame{}, CloseFrame{}, false, false, wire.ErrReservedOpcode}, 1006},
		{"CloseNow", (*Conn).CloseNow, func(p *peer) {},
			Closure{CloseFrame{}, CloseFrame{}, false, false, net.ErrClosed}, 1006},
		{"Abort", func(c *Conn) error { c.Abort(errDeadPeer); c.Abort(io.EOF); return c.CloseNow() }, func(p *peer) {},
			Closure{CloseFrame{}, CloseFrame{}, false, false, errDeadPeer}, 1006},
		{"Abort without a cause", func(c *Conn) error { c.Abort(nil); return nil }, func(p *peer) {},
			Closure{CloseFrame{}, CloseFrame{}, false, false, net.ErrClosed}, 1006},
		{"peer takes nothing", func(c *Conn) error { return c.Write(ctx, Text, []byte("not taken")) }, func(p *peer) {},
			Closure{CloseFrame{}, CloseFrame{}, false, false, ErrPeerNotReading}, 1006},
	} {
		t.Run(row.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newPeer(t, role, Limits{})
				if v := c.Closure(); v != (Closure{}) {
					t.Errorf("before: %+v", v)
				}
				ours := start(func() error { return row.ours(c) })
				synctest.Wait()
				row.theirs(p)
				<-ours
				<-c.Context().Done()
				got := c.Closure()
				want := row.want
				var peer *CloseError
				if errors.As(want.Err, &peer) {
					if e, ok := got.Err.(*CloseError); !ok || *e != *peer {
						t.Errorf("Err: %v", got.Err)
					}
				} else if !errors.Is(got.Err, want.Err) || !errors.Is(got.Err, net.ErrClosed) {
					t.Errorf("Err: %v", got.Err)
				}
				if got.Err != context.Cause(c.Context()) {
					t.Errorf("Err is %v, and the cause of Context %v", got.Err, context.Cause(c.Context()))
				}
				got.Err, want.Err = nil, nil
				if got != want {
					t.Errorf("got %+v, want %+v", got, want)
				}
				if _, _, err := c.Read(ctx); CloseStatus(err) != row.status {
					t.Errorf("CloseStatus(%v) = %v", err, CloseStatus(err))
				}
				if err := c.Write(ctx, Text, nil); CloseStatus(err) != row.status {
					t.Errorf("CloseStatus(%v) = %v", err, CloseStatus(err))
				}
				synctest.Wait()
				wantClosed(t, c)
			})
		})
	}
}

// Not every error is about the end of a connection.
func TestCloseStatus(t *testing.T) {
	for _, row := range []struct {
		err  error
		want StatusCode
	}{
		{nil, 0},
		{io.EOF, 0},
		{net.ErrClosed, 0},
		{&HandshakeError{Err: io.EOF}, 0},
		{&Error{Op: "read", Err: context.DeadlineExceeded}, 0},
		{&Error{Op: "read", Err: io.ErrUnexpectedEOF, closed: true}, StatusAbnormalClosure},
		{&CloseError{Code: 4000}, 4000},
		{fmt.Errorf("reading: %w", &CloseError{Code: StatusNoStatusReceived}), StatusNoStatusReceived},
		{&Error{Op: "write", Err: &CloseError{Code: 4000}, closed: true, received: 4000}, 4000},
		{&Error{Op: "read", Err: &CloseError{Code: 4000}}, 0}, // another's, as a context's cause
	} {
		if got := CloseStatus(row.err); got != row.want {
			t.Errorf("CloseStatus(%v) = %v, want %v", row.err, got, row.want)
		}
	}
}

// A loop over Messages tells of a peer that was given up, and not of a connection that
// this side has closed.
func TestAbortEndsMessages(t *testing.T) {
	for _, cause := range []error{nil, errDeadPeer} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			c, _ := newPeer(t, role, Limits{})
			loop := start(func() error {
				for _, err := range c.Messages(context.Background()) {
					return err
				}
				return nil
			})
			synctest.Wait()
			c.Abort(cause)
			if err := <-loop; !errors.Is(err, cause) || err != nil && !errors.Is(err, net.ErrClosed) {
				t.Errorf("the loop yielded %v", err)
			}
			wantClosed(t, c)
		})
	}
}

var errShutdown = errors.New("shutting down")

// The end of a context is told to the call whose context it was, with its cause, and
// to nobody else.
func TestContextErrorForItsCallOnly(t *testing.T) {
	large := func() []byte { return make([]byte, maxRest+5*blockSize) }
	for _, row := range []struct {
		name string
		call func(ctx context.Context, c *Conn) error
		ends bool // the connection
	}{
		{"Read", func(ctx context.Context, c *Conn) error { _, _, err := c.Read(ctx); return err }, false},
		{"Reader", func(ctx context.Context, c *Conn) error { _, err := c.Reader(ctx); return err }, false},
		{"Write", func(ctx context.Context, c *Conn) error { return c.Write(ctx, Text, []byte("text")) }, false},
		{"Writer", func(ctx context.Context, c *Conn) error {
			c.out.messages.tryLock()
			defer c.out.messages.unlock()
			_, err := c.Writer(ctx, Text)
			return err
		}, false},
		{"Ping", func(ctx context.Context, c *Conn) error { _, err := c.Ping(ctx); return err }, false},
		{"Write of much", func(ctx context.Context, c *Conn) error { return c.Write(ctx, Text, large()) }, true},
		{"MessageWriter", func(ctx context.Context, c *Conn) error {
			w, err := c.Writer(ctx, Text)
			if err != nil {
				return err
			}
			w.Write(make([]byte, 5*fragmentSize))
			return w.Close()
		}, true},
		{"Close", func(ctx context.Context, c *Conn) error { return c.Close(ctx, StatusNormalClosure, "") }, true},
	} {
		for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
			for _, cause := range []error{nil, errShutdown} {
				t.Run(fmt.Sprintf("%s/%v/%v", row.name, end, cause), func(t *testing.T) {
					eachRole(t, func(t *testing.T, role wire.Role) {
						c, p := newPeer(t, role, Limits{})
						ctx, cancel := context.WithCancelCause(context.Background())
						defer cancel(nil)
						if end == context.DeadlineExceeded {
							var stop func()
							ctx, stop = context.WithTimeoutCause(context.Background(), time.Second, cause)
							defer stop()
						}
						done := start(func() error { return row.call(ctx, c) })
						if row.ends && row.name != "Close" {
							io.ReadFull(p.nc, make([]byte, 2*blockSize)) // of the message
						}
						synctest.Wait()
						if end == context.Canceled {
							cancel(cause)
						}
						err := <-done
						var e *Error
						if !errors.As(err, &e) || !errors.Is(err, end) || cause != nil && !errors.Is(err, cause) ||
							e.Timeout() != (end == context.DeadlineExceeded) || errors.Is(err, net.ErrClosed) != row.ends {
							t.Fatalf("got %v", err)
						}
						if !row.ends {
							return
						}
						<-c.Context().Done()
						_, _, read := c.Read(context.Background())
						_, ping := c.Ping(context.Background())
						for name, err := range map[string]error{
							"Read": read, "Ping": ping, "cause": context.Cause(c.Context()),
							"Write": c.Write(context.Background(), Text, nil),
							"Close": c.Close(context.Background(), StatusNormalClosure, ""),
						} {
							if !errors.Is(err, net.ErrClosed) || errors.Is(err, end) || errors.Is(err, errShutdown) || os.IsTimeout(err) {
								t.Errorf("%s after it: %v", name, err)
							}
						}
					})
				})
			}
		}
	}
}

// A peer that does not read makes a write time out, which is what net.Error calls it,
// and only that write.
func TestPeerNotReadingIsATimeout(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, _ := newPeer(t, role, Limits{})
		var ne net.Error
		err := c.Write(context.Background(), Text, []byte("not taken"))
		if wantError(t, err, "write", ErrPeerNotReading); !errors.As(err, &ne) || !ne.Timeout() {
			t.Errorf("%v is not a timeout", err)
		}
		_, _, err = c.Read(context.Background())
		if wantError(t, err, "read", ErrPeerNotReading); !errors.As(err, &ne) || ne.Timeout() {
			t.Errorf("a later read says that it has timed out: %v", err)
		}
	})
}

// A lateReader returns from Read long after the bytes have come.
type lateReader struct {
	net.Conn
	held chan struct{}
}

func (r lateReader) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	<-r.held
	return n, err
}

// What a read still brings once the connection has ended does not change how it ended.
func TestClosureDoesNotChange(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		ours, theirs := net.Pipe()
		r := lateReader{ours, make(chan struct{})}
		c, p := newPeerOver(t, r, theirs, ConnOptions{Role: role, Limits: Limits{}})
		got := startRead(context.Background(), c)
		p.sendClose(4001, "")
		synctest.Wait()
		c.CloseNow()
		v := c.Closure()
		close(r.held)
		<-got
		synctest.Wait()
		if again := c.Closure(); again != v || again.Err != context.Cause(c.Context()) {
			t.Errorf("at the end:\n%+v\nafter it:\n%+v\nthe cause: %v", v, again, context.Cause(c.Context()))
		}
	})
}

// Closure knows no cause before the context has ended.
func TestClosureEndsWithContext(t *testing.T) {
	checkLeaks(t)
	for range 1000 {
		ours, theirs := net.Pipe()
		c := NewConn(context.Background(), ours, &ConnOptions{Role: wire.Server, Limits: Limits{}})
		closed := start(c.CloseNow)
		for v := c.Closure(); c.ctx.Err() == nil; v = c.Closure() {
			if v.Err != nil && c.ctx.Err() == nil {
				t.Fatalf("the context lives: %+v", v)
			}
		}
		<-closed
		theirs.Close()
	}
}
