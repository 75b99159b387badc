package turn

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
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

// TryUnlock fails while there is a waiter and after TryLockOrMark, until Unlock has freed the turn.
func TestTurnMark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		var tn Turn
		check := func(step string, got, want bool) {
			t.Helper()
			if got != want {
				t.Errorf("%s: got %v, want %v", step, got, want)
			}
		}
		check("TryLockOrMark of a free turn", tn.TryLockOrMark(), true)
		check("TryUnlock", tn.TryUnlock(), true)
		check("Busy after TryUnlock", tn.Busy(), false)
		tn.TryLock()
		for range 2 {
			check("TryLockOrMark of a taken turn", tn.TryLockOrMark(), false)
			check("TryUnlock of a marked turn", tn.TryUnlock(), false)
		}
		check("Busy", tn.Busy(), true)
		tn.Unlock()
		check("TryLock after Unlock", tn.TryLock(), true)
		check("TryUnlock after the mark was removed", tn.TryUnlock(), true)
		tn.TryLock()
		next := start(func() error { return tn.Lock(ctx, ctx) })
		synctest.Wait()
		check("TryUnlock while somebody waits", tn.TryUnlock(), false)
		tn.Unlock()
		if err := <-next; err != nil {
			t.Fatal(err)
		}
		tn.Unlock()
		check("Busy at the end", tn.Busy(), false)
	})
}

// A Turn admits one holder at a time, however it is taken and given back, and loses no waiter.
func TestTurnExclusive(t *testing.T) {
	const holders, each = 8, 2000
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var tn Turn
	var turns int // guarded by the turn, as the race detector checks
	var taken atomic.Int64
	var all sync.WaitGroup
	for i := range holders {
		all.Go(func() {
			for range each {
				switch i % 4 {
				case 0:
					if !tn.TryLock() {
						continue
					}
				case 1:
					if !tn.TryLockOrMark() {
						continue
					}
				case 2:
					if tn.Lock(ctx, context.Background()) != nil { // gives up unless the turn is free
						continue
					}
				default:
					if err := tn.Lock(context.Background(), context.Background()); err != nil {
						t.Error(err)
						return
					}
				}
				turns++
				taken.Add(1)
				if !tn.TryUnlock() {
					tn.Unlock()
				}
			}
		})
	}
	all.Wait()
	if int64(turns) != taken.Load() {
		t.Errorf("%d turns were counted, want %d: two goroutines had the turn", turns, taken.Load())
	}
	if tn.Busy() || tn.Waiting() != 0 {
		t.Error("the turn is taken, want it free")
	}
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
