package compliance

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/suite"
)

// Options select the cases to run and those that may fall short. A nil *Options is
// equivalent to a zero Options.
type Options struct {
	// Cases and Exclude are patterns of case ids, such as "1.*", in which * matches any
	// characters. By default, all cases run.
	Cases, Exclude []string

	// Full makes cases in groups 12 and 13 send 1,000 messages each instead of 50.
	Full bool

	// FailOn is the mildest verdict that fails a case, as in [report.Policy]. By default,
	// a case is skipped if the peer under test declined what the case tests, such as
	// compression or messages above its limit. With [report.Unimplemented], it fails.
	FailOn report.Verdict

	// Known maps the ids of cases that are known to fall short to the reason. These cases
	// still run. One that passes fails the test, so that the list stays up to date.
	Known map[string]string

	// Agent is the name of the peer under test in results. The default is the name of
	// the test.
	Agent string

	// Report, if not empty, is the directory to which the report of the run is written.
	Report string

	// ClosePath is the path at which a server starts the closing handshake: see
	// [suite.Options]. TestClient ignores it.
	ClosePath string

	// TLS configures connections to a server at a wss URL. By default, the system's
	// root certificates are trusted. TestClient serves at wss://localhost with the
	// certificate in TLS, or over ws if there is no certificate. TLS is cloned.
	TLS *tls.Config
}

// A ClientFunc connects to a URL with the client under test and sends each message back
// unchanged, text as text and binary as binary, until the connection ends. It takes part in
// the closing handshake and must return when ctx ends.
//
// The error does not decide the verdict, because in some cases a client must refuse to
// connect. It is reported if the suite has no verdict.
type ClientFunc func(ctx context.Context, url string) error

const (
	caseTime    = 5 * time.Minute // limits one call of the client
	connectTime = 30 * time.Second
)

// TestServer runs the suite against a handler, which must echo each message: see
// [suite.TestServer]. It serves the handler on loopback and returns when all cases are done.
//
// Each case is a subtest. Many cases run at the same time, regardless of -parallel, because
// most of them wait. A case that falls short runs again with few or no other cases running:
// see [suite.Options]. A verdict that varies between runs is logged.
func TestServer(t *testing.T, h http.Handler, opts *Options) {
	t.Helper()
	s := httptest.NewServer(h)
	defer s.Close()
	TestServerURL(t, "ws"+strings.TrimPrefix(s.URL, "http"), opts)
}

// TestServerURL is like [TestServer] but tests a running server at a URL that
// [suite.TestServer] accepts.
func TestServerURL(t *testing.T, url string, opts *Options) {
	t.Helper()
	r := newRunner(t, opts, func(c *suite.Case) bool { return c.Servers })
	if err := suite.Probe(t.Context(), url, &suite.Options{TLS: r.opts.TLS}); err != nil {
		t.Fatalf("cannot test %s: %v", url, err)
	}
	r.run(t, func(cases []*suite.Case, o *suite.Options) ([]*report.Result, error) {
		return suite.TestServer(t.Context(), url, cases, o)
	})
}

// TestClient runs the suite against a client. The suite's server listens on loopback. The
// client is called once to check that it connects, and then once for each case, many at the
// same time. Cases are subtests, as with [TestServer].
func TestClient(t *testing.T, client ClientFunc, opts *Options) {
	t.Helper()
	r := newRunner(t, opts, func(c *suite.Case) bool { return c.Clients })
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &countingListener{Listener: tcp}
	s := &clientRun{client: client, url: "ws://" + l.Addr().String(), agent: r.opts.Agent,
		server: &suite.Server{Cases: r.cases, Options: &suite.Options{Quick: !r.opts.Full, TLS: r.opts.TLS}}}
	if c := r.opts.TLS; c != nil && len(c.Certificates) > 0 {
		l.Listener = tls.NewListener(tcp, c.Clone())
		s.url = fmt.Sprintf("wss://localhost:%d", tcp.Addr().(*net.TCPAddr).Port)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.server.Serve(ctx, l) }) // the error is that of ctx
	defer wg.Wait()
	defer cancel()
	first, stop := context.WithTimeout(ctx, connectTime)
	err = client(first, s.url+"/getCaseCount") // the suite sends one message and closes
	stop()
	if l.accepted.Load() == 0 {
		t.Fatalf("the client did not connect to %s; it returned the error %v", s.url, err)
	}
	r.run(t, func(cases []*suite.Case, o *suite.Options) ([]*report.Result, error) {
		return suite.RunCases(ctx, cases, o, s.one)
	})
}

// A clientRun is a client under test and the suite's server.
type clientRun struct {
	client     ClientFunc
	server     *suite.Server
	url, agent string
}

// one runs a case. If the client leaves it without a verdict, the case fails.
func (s *clientRun) one(ctx context.Context, c *suite.Case) (*report.Result, error) {
	q := url.Values{"casetuple": {c.ID}, "agent": {s.agent}}
	result, err := s.server.Run(ctx, s.agent, c.ID, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, caseTime)
		defer cancel()
		return s.client(ctx, s.url+"/runCase?"+q.Encode())
	})
	if err != nil && ctx.Err() == nil {
		return &report.Result{
			Agent: s.agent, ID: c.ID, Description: c.Description, Expectation: c.Expectation, Rule: &c.Rule,
			IsServer: true, Behavior: report.Failed, BehaviorClose: report.Failed, Waited: true,
			Result:      fmt.Sprintf("No verdict: %v.", err),
			ResultClose: "There was no connection to close.",
		}, nil
	}
	return result, err
}

// A countingListener counts the connections that it accepts.
type countingListener struct {
	net.Listener
	accepted atomic.Int64
}

func (l *countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.accepted.Add(1)
	}
	return c, err
}
