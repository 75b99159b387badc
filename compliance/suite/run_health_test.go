package suite

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A burner is a server whose workers handle connections in turn. It drops a request with the field
// "Origin: null" (H.5.14), or with very large fields (H.5.20). Such a request keeps workers busy later.
type burner struct {
	after, burns time.Duration
	hot          int // how many workers are kept busy
	workers      [2]sync.Mutex
}

func (b *burner) start(t *testing.T) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go b.serve(c, &b.workers[n%len(b.workers)])
		}
	}()
	return "ws://" + l.Addr().String() + "/"
}

func (b *burner) serve(c net.Conn, worker *sync.Mutex) {
	defer c.Close()
	raw, rest, err := readHead(c, func([]byte) {})
	large := len(raw) > maxHead
	if err != nil && !large {
		return
	}
	if large || strings.Contains(string(raw), "Origin: null") {
		go func() {
			time.Sleep(b.after)
			for i := range b.hot {
				b.workers[i].Lock()
				defer b.workers[i].Unlock()
			}
			time.Sleep(b.burns)
		}()
		return
	}
	worker.Lock()
	_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "+
		"Upgrade\r\nSec-WebSocket-Accept: "+
		wire.AcceptKey(parseHead(raw).fields.Get("Sec-Websocket-Key"))+"\r\n\r\n")
	worker.Unlock()
	conn := websocket.NewConn(context.Background(), &withRest{c, rest}, nil)
	for m, err := range conn.Messages(context.Background()) {
		time.Sleep(100 * time.Millisecond) // so that the run takes long enough
		if err != nil || conn.Write(context.Background(), m.Type, m.Data) != nil {
			return
		}
	}
}

// withRest is a connection with data that was read before.
type withRest struct {
	net.Conn
	rest []byte
}

func (c *withRest) Read(b []byte) (int, error) {
	if len(c.rest) > 0 {
		n := copy(b, c.rest)
		c.rest = c.rest[n:]
		return n, nil
	}
	return c.Conn.Read(b)
}

// No case is blamed for the later effects of another case on the server.
//
// The test is not parallel, because it depends on time.
func TestOnlyCulpritIsBlamed(t *testing.T) {
	for name, burns := range map[string]struct {
		hot   int
		after time.Duration
	}{
		"all at once":    {hot: 2},
		"all later":      {hot: 2, after: 300 * time.Millisecond},
		"half at once":   {hot: 1},
		"half later":     {hot: 1, after: 300 * time.Millisecond},
		"all much later": {hot: 2, after: 1500 * time.Millisecond},
	} {
		for _, parallel := range []int{1, 8} {
			t.Run(fmt.Sprint(name, parallel), func(t *testing.T) {
				t.Parallel()
				eventually(t, func(complain func(string, ...any)) {
					b := &burner{hot: burns.hot, after: burns.after, burns: 8 * time.Second}
					cases := append(casesMatching(t, "H.5.12", "H.5.13", "H.5.14", "H.5.15"),
						casesMatching(t, "1.1.*", "2.*")...)
					o := &Options{Parallel: parallel, HandshakeTimeout: time.Second,
						CloseTimeout: 500 * time.Millisecond}
					results, err := TestServer(t.Context(), b.start(t), cases, o)
					if err != nil || len(results) != len(cases) {
						complain("parallel %d: %d results of %d, error %v", parallel, len(results),
							len(cases), err)
					}
					for _, r := range results {
						if r.ID != "H.5.14" && strings.Contains(r.Result, "stopped answering") ||
							r.ID == "H.5.14" && r.Passed() {
							complain("parallel %d: %s is %s: %s", parallel, r.ID, r.Behavior, r.Result)
						}
					}
				})
			})
		}
	}
}

// If the server does not come back, every case that may have stopped it is a suspect and has no verdict.
//
// The test is not parallel, because it depends on time.
func TestSuspectsHaveNoVerdict(t *testing.T) {
	eventually(t, func(complain func(string, ...any)) {
		b := &burner{hot: 2, burns: time.Minute, after: 500 * time.Millisecond}
		o := &Options{Parallel: 1, HandshakeTimeout: time.Second, patience: time.Second}
		results, err := TestServer(t.Context(), b.start(t),
			append(casesMatching(t, "H.5.13", "H.5.14", "H.5.15"), casesMatching(t, "1.1.*", "2.*")...), o)
		if err == nil || !strings.Contains(err.Error(), "H.5.14, ") ||
			!strings.Contains(err.Error(), "ran then or shortly before") {
			complain("error %v", err)
		}
		if slices.ContainsFunc(results, func(r *report.Result) bool {
			return strings.Contains(r.Result, "stopped answering")
		}) {
			complain("%+v", results)
		}
	})
}

