// Package movable provides a deadline that can be moved while a goroutine waits for it, like a
// deadline of a [net.Conn].
package movable

import (
	"context"
	"net"
	"os"
	"sync"
	"time"
)

// A Deadline is a deadline that can be moved. It provides a context that ends when the deadline
// passes, and after that a new one. The zero value has no deadline.
type Deadline struct {
	mu     sync.Mutex
	ctx    expiring
	end    context.CancelCauseFunc // ends ctx
	timer  *time.Timer             // calls end; nil if no deadline is ahead
	closed bool
}

// An expiring is a context whose error is its cause.
type expiring struct{ context.Context }

func (e expiring) Err() error { return context.Cause(e.Context) }

// Context returns the context that ends when the deadline passes, with
// [os.ErrDeadlineExceeded], or when the Deadline is closed, with [net.ErrClosed].
func (d *Deadline) Context() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.end == nil {
		d.renew()
	}
	return d.ctx
}

// Set moves the deadline to t, or removes it if t is zero. A context that has not ended yet ends at
// the new time.
func (d *Deadline) Set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	d.clear()
	if t.IsZero() {
		return
	}
	end := d.end
	if wait := time.Until(t); wait > 0 {
		d.timer = time.AfterFunc(wait, func() { end(os.ErrDeadlineExceeded) })
	} else {
		end(os.ErrDeadlineExceeded)
	}
}

// Close ends the context permanently.
func (d *Deadline) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.clear()
		d.closed = true
		d.end(net.ErrClosed)
	}
}

// clear makes ctx a context that has not ended and that no timer will end.
func (d *Deadline) clear() {
	if d.timer != nil && !d.timer.Stop() {
		<-d.ctx.Done() // the timer's call is running and must not end the next context
	}
	d.timer = nil
	if d.end == nil || d.ctx.Err() != nil {
		d.renew()
	}
}

func (d *Deadline) renew() {
	d.ctx.Context, d.end = context.WithCancelCause(context.Background())
}
