package suite

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
)

const (
	probeTime = 250 * time.Millisecond // between two probes while cases run
	echoTime  = time.Second            // for the echo of a probe
	quickTime = 50 * time.Millisecond  // an answer within this time is never slow
	// an answer is slow if it takes this many times as long as the first ones
	slowFactor = 4
	reviveTime = 10 * time.Second // for a server to come back if it accepts no connections
	hangTime   = time.Minute      // for a server to come back if it hangs
	lastTime   = 10 * time.Second // a case may stop the server this long after its end
	// a server is steady if it answers steadyAsks probes within about steadyTime; these are many, because
	// only some of its workers may be stuck
	steadyTime = time.Second
	steadyAsks = 8
)

// risky are cases that may harm a server. After each of them, a probe checks whether the server is alive.
var risky = []string{"R.*", "L.1.*", "L.3.*", "L.7.*", "X.8.*", "H.5.18", "H.5.19", "H.5.20"}

// health is what the run knows about the server. The mutex of the run guards it.
type health struct {
	lived  bool          // the server has answered before
	good   time.Time     // the start of the latest connection on which it answered
	bad    time.Time     // the start of the first later one on which it did not answer; zero if none
	limit  time.Duration // an answer that takes longer is slow; 0 if unknown
	slowAt time.Time     // when an answer was last slow
	busy   string        // the status of the last probe if it was refused because of load
}

// busy returns the status of a response that refuses a request because of the server's load (RFC 9110,
// section 15.6.4; RFC 6585, section 4). It returns "" for all other responses.
func busy(response string) string {
	words := strings.Fields(response)
	if len(words) > 1 && (words[1] == "503" || words[1] == "429") {
		return words[1]
	}
	return ""
}

// answered reports whether there was a response, and it was not a refusal because of the server's load.
func answered(response string) bool { return response != "" && busy(response) == "" }

// noteAnswer records that the server answered on a connection that began at the time begun.
func (l *health) noteAnswer(begun time.Time) {
	if l.lived = true; begun.After(l.good) {
		l.good, l.bad = begun, time.Time{}
	}
}

// begin measures how fast the server answers before any case runs.
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
			return // the server echoes nothing, or is slow even without load
		}
		best = min(best, took)
	}
	l.limit = max(quickTime, slowFactor*best)
}

// watch adapts the pace to the machine and the server until ctx ends.
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
		if r.health.limit > 0 { // set by begin
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

// probe opens a connection and closes it. If echo is true, it also sends a message and waits for the
// echo. took is the time from the start to the echo, or echoTime if there was none. answer is the
// response of the opening handshake, or "" if there was none.
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

// doubtful reports whether to probe the server after a case.
func (r *run) doubtful(c *Case, res *report.Result) bool {
	return r.several() && (res.Waited && !fine(res) || !answered(res.HTTPResponse) || matchAny(risky, c.ID))
}

// several reports whether several cases run against a server, so that a case that harms the server could
// affect the verdicts on others. While a single case runs, there are no connections but its own.
func (r *run) several() bool { return r.server != nil && len(r.cases) > 1 }

// checkLast checks the server after the last case.
func (r *run) checkLast() {
	if r.several() && r.ctx.Err() == nil {
		r.check(time.Now())
	}
}

// ask probes whether the server is alive. It probes again if the machine was late and there was no answer.
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

// check reports whether the server is alive. If the server has answered before and no longer does,
// check revives it if possible, and reruns the cases that were running when it stopped. bad is the
// earliest time at which it may have stopped.
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
	r.gate.Lock() // wait until the cases that run have ended
	defer r.gate.Unlock()
	if r.ctx.Err() != nil {
		return false
	}
	if r.ask() { // it was only slow, or was revived meanwhile
		r.mu.Lock()
		defer r.mu.Unlock()
		r.health.slowAt = time.Now()
		return true
	}
	return r.dead()
}

// busy returns the status of the last probe if the server refused it because of load.
func (r *run) busy() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.health.busy
}

// idle waits until the server no longer refuses connections because of load. If that takes too long,
// the run ends, and the refused cases have no verdict.
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
	left := r.withdraw()
	r.cancel(fmt.Errorf("the server refused every connection with status %s for %v%s", r.busy(),
		r.o.patience, withoutVerdict(left)))
	return false
}

// revive calls Options.Restart, if it is set, and waits for the server to come back.
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
		case time.Since(asked) >= r.o.HandshakeTimeout: // it hangs
			limit = r.o.patience
		}
		if time.Since(begun) > limit {
			return fmt.Errorf("and did not come back within %v", limit)
		}
		time.Sleep(tickTime)
	}
}
