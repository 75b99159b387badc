package compliance

import (
	"sync"
	"testing"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/suite"
)

// A runner makes cases subtests.
type runner struct {
	opts  Options
	cases []*suite.Case
}

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

// An allFunc runs cases, which are those that a pattern of go test -run leaves.
type allFunc func(cases []*suite.Case, o *suite.Options) ([]*report.Result, error)

// run runs the cases, with a subtest for each that ends when its verdict stands, and
// writes the report.
func (r *runner) run(t *testing.T, all allFunc) {
	t.Helper()
	policy := r.opts.policy()
	var subtests, ready sync.WaitGroup
	verdicts := make(map[string]chan *report.Result, len(r.cases)) // a nil result: none
	chosen := make([]bool, len(r.cases))
	for i, c := range r.cases {
		verdict := make(chan *report.Result, 1)
		verdicts[c.ID] = verdict
		ready.Add(1)
		subtests.Go(func() {
			known := sync.OnceFunc(ready.Done)
			defer known() // -run leaves it out
			t.Run(c.ID, func(t *testing.T) {
				chosen[i] = true
				known()
				result := <-verdict
				if result == nil {
					t.Skip("there is no verdict")
				}
				judge(t, result, policy)
			})
		})
	}
	ready.Wait()
	var cases []*suite.Case
	for i, c := range r.cases {
		if chosen[i] {
			cases = append(cases, c)
		}
	}
	o := &suite.Options{Agent: r.opts.Agent, Quick: !r.opts.Full, TLS: r.opts.TLS, ClosePath: r.opts.ClosePath}
	told := map[string]bool{}
	o.Done = func(result *report.Result) {
		if told[result.ID] { // its subtest may have ended
			t.Errorf("%s: %s", result.ID, result.Explain())
			return
		}
		told[result.ID] = true
		verdicts[result.ID] <- result
	}
	results, err := all(cases, o)
	for _, v := range verdicts {
		close(v)
	}
	subtests.Wait()
	if err != nil {
		t.Error(err)
	}
	if r.opts.Report == "" || len(results) == 0 {
		return
	}
	if err := report.Write(r.opts.Report, results, report.Options{Tool: "go test", Command: "go test",
		Quick: !r.opts.Full, Titles: suite.Titles(), Policy: policy}); err != nil {
		t.Error(err)
	}
}

// A subtest is what judge needs of a testing.T.
type subtest interface {
	Helper()
	Errorf(format string, args ...any)
	Logf(format string, args ...any)
	Skipf(format string, args ...any)
}

// judge makes a result that of a test.
func judge(t subtest, r *report.Result, policy report.Policy) {
	t.Helper()
	if v := r.Varies(); v != "" {
		t.Logf("varies: %s", v)
	}
	known, isKnown := policy.Known[r.ID]
	switch outcome := policy.Outcome(r); {
	case r.Passed() && isKnown:
		t.Errorf("passes, but is known to fall short: %s", known.Reason)
	case outcome == report.KnownShort:
		t.Logf("falls short, as is known: %s", known.Reason)
	case outcome == report.Short:
		t.Errorf("%s", r.Explain())
	case outcome == report.Skipped:
		t.Skipf("%s: %s", r.Behavior, r.Result)
	}
}

// policy is that of the options.
func (o *Options) policy() report.Policy {
	p := report.Policy{FailOn: o.FailOn, Known: map[string]report.Known{}}
	for id, reason := range o.Known {
		p.Known[id] = report.Known{Reason: reason}
	}
	return p
}
