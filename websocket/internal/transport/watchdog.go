package transport

import "time"

// Grace is how long an operation may continue after its deadline on a transport whose deadlines may
// not work. The last part begins when the watchdog wakes, because the operation also needs a moment
// if the whole program was suspended.
const (
	Grace     = 250 * time.Millisecond
	lastGrace = 50 * time.Millisecond
)

// progressChecks is how often progress is checked within a limit on progress.
const progressChecks = 8

// A watchdog enforces limits on a transport whose deadlines alone do not. Its fields are guarded by
// the mutex of its deadline.
//
// Some connections accept a deadline and ignore it. The watchdog closes a connection whose
// operation continues after its deadline.
//
// A TLS connection cannot be used after a write that timed out, and the duration of a write says
// little about the peer: the system reports room only once a third of the socket's buffer is free,
// which may be megabytes. Over TLS the watchdog looks at the buffer instead, and only a peer that
// takes nothing exceeds the limit. Until then the transport has no deadline.
type watchdog struct {
	drop  func(cut bool) // closes the transport; cut is whether a context has ended
	queue func() int     // how much the system has not sent; if set, drop is nil
	held  int            // the last result of queue
	step  time.Duration  // between two calls of queue
	busy  bool           // an operation is in progress
	late  bool           // an operation was not done in time
	last  bool           // only lastGrace remains
	due   time.Time      // when to act; zero: never
	fires time.Time      // when timer fires; before due if due was put off
	timer *time.Timer
}

// setBusy is called with true before each operation of the transport, and with false after it.
func (d *deadline) setBusy(busy bool) {
	if d.dog == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dog.busy = busy
	d.watch()
}

// watch sets when the watchdog acts next. The caller has mu.
func (d *deadline) watch() {
	g := d.dog
	g.due, g.last = time.Time{}, false
	switch {
	case !g.busy || d.limit.IsZero() && d.cut == nil || g.queue != nil && d.cut != nil:
		return
	case g.queue != nil:
		now := time.Now()
		g.held, g.step = -1, d.limit.Sub(now)/progressChecks
		g.due = now.Add(g.step)
	case d.cut != nil:
		g.due = time.Now()
	default:
		g.due = d.limit
	}
	if g.drop != nil {
		g.due = g.due.Add(Grace - lastGrace)
	}
	if g.fires.IsZero() || g.due.Before(g.fires) {
		d.wake()
	}
}

// wake sets the timer to due. The caller has mu.
func (d *deadline) wake() {
	g := d.dog
	g.fires = g.due
	if wait := time.Until(g.due); g.timer == nil {
		g.timer = time.AfterFunc(wait, d.act)
	} else {
		g.timer.Reset(wait)
	}
}

// act is called by the timer when an operation may be late.
func (d *deadline) act() {
	d.mu.Lock()
	g, now := d.dog, time.Now()
	g.fires = time.Time{}
	switch {
	case g.due.IsZero():
	case now.Before(g.due):
		d.wake()
	case g.queue != nil:
		d.checkProgress(now)
	case !g.last:
		g.last = true
		g.due = now.Add(lastGrace)
		d.wake()
	default:
		g.late = true
		cut := d.cut != nil
		d.mu.Unlock()
		g.drop(cut)
		return
	}
	d.mu.Unlock()
}

// rest stops the timer.
func (d *deadline) rest() {
	if d.dog == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dog.timer != nil {
		d.dog.timer.Stop()
		d.dog.fires = time.Time{}
	}
}

// checkProgress extends the limit if the peer has taken something. The caller has mu.
func (d *deadline) checkProgress(now time.Time) {
	g := d.dog
	held := g.queue()
	if g.held >= 0 && held != g.held {
		d.limit = now.Add(progressChecks * g.step)
	}
	g.held = held
	if !now.Before(d.limit) {
		d.armed = true
		_ = d.set(LongAgo)
		return
	}
	g.due = now.Add(g.step)
	d.wake()
}

// Interruptible reports whether the end of a context interrupts an operation without closing the
// transport, as far as is known.
func (d *deadline) Interruptible() bool { return d.dog == nil }

// Overran reports whether the watchdog has closed the transport.
func (d *deadline) Overran() bool {
	if d.dog == nil {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dog.late
}
