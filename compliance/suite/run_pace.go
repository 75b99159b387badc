package suite

import (
	"sync"
	"time"
)

// A pace limits how many cases run at once. The limit grows by one with each undisturbed case, and
// later more slowly. It is halved when the machine or the peer does not keep up: down to firstPace for
// the machine, which other programs may keep busy, and down to one for the peer.
type pace struct {
	mu      sync.Mutex
	change  sync.Cond
	n       float64
	most    int
	all     int // the largest value of most
	running int
	shrunk  time.Time // when it was last halved
	second  bool      // the cases run for the second time
	same    int       // second runs in a row that confirmed their verdicts
}

const (
	firstPace  = 4                      // cases at once when the run begins
	shrinkTime = 500 * time.Millisecond // between halvings, so that each takes effect before the next
)

func newPace(most int) *pace {
	p := &pace{n: float64(min(firstPace, most)), most: most, all: most}
	p.change.L = &p.mu
	return p
}

// confirm begins the second runs. Few cases run at once, and more while no verdict changes.
func (p *pace) confirm() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.second, p.same = true, 0
	p.most = min(few, p.all)
	p.n = min(p.n, float64(p.most))
}

// enter waits until one more case may run.
func (p *pace) enter() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.running >= int(p.n) {
		p.change.Wait()
	}
	p.running++
}

// leave ends a case. good means that the run was not disturbed, and same that a second run confirmed the
// verdict.
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

// shrink halves the limit, but not below least.
func (p *pace) shrink(least int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now(); now.Sub(p.shrunk) >= shrinkTime {
		p.n, p.shrunk = max(min(p.n, float64(least)), p.n/2), now
	}
}
