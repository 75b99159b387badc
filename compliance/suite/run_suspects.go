package suite

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
)

// dead handles a server that no longer answers. The caller holds the gate.
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
	r.spans = nil // each of these cases is now known to be harmless, or was blamed
	return alive
}

// inquire runs suspects one after the other, to find those that stop the server by themselves. It
// reports whether the server is alive.
func (r *run) inquire(suspects []int) (alive bool) {
	first := 0 // the first suspect that ran since the server came back
	for k, i := range suspects {
		if !r.stops(i) {
			continue
		}
		err := r.revive()
		if err == nil && first < k { // an earlier suspect may have stopped the server
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

// stops runs a case and reports whether the server stops answering during the case or soon after. If the
// verdict on the case is settled, it stays.
func (r *run) stops(i int) bool {
	before := r.results[i]
	_, _, _ = r.playOne(i) // if it cannot connect, the probes get no answer either
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
		r.results[i] = before
	}
	return stopped
}

// steady reports whether the server answers several probes in a row.
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

// suspects returns ran, the cases that were running when the server stopped; left, those that ended
// shortly before but may have left the server with work; and passed, those that passed and ended
// properly. It withdraws the verdicts on the cases of ran, and on all cases that began later. The caller
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
			// Done was called with its verdict.
		case s.ended.Before(r.health.good):
			if begun && res != nil && !finished(res) && s.ended.After(r.health.good.Add(-lastTime)) {
				left = append(left, s.i)
			}
		case res != nil && fine(res) && finished(res): // another run would give the same verdict
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

// finished reports whether a server completed a case: the closing handshake, or a response that refuses
// the opening handshake.
func finished(r *report.Result) bool {
	line, _, _ := strings.Cut(r.HTTPResponse, "\r\n")
	return r.WasClean || line != "" && !strings.Contains(line, " 101")
}

// blame sets the verdict on a case that stopped the server.
func (r *run) blame(i int) {
	r.mu.Lock()
	res := newScript(r.ctx, r.cases[i], r.o, r.server).res
	res.Agent = r.o.Agent
	if res.Agent == "" {
		res.Agent = r.server.host
	}
	res.Behavior, res.BehaviorClose = report.Failed, report.Failed
	res.Result = "The server stopped answering while this case ran or soon after: it does not accept " +
		"connections, or does not answer opening handshakes."
	res.ResultClose = "The server stopped answering."
	r.results[i], r.settled[i] = res, false
	r.mu.Unlock()
	r.settle(i)
}

// giveUp ends the run because the server did not come back.
func (r *run) giveUp(suspects, passed []int, err error) {
	left := r.withdraw()
	what, advice := "the server stopped answering", ""
	switch ids := r.ids(suspects); {
	case len(suspects) == 1:
		what += " during " + ids
	case len(suspects) > 1:
		advice = "; " + ids + " ran then or shortly before: run each of them by itself to find the one " +
			"that stops the server"
	case len(passed) > 0:
		what += " after " + r.ids(passed)
	}
	r.cancel(fmt.Errorf("%s %w%s%s", what, err, advice, withoutVerdict(left)))
}

// withdraw withdraws the verdicts that a run cannot confirm because it ends early: those of cases that
// the server refused because of load, and those that depend on a wait and would be checked again. It
// returns the number of cases without a result.
func (r *run) withdraw() (n int) {
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

// ids returns the ids of cases as a list.
func (r *run) ids(list []int) string {
	var ids []string
	for _, i := range list {
		ids = append(ids, r.cases[i].ID)
	}
	return strings.Join(ids, ", ")
}

// withoutVerdict returns the end of an error that says how many cases have no verdict.
func withoutVerdict(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "; 1 case has no verdict"
	}
	return fmt.Sprintf("; %d cases have no verdict", n)
}
