package suite

import (
	"context"
	"sync"
	"time"
)

// How the machine's lateness is measured. Between what we send and what we take for
// an answer, several goroutines and processes have to be woken. A machine that wakes
// each of them within lateTime leaves even the shortest bound of a case, 500 ms, to
// the peer.
const (
	tickTime = 10 * time.Millisecond
	lateTime = 50 * time.Millisecond
)

// A weather knows when the machine was last late to wake a sleeper.
type weather struct {
	mu     sync.Mutex
	due    time.Time // when the sleeper is to wake
	lateAt time.Time // when it last woke late
}

// watch sleeps and wakes until ctx ends.
func (w *weather) watch(ctx context.Context) {
	for ctx.Err() == nil {
		w.mu.Lock()
		w.due = time.Now().Add(tickTime)
		w.mu.Unlock()
		time.Sleep(tickTime)
		w.wake(time.Now())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.due = time.Time{}
}

// wake notes whether the sleeper is late.
func (w *weather) wake(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now.Sub(w.due) > lateTime {
		w.lateAt = now
	}
}

// late reports whether the machine was late at any time since then.
func (w *weather) late(since time.Time) bool {
	if w == nil {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lateAt.After(since) || !w.due.IsZero() && time.Since(w.due) > lateTime
}

// A pace bounds how many cases run at once. It grows by one with each case that ends
// in good time, and later more slowly, and is halved when the machine or the peer
// does not keep up: down to firstPace for the machine, which others may keep busy,
// and to one for the peer.
type pace struct {
	mu      sync.Mutex
	change  sync.Cond
	n       float64
	most    int
	all     int // the most there may be
	running int
	shrunk  time.Time // when it was last halved
	second  bool      // the cases have run before
	same    int       // of those, in a row, that kept their verdicts
}

const (
	firstPace  = 4                      // cases at once in the beginning
	shrinkTime = 500 * time.Millisecond // between halvings, so that one has effect before the next
)

func newPace(most int) *pace {
	p := &pace{n: float64(min(firstPace, most)), most: most, all: most}
	p.change.L = &p.mu
	return p
}

// confirm begins the second runs: few at once, and more while no verdict changes.
func (p *pace) confirm() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.second, p.same = true, 0
	p.most = min(few, p.all)
	p.n = min(p.n, float64(p.most))
}

// enter waits until one more may run.
func (p *pace) enter() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.running >= int(p.n) {
		p.change.Wait()
	}
	p.running++
}

// leave ends a case. good says that nothing disturbed it, same that its verdict is
// that of its first run.
func (p *pace) leave(good, same bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running--
	switch p.same++; {
	case !p.second:
	case !same:
		p.same, p.most = 0, min(few, p.all)
		p.n = min(p.n, float64(p.most))
	case p.same%manySame == 0:
		p.most = min(2*p.most, p.all)
	}
	if good {
		step := 1.0
		if !p.shrunk.IsZero() {
			step = min(step, firstPace/p.n)
		}
		p.n = min(p.n+step, float64(p.most))
	}
	p.change.Broadcast()
}

// shrink halves the number, but not to less than least.
func (p *pace) shrink(least int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now(); now.Sub(p.shrunk) >= shrinkTime {
		p.n, p.shrunk = max(min(p.n, float64(least)), p.n/2), now
	}
}
