package turn

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/hawser/websocket/internal/transport"
)

// Waiters get the turn in the order in which they called Lock.
func TestTurnOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		var tn Turn
		if !tn.TryLock() || tn.TryLock() {
			t.Fatal("TryLock: got false for a free turn or true for a taken one")
		}
		var order []int
		for i := range 5 {
			go func() {
				if err := tn.Lock(ctx, ctx); err != nil {
					t.Error(err)
				}
				order = append(order, i) // guarded by the turn
				tn.Unlock()
			}()
			synctest.Wait()
		}
		tn.Unlock()
		synctest.Wait()
		if !slices.IsSorted(order) || len(order) != 5 {
			t.Errorf("got turns in the order %v, want 0 to 4", order)
		}
		if !tn.TryLock() || tn.queue != nil {
			t.Error("the turn is taken, want it free")
		}
	})
}

// Waiters that give up leave the queue, and the others still get their turn.
func TestTurnGiveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("ended")
		end, endIt := context.WithCancelCause(context.Background())
		ctx, cancel := context.WithCancel(context.Background())
		var tn Turn
		tn.TryLock()
		wait := func(ctx, end context.Context) <-chan error {
			ch := start(func() error { return tn.Lock(ctx, end) })
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
		tn.Unlock()
		if err := <-b; err != nil {
			t.Error(err)
		}
		if tn.TryLock() {
			t.Error("two goroutines have the turn")
		}
		tn.Unlock()
		if !tn.TryLock() {
			t.Error("the turn was lost")
		}
	})
}

// A turn that is passed on at the moment at which the waiter gives up is not lost and not taken
// twice.
func TestTurnGivenUpAsPassedOn(t *testing.T) {
	onOneProcessor(t)
	synctest.Test(t, func(t *testing.T) {
		for range 500 {
			ctx, cancel := context.WithCancel(context.Background())
			var tn Turn
			tn.TryLock()
			a := start(func() error { return tn.Lock(ctx, context.Background()) })
			synctest.Wait()
			b := start(func() error { return tn.Lock(context.Background(), context.Background()) })
			synctest.Wait()
			cancel()
			tn.Unlock()
			if err := <-a; err == nil {
				select {
				case <-b:
					t.Fatal("two goroutines have the turn")
				default:
				}
				tn.Unlock()
			}
			if err := <-b; err != nil {
				t.Fatal(err)
			}
			tn.Unlock()
			if !tn.TryLock() {
				t.Fatal("the turn was lost")
			}
		}
	})
}

// onOneProcessor ensures that a goroutine that was woken does not run before the goroutine that
// woke it waits.
func onOneProcessor(t *testing.T) {
	n := runtime.GOMAXPROCS(1)
	t.Cleanup(func() { runtime.GOMAXPROCS(n) })
}

// start runs f on a goroutine and returns its error on a channel.
func start(f func() error) <-chan error {
	ch := make(chan error, 1)
	go func() { ch <- f() }()
	return ch
}