// If it turns out later that a case with a settled verdict stopped the server, Done is called again
// with the new verdict. No other settled verdict changes.
//
// The test is not parallel, because it depends on time.
func TestCulpritThatPassedIsReportedAgain(t *testing.T) {
	eventually(t, func(complain func(string, ...any)) {
		b := &burner{hot: 2, burns: 8 * time.Second, after: 300 * time.Millisecond}
		settled := map[string]*report.Result{}
		var again []string
		o := &Options{Parallel: 1, HandshakeTimeout: time.Second, Done: func(r *report.Result) {
			if settled[r.ID] != nil {
				again = append(again, r.ID)
			}
			settled[r.ID] = r
		}}
		cases := append(casesMatching(t, "H.5.20"), casesMatching(t, "1.1.*", "2.*")...)
		results, err := TestServer(t.Context(), b.start(t), cases, o)
		if err != nil || len(results) != len(cases) {
			complain("%d results of %d, error %v", len(results), len(cases), err)
		}
		if diff := cmp.Diff([]string{"H.5.20"}, again); diff != "" {
			complain("cases for which Done is called again (-want +got)\n%s", diff)
		}
		for _, r := range results {
			if settled[r.ID] != r {
				complain("%s: Done was not called with the final result", r.ID)
			}
			if stopped := strings.Contains(r.Result, "stopped answering"); stopped != (r.ID == "H.5.20") {
				complain("%s is %s: %s", r.ID, r.Behavior, r.Result)
			}
		}
	})
}

// An innocent suspect keeps its settled verdict.
func TestInnocentSuspectKeepsItsVerdict(t *testing.T) {
	t.Parallel()
	target, err := parseTarget(echoServer(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	r := newRun(casesMatching(t, "1.1.1"), (&Options{Parallel: 1}).withDefaults(), target)
	r.ctx = t.Context()
	before := verdictOf(r.cases[0], report.OK) // without a complete closing handshake
	r.results[0], r.settled[0] = before, true
	r.spans = []*span{{begun: time.Now(), ended: time.Now()}}
	if ran, _, _ := r.suspects(); !slices.Equal(ran, []int{0}) || r.stops(0) || r.results[0] != before {
		t.Errorf("suspects %v, result %+v", ran, r.results[0])
	}
}

// If a run ends early, the verdicts that it can no longer confirm are withdrawn.
func TestUnconfirmedVerdictIsWithdrawn(t *testing.T) {
	for _, tt := range []struct {
		parallel               int
		v                      report.Verdict
		waited, shaky, settled bool
		left                   int
	}{
		{16, report.Failed, true, false, false, 1},
		{16, report.Failed, true, false, true, 0},
		{16, report.Failed, false, false, false, 0},
		{16, report.OK, true, false, false, 0},
		{1, report.Failed, true, false, false, 0},
		{1, report.Failed, true, true, false, 1},
	} {
		r := newRun(casesMatching(t, "1.1.1"), &Options{Parallel: tt.parallel}, nil)
		res := verdictOf(r.cases[0], tt.v)
		res.Waited = tt.waited
		r.results[0], r.shaky[0], r.settled[0] = res, tt.shaky, tt.settled
		if n := r.withdraw(); n != tt.left || (r.results[0] == nil) != (n == 1) {
			t.Errorf("%+v: %d cases without a verdict", tt, n)
		}
	}
}

// Connections that a server refuses for a while because of load have no influence on verdicts. If it
// refuses all connections for too long, the run ends.
func TestBusyServer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status   string
		parallel int
		pause    time.Duration // until it accepts connections again
	}{
		{"503 Service Unavailable", 1, 2 * time.Second}, {"429 Too Many Requests", 1, 2 * time.Second},
		{"503 Service Unavailable", 8, 2 * time.Second}, {"429 Too Many Requests", 8, time.Hour},
	} {
		t.Run(fmt.Sprint(tt), func(t *testing.T) {
			t.Parallel()
			eventually(t, func(complain func(string, ...any)) {
				var mu sync.Mutex
				n, full := 0, time.Time{}
				right := echoServer(t)
				url := serveHead(t, func(c net.Conn, raw []byte) {
					mu.Lock()
					n++
					if n == 20 {
						full = time.Now()
					}
					busy := n >= 20 && time.Since(full) < tt.pause
					mu.Unlock()
					if busy {
						_, _ = io.WriteString(c, "HTTP/1.1 "+tt.status+"\r\nContent-Length: 0\r\n\r\n")
						return
					}
					handOver(c, raw, right)
				})
				cases := casesMatching(t, "1.1.*", "2.*", "H.5.1", "H.5.2", "H.5.3")
				results, err := TestServer(t.Context(), url, cases,
					&Options{Parallel: tt.parallel, patience: 5 * time.Second})
				if lasting := tt.pause == time.Hour; lasting != (err != nil) ||
					lasting == (len(results) == len(cases)) {
					complain("%d results of %d, error %v", len(results), len(cases), err)
				}
				for _, r := range results {
					if !r.Passed() {
						complain("%s: %s: %s", r.ID, r.Behavior, r.Result)
					}
				}
			})
		})
	}
}

// handOver relays a connection to another server. raw was already read from the connection.
func handOver(c net.Conn, raw []byte, url string) {
	s, err := net.Dial("tcp", strings.Trim(strings.TrimPrefix(url, "ws:"), "/"))
	if err != nil {
		return
	}
	defer s.Close()
	_, _ = s.Write(raw)
	go func() {
		_, _ = io.Copy(s, c)
		s.Close()
	}()
	_, _ = io.Copy(c, s)
}
