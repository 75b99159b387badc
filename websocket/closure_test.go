package websocket_test

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

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

var errDeadPeer = errors.New("the peer is dead")

// readToEnd reads messages until an error.
func readToEnd(c *Conn) error {
	for {
		if _, _, err := c.Read(context.Background()); err != nil {
			return err
		}
	}
}

// closeOurs closes with our code and reason.
func closeOurs(c *Conn) error { return c.Close(context.Background(), 4000, "ours") }

// answerClose answers the close frame with its own.
func answerClose(p *peer, code StatusCode, reason string) {
	p.Next()
	p.SendClose(code, reason)
	p.nc.Close()
}

// theirFrame is the close frame of the peer.
var theirFrame = CloseFrame{4001, "theirs"}

// closures are the ways in which a connection can end.
var closures = []struct {
	name   string
	ours   func(c *Conn) error
	theirs func(p *peer)
	want   Closure
	status StatusCode // in the errors of later calls
}{
	{"peer closes", readToEnd, func(p *peer) {
		p.SendClose(4001, "theirs")
		p.ExpectClose(4001)
		p.nc.Close()
	},
		Closure{CloseFrame{4001, ""}, theirFrame, true, true, &CloseError{4001, "theirs"}}, 4001},
	{"peer closes without a code", readToEnd, func(p *peer) {
		p.Send(wire.OpClose, true, "")
		p.Expect(wire.OpClose, true, "")
		p.nc.Close()
	}, Closure{CloseFrame{1005, ""}, CloseFrame{1005, ""}, true, true, &CloseError{1005, ""}}, 1005},
	{"peer closes without waiting", readToEnd, func(p *peer) {
		p.SendClose(1000, "")
		p.nc.Close()
	}, Closure{CloseFrame{}, CloseFrame{1000, ""}, true, false, &CloseError{1000, ""}}, 1000},
	{"stream ends", readToEnd, func(p *peer) { p.nc.Close() },
		Closure{CloseFrame{}, CloseFrame{}, true, false, io.ErrUnexpectedEOF}, 1006},
	{"Close", closeOurs, func(p *peer) { answerClose(p, 4000, "") },
		Closure{CloseFrame{4000, "ours"}, CloseFrame{4000, ""}, false, true, net.ErrClosed}, 4000},
	{"Close, answered with another code", closeOurs, func(p *peer) { answerClose(p, 1009, "too big") },
		Closure{CloseFrame{4000, "ours"}, CloseFrame{1009, "too big"}, false, true, net.ErrClosed}, 1009},
	{"Close without a code", func(c *Conn) error {
		return c.Close(context.Background(), StatusNoStatusReceived, "")
	}, func(p *peer) { p.Next(); p.Send(wire.OpClose, true, ""); p.nc.Close() },
		Closure{CloseFrame{1005, ""}, CloseFrame{1005, ""}, false, true, net.ErrClosed}, 1005},
	{"Close, not answered", closeOurs, func(p *peer) { p.Next() },
		Closure{CloseFrame{4000, "ours"}, CloseFrame{}, false, false, net.ErrClosed}, 1006},
	{"Close, then the stream ends", closeOurs, func(p *peer) { p.Next(); p.nc.Close() },
		Closure{CloseFrame{4000, "ours"}, CloseFrame{}, false, false, io.ErrUnexpectedEOF}, 1006},
	{"Close that the peer does not read", closeOurs, func(p *peer) {},
		Closure{CloseFrame{}, CloseFrame{}, false, false, net.ErrClosed}, 1006},
	{"Close that meets the peer's", func(c *Conn) error {
		written := start(func() error { return c.Write(context.Background(), Text, []byte("slow")) })
		done := start(func() error { time.Sleep(time.Second); return closeOurs(c) })
		err := readToEnd(c)
		<-done
		<-written
		return err
	}, func(p *peer) {
		time.Sleep(2 * time.Second)
		p.SendClose(4001, "theirs")
		synctest.Wait() // until it has been read, while Close waits for its turn
		p.Expect(wire.OpText, true, "slow")
		p.ExpectClose(4000)
		p.nc.Close()
	},
		Closure{CloseFrame{4000, "ours"}, theirFrame, true, true, &CloseError{4001, "theirs"}}, 4001},
	{"violation", readToEnd, func(p *peer) {
		p.Write(p.rawFrame(0x83, 1, 0, "", false))
		p.ExpectClose(StatusProtocolError)
		p.nc.Close()
	},
		Closure{CloseFrame{1002, "reserved opcode"}, CloseFrame{}, false, false, wire.ErrReservedOpcode},
		1006},
	{"violation by a peer that is gone", readToEnd, func(p *peer) {
		p.Write(p.rawFrame(0x83, 1, 0, "", false))
		p.nc.Close()
	}, Closure{CloseFrame{}, CloseFrame{}, false, false, wire.ErrReservedOpcode}, 1006},
	{"CloseNow", (*Conn).CloseNow, func(p *peer) {},
		Closure{CloseFrame{}, CloseFrame{}, false, false, net.ErrClosed}, 1006},
	{"Abort", func(c *Conn) error {
		c.Abort(errDeadPeer)
		c.Abort(io.EOF)
		return c.CloseNow()
	}, func(p *peer) {},
		Closure{CloseFrame{}, CloseFrame{}, false, false, errDeadPeer}, 1006},
	{"Abort without a cause", func(c *Conn) error { c.Abort(nil); return nil }, func(p *peer) {},
		Closure{CloseFrame{}, CloseFrame{}, false, false, net.ErrClosed}, 1006},
	{"peer does not read", func(c *Conn) error {
		return c.Write(context.Background(), Text, []byte("not read"))
	}, func(p *peer) {},
		Closure{CloseFrame{}, CloseFrame{}, false, false, ErrPeerNotReading}, 1006},
}

