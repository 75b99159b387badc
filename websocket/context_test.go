package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A Conn's context behaves like its model, a context of package context, no matter when it has to
// make one of those.
func TestContextIsMadeLazily(t *testing.T) {
	cause := errors.New("power cut")
	for _, row := range []struct {
		name string
		use  func(ctx context.Context)
	}{
		{"nothing", func(context.Context) {}},
		{"Err", func(ctx context.Context) { _ = ctx.Err() }},
		{"Done", func(ctx context.Context) { _ = ctx.Done() }},
		{"Value", func(ctx context.Context) { ctx.Value(0) }},
		{"Cause", func(ctx context.Context) { _ = context.Cause(ctx) }},
		{"child", func(ctx context.Context) {
			_, cancel := context.WithCancel(ctx)
			cancel()
		}},
	} {
		for _, early := range []bool{false, true} { // whether the contexts are compared before the end, too
			t.Run(fmt.Sprintf("%s/%v", row.name, early), func(t *testing.T) {
				type key struct{}
				parent, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
				cancel() // does not matter
				nc, _ := netPair(t, "pipe")
				c := NewConn(parent, nc, nil)
				ctx := c.Context()
				model, end := context.WithCancelCause(context.WithoutCancel(parent))
				row.use(ctx)
				if early {
					sameContext(t, ctx, model, key{})
				}
				c.Abort(cause)
				end(c.Closure().Err)
				done := ctx.Done()
				sameContext(t, ctx, model, key{})
				if ctx.Done() != done {
					t.Error("Done: got different channels")
				}
				if !errors.Is(context.Cause(ctx), cause) {
					t.Errorf("got cause %v, want %v", context.Cause(ctx), cause)
				}
			})
		}
	}
}

// sameContext compares a context with its model.
func sameContext(t *testing.T, got, want context.Context, key any) {
	t.Helper()
	if g, w := got.Err(), want.Err(); g != w {
		t.Errorf("Err: got %v, want %v", g, w)
	}
	if g, w := isDone(got), isDone(want); g != w {
		t.Errorf("Done is closed: got %v, want %v", g, w)
	}
	if g, w := context.Cause(got), context.Cause(want); g != w {
		t.Errorf("Cause: got %v, want %v", g, w)
	}
	if g, w := got.Value(key), want.Value(key); g != w {
		t.Errorf("Value: got %v, want %v", g, w)
	}
	if _, ok := got.Deadline(); ok {
		t.Error("Deadline: got one, want none")
	}
}

func isDone(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return true
	default:
		return false
	}
}

// The end of the connection ends the contexts derived from its own, without a goroutine for each.
func TestContextChildren(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, _ := newPeer(t, role, Limits{})
		before := runtime.NumGoroutine()
		children := make([]context.Context, 10)
		for i := range children {
			var cancel context.CancelFunc
			children[i], cancel = context.WithCancel(c.Context())
			defer cancel()
		}
		called := make(chan struct{})
		context.AfterFunc(c.Context(), func() { close(called) })
		synctest.Wait()
		if n := runtime.NumGoroutine() - before; n != 0 {
			t.Errorf("%d goroutines were started, want none", n)
		}
		c.CloseNow()
		<-called
		for _, child := range children {
			<-child.Done()
			if !errors.Is(context.Cause(child), ErrClosed) {
				t.Errorf("got cause %v, want %v", context.Cause(child), ErrClosed)
			}
		}
	})
}

// A goroutine that sees the end in Err also sees it in Done and Cause, however many use the context
// first.
func TestContextConcurrently(t *testing.T) {
	checkLeaks(t)
	for range 1000 {
		nc, _ := netPair(t, "pipe")
		c := NewConn(t.Context(), nc, nil)
		var wg sync.WaitGroup
		var ready atomic.Int32
		for i := range 4 {
			wg.Go(func() {
				for ready.Add(1); ready.Load() < 4; { // so that they make it at the same time
					runtime.Gosched()
				}
				if i%2 == 0 {
					<-c.Context().Done()
				}
				for c.Context().Err() == nil {
					runtime.Gosched()
				}
				if context.Cause(c.Context()) != error(ErrClosed) || !isDone(c.Context()) {
					t.Errorf("ended with cause %v, Done closed: %v", context.Cause(c.Context()), isDone(c.Context()))
				}
			})
		}
		for ready.Load() < 4 {
			runtime.Gosched()
		}
		c.CloseNow()
		wg.Wait()
	}
}
