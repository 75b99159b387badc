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

// Options say which cases run, and which may fall short. A nil pointer is valid and
// means the zero value.
type Options struct {
	// Cases and Exclude are patterns of ids, in which * stands for any characters:
	// "1.*". Default: all cases.
	Cases, Exclude []string

	// Full sends 1,000 messages a case in groups 12 and 13 instead of 50.
	Full bool

	// FailOn is the mildest verdict that fails a case, as in [report.Policy]. By
	// default a case whose subject the tested side declined, such as compression or
	// messages above its limit, is skipped; report.Unimplemented fails it.
	FailOn report.Verdict

	// Known are cases that fall short, by id, with the reason. They run all the
	// same, and one that passes fails the test, so that the list stays true.
	Known map[string]string

	// Agent names the tested side in results. Default: the name of the test.
	Agent string

	// Report, if set, is a directory for the report of the run.
	Report string

	// ClosePath is for servers: see [suite.Options].
	ClosePath string

	// TLS is for servers at wss URLs. It is cloned. Default: the system's
	// certificates are trusted. TestClient serves at wss://localhost with the
	// certificate in it, if there is one, else over ws.
	TLS *tls.Config
}

// A ClientFunc connects to a URL with the client under test, returns each message as
// it is, text as text, until the connection ends, and closes when it is asked to. It
// must obey ctx. Its error is shown if there is no verdict, which is the suite's: in
// some cases a client is right not to connect.
type ClientFunc func(ctx context.Context, url string) error

const (
	caseTime    = 5 * time.Minute // of the client
	connectTime = 30 * time.Second
)

// TestServer runs the suite against a handler, which must echo: see [suite.TestServer].
// It listens on loopback. Each case is a subtest, many at the same time whatever
// -parallel says, because most of them wait; it returns when all are through. A case
// that falls short runs again, beside few others or none: see [suite.Options]. A
// verdict that varies is logged.
func TestServer(t *testing.T, h http.Handler, opts *Options) {
	t.Helper()
	s := httptest.NewServer(h)
	defer s.Close()
	TestServerURL(t, "ws"+strings.TrimPrefix(s.URL, "http"), opts)
}

// TestServerURL is [TestServer] for a server that listens already, at a URL as
// [suite.TestServer] takes it.
func TestServerURL(t *testing.T, url string, opts *Options) {
	t.Helper()
	r := newRunner(t, opts, func(c *suite.Case) bool { return c.Servers })
	if err := suite.Probe(t.Context(), url, &suite.Options{TLS: r.opts.TLS}); err != nil {
		t.Fatalf("%s cannot be tested: %v", url, err)
	}
	r.run(t, func(cases []*suite.Case, o *suite.Options) ([]*report.Result, error) {
		return suite.TestServer(t.Context(), url, cases, o)
	})
}

// TestClient runs the suite against a client. The suite's server listens on loopback;
// the client is called once for each case, many at the same time, and before to see
// that it connects. Cases are subtests as those of [TestServer].
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
	wg.Go(func() { _ = s.server.Serve(ctx, l) }) // it ends with ctx
	defer wg.Wait()
	defer cancel()
	first, stop := context.WithTimeout(ctx, connectTime)
	err = client(first, s.url+"/getCaseCount") // a message and a close
	stop()
	if l.accepted.Load() == 0 {
		t.Fatalf("the client does not connect to %s: its error is %v", s.url, err)
	}
	r.run(t, func(cases []*suite.Case, o *suite.Options) ([]*report.Result, error) {
		return suite.RunCases(ctx, cases, o, s.one)
	})
}

// A clientRun is a client and the server that tests it.
type clientRun struct {
	client     ClientFunc
	server     *suite.Server
	url, agent string
}

// one runs a case. A client that leaves it without a verdict fails it.
func (s *clientRun) one(ctx context.Context, c *suite.Case) (*report.Result, error) {
	q := url.Values{"casetuple": {c.ID}, "agent": {s.agent}}
	result, err := s.server.Run(ctx, s.agent, c.ID, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, caseTime)
		defer cancel()
		return s.client(ctx, s.url+"/runCase?"+q.Encode())
	})
	if err != nil && ctx.Err() == nil {
		return &report.Result{Agent: s.agent, ID: c.ID, Description: c.Description, Expectation: c.Expectation, Rule: &c.Rule,
			IsServer: true, Behavior: report.Failed, BehaviorClose: report.Failed, Waited: true,
			Result: fmt.Sprintf("There is no verdict: %v.", err), ResultClose: "There was no connection to close."}, nil
	}
	return result, err
}

// countingListener counts connections.
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
