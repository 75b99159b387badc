package fanout

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/wstest"
)

// Drain waits until everything is written. Meanwhile the queue takes nothing more, from those
// either who wait for room.
func TestDrain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q, client := queuePair(t, &Options{MaxMessages: 2})
		send(t, q, "0", "1", "2")
		wait := beginSend(background, q, "3")
		drains := []<-chan error{
			begin(func() error { return q.Drain(background) }),
			begin(func() error { return q.Drain(background) }),
		}
		for _, err := range []error{
			result(t, wait),
			q.Send(websocket.Text, nil),
			q.SendPrepared(prepare(t, "")),
			q.SendContext(background, websocket.Text, nil),
		} {
			if err != errDraining {
				t.Errorf("got error %v, want %v", err, errDraining)
			}
		}
		expectError(t, errDraining, net.ErrClosed)
		for _, s := range []string{"0", "1", "2"} {
			for _, ch := range drains {
				pending(t, ch)
			}
			expect(t, client, s)
		}
		for _, ch := range drains {
			if err := result(t, ch); err != nil {
				t.Error(err)
			}
		}
		if err := q.Drain(background); err != nil {
			t.Errorf("after all was written: %v", err)
		}
		if err := q.Send(websocket.Text, nil); err != errDraining {
			t.Errorf("after Drain: got error %v, want %v", err, errDraining)
		}
	})
}

// Drain of an idle queue returns nil, even if its context or the connection has ended: nothing was
// lost.
func TestDrainIdle(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(background)
		cancel()
		q, client := queuePair(t, nil)
		send(t, q, "0")
		expect(t, client, "0")
		expectDepth(t, q, 0, 0, 0)
		for range 2 {
			if err := q.Drain(ctx); err != nil {
				t.Error(err)
			}
			q.Conn().CloseNow()
		}
	})
}

// If ctx ends, Drain returns its cause, and the rest is still written. Drain may be called again.
func TestDrainGivesUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q, client := queuePair(t, nil)
		send(t, q, "0", "1")
		cause := errors.New("too long")
		ctx, cancel := context.WithTimeoutCause(background, time.Second, cause)
		defer cancel()
		for range 2 {
			expectError(t, q.Drain(ctx), cause, context.DeadlineExceeded)
		}
		again := begin(func() error { return q.Drain(background) })
		pending(t, again)
		expect(t, client, "0", "1")
		if err := result(t, again); err != nil {
			t.Error(err)
		}
	})
}

// Drain returns the connection's error if it loses messages, before or after the call, even if its
// context is the connection's own.
func TestDrainConnectionEnds(t *testing.T) {
	for i := range 40 {
		bubble(t, func(t *testing.T) {
			q, _ := queuePair(t, nil)
			ctx := background
			if own := i%2 == 0; own {
				ctx = q.Conn().Context()
			}
			send(t, q, "0", "1")
			drain := begin(func() error { return q.Drain(ctx) })
			q.Conn().Abort(errors.New("gone"))
			for _, err := range []error{result(t, drain), q.Drain(ctx)} {
				if err != context.Cause(q.Conn().Context()) {
					t.Errorf("got error %v, want the connection's", err)
				}
			}
			expectDepth(t, q, 0, 0, 2)
		})
	}
}

// A policy that closes has dropped messages, which Drain reports at once.
func TestDrainClosePolicy(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q, _ := queuePair(t, &Options{MaxMessages: 1})
		send(t, q, "0", "1")
		full := q.Send(websocket.Text, nil)
		for i := range 2 {
			if err := q.Drain(background); err != full {
				t.Errorf("got error %v, want %v", err, full)
			}
			if early := q.Conn().Context().Err() == nil; early != (i == 0) {
				t.Errorf("call %d: the connection is open: got %t, want it in the first call", i, early)
			}
			<-q.Conn().Context().Done()
		}
	})
}

// Drain before Close loses nothing, with a peer that reads slowly.
func TestDrainThenClose(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q, client := queuePair(t, nil)
		send(t, q, "0", "1", "2")
		closed := begin(func() error {
			return errors.Join(
				q.Drain(background),
				q.Conn().Close(background, websocket.StatusNormalClosure, ""),
			)
		})
		for _, s := range []string{"0", "1", "2"} {
			time.Sleep(20 * time.Second) // less than WriteTimeout, more than CloseTimeout
			expect(t, client, s)
		}
		if _, _, err := client.Read(background); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
			t.Errorf("got error %v, want a close frame with 1000", err)
		}
		if err := result(t, closed); err != nil {
			t.Error(err)
		}
	})
}

// If Drain has a part of the time of Shutdown, a member that reads nothing does not keep the others
// from their closing handshakes. If it has all of it, they are dropped.
func TestDrainThenShutdown(t *testing.T) {
	for _, part := range []time.Duration{10 * time.Second, 20 * time.Second} {
		bubble(t, func(t *testing.T) {
			group := new(websocket.Group)
			ctx, cancel := context.WithTimeout(background, 20*time.Second)
			defer cancel()
			drainCtx, cancelDrain := context.WithTimeout(ctx, part)
			defer cancelDrain()
			var drains sync.WaitGroup
			var ends []*websocket.Conn
			for i := range 3 {
				server, client, err := wstest.Pair(&websocket.AcceptOptions{Group: group}, nil)
				if err != nil {
					t.Fatal(err)
				}
				defer client.CloseNow()
				defer server.CloseNow()
				ends = append(ends, server)
				q := NewQueue(server, nil)
				send(t, q, strings.Repeat("x", 1<<17)) // more than Pair buffers
				if i > 0 {
					go readAll(client)
				}
				drains.Go(func() { q.Drain(drainCtx) })
			}
			drains.Wait()
			err := group.Shutdown(ctx)
			if ok := part < 20*time.Second; ok != (err == nil) {
				t.Errorf("Drain has %v: got error %v from Shutdown", part, err)
			}
			for _, c := range ends[1:] {
				if part < 20*time.Second && !c.Closure().Clean {
					t.Errorf("got closure %+v, want a clean one", c.Closure())
				}
			}
		})
	}
}
