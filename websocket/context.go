package websocket

import (
	"context"
	"time"
)

// A connContext is a Conn as its own context. It needs no memory until somebody waits for its end
// or asks for a value, which few programs do.
type connContext Conn

// A madeContext is the context that a connContext makes when it is needed. As it is one of package
// context, [context.Cause] works, and contexts derived from it need no goroutines.
type madeContext struct {
	context.Context
	cancel context.CancelCauseFunc
}

// made returns the context that has a channel and values. If the connection has ended, so has it.
func (x *connContext) made() *madeContext {
	m := x.lazy.Load()
	if m == nil {
		m = new(madeContext)
		m.Context, m.cancel = context.WithCancelCause(context.WithoutCancel(x.values))
		if !x.lazy.CompareAndSwap(nil, m) {
			m = x.lazy.Load()
		}
	}
	if x.closing.ended.Load() { // perhaps before m was stored
		m.cancel(x.ending.cause)
	}
	return m
}

func (x *connContext) Deadline() (deadline time.Time, ok bool) { return time.Time{}, false }
func (x *connContext) Done() <-chan struct{}                   { return x.made().Done() }
func (x *connContext) Value(key any) any                       { return x.made().Value(key) }

func (x *connContext) Err() error {
	if x.closing.ended.Load() {
		return context.Canceled
	}
	return nil
}
