package websocket

import (
	"context"
	"sync"
	"time"
)

// A deadline is the deadline of one direction of a transport, and what moves it:
// the context of the operation in progress, and a bound of our own. Its methods
// are for whoever holds the turn of that direction.
type deadline struct {
	set func(time.Time) error // SetReadDeadline or SetWriteDeadline, or that of a pump
	dog *watchdog             // nil where deadlines are known to work

	// The context that is followed. The registration outlives an operation, so
	// that calls with the same context pay for it once.
	done <-chan struct{}
	stop func() bool

	mu    sync.Mutex
	seq   uint32    // of the context followed, so that a late signal is known
	armed bool      // the transport has a deadline
	cut   error     // an interrupt, once the context has ended
	limit time.Time // our own bound
}

// longAgo is in the past for every transport.
var longAgo = time.Unix(1, 0)

// follow makes the end of ctx end the operations of this direction from now on.
// If ctx has ended it returns an interrupt.
func (d *deadline) follow(ctx context.Context) error {
	// Contexts with the same channel end together. Comparing the contexts
	// themselves could panic.
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

// bound sets a bound of our own, or none with the zero time.
func (d *deadline) bound(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.limit = t
	d.apply()
}

// apply gives the transport the deadline. The caller has mu.
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
		_ = d.set(t) // fails if the transport is closed, or dog knows
	}
	if d.dog != nil {
		d.watch()
	}
}

// cause tells why an operation of the transport failed with err. If that is a timeout,
// it is the end of the context, which is an interrupt, or our own bound, and then it is
// ours; unless somebody else has set a deadline, on NetConn.
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
