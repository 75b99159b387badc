package suite

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
)

// A PlayFunc plays a case with a peer and returns the result. It returns an error if it cannot reach
// the peer.
type PlayFunc func(ctx context.Context, c *Case) (*report.Result, error)

// RunCases runs cases as [TestServer] does, but calls a function to play each case, for peers that have
// no URL. It returns the results in the order of the cases. If play fails or ctx ends, RunCases returns
// that error together with the results so far. opts may be nil.
func RunCases(ctx context.Context, cases []*Case, opts *Options, play PlayFunc) ([]*report.Result, error) {
	r := newRun(cases, opts.withDefaults(), nil)
	r.play = play
	return r.do(ctx)
}

// How often a case runs again.
const (
	few         = 4  // cases that run again at the same time
	tries       = 3  // runs of a case by itself, as long as the machine is late
	manySame    = 25 // verdicts in a row that a second run confirmed, after which more cases run at once
	enough      = 10 // verdicts in a row that a run by itself confirmed, after which none is confirmed so
	dialRetries = 3  // attempts to connect for a case while the server is alive
)

// A run plays cases against one peer.
//
// A run of a case is disturbed if the machine was late or the server was slow meanwhile. If the peer
// passes, the verdict is settled, unless it depends on a wait that was disturbed. All other cases run
// again. First, a few run at once, in random order. A second run that was not disturbed settles the
// verdict if it is the same. All other cases then run by themselves. A peer that fails hundreds of cases
// must not take hours, so more cases run at once after many verdicts in a row were confirmed, and later
// no case runs by itself.
type run struct {
	o      *Options
	cases  []*Case
	play   PlayFunc
	server *target // nil if the peer is not a server
	pace   *pace
	health health
	ctx    context.Context
	cancel context.CancelCauseFunc
	gate   sync.RWMutex // held for reading while a case runs

	mu      sync.Mutex
	spans   []*span
	results []*report.Result
	shaky   []bool // the run of the case that gave its result was disturbed
	settled []bool
}

// A span is one run of a case.
type span struct {
	i            int
	begun, ended time.Time // ended is zero while the case runs
}

func newRun(cases []*Case, o *Options, t *target) *run {
	n := len(cases)
	r := &run{o: o, cases: cases, server: t, pace: newPace(o.Parallel),
		results: make([]*report.Result, n), shaky: make([]bool, n), settled: make([]bool, n)}
	if t != nil {
		r.play = func(ctx context.Context, c *Case) (*report.Result, error) {
			return serverCase(ctx, t, c, o)
		}
	}
	return r
}

// do runs all cases.
func (r *run) do(ctx context.Context) ([]*report.Result, error) {
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	defer r.cancel(nil)
	var background sync.WaitGroup
	defer background.Wait()
	watching, stop := context.WithCancel(r.ctx)
	defer stop()
	if r.o.lateness == nil {
		r.o.lateness = &lateness{}
		background.Go(func() { r.o.lateness.watch(watching) })
	}
	if r.o.Parallel == 1 {
		r.some(r.pick(func(int) bool { return true }), 1, r.byItself)
		r.checkLast()
		r.some(r.pick(func(i int) bool { return r.results[i] == nil }), 1, r.byItself)
		return r.conclude()
	}
	probing, alone := context.WithCancel(watching)
	r.health.begin(r)
	background.Go(func() { r.watch(probing) })
	idle := func(i int) bool { return r.cases[i].Idle }
	var waiting sync.WaitGroup
	waiting.Go(func() { r.some(r.pick(idle), r.o.Parallel, r.once) })
	r.paced(r.pick(func(i int) bool { return !r.cases[i].Heavy && !idle(i) }), r.once)
	r.some(r.pick(func(i int) bool { return r.cases[i].Heavy }), r.o.processors(), r.once)
	waiting.Wait()
	r.checkLast()
	r.again(alone)
	return r.conclude()
}

// conclude settles and returns the results.
func (r *run) conclude() (done []*report.Result, err error) {
	err = context.Cause(r.ctx)
	for i, res := range r.results {
		if res != nil {
			r.settle(i)
			done = append(done, res)
		} else if err == nil {
			err = fmt.Errorf("case %s has no result", r.cases[i].ID)
		}
	}
	return done, err
}

// pick returns the indices of the cases for which kind reports true.
func (r *run) pick(kind func(i int) bool) (list []int) {
	for i := range r.cases {
		if kind(i) {
			list = append(list, i)
		}
	}
	return list
}

// some plays cases, n at a time.
func (r *run) some(list []int, n int, play func(i int)) {
	var wg sync.WaitGroup
	free := make(chan struct{}, n)
	for _, i := range list {
		free <- struct{}{}
		if r.ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-free }()
			play(i)
		})
	}
	wg.Wait()
}

