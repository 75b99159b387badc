package suite

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
)

const (
	probeTime  = 250 * time.Millisecond // between two probes beside the cases
	echoTime   = time.Second            // for the echo of a probe
	quickTime  = 50 * time.Millisecond  // an answer within that is never slow
	slowFactor = 4                      // an answer that takes so much longer than in the beginning is slow
	reviveTime = 10 * time.Second       // for a server that is gone to come back
	hangTime   = time.Minute            // for one that hangs
	lastTime   = 10 * time.Second       // what a case leaves behind may stop a server so long after its end
	steadyTime = time.Second            // of probes that must all be answered,
	steadyAsks = 8                      // and how many: one worker of the server may be stuck
)

// risky are cases that may hurt a server, after which it is asked whether it lives.
var risky = []string{"R.*", "L.1.*", "L.3.*", "L.7.*", "X.8.*", "H.5.18", "H.5.19", "H.5.20"}

// health is what is known of a server's health. The mutex of the run guards it.
type health struct {
	lived  bool          // it has answered before
	good   time.Time     // the latest time at which a connection was begun that it answered
	bad    time.Time     // the first time after that at which one was not answered; zero if none
	limit  time.Duration // an answer that takes longer is slow; 0: not known
	slowAt time.Time     // when an answer was last slow
	busy   string        // the status with which it refused the last probe because of load; "": it did not
}

// busy returns the status of a response that is about the server's load rather than
// the request (RFC 9110, section 15.6.4; RFC 6585, section 4); "" for all others.
func busy(response string) string {
	words := strings.Fields(response)
	if len(words) > 1 && (words[1] == "503" || words[1] == "429") {
		return words[1]
	}
	return ""
}

// answered reports whether a server took care of a request.
func answered(response string) bool { return response != "" && busy(response) == "" }

// noteAnswer notes that a connection begun then was answered.
func (l *health) noteAnswer(begun time.Time) {
	if l.lived = true; begun.After(l.good) {
		l.good, l.bad = begun, time.Time{}
	}
}

// begin measures how quick the server is before it has anything else to do.
func (l *health) begin(r *run) {
	if !r.several() {
		return
	}
	best := echoTime
	for range 3 {
		begun := time.Now()
		took, answer := r.server.probe(r.ctx, r.o, true)
		if answered(answer) {
			l.noteAnswer(begun)
		}
		if took >= echoTime {
			return // it echoes nothing, or is slow anyway
		}
		best = min(best, took)
	}
	l.limit = max(quickTime, slowFactor*best)
}

// watch has the pace follow the machine and the server until ctx ends.
func (r *run) watch(ctx context.Context) {
	for last := time.Now(); ; {
		select {
		case <-time.After(probeTime):
		case <-ctx.Done():
			return
		}
		since := last
		last = time.Now()
		slow := false
		if r.health.limit > 0 { // set before the watch began
			begun := time.Now()
			took, answer := r.server.probe(ctx, r.o, true)
			if ctx.Err() != nil {
				return
			}
			r.mu.Lock()
			if answered(answer) {
				r.health.noteAnswer(begun)
			} else if r.health.bad.IsZero() {
				r.health.bad = begun
			}
			if took > r.health.limit {
				r.health.slowAt, slow = time.Now(), true
			}
			r.mu.Unlock()
		}
		switch {
		case slow:
			r.pace.shrink(1)
		case r.o.lateness.late(since):
			r.pace.shrink(firstPace)
		}
	}
}

// probe opens a connection and closes it. With echo it has a message echoed; took is
// the time of both, or echoTime if no echo came. answer is the response, "" if there
// was none.
func (t *target) probe(ctx context.Context, o *Options, echo bool) (took time.Duration, answer string) {
	begun := time.Now()
	conn, err := t.dial(ctx, o.HandshakeTimeout)
	if err != nil {
		return echoTime, ""
	}
	took = echoTime
	s := newScript(ctx, &Case{}, o, t)
	s.play(conn, func(s *script) {
		s.open()
		if echo {
			s.send(textFrame(userAgent))
			if g := s.next(echoTime); g.kind == gotMessage {
				took = time.Since(begun)
			}
		}
		s.sendClose(codeNormal)
		s.flush(doubtTime)
		s.drop()
	})
	return took, s.res.HTTPResponse
}

