package transport

import (
	"context"
	"sync"
	"time"
)

// A deadline is the deadline of one direction of a transport. The context of the operation in
// progress sets it, and so does a limit of our own. Its methods are for the goroutine that reads or
// writes, except for Bound and Overran.
type deadline struct {
	of  *Transport
	dog *watchdog // nil if deadlines are known to work

	// The context that is followed. The registration outlives an operation, so that calls with
	// the same context pay for it once.
	done <-chan struct{}
	stop func() bool

	mu    sync.Mutex
	seq   uint32          // number of the context, to recognize late signals
	armed bool            // the transport has a deadline
	cut   context.Context // the context, once it has ended
	limit time.Time       // our own limit
}

// LongAgo is in the past for every transport.
var LongAgo = time.Unix(1, 0)

// Follow makes the end of ctx interrupt the operations of this direction from now on. If ctx has
// ended, it returns an [Interrupt].
func (d *deadline) Follow(ctx context.Context) error {
	// Contexts with the same channel end together. Comparing the contexts themselves could panic.
	done := ctx.Done()
	if done == d.done {
		return Ended(ctx)
	}
	d.Unfollow()
	if err := Ended(ctx); err != nil || done == nil {
		return err
	}
	d.mu.Lock()
	seq := d.seq
	d.mu.Unlock()
	d.done = done
	d.stop = context.AfterFunc(ctx, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.seq == seq {
			d.cut = ctx
			d.apply()
		}
	})
	return nil
}

// Unfollow forgets the context.
func (d *deadline) Unfollow() {
	if d.done == nil {
		return
	}
	d.stop()
	d.done, d.stop = nil, nil
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seq++
	d.cut = nil
	d.apply()
}

// Bound sets a limit of our own. The zero time means none.
func (d *deadline) Bound(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.limit = t
	d.apply()
}

// set sets the deadline of the transport, or of its pump.
func (d *deadline) set(at time.Time) error {
	switch t := d.of; {
	case d == &t.Rd.deadline && t.Rd.pump != nil:
		return t.Rd.pump.SetDeadline(at)
	case d == &t.Rd.deadline:
		return t.Conn.SetReadDeadline(at)
	case t.Wr.pump != nil:
		return t.Wr.pump.SetDeadline(at)
	default:
		return t.Conn.SetWriteDeadline(at)
	}
}

// apply sets the deadline of the transport. The caller has mu.
func (d *deadline) apply() {
	t := d.limit
	switch {
	case d.cut != nil:
		t = LongAgo
	case d.dog != nil && d.dog.queue != nil:
		t = time.Time{}
	}
	if arm := !t.IsZero(); arm || d.armed {
		d.armed = arm
		_ = d.set(t) // if it fails, the transport is closed or the watchdog acts
	}
	if d.dog != nil {
		d.watch()
	}
}

// Cause returns why an operation of the transport failed with err. If err is a timeout, Cause
// returns an [Interrupt] if the context has ended, and ours if our own limit has passed. Otherwise
// the program has set a deadline on NetConn, and Cause returns err.
func (d *deadline) Cause(err, ours error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch late := d.dog != nil && d.dog.late; {
	case late && d.cut != nil:
		return &CutError{ErrOverdue.Error(), Interrupt{d.cut}}
	case !late && !IsDeadline(err):
		return err
	case d.cut != nil:
		return Interrupt{d.cut}
	case d.limit.IsZero():
		return err
	}
	return ours
}
