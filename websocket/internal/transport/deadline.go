package websocket

import (
	"context"
	"sync"
	"time"
)

// A deadline is the deadline of one direction of a transport. The context of the operation in
// progress sets it, and so does a limit of our own. Its methods are for the holder of the turn of
// that direction.
type deadline struct {
	set func(time.Time) error // SetReadDeadline or SetWriteDeadline, or that of a pump
	dog *watchdog             // nil if deadlines are known to work

	// The context that is followed. The registration outlives an operation, so that calls with
	// the same context pay for it once.
	done <-chan struct{}
	stop func() bool

	mu    sync.Mutex
	seq   uint32    // number of the context, to recognize late signals
	armed bool      // the transport has a deadline
	cut   error     // an interrupt, set when the context ends
	limit time.Time // our own limit
}

// longAgo is in the past for every transport.
var longAgo = time.Unix(1, 0)

// follow makes the end of ctx interrupt the operations of this direction from now on. If ctx has
// ended, it returns an interrupt.
func (d *deadline) follow(ctx context.Context) error {
	// Contexts with the same channel end together. Comparing the contexts themselves could panic.
	done := ctx.Done()
	if done == d.done {
		return contextError(ctx)
	}
	d.unfollow()
	if err := contextError(ctx); err != nil || done == nil {
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
			d.cut = contextError(ctx)
			d.apply()
		}
	})
	return nil
}

// unfollow forgets the context.
func (d *deadline) unfollow() {
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

// bound sets a limit of our own. The zero time means none.
func (d *deadline) bound(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.limit = t
	d.apply()
}

// apply sets the deadline of the transport. The caller has mu.
func (d *deadline) apply() {
	t := d.limit
	switch {
	case d.cut != nil:
		t = longAgo
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

// cause returns why an operation of the transport failed with err. If err is a timeout, cause
// returns an interrupt if the context has ended, and ours if our own limit has passed. Otherwise
// the program has set a deadline on NetConn, and cause returns err.
func (d *deadline) cause(err, ours error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch late := d.dog != nil && d.dog.late; {
	case late && d.cut != nil:
		return &cutMessage{errOverdue.Error(), bare(d.cut)}
	case !late && !isDeadline(err):
		return err
	case d.cut != nil:
		return d.cut
	case d.limit.IsZero():
		return err
	}
	return ours
}
