package suite

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
)

// dead deals with a server that no longer answers. The caller holds the gate.
func (r *run) dead() (alive bool) {
	if r.busy() != "" {
		return r.idle()
	}
	ran, left, passed := r.suspects()
	if err := r.revive(); err != nil {
		if len(ran) == 1 && len(left) == 0 {
			r.blame(ran[0])
		}
		r.giveUp(append(left, ran...), passed, err)
		return false
	}
	alive = r.inquire(append(left, ran...))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spans = nil // they are known not to hurt, or named
	return alive
}

// inquire runs suspects one after the other, to find those that stop the server by
// themselves. It reports whether the server is there.
func (r *run) inquire(suspects []int) (alive bool) {
	first := 0 // of those that ran since the server came back
	for k, i := range suspects {
		if !r.stops(i) {
			continue
		}
		err := r.revive()
		if err == nil && first < k { // one before it may have stopped the server
			if first = k; !r.stops(i) {
				continue
			}
			err = r.revive()
		}
		if r.ctx.Err() != nil {
			return false
		}
		if first == k {
			r.blame(i)
		}
		if err != nil {
			r.giveUp(suspects[first:k+1], nil, err)
			return false
		}
		first = k + 1
	}
	return true
}

// stops runs a case and reports whether the server no longer answers then, or soon
// after. A verdict that was told stays.
func (r *run) stops(i int) bool {
	told := r.results[i]
	_, _, _ = r.playOne(i) // if there is no connection, there is no answer either
	if r.ctx.Err() != nil {
		return false
	}
	stopped := !r.steady() && r.busy() == ""
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case stopped && !r.settled[i]:
		r.results[i] = nil
	case r.settled[i]:
		r.results[i] = told
	}
	return stopped
}

// steady reports whether the server answers again and again.
func (r *run) steady() bool {
	for range steadyAsks {
		if !r.ask() {
			return false
		}
		select {
		case <-time.After(steadyTime / steadyAsks):
		case <-r.ctx.Done():
			return false
		}
	}
	return true
}

// suspects returns the cases that ran when the server died, those that had ended
// shortly before but may have left work behind, and those that passed to their end.
// The verdicts of the first, and of all that came after, are taken back. The caller
// holds the gate.
func (r *run) suspects() (ran, left, passed []int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	bad := r.health.bad
	for _, s := range r.spans {
		res := r.results[s.i]
		begun := s.begun.Before(bad) || bad.IsZero()
		switch {
		case r.settled[s.i] && (res == nil || !fine(res)):
			// its verdict has been told
		case s.ended.Before(r.health.good):
			if begun && res != nil && !finished(res) && s.ended.After(r.health.good.Add(-lastTime)) {
				left = append(left, s.i)
			}
		case res != nil && fine(res) && finished(res): // no other run would tell more
			if begun {
				passed = append(passed, s.i)
			}
		default:
			if !r.settled[s.i] {
				r.results[s.i] = nil
			}
			if begun {
				ran = append(ran, s.i)
			}
		}
	}
	left = slices.DeleteFunc(left, func(i int) bool { return slices.Contains(ran, i) })
	return unique(ran), unique(left), unique(passed)
}

func unique(list []int) []int {
	slices.Sort(list)
	return slices.Compact(list)
}

// finished reports whether a server went on to the end of a case: to that of the
// closing handshake, or to a response that refuses the opening handshake.
func finished(r *report.Result) bool {
	line, _, _ := strings.Cut(r.HTTPResponse, "\r\n")
	return r.WasClean || line != "" && !strings.Contains(line, " 101")
}

// blame makes the verdict on the case that killed the server.
func (r *run) blame(i int) {
	r.mu.Lock()
	res := newScript(r.ctx, r.cases[i], r.o, r.server).res
	res.Agent = r.o.Agent
	if res.Agent == "" {
		res.Agent = r.server.host
	}
	res.Behavior, res.BehaviorClose = report.Failed, report.Failed
	res.Result = "The server stopped answering while this case ran or soon after: it accepts no " +
		"connection, or answers no opening handshake."
	res.ResultClose = "The server stopped answering."
	r.results[i], r.settled[i] = res, false
	r.mu.Unlock()
	r.settle(i)
}

// giveUp ends the run because the server is gone.
func (r *run) giveUp(suspects, passed []int, err error) {
	left := r.unjudged()
	said, advice := "the server stopped answering", ""
	switch ids := r.ids(suspects); {
	case len(suspects) == 1:
		said += " during " + ids
	case len(suspects) > 1:
		advice = "; the suspects are " + ids +
			", which ran then or shortly before: run each by itself to find the culprit"
	case len(passed) > 0:
		said += " after " + r.ids(passed)
	}
	r.cancel(fmt.Errorf("%s %w%s%s", said, err, advice, notJudged(left)))
}

// unjudged takes back what a run that ends early cannot confirm: verdicts on servers
// that were too busy, and those that rest on a wait and would run again. It returns how
// many cases have no result.
func (r *run) unjudged() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, res := range r.results {
		if res != nil && !r.settled[i] && (busy(res.HTTPResponse) != "" ||
			res.Waited && !fine(res) && (r.o.Parallel > 1 || r.shaky[i])) {
			r.results[i] = nil
		}
		if r.results[i] == nil {
			n++
		}
	}
	return n
}

// ids lists the ids of cases.
func (r *run) ids(list []int) string {
	var ids []string
	for _, i := range list {
		ids = append(ids, r.cases[i].ID)
	}
	return strings.Join(ids, ", ")
}

// notJudged tells how many cases have no result.
func notJudged(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "; 1 case was not judged"
	}
	return fmt.Sprintf("; %d cases were not judged", n)
}
