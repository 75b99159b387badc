// Package life has a context that needs little memory.
package life

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// A Context is a context that has the values of another one and ends when End is called. It makes a
// channel only when a program waits for its end or asks for a value, which few programs do. Init
// must be called first.
type Context struct {
	values context.Context
	ended  atomic.Bool
	bare   bool // nothing was made before the end; guarded by mu

	mu    sync.Mutex
	cause error
	made  *made
}

// A made is the context that a Context makes when one is needed. Because it is from package context,
// [context.Cause] works, and contexts derived from it need no goroutines.
type made struct {
	context.Context
	cancel context.CancelCauseFunc
}

// Init makes the values of ctx, which must not be nil, those of c.
func (c *Context) Init(ctx context.Context) {
	if ctx == nil { // here rather than when a value is needed
		panic("websocket: nil context")
	}
	c.values = ctx
}

// End ends c because of cause. Calls after the first do nothing.
func (c *Context) End(cause error) {
	c.mu.Lock()
	if !c.ended.Load() {
		c.cause, c.bare = cause, c.made == nil
		c.ended.Store(true) // before the channel is closed
	}
	m, first := c.made, c.cause
	c.mu.Unlock()
	if m != nil {
		m.cancel(first)
	}
}

// closed is the channel of every Context that was bare when it ended.
var closed = func() chan struct{} {
	ch := make(chan struct{})
	close(ch)
	return ch
}()

// make returns the context that has a channel. If c has ended, that context has ended, too.
func (c *Context) make() *made {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.made == nil {
		c.made = new(made)
		c.made.Context, c.made.cancel = context.WithCancelCause(context.WithoutCancel(c.values))
	}
	if c.ended.Load() { // a goroutine that knows of the end must find the cause
		c.made.cancel(c.cause)
	}
	return c.made
}

// Ended reports whether c has ended.
func (c *Context) Ended() bool { return c.ended.Load() }

// Cause returns the cause of the end, once Ended has returned true.
func (c *Context) Cause() error { return c.cause }

func (c *Context) Deadline() (deadline time.Time, ok bool) { return time.Time{}, false }
func (c *Context) Value(key any) any                       { return c.make().Value(key) }

func (c *Context) Done() <-chan struct{} {
	c.mu.Lock()
	bare := c.bare
	c.mu.Unlock()
	if bare {
		return closed
	}
	return c.make().Done()
}

func (c *Context) Err() error {
	if !c.ended.Load() {
		return nil
	}
	c.Done() // closes the channel, because Err must return nil until then
	return context.Canceled
}

// String keeps fmt from reading the fields, which change.
func (c *Context) String() string { return "Conn.Context" }
