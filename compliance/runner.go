package compliance

import (
	"context"
	"runtime"
	"sync"
	"testing"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/suite"
)

// A runner makes cases subtests.
type runner struct {
	opts    Options
	cases   []*suite.Case
	play    playFunc
	company sync.RWMutex // a case that runs again holds it alone
	mu      sync.Mutex
	results []*report.Result
}

// A playFunc runs the case with an index; again says that it has run before.
type playFunc func(ctx context.Context, i int, again bool) (*report.Result, error)

func newRunner(t *testing.T, opts *Options, fits func(*suite.Case) bool) *runner {
	t.Helper()
	r := &runner{}
	if opts != nil {
		r.opts = *opts
	}
	if r.opts.Agent == "" {
		r.opts.Agent = t.Name()
	}
	if len(r.opts.Cases) == 0 {
		r.opts.Cases = []string{"*"}
	}
	cases, err := suite.Cases(r.opts.Cases, r.opts.Exclude)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, c := range cases {
		if fits(c) {
			r.cases = append(r.cases, c)
			ids[c.ID] = true
		}
	}
	if len(r.cases) == 0 {
		t.Fatal("no case is left to run")
	}
	for id := range r.opts.Known {
		if !ids[id] {
			t.Errorf("case %s is known to fall short, but is none of those that run", id)
		}
	}
	return r
}

// run runs each case as a subtest, first those that wait, then those that compute,
// and writes the report.
func (r *runner) run(t *testing.T, play playFunc) {
	t.Helper()
	r.play = play
	r.some(t, false, suite.DefaultParallel)
	r.some(t, true, runtime.GOMAXPROCS(0))
	if r.opts.Report == "" || len(r.results) == 0 {
		return
	}
	if err := report.Write(r.opts.Report, r.results, report.Options{Tool: "go test", Quick: !r.opts.Full}); err != nil {
		t.Error(err)
	}
}

// some runs the cases that are heavy, or that are not, n at a time. Run may be called
// by several goroutines.
func (r *runner) some(t *testing.T, heavy bool, n int) {
	t.Helper()
	var wg sync.WaitGroup
	defer wg.Wait()
	free := make(chan struct{}, n)
	for i, c := range r.cases {
		if c.Heavy != heavy {
			continue
		}
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			t.Run(c.ID, func(t *testing.T) { r.one(t, i) })
		})
	}
}

// one is the subtest of a case.
func (r *runner) one(t *testing.T, i int) {
	ctx, cancel := context.WithTimeout(t.Context(), caseTime)
	defer cancel()
	result, err := r.twice(ctx, i)
	if err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	r.results = append(r.results, result)
	r.mu.Unlock()
	judge(t, result, r.opts.Known)
}

// twice runs a case, and again by itself if it falls short without being known to.
func (r *runner) twice(ctx context.Context, i int) (*report.Result, error) {
	r.company.RLock()
	result, err := r.play(ctx, i, false)
	r.company.RUnlock()
	if _, known := r.opts.Known[r.cases[i].ID]; err != nil || known || result.Passed() {
		return result, err
	}
	r.company.Lock()
	defer r.company.Unlock()
	return r.play(ctx, i, true)
}

// A subtest is what judge needs of a testing.T.
type subtest interface {
	Helper()
	Errorf(format string, args ...any)
	Logf(format string, args ...any)
}

// judge makes a result that of a test.
func judge(t subtest, r *report.Result, known map[string]string) {
	t.Helper()
	reason, isKnown := known[r.ID]
	switch passed := r.Passed(); {
	case passed && isKnown:
		t.Errorf("passes, but is known to fall short: %s", reason)
	case !passed && isKnown:
		t.Logf("falls short, as is known: %s", reason)
	case !passed:
		rule := report.Rule{}
		if r.Rule != nil {
			rule = *r.Rule
		}
		t.Errorf("%s\nexpected: %s\nbehaviour %s: %s\nclose %s: %s\n%s, %s: %q\n%s", r.Description, r.Expectation,
			r.Behavior, r.Result, r.BehaviorClose, r.ResultClose, rule.Level, rule.Section, rule.Text, rule.URL)
	}
}
