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

// roles are both sides of a connection.
var roles = []wire.Role{wire.Server, wire.Client}

// bubble runs f in a bubble of synctest and checks that it leaves no goroutine.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	checkLeaks(t)
	synctest.Test(t, f)
}

// eachRole runs f in a bubble for a Conn of either role.
func eachRole(t *testing.T, f func(t *testing.T, role wire.Role)) {
	t.Helper()
	for _, role := range roles {
		t.Run(role.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) { f(t, role) })
		})
	}
}

// start runs f on its own goroutine and returns a channel for its result.
func start[T any](f func() T) <-chan T {
	ch := make(chan T, 1)
	go func() { ch <- f() }()
	return ch
}

// noError reports err unless it is nil.
func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// finishTLS completes the TLS handshake, as an opening handshake would have.
func finishTLS(t *testing.T, c *Conn, p *peer) {
	t.Helper()
	go p.Send(wire.OpText, true, "hello")
	if _, _, err := c.Read(bounded(t)); err != nil {
		t.Fatal(err)
	}
}

// A received is the result of a read.
type received struct {
	typ  MessageType
	data string
	err  error
}

// startRead reads a message on its own goroutine.
func startRead(ctx context.Context, c *Conn) <-chan received {
	return start(func() received {
		typ, p, err := c.Read(ctx)
		return received{typ, string(p), err}
	})
}

// readStyles are the ways of reading messages. Each makes a function that reads the next
// message, and that may be called again after an error.
var readStyles = []struct {
	name string
	make func(c *Conn) func(context.Context) received
}{
	{"Read", func(c *Conn) func(context.Context) received {
		return func(ctx context.Context) received {
			typ, p, err := c.Read(ctx)
			return received{typ, string(p), err}
		}
	}},
	{"AppendRead", func(c *Conn) func(context.Context) received {
		buf := []byte("kept")
		return func(ctx context.Context) received {
			typ, p, err := c.AppendRead(ctx, buf)
			if string(p[:4]) != "kept" || err != nil && len(p) != 4 {
				return received{err: errors.New("AppendRead changed dst")}
			}
			buf = p[:4]
			return received{typ, string(p[4:]), err}
		}
	}},
	{"Messages", func(c *Conn) func(context.Context) received {
		return func(ctx context.Context) received {
			for m, err := range c.Messages(ctx) {
				return received{m.Type, string(m.Data), err}
			}
			return received{err: errLoopEnded}
		}
	}},
	{"Reader", func(c *Conn) func(context.Context) received {
		var r *MessageReader
		var have []byte
		return func(ctx context.Context) received {
			if r == nil {
				var err error
				if r, err = c.Reader(ctx); err != nil {
					return received{err: err}
				}
			}
			p := make([]byte, 1)
			for {
				p = make([]byte, min(2*len(p), blockSize+1))
				r.SetContext(ctx)
				n, err := r.Read(p)
				have = append(have, p[:n]...)
				if err == io.EOF {
					got := received{typ: r.Type(), data: string(have)}
					r, have = nil, nil
					return got
				}
				if err != nil {
					return received{err: err}
				}
			}
		}
	}},
}

// errLoopEnded is the result of a loop over Messages that ended without an error.
var errLoopEnded = EndedError("read", errors.New("the loop has ended"), 0)

// wantClosed checks that the methods of c return net.ErrClosed because the connection has
// ended.
func wantClosed(t *testing.T, c *Conn) {
	t.Helper()
	ctx := context.Background()
	calls := map[string]func() error{
		"Write":     func() error { return c.Write(ctx, Binary, []byte("late")) },
		"WriteJSON": func() error { return c.WriteJSON(ctx, 1) },
		"ReadJSON":  func() error { return c.ReadJSON(ctx, new(int)) },
		"Writer":    func() error { _, err := c.Writer(ctx, Text); return err },
		"Ping":      func() error { _, err := c.Ping(ctx); return err },
		"Close":     func() error { return c.Close(ctx, StatusNormalClosure, "") },
	}
	for _, s := range readStyles {
		calls[s.name] = func() error { return s.make(c)(ctx).err }
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s after the end: got %v, want net.ErrClosed", name, err)
		}
	}
	if c.Context().Err() == nil || context.Cause(c.Context()) == context.Canceled {
		t.Errorf("Context after the end: got %v with cause %v", c.Context().Err(), context.Cause(c.Context()))
	}
	if err := c.CloseNow(); err != nil {
		t.Errorf("CloseNow after the end: %v", err)
	}
	wantReleased(t, c)
}

// wantReleased checks that c releases its resources within a minute.
func wantReleased(t *testing.T, c *Conn) {
	t.Helper()
	for begun := time.Now(); !c.IsReleased(); time.Sleep(time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatal("the connection has not released its resources after a minute")
		}
	}
}

// wantError checks that err is an *Error of op that wraps target, and that it is temporary unless
// the connection has ended. If target is [net.ErrClosed] it may be either, because a connection
// that has sent its close frame can still read.
func wantError(t *testing.T, err error, op string, target error) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Op != op || !errors.Is(err, target) {
		t.Fatalf("got error %v, want an *Error of op %q that wraps %v", err, op, target)
	}
	ended := errors.Is(e, net.ErrClosed)
	if target != net.ErrClosed && e.Temporary() == ended {
		t.Errorf("error %v: Temporary is %v, and Is(net.ErrClosed) is %v", err, e.Temporary(), ended)
	}
	return e
}

// A countingContext counts the calls of AfterFunc.
type countingContext struct {
	context.Context
	registered int
}

func (c *countingContext) AfterFunc(f func()) func() bool {
	c.registered++
	return context.AfterFunc(c.Context, f)
}

// Value returns nil, so that package context uses AfterFunc above.
func (c *countingContext) Value(any) any { return nil }

// timed runs f on its own goroutine and measures how long it takes.
func timed(f func() error) <-chan timedResult {
	return start(func() timedResult {
		begun := time.Now()
		err := f()
		return timedResult{err, time.Since(begun)}
	})
}

type timedResult struct {
	err  error
	took time.Duration
}

// stallWriter starts a write that the peer does not read, and returns once it waits.
func stallWriter(c *Conn, payload string) <-chan error {
	done := start(func() error { return c.Write(context.Background(), Text, []byte(payload)) })
	synctest.Wait()
	return done
}

// interrupted checks that err is the error of a read that was interrupted on a connection
// that goes on.
func interrupted(t *testing.T, err, want error) {
	t.Helper()
	e := wantError(t, err, "read", want)
	if errors.Is(e, net.ErrClosed) || e.Accepted || e.Timeout() != (want == context.DeadlineExceeded) {
		t.Fatalf("got %+v, want %v on a connection that has not ended", e, want)
	}
}