// doubtful reports whether the server is to be asked after a case whether it lives.
func (r *run) doubtful(c *Case, res *report.Result) bool {
	return r.several() && (res.Waited && !fine(res) || !answered(res.HTTPResponse) || matchAny(risky, c.ID))
}

// several reports whether there are cases that one of them could spoil by hurting
// the server. A case that runs alone has no connections beside its own.
func (r *run) several() bool { return r.server != nil && len(r.cases) > 1 }

// checkLast checks the server once all cases have run.
func (r *run) checkLast() {
	if r.several() && r.ctx.Err() == nil {
		r.check(time.Now())
	}
}

// ask asks the server whether it lives, and again if no answer came while the machine
// was late.
func (r *run) ask() (alive bool) {
	for range tries {
		begun := time.Now()
		_, answer := r.server.probe(r.ctx, r.o, false)
		alive = answered(answer)
		r.mu.Lock()
		if r.health.busy = busy(answer); alive {
			r.health.noteAnswer(begun)
		}
		r.mu.Unlock()
		if answer != "" || r.ctx.Err() != nil || !r.o.lateness.late(begun) {
			break
		}
	}
	return alive
}

// check reports whether the server lives. One that has answered before and does so
// no more is revived if possible, and the cases that ran when it died are judged
// anew. bad is when a connection may first have been in vain.
func (r *run) check(bad time.Time) (alive bool) {
	r.mu.Lock()
	lived := r.health.lived
	r.mu.Unlock()
	if !lived {
		return false
	}
	if r.ask() {
		return true
	}
	r.mu.Lock()
	if r.health.bad.IsZero() || bad.Before(r.health.bad) {
		r.health.bad = bad
	}
	r.mu.Unlock()
	r.gate.Lock() // what runs comes to its end
	defer r.gate.Unlock()
	if r.ctx.Err() != nil {
		return false
	}
	if r.ask() { // it was but slow, or has been revived
		r.mu.Lock()
		defer r.mu.Unlock()
		r.health.slowAt = time.Now()
		return true
	}
	return r.dead()
}

// busy is the status with which the server refused the last probe because of load.
func (r *run) busy() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.health.busy
}

// idle waits until a server is no longer too busy. Else the cases that it refused have
// no verdict.
func (r *run) idle() (alive bool) {
	for begun := time.Now(); r.ctx.Err() == nil && time.Since(begun) < r.o.patience; {
		if r.ask() {
			return true
		}
		select {
		case <-time.After(steadyTime):
		case <-r.ctx.Done():
		}
	}
	left := r.unjudged()
	r.cancel(fmt.Errorf("the server refused every connection with status %s for %v%s", r.busy(),
		r.o.patience, notJudged(left)))
	return false
}

// revive waits for the server to come back, by itself or by the hook.
func (r *run) revive() error {
	if r.o.Restart != nil {
		if err := r.o.Restart(r.ctx); err != nil {
			return fmt.Errorf("and cannot be restarted: %w", err)
		}
	}
	limit := reviveTime
	for begun := time.Now(); ; {
		asked := time.Now()
		switch {
		case r.steady():
			return nil
		case r.ctx.Err() != nil:
			return context.Cause(r.ctx)
		case time.Since(asked) >= r.o.HandshakeTimeout: // it is busy rather than gone
			limit = r.o.patience
		}
		if time.Since(begun) > limit {
			return fmt.Errorf("and did not come back within %v", limit)
		}
		time.Sleep(tickTime)
	}
}
