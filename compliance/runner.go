package compliance

import (
	"sync"
	"testing"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/suite"
)

// A runner runs cases as subtests.
type runner struct {
	opts  Options
	cases []*suite.Case
}

// newRunner selects the cases that opts names and that apply to the side under test.
func newRunner(t *testing.T, opts *Options, applies func(*suite.Case) bool) *runner {
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
		if applies(c) {
			r.cases = append(r.cases, c)
			ids[c.ID] = true
		}
	}
	if len(r.cases) == 0 {
		t.Fatal("no cases to run")
	}
	for id := range r.opts.Known {
		if !ids[id] {
			t.Errorf("Known lists case %s, which does not run", id)
		}
	}
	return r
}

// An allFunc runs the cases that go test -run selects.
type allFunc func(cases []*suite.Case, o *suite.Options) ([]*report.Result, error)

// run runs the cases and writes the report. Each case has a subtest, which ends when the
// case has a final verdict.
func (r *runner) run(t *testing.T, all allFunc) {
	t.Helper()
	policy := r.opts.policy()
	var subtests, ready sync.WaitGroup
	verdicts := make(map[string]chan *report.Result, len(r.cases)) // closed if there is no verdict
	chosen := make([]bool, len(r.cases))
	for i, c := range r.cases {
		verdict := make(chan *report.Result, 1)
		verdicts[c.ID] = verdict
		ready.Add(1)
		subtests.Go(func() {
			decided := sync.OnceFunc(ready.Done)
			defer decided() // t.Run does not call the function if -run excludes the case
			t.Run(c.ID, func(t *testing.T) {
				chosen[i] = true
				decided()
				result := <-verdict
				if result == nil {
					t.Skip("no verdict")
				}
				reportResult(t, result, policy)
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
	o := &suite.Options{Agent: r.opts.Agent, Quick: !r.opts.Full, TLS: r.opts.TLS,
		ClosePath: r.opts.ClosePath}
	reported := map[string]bool{}
	o.Done = func(result *report.Result) {
		if reported[result.ID] { // its subtest may have ended
			t.Errorf("%s: %s", result.ID, result.Explain())
			return
		}
		reported[result.ID] = true
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

// A subtest is the part of testing.T that reportResult needs.
type subtest interface {
	Helper()
	Errorf(format string, args ...any)
	Logf(format string, args ...any)
	Skipf(format string, args ...any)
}

// reportResult fails, skips or passes a subtest by the result of its case.
func reportResult(t subtest, r *report.Result, policy report.Policy) {
	t.Helper()
	if v := r.Varies(); v != "" {
		t.Logf("varies: %s", v)
	}
	known, isKnown := policy.Known[r.ID]
	switch outcome := policy.Outcome(r); {
	case r.Passed() && isKnown:
		t.Errorf("passes, but is known to fall short: %s", known.Reason)
	case outcome == report.KnownShort:
		t.Logf("known to fall short: %s", known.Reason)
	case outcome == report.Short:
		t.Errorf("%s", r.Explain())
	case outcome == report.Skipped:
		t.Skipf("%s: %s", r.Behavior, r.Result)
	}
}

// policy returns the policy that the options describe.
func (o *Options) policy() report.Policy {
	p := report.Policy{FailOn: o.FailOn, Known: map[string]report.Known{}}
	for id, reason := range o.Known {
		p.Known[id] = report.Known{Reason: reason}
	}
	return p
}
