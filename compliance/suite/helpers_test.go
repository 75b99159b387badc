package suite

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/testee"
	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// echoServer starts hawser's server.
func echoServer(t *testing.T) (url string) {
	t.Helper()
	s := httptest.NewUnstartedServer(testee.Echo())
	s.Config.ReadHeaderTimeout = 10 * time.Second
	s.Config.MaxHeaderBytes = 64 << 10
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	s.Start()
	t.Cleanup(s.Close)
	return "ws" + strings.TrimPrefix(s.URL, "http") + "/"
}

// echoClient runs hawser's client, which echoes messages until the connection ends.
func echoClient(ctx context.Context, url string) {
	c, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{
		Extensions:   []wire.Extension{deflate.MustNew(nil)},
		MaxRedirects: 1,
		Limits:       websocket.Limits{MaxMessage: 16 << 20},
	})
	if err != nil {
		return
	}
	defer c.CloseNow()
	for m, err := range c.Messages(ctx) {
		if err != nil || c.Write(ctx, m.Type, m.Data) != nil {
			return
		}
	}
}

// casesMatching returns the cases whose ids match one of the patterns.
func casesMatching(t *testing.T, patterns ...string) []*Case {
	t.Helper()
	cases, err := Cases(patterns, nil)
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

var allLetters = []string{"H.*", "L.*", "X.*", "R.*", "C.*"}

// testClient runs cases with a client, a few at a time.
func testClient(t *testing.T, cases []*Case, o *Options,
	client func(ctx context.Context, url string)) []*report.Result {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	s := &Server{Cases: cases, Options: o}
	var serving, waiting, others sync.WaitGroup
	serving.Go(func() { _ = s.Serve(ctx, l) })
	defer serving.Wait()
	defer cancel()
	run := func(c *Case) *report.Result {
		var err error
		for range attempts { // a request after HandshakeTimeout has no result
			client(ctx, "ws://"+l.Addr().String()+"/runCase?agent=test&casetuple="+c.ID)
			bounded, cancel := context.WithTimeout(ctx, time.Minute)
			var r *report.Result
			r, err = s.Wait(bounded, "test", c.ID)
			cancel()
			if err == nil {
				return r
			}
		}
		t.Errorf("%s: %v", c.ID, err)
		return &report.Result{ID: c.ID}
	}
	results := make([]*report.Result, len(cases))
	free := make(chan struct{}, 8)
	for i, c := range cases {
		switch {
		case !c.Clients:
		case c.Idle:
			waiting.Go(func() { results[i] = run(c) })
		default:
			free <- struct{}{}
			others.Go(func() {
				defer func() { <-free }()
				results[i] = run(c)
			})
		}
	}
	others.Wait()
	waiting.Wait()
	return slices.DeleteFunc(results, func(r *report.Result) bool { return r == nil })
}

// checkPassed reports the results of cases that did not pass, or that are incomplete.
func checkPassed(t *testing.T, results []*report.Result) {
	t.Helper()
	for _, r := range results {
		if !r.Passed() {
			t.Errorf("%s: %s, %s: %s: %s %s", r.ID, r.Behavior, r.BehaviorClose, r.Description, r.Result,
				r.ResultClose)
		}
		if r.Agent == "" || r.Result == "" || r.ResultClose == "" || r.Offense != nil || r.IsServer &&
			r.HTTPRequest == "" {
			t.Errorf("%s: %+v", r.ID, r)
		}
	}
	t.Logf("%d cases", len(results))
}

// letterCases returns the letter cases. If HAWSER_FULL is not set, it omits those that wait for many
// seconds. wscheck runs them when it checks hawser.
func letterCases(t *testing.T) []*Case {
	cases := casesMatching(t, allLetters...)
	if os.Getenv("HAWSER_FULL") == "" {
		cases = slices.DeleteFunc(cases, func(c *Case) bool { return c.Idle })
	}
	return cases
}

// testServer runs cases against a server. It runs those that do not pass again by themselves, because
// the machine may be busy.
func testServer(t *testing.T, url string, cases []*Case, o *Options) []*report.Result {
	t.Helper()
	results, err := TestServer(t.Context(), url, cases, o)
	for i := range results {
		for try := 1; err == nil && try < attempts && !results[i].Passed(); try++ {
			var alone []*report.Result
			if alone, err = TestServer(t.Context(), url, casesMatching(t, results[i].ID), o); err == nil {
				results[i] = alone[0]
			}
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// serveHandler starts a server.
func serveHandler(t *testing.T, h http.Handler) (url string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return "ws" + strings.TrimPrefix(s.URL, "http") + "/"
}

// echoServerChanging returns a server that answers message n of connection c, both counted from 0, with
// the result of f.
func echoServerChanging(ext wire.Extension,
	f func(c, n int, m websocket.Message) (websocket.MessageType, []byte),
) http.Handler {
	var conns atomic.Int32
	opts := &websocket.AcceptOptions{InsecureAnyOrigin: true}
	if ext != nil {
		opts.Extensions = []wire.Extension{ext}
	}
	return websocket.Handler{Options: opts, Serve: func(ctx context.Context, c *websocket.Conn) error {
		conn, n := int(conns.Add(1))-1, 0
		for m, err := range c.Messages(ctx) {
			if err != nil {
				return err
			}
			kind, data := m.Type, m.Data
			if f != nil {
				kind, data = f(conn, n, m)
			}
			if err := c.Write(ctx, kind, data); err != nil {
				return err
			}
			n++
		}
		return nil
	}}
}

// runQuick runs cases one after the other, with few messages.
func runQuick(t *testing.T, url string, cases []*Case) []*report.Result {
	t.Helper()
	results, err := TestServer(t.Context(), url, cases, &Options{Quick: true, Parallel: 1})
	if err != nil || len(results) != len(cases) {
		t.Fatalf("%d results of %d cases: %v", len(results), len(cases), err)
	}
	return results
}

// fewSizes returns the cases with a few of the sizes of each subgroup. If HAWSER_FULL is set, it returns
// all cases, except under the race detector, where they take too long.
func fewSizes(cases []*Case) (few []*Case) {
	if os.Getenv("HAWSER_FULL") != "" && !raceEnabled {
		return cases
	}
	for i, c := range cases {
		if size := i % 18; size == 0 || size == 4 || size == 10 || size == 17 && i < 18 {
			few = append(few, c)
		}
	}
	return few
}

// clientResult runs a case with hawser's client. If ext is not nil, the client offers it.
func clientResult(t *testing.T, c *Case, ext wire.Extension) *report.Result {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	got := make(chan *report.Result, 1)
	s := &Server{Cases: []*Case{c}, Options: &Options{Quick: true,
		Done: func(r *report.Result) { got <- r }}}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l) }()
	opts := &websocket.DialOptions{}
	if ext != nil {
		opts.Extensions = []wire.Extension{ext}
	}
	conn, _, err := websocket.Dial(ctx, fmt.Sprintf("ws://%s/runCase?case=1&agent=test", l.Addr()), opts)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	for m, err := range conn.Messages(ctx) {
		if err != nil || conn.Write(ctx, m.Type, m.Data) != nil {
			break
		}
	}
	select {
	case r := <-got:
		cancel()
		<-served
		return r
	case err := <-served:
		t.Fatal(err)
		return nil
	}
}

// oneCase runs one case against a server, once.
func oneCase(t *testing.T, url, id string) *report.Result {
	t.Helper()
	cases, err := Cases([]string{id}, nil)
	if err != nil {
		t.Fatal(err)
	}
	results, err := TestServer(t.Context(), url, cases, &Options{Parallel: 1})
	if err != nil || len(results) != 1 {
		t.Fatal(results, err)
	}
	return results[0]
}

// verdicts are the verdicts of a result, to compare.
type verdicts struct{ Behavior, Close report.Verdict }

func verdictsOf(r *report.Result) verdicts { return verdicts{r.Behavior, r.BehaviorClose} }

// verdictOf returns a result with a verdict.
func verdictOf(c *Case, v report.Verdict) *report.Result {
	return &report.Result{ID: c.ID, Behavior: v, BehaviorClose: report.OK}
}

// echoServerCalling starts hawser's server, which calls f before each echo.
func echoServerCalling(t *testing.T, f func(*websocket.Conn)) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: websocket.Handler{
		Serve: func(ctx context.Context, c *websocket.Conn) error {
			for m, err := range c.Messages(ctx) {
				if err != nil {
					return err
				}
				f(c)
				if err := c.Write(ctx, m.Type, m.Data); err != nil {
					return err
				}
			}
			return nil
		},
		Options: &websocket.AcceptOptions{InsecureAnyOrigin: true,
			Extensions: []wire.Extension{deflate.MustNew(nil)}},
	}}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { s.Close() })
	return "ws://" + l.Addr().String() + "/"
}

// short has short timeouts, because peers with defects often do not answer.
var short = &Options{HandshakeTimeout: 4 * time.Second, CloseTimeout: 500 * time.Millisecond, Parallel: 1,
	ClosePath: testee.ClosePath}
