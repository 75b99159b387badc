package compliance

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/suite"
)

// caseLimit bounds a case as a test sees it.
const caseLimit = 5 * time.Minute

// Options say which cases run, and which may fail. A nil pointer is valid and means
// the zero value.
type Options struct {
	// Cases and Exclude are patterns of ids, in which * stands for any characters:
	// "1.*". Default: all cases.
	Cases, Exclude []string

	// Full sends 1,000 messages a case in groups 12 and 13 instead of 50.
	Full bool

	// Known are cases that fall short, by id, with the reason. They run all the
	// same, and one that passes fails the test, so that the list stays true.
	Known map[string]string

	// Agent names the tested side in results. Default: the name of the test.
	Agent string

	// Report, if set, is a directory for the report of the run.
	Report string
}

// A ClientFunc connects to a URL with the client under test, returns each message as
// it is, text as text, until the connection ends, and closes when it is asked to. It
// should obey ctx. Its error is shown if the case falls short.
type ClientFunc func(ctx context.Context, url string) error

// TestServer runs the suite against a handler, which must echo: see [suite.TestServer].
// It listens on loopback. Each case is a parallel subtest; it returns when all are
// through.
func TestServer(t *testing.T, h http.Handler, opts *Options) {
	t.Helper()
	s := httptest.NewServer(h)
	defer s.Close()
	TestServerURL(t, "ws"+strings.TrimPrefix(s.URL, "http"), opts)
}

// TestServerURL is [TestServer] for a server that listens already.
func TestServerURL(t *testing.T, url string, opts *Options) {
	t.Helper()
	r := newRunner(t, opts, func(c *suite.Case) bool { return c.Servers })
	o := &suite.Options{Agent: r.opts.Agent, Quick: !r.opts.Full, Parallel: 2} // 2: a case that falls short runs again
	r.run(t, func(ctx context.Context, _ int, c *suite.Case) (*report.Result, error) {
		results, err := suite.TestServer(ctx, url, []*suite.Case{c}, o)
		if err != nil {
			return nil, err
		}
		return results[0], nil
	})
}

// TestClient runs the suite against a client. The suite's server listens on
// loopback; the client is called once for each case, several at the same time.
func TestClient(t *testing.T, client ClientFunc, opts *Options) {
	t.Helper()
	r := newRunner(t, opts, func(c *suite.Case) bool { return c.Clients })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &suite.Server{Cases: r.cases, Options: &suite.Options{Quick: !r.opts.Full}}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.Serve(ctx, l) }) // it ends with ctx
	defer wg.Wait()
	defer cancel()
	r.run(t, func(ctx context.Context, i int, c *suite.Case) (*report.Result, error) {
		q := url.Values{"case": {fmt.Sprint(i + 1)}, "agent": {r.opts.Agent}}
		failed := client(ctx, "ws://"+l.Addr().String()+"/runCase?"+q.Encode())
		ctx, cancel := context.WithTimeoutCause(ctx, 10*time.Second, errors.New("the client did not connect"))
		defer cancel()
		result, err := server.Wait(ctx, r.opts.Agent, c.ID)
		if err != nil && failed != nil {
			err = fmt.Errorf("%w: %w", err, failed)
		}
		return result, err
	})
}

// A runner makes cases subtests.
type runner struct {
	opts    Options
	cases   []*suite.Case
	mu      sync.Mutex
	results []*report.Result
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
	for id := range r.opts.Known {
		if !ids[id] {
			t.Errorf("case %s is known to fall short, but is none of those that run", id)
		}
	}
	return r
}

// run runs each case as a subtest, and writes the report.
func (r *runner) run(t *testing.T, one func(ctx context.Context, i int, c *suite.Case) (*report.Result, error)) {
	t.Helper()
	t.Run("case", func(t *testing.T) { // returns when the parallel subtests are through
		for i, c := range r.cases {
			t.Run(c.ID, func(t *testing.T) {
				t.Parallel()
				ctx, cancel := context.WithTimeout(t.Context(), caseLimit)
				defer cancel()
				result, err := one(ctx, i, c)
				if err != nil {
					t.Fatal(err)
				}
				r.judge(t, c, result)
			})
		}
	})
	if r.opts.Report != "" && len(r.results) > 0 {
		if err := report.Write(r.opts.Report, r.results, report.Options{Quick: !r.opts.Full}); err != nil {
			t.Error(err)
		}
	}
}

// judge turns a result into that of a test.
func (r *runner) judge(t *testing.T, c *suite.Case, result *report.Result) {
	t.Helper()
	r.mu.Lock()
	r.results = append(r.results, result)
	r.mu.Unlock()
	reason, known := r.opts.Known[c.ID]
	switch passed := result.Passed(); {
	case passed && known:
		t.Errorf("passes, but is known to fall short: %s", reason)
	case !passed && known:
		t.Logf("falls short, as is known: %s", reason)
	case !passed:
		t.Errorf("%s: %s\nexpected: %s\nbehaviour %s: %s\nclose %s: %s\n%s, %s: %q", c.Description, c.ID, c.Expectation,
			result.Behavior, result.Result, result.BehaviorClose, result.ResultClose, c.Rule.Level, c.Rule.Section, c.Rule.Text)
	}
}