// paced plays cases, as many at once as the machine and the peer keep up with.
func (r *run) paced(list []int, play func(i int)) {
	var wg sync.WaitGroup
	for _, i := range list {
		r.pace.enter()
		if r.ctx.Err() != nil {
			r.pace.leave(false, true)
			break
		}
		wg.Go(func() {
			play(i)
			r.mu.Lock()
			good := !r.shaky[i]
			same := r.results[i] != nil && len(r.results[i].Earlier) == 0
			r.mu.Unlock()
			r.pace.leave(good, same)
		})
	}
	wg.Wait()
}

// again reruns the cases that did not pass, and those whose verdict depends on a wait that was
// disturbed. Before it runs cases by themselves, it calls alone, which ends all other connections to the
// peer.
func (r *run) again(alone func()) {
	list := r.pick(r.open)
	shuffled := pickFrom(list, func(i int) bool { return !r.cases[i].Heavy })
	rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	r.pace.confirm()
	r.paced(shuffled, r.onceMore)
	r.some(pickFrom(list, func(i int) bool { return r.cases[i].Heavy }), min(few, r.o.processors()),
		r.onceMore)
	alone()
	kept := 0
	for _, i := range list {
		varies := r.results[i] == nil || len(r.results[i].Earlier) > 0
		if !r.open(i) || !varies && (!r.shaky[i] || kept >= enough) {
			r.settle(i)
			continue
		}
		before := r.results[i]
		r.byItself(i)
		if r.ctx.Err() != nil {
			return
		}
		kept++
		if before == nil || r.results[i] == nil || before.Behavior != r.results[i].Behavior ||
			before.BehaviorClose != r.results[i].BehaviorClose {
			kept = 0
		}
	}
}

func pickFrom(list []int, kind func(i int) bool) (some []int) {
	for _, i := range list {
		if kind(i) {
			some = append(some, i)
		}
	}
	return some
}

// open reports whether another run of a case may give another verdict.
func (r *run) open(i int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	res := r.results[i]
	return res == nil || !r.settled[i] && (!fine(res) || res.Waited && r.shaky[i])
}

// fine reports whether another run is pointless: the peer passed, or does not implement what the case tests.
func fine(r *report.Result) bool {
	return r.Behavior == report.Unimplemented && r.BehaviorClose.Passed() || r.Passed()
}

// byItself runs a case until a run is not disturbed, but at most tries times.
func (r *run) byItself(i int) {
	for range tries {
		r.once(i)
		if r.ctx.Err() != nil || r.results[i] != nil && (!r.shaky[i] || !r.open(i)) {
			return
		}
	}
}

// once runs a case and keeps its result, unless the server stops answering meanwhile.
func (r *run) once(i int) {
	for range dialRetries {
		s, res, err := r.attempt(i)
		switch {
		case r.ctx.Err() != nil:
			return
		case err != nil && (r.server == nil || !r.check(s.begun)):
			// no effect if check has canceled with more details
			r.cancel(fmt.Errorf("case %s: %w", r.cases[i].ID, err))
			return
		case err != nil && r.open(i):
			continue // the server is alive
		case err != nil:
			return // the case was blamed for stopping the server
		case r.doubtful(r.cases[i], res):
			if r.check(s.ended) && busy(res.HTTPResponse) != "" {
				continue // the refusal had nothing to do with the case
			}
		}
		break
	}
	if !r.open(i) {
		r.settle(i)
	}
}

// onceMore runs a case again. It settles the verdict if it is the same and the run was not disturbed.
func (r *run) onceMore(i int) {
	r.once(i)
	r.mu.Lock()
	confirmed := r.results[i] != nil && len(r.results[i].Earlier) == 0 && !r.shaky[i]
	r.mu.Unlock()
	if confirmed {
		r.settle(i)
	}
}

// attempt plays a case while it holds the gate for reading, so that check can wait until no case runs.
func (r *run) attempt(i int) (*span, *report.Result, error) {
	r.gate.RLock()
	defer r.gate.RUnlock()
	return r.playOne(i)
}

// playOne plays a case and keeps the result.
func (r *run) playOne(i int) (*span, *report.Result, error) {
	s := &span{i: i, begun: time.Now()}
	r.mu.Lock()
	r.spans = append(r.spans, s)
	r.mu.Unlock()
	res, err := r.play(r.ctx, r.cases[i])
	r.mu.Lock()
	defer r.mu.Unlock()
	s.ended = time.Now()
	if err != nil || r.ctx.Err() != nil { // interrupted: there is no verdict
		return s, nil, err
	}
	if old := r.results[i]; old != nil {
		res.Follow(old)
	}
	res.Late = res.Late || r.o.lateness.late(s.begun)
	r.results[i], r.shaky[i] = res, res.Late || r.health.slowAt.After(s.begun)
	if answered(res.HTTPResponse) && r.server != nil {
		r.health.noteAnswer(s.begun)
	}
	return s, res, nil
}

// settle makes the verdict on a case final and calls Done.
func (r *run) settle(i int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if res := r.results[i]; res != nil && !r.settled[i] {
		r.settled[i] = true
		if r.o.Done != nil {
			r.o.Done(res)
		}
	}
}
