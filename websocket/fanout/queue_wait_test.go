package fanout

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

var policies = []Policy{CloseTryAgainLater, ClosePolicyViolation, DropNewest, DropOldest}

// beginSend begins a SendContext.
func beginSend(ctx context.Context, q *Queue, s string) <-chan error {
	return begin(func() error { return q.SendContext(ctx, websocket.Text, []byte(s)) })
}

// result waits for what was begun.
func result(t *testing.T, ch <-chan error) error {
	t.Helper()
	select {
	case err := <-ch:
		return err
	case <-time.After(time.Hour):
		t.Fatal("still waits")
		return nil
	}
}

// Calls of SendContext wait for room, whatever the policy, and are served in order.
func TestSendContextOrder(t *testing.T) {
	for _, p := range policies {
		bubble(t, func(t *testing.T) {
			q, client := queuePair(t, &Options{MaxMessages: 2, WhenFull: p})
			send(t, q, "0", "1", "2")
			var waits []<-chan error
			for i := 3; i < 8; i++ {
				waits = append(waits, beginSend(background, q, fmt.Sprint(i)))
			}
			for i, ch := range waits {
				for _, ch := range waits[i:] {
					pending(t, ch)
				}
				expectDepth(t, q, 2, 2, 0)
				expect(t, client, fmt.Sprint(i))
				if err := result(t, ch); err != nil {
					t.Errorf("%d: %v", i+3, err)
				}
			}
			expect(t, client, "5", "6", "7")
			if q.senders != nil {
				t.Error("an idle queue holds memory")
			}
		})
	}
}

// A large message at the front keeps those behind it waiting, and its end lets them go on. A Send
// takes what room there is.
func TestSendContextLarge(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q, client := queuePair(t, &Options{MaxBytes: 4})
		send(t, q, "0", "11")
		ctx, cancel := context.WithCancel(background)
		large := beginSend(ctx, q, "3333")
		small := beginSend(background, q, "4")
		send(t, q, "2")
		pending(t, large)
		pending(t, small)
		cancel()
		expectError(t, result(t, large), context.Canceled)
		if err := result(t, small); err != nil {
			t.Error(err)
		}
		expectDepth(t, q, 3, 4, 0)
		expect(t, client, "0", "11", "2", "4")
	})
}

// Room that DropOldest makes beyond need goes to calls that wait.
func TestSendContextAfterDrop(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q, client := queuePair(t, &Options{MaxBytes: 4, WhenFull: DropOldest})
		send(t, q, "0", "1111")
		wait := beginSend(background, q, "3")
		send(t, q, "22")
		if err := result(t, wait); err != nil {
			t.Error(err)
		}
		expect(t, client, "0", "22", "3")
	})
}

// The end of a context ends its call with the cause, and the message is not sent.
func TestSendContextGivesUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q, client := queuePair(t, &Options{MaxMessages: 1})
		cause := errors.New("too long")
		ctx, cancel := context.WithCancelCause(background)
		send(t, q, "0", "1")
		wait, next := beginSend(ctx, q, "2"), beginSend(background, q, "3")
		cancel(cause)
		expectError(t, result(t, wait), cause, context.Canceled)
		expect(t, client, "0", "1", "3")
		if err := result(t, next); err != nil {
			t.Error(err)
		}
		expectError(t, q.SendContext(ctx, websocket.Text, nil), cause, context.Canceled) // despite room
		expectDepth(t, q, 0, 0, 0)
	})
}

// The end of another connection does not look like that of this one.
func TestSendContextOther(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q, _ := queuePair(t, &Options{MaxMessages: 1})
		other, _ := queuePair(t, nil)
		send(t, q, "0", "1")
		wait := beginSend(other.Conn().Context(), q, "2")
		cause := errors.New("other is gone")
		other.Conn().Abort(cause)
		err := result(t, wait)
		expectError(t, err, cause, context.Canceled)
		if errors.Is(err, net.ErrClosed) {
			t.Errorf("got error %v, which matches net.ErrClosed", err)
		}
	})
}

// If room and the end of the context come at the same time, the message is sent exactly if there is
// no error.
func TestSendContextBoth(t *testing.T) {
	for range 300 {
		bubble(t, func(t *testing.T) {
			q, client := queuePair(t, &Options{MaxMessages: 1})
			send(t, q, "0", "1")
			ctx, cancel := context.WithCancel(background)
			wait, next := beginSend(ctx, q, "2"), beginSend(background, q, "3")
			go cancel()
			expect(t, client, "0")
			want := []string{"1", "2", "3"}
			if err := result(t, wait); err != nil {
				want = []string{"1", "3"}
			}
			expect(t, client, want...)
			if err := result(t, next); err != nil {
				t.Error(err)
			}
			expectDepth(t, q, 0, 0, 0)
		})
	}
}

// If Drain comes along with the end of the context, the call fails for either reason.
func TestSendContextBothFail(t *testing.T) {
	for range 300 {
		bubble(t, func(t *testing.T) {
			q, _ := queuePair(t, &Options{MaxMessages: 1})
			send(t, q, "0", "1")
			ctx, cancel := context.WithCancel(background)
			wait := beginSend(ctx, q, "2")
			cancel()
			q.beginDrain()
			if err := result(t, wait); err != errDraining && !errors.Is(err, context.Canceled) {
				t.Errorf("got error %v", err)
			}
		})
	}
}

// The end of the connection ends all calls with its cause, even if their context is its own.
func TestSendContextConnectionEnds(t *testing.T) {
	for _, own := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			q, _ := queuePair(t, &Options{MaxMessages: 1})
			ctx := background
			if own {
				ctx = q.Conn().Context()
			}
			send(t, q, "0", "1")
			waits := []<-chan error{beginSend(ctx, q, "2"), beginSend(ctx, q, "3")}
			cause := errors.New("gone")
			q.Conn().Abort(cause)
			for _, ch := range waits {
				if err := result(t, ch); err != context.Cause(q.Conn().Context()) {
					t.Errorf("own context %t: got error %v, want the connection's", own, err)
				}
			}
			expectDepth(t, q, 0, 0, 2)
		})
	}
}

// A policy that closes ends all calls that wait.
func TestSendContextClosePolicy(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q, _ := queuePair(t, &Options{MaxMessages: 1})
		send(t, q, "0", "1")
		wait := beginSend(background, q, "2")
		expectError(t, q.Send(websocket.Text, nil), ErrFull)
		expectError(t, result(t, wait), ErrFull, net.ErrClosed)
		synctest.Wait()
	})
}