// Closure reports how a connection ended, whoever ended it.
func TestClosure(t *testing.T) {
	ctx := context.Background()
	for _, row := range closures {
		t.Run(row.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newPeer(t, role, Limits{})
				if v := c.Closure(); v != (Closure{}) {
					t.Errorf("before the end: got %+v, want the zero value", v)
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
						t.Errorf("got Err %v, want %v", got.Err, peer)
					}
				} else if !errors.Is(got.Err, want.Err) || !errors.Is(got.Err, net.ErrClosed) {
					t.Errorf("got Err %v, want %v and net.ErrClosed", got.Err, want.Err)
				}
				if got.Err != context.Cause(c.Context()) {
					t.Errorf("got Err %v, want the cause of Context, %v", got.Err, context.Cause(c.Context()))
				}
				got.Err, want.Err = nil, nil
				if got != want {
					t.Errorf("got %+v, want %+v", got, want)
				}
				if _, _, err := c.Read(ctx); CloseStatus(err) != row.status {
					t.Errorf("CloseStatus(%v) = %v, want %v", err, CloseStatus(err), row.status)
				}
				if err := c.Write(ctx, Text, nil); CloseStatus(err) != row.status {
					t.Errorf("CloseStatus(%v) = %v, want %v", err, CloseStatus(err), row.status)
				}
				synctest.Wait()
				wantClosed(t, c)
			})
		})
	}
}

// CloseStatus returns 0 for errors that are not about the end of a connection.
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
		{EndedError("read", io.ErrUnexpectedEOF, 0), StatusAbnormalClosure},
		{&CloseError{Code: 4000}, 4000},
		{fmt.Errorf("reading: %w", &CloseError{Code: StatusNoStatusReceived}), StatusNoStatusReceived},
		{EndedError("write", &CloseError{Code: 4000}, 4000), 4000},
		// An error of another connection, as the cause of a context.
		{&Error{Op: "read", Err: &CloseError{Code: 4000}}, 0},
	} {
		if got := CloseStatus(row.err); got != row.want {
			t.Errorf("CloseStatus(%v) = %v, want %v", row.err, got, row.want)
		}
	}
}

// A loop over Messages yields the cause of Abort. It ends without an error if Abort had no
// cause.
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
				t.Errorf("the loop yielded %v, want %v", err, cause)
			}
			wantClosed(t, c)
		})
	}
}

var errShutdown = errors.New("shutting down")

