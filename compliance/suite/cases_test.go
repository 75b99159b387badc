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
	"testing"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/testee"
	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// echoServer is hawser's own server.
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

// echoClient is hawser's own client: it returns messages until the connection ends.
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
func testClient(t *testing.T, cases []*Case, o *Options, client func(ctx context.Context, url string)) []*report.Result {
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
		for range attempts { // a request that comes after HandshakeTimeout has no result
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

// wanting reports the results that leave something to wish.
func wanting(t *testing.T, results []*report.Result) {
	t.Helper()
	for _, r := range results {
		if !r.Passed() {
			t.Errorf("%s: %s, %s: %s: %s %s", r.ID, r.Behavior, r.BehaviorClose, r.Description, r.Result, r.ResultClose)
		}
		if r.Agent == "" || r.Result == "" || r.ResultClose == "" || r.Offense != nil || r.IsServer && r.HTTPRequest == "" {
			t.Errorf("%s: %+v", r.ID, r)
		}
	}
	t.Logf("%d cases", len(results))
}

// ours are the cases of the letters. Those that wait for many seconds are for
// HAWSER_FULL; wscheck, when it checks hawser, has them too.
func ours(t *testing.T) []*Case {
	cases := casesMatching(t, allLetters...)
	if os.Getenv("HAWSER_FULL") == "" {
		cases = slices.DeleteFunc(cases, func(c *Case) bool { return c.Idle })
	}
	return cases
}

// testServer runs cases against a server, and those that fall short again by
// themselves: the machine may be busy.
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

// hawser's server passes every case of the letters.
func TestServerOfOurs(t *testing.T) {
	wanting(t, testServer(t, echoServer(t), ours(t), &Options{ClosePath: testee.ClosePath}))
}

// And so does hawser's client.
func TestClientOfOurs(t *testing.T) {
	results := testClient(t, ours(t), nil, echoClient)
	for i, r := range results {
		for try := 1; try < attempts && !r.Passed(); try++ {
			r = testClient(t, casesMatching(t, r.ID), nil, echoClient)[0]
			results[i] = r
		}
	}
	wanting(t, results)
}

// Every case says what it tests, and by which words of which RFC.
func TestLetterCases(t *testing.T) {
	titles, seen := Titles(), map[string]bool{}
	for _, c := range casesMatching(t, allLetters...) {
		sub := c.ID[:strings.LastIndexByte(c.ID, '.')]
		seen[sub] = true
		r := c.Rule
		switch {
		case titles[sub] == "":
			t.Errorf("%s: the subgroup has no title", c.ID)
		case c.Description == "" || c.Expectation == "" || !c.Servers && !c.Clients || c.script == nil:
			t.Errorf("%s: %+v", c.ID, c)
		case !strings.HasPrefix(r.Section, "RFC ") ||
			!strings.HasPrefix(r.URL, "https://www.rfc-editor.org/rfc/rfc") || len(r.Text) < 40:
			t.Errorf("%s: %+v", c.ID, r)
		}
	}
	for sub := range titles {
		if !seen[sub] {
			t.Errorf("%s has a title and no case", sub)
		}
	}
}

// levels are the words of RFC 2119, by the level that they stand for.
var levels = []struct {
	level string
	words []string
}{
	{"MUST", []string{"MUST", "REQUIRED", "SHALL"}}, {"SHOULD", []string{"SHOULD", "RECOMMENDED"}}, {"MAY", []string{"MAY", "OPTIONAL"}},
}

// levelWrong tells why a level is not one of a sentence; "" if it is.
func levelWrong(r report.Rule) string {
	words := strings.FieldsFunc(r.Text, func(c rune) bool { return c < 'A' || c > 'Z' })
	for _, l := range levels {
		has := slices.ContainsFunc(l.words, func(w string) bool { return slices.Contains(words, w) })
		if r.Level == l.level {
			if !has {
				return "has no " + l.level
			}
			return ""
		}
		if r.Level == "" && has {
			return "has " + l.level
		}
	}
	if r.Level != "" {
		return "has no such level as " + r.Level
	}
	return ""
}

// The level of a rule is a word of its sentence. A sentence without such a word has
// none.
func TestRuleLevels(t *testing.T) {
	for _, c := range all {
		if why := levelWrong(c.Rule); why != "" {
			t.Errorf("%s: a rule of level %q %s: %s", c.ID, c.Rule.Level, why, c.Rule.Text)
		}
	}
	for _, r := range []report.Rule{{Level: "MUST", Text: "must not"}, {Level: "", Text: "MAY"}, {Level: "SHALL", Text: "SHALL"}} {
		if levelWrong(r) == "" {
			t.Errorf("%+v passes", r)
		}
	}
}

// holds calls f until it complains of nothing, and fails the test if it never does. A
// busy machine blurs what time tells: f makes peers of its own and may be called anew.
func holds(t *testing.T, f func(complain func(format string, args ...any))) {
	t.Helper()
	var complaints []string
	for range attempts {
		complaints = nil
		f(func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) })
		if len(complaints) == 0 {
			return
		}
		t.Logf("an attempt fails: %q", complaints)
	}
	t.Errorf("%d attempts fail", attempts)
}

// Cases are immutable: each may be played by several runs at once, which the race
// detector watches.
func TestCasesAreImmutable(t *testing.T) {
	t.Parallel()
	target, err := parseTarget(serveRaw(t, func(net.Conn) {}), nil)
	if err != nil {
		t.Fatal(err)
	}
	o := (&Options{HandshakeTimeout: time.Second, CloseTimeout: 50 * time.Millisecond}).withDefaults()
	var wg sync.WaitGroup
	defer wg.Wait()
	free := make(chan struct{}, 32) // they wait more than they work
	for _, c := range all {
		if c.Idle || !c.Servers || c.Heavy {
			continue
		}
		for range 2 {
			free <- struct{}{}
			wg.Go(func() {
				defer func() { <-free }()
				if _, err := serverCase(t.Context(), target, c, o); err != nil {
					t.Logf("%s: %v", c.ID, err)
				}
			})
		}
	}
}
