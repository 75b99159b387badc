package websocket

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// Waiters get the turn in the order in which they called lock.
func TestTurnOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ctx := context.Background()
		var tn turn
		if !tn.tryLock() || tn.tryLock() {
			t.Fatal("tryLock: got false for a free turn or true for a taken one")
		}
		var order []int
		for i := range 5 {
			go func() {
				if err := tn.lock(ctx, ctx); err != nil {
					t.Error(err)
				}
				order = append(order, i) // guarded by the turn
				tn.unlock()
			}()
			synctest.Wait()
		}
		tn.unlock()
		synctest.Wait()
		if !slices.IsSorted(order) || len(order) != 5 {
			t.Errorf("got turns in the order %v, want 0 to 4", order)
		}
		if !tn.tryLock() || tn.queue != nil {
			t.Error("the turn is taken, want it free")
		}
	})
}

// Waiters that give up leave the queue, and the others still get their turn.
func TestTurnGiveUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cause := errors.New("ended")
		end, endIt := context.WithCancelCause(context.Background())
		ctx, cancel := context.WithCancel(context.Background())
		var tn turn
		tn.tryLock()
		wait := func(ctx, end context.Context) <-chan error {
			ch := start(func() error { return tn.lock(ctx, end) })
			synctest.Wait()
			return ch
		}
		a := wait(ctx, context.Background())
		b := wait(context.Background(), context.Background())
		c := wait(context.Background(), end)
		cancel()
		if err := <-a; !transport.IsInterrupt(err) || !errors.Is(err, context.Canceled) {
			t.Errorf("context ended: got %v, want an interrupt with context.Canceled", err)
		}
		endIt(cause)
		if err := <-c; err != cause {
			t.Errorf("connection ended: got %v, want %v", err, cause)
		}
		tn.unlock()
		if err := <-b; err != nil {
			t.Error(err)
		}
		if tn.tryLock() {
			t.Error("two goroutines have the turn")
		}
		tn.unlock()
		if !tn.tryLock() {
			t.Error("the turn was lost")
		}
	})
}

// A turn that is passed on at the moment at which the waiter gives up is not lost and not taken
// twice.
func TestTurnGivenUpAsPassedOn(t *testing.T) {
	onOneProcessor(t)
	bubble(t, func(t *testing.T) {
		for range 500 {
			ctx, cancel := context.WithCancel(context.Background())
			var tn turn
			tn.tryLock()
			a := start(func() error { return tn.lock(ctx, context.Background()) })
			synctest.Wait()
			b := start(func() error { return tn.lock(context.Background(), context.Background()) })
			synctest.Wait()
			cancel()
			tn.unlock()
			if err := <-a; err == nil {
				select {
				case <-b:
					t.Fatal("two goroutines have the turn")
				default:
				}
				tn.unlock()
			}
			if err := <-b; err != nil {
				t.Fatal(err)
			}
			tn.unlock()
			if !tn.tryLock() {
				t.Fatal("the turn was lost")
			}
		}
	})
}

// A pong that waits for the turn is sent even if the turn is passed on to a writer at the moment at
// which the writer gives up.
func TestTurnGivenUpWithPongWaiting(t *testing.T) {
	onOneProcessor(t)
	for _, role := range roles {
		t.Run(role.String(), func(t *testing.T) {
			checkLeaks(t)
			ours, theirs := tcpPair(t)
			c, p := newPeerOver(t, ours, theirs, ConnOptions{Role: role})
			for range 200 {
				ctx, cancel := context.WithCancel(context.Background())
				// The sender of the last pong may still have the turn.
				if err := c.out.frames.lock(ctx, ctx); err != nil {
					t.Fatal(err)
				}
				w := start(func() error { return c.Write(ctx, Text, []byte("w")) })
				for !c.out.frames.waited() {
					runtime.Gosched()
				}
				cancel()
				c.unlockFrames()
				c.answerPing([]byte("p"), false)
				h, _, err := p.next()
				if err == nil && h.Opcode == wire.OpText {
					h, _, err = p.next()
				}
				if err != nil || h.Opcode != wire.OpPong {
					t.Fatalf("got a %v frame, %v, want the pong", h.Opcode, err)
				}
				<-w
			}
		})
	}
}

// onOneProcessor ensures that a goroutine that was woken does not run before the goroutine that
// woke it waits.
func onOneProcessor(t *testing.T) {
	n := runtime.GOMAXPROCS(1)
	t.Cleanup(func() { runtime.GOMAXPROCS(n) })
}

// waited reports whether a goroutine waits for the turn.
func (t *turn) waited() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.queue) > 0
}