// contextCalls are calls with a context.
var contextCalls = []struct {
	name string
	call func(ctx context.Context, c *Conn) error
	ends bool // whether it ends the connection
}{
	{"Read", func(ctx context.Context, c *Conn) error { _, _, err := c.Read(ctx); return err }, false},
	{"Reader", func(ctx context.Context, c *Conn) error { _, err := c.Reader(ctx); return err }, false},
	{"Write", func(ctx context.Context, c *Conn) error {
		return c.Write(ctx, Text, []byte("text"))
	}, false},
	{"Writer", func(ctx context.Context, c *Conn) error {
		c.MessageTurn().TryLock()
		defer c.MessageTurn().Unlock()
		_, err := c.Writer(ctx, Text)
		return err
	}, false},
	{"Ping", func(ctx context.Context, c *Conn) error { _, err := c.Ping(ctx); return err }, false},
	{"large Write", func(ctx context.Context, c *Conn) error {
		return c.Write(ctx, Text, make([]byte, MaxRest+5*blockSize))
	}, true},
	{"MessageWriter", func(ctx context.Context, c *Conn) error {
		w, err := c.Writer(ctx, Text)
		if err != nil {
			return err
		}
		w.Write(make([]byte, 5*FragmentSize))
		return w.Close()
	}, true},
	{"Close", func(ctx context.Context, c *Conn) error {
		return c.Close(ctx, StatusNormalClosure, "")
	}, true},
}

// The end of a context, with its cause, is returned by the call that had the context, and
// by no other.
func TestContextErrorForItsCallOnly(t *testing.T) {
	for _, row := range contextCalls {
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
						if !errors.As(err, &e) || !errors.Is(err, end) ||
							cause != nil && !errors.Is(err, cause) ||
							e.Timeout() != (end == context.DeadlineExceeded) ||
							errors.Is(err, net.ErrClosed) != row.ends {
							t.Fatalf("got %v, want %v with cause %v, net.ErrClosed: %v",
								err, end, cause, row.ends)
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
							if !errors.Is(err, net.ErrClosed) || errors.Is(err, end) ||
								errors.Is(err, errShutdown) || os.IsTimeout(err) {
								t.Errorf("%s later: got %v, want net.ErrClosed and no error of the context",
									name, err)
							}
						}
					})
				})
			}
		}
	}
}

// A write to a peer that does not read times out, as net.Error.Timeout reports. Later calls
// return the same cause, but are not timeouts.
func TestPeerNotReadingIsATimeout(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, _ := newPeer(t, role, Limits{})
		var ne net.Error
		err := c.Write(context.Background(), Text, []byte("not read"))
		if wantError(t, err, "write", ErrPeerNotReading); !errors.As(err, &ne) || !ne.Timeout() {
			t.Errorf("got %v, want a timeout", err)
		}
		_, _, err = c.Read(context.Background())
		if wantError(t, err, "read", ErrPeerNotReading); !errors.As(err, &ne) || ne.Timeout() {
			t.Errorf("later read: got %v, want no timeout", err)
		}
	})
}

// A lateReader returns from Read long after the bytes have arrived.
type lateReader struct {
	net.Conn
	held chan struct{}
}

func (r lateReader) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	<-r.held
	return n, err
}

// A close frame that is read after the end of the connection does not change its Closure.
func TestClosureDoesNotChange(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		ours, theirs := net.Pipe()
		r := lateReader{ours, make(chan struct{})}
		c, p := newPeerOver(t, r, theirs, ConnOptions{Role: role, Limits: Limits{}})
		got := startRead(context.Background(), c)
		p.SendClose(4001, "")
		synctest.Wait()
		c.CloseNow()
		v := c.Closure()
		close(r.held)
		<-got
		synctest.Wait()
		if again := c.Closure(); again != v || again.Err != context.Cause(c.Context()) {
			t.Errorf("got %+v after the end, want %+v; Context has cause %v",
				again, v, context.Cause(c.Context()))
		}
	})
}

// Closure returns no cause before Context ends.
func TestClosureEndsWithContext(t *testing.T) {
	checkLeaks(t)
	for range 1000 {
		ours, theirs := net.Pipe()
		c := NewConn(context.Background(), ours, &ConnOptions{Role: wire.Server, Limits: Limits{}})
		closed := start(c.CloseNow)
		for v := c.Closure(); c.Context().Err() == nil; v = c.Closure() {
			if v.Err != nil && c.Context().Err() == nil {
				t.Fatalf("Context has not ended, but Closure is %+v", v)
			}
		}
		<-closed
		theirs.Close()
	}
}
