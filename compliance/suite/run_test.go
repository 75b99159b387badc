package suite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/compliance/internal/broken"
	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A case that does not pass under load runs again, and the result has both verdicts.
func TestVerdictUnderLoadVaries(t *testing.T) {
	cases := casesMatching(t, "1.*", "2.*")
	synctest.Test(t, func(t *testing.T) {
		var at atomic.Int64
		var done []string
		o := &Options{Done: func(r *report.Result) { done = append(done, r.ID) }}
		results, err := RunCases(t.Context(), cases, o,
			func(_ context.Context, c *Case) (*report.Result, error) {
				n := at.Add(1)
				defer at.Add(-1)
				time.Sleep(time.Second)
				if n > few {
					r := verdictOf(c, report.Failed)
					r.Waited = true
					return r, nil
				}
				return verdictOf(c, report.OK), nil
			})
		varied := 0
		for _, r := range results {
			if !r.Passed() {
				t.Errorf("%s: %s", r.ID, r.Behavior)
			}
			if r.Varies() == "FAILED, then OK" {
				varied++
			}
		}
		if err != nil || len(results) != len(cases) || len(done) != len(cases) || varied == 0 {
			t.Errorf("%d results, Done called %d times, %d varied, error %v", len(results), len(done),
				varied, err)
		}
	})
}

// If a peer fails hundreds of cases by timeouts, each case runs twice, a few at once.
func TestHundredsOfTimeouts(t *testing.T) {
	cases := casesMatching(t, "6.*", "7.*")
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int64
		begun := time.Now()
		results, err := RunCases(t.Context(), cases, nil,
			func(_ context.Context, c *Case) (*report.Result, error) {
				runs.Add(1)
				time.Sleep(time.Second)
				r := verdictOf(c, report.Failed)
				r.Waited = true
				return r, nil
			})
		n := len(cases)
		if err != nil || len(results) != n || int(runs.Load()) != 2*n ||
			time.Since(begun) > time.Duration(n)*time.Second/2 {
			t.Errorf("%d cases: %d results after %d runs and %v, error %v", n, len(results), runs.Load(),
				time.Since(begun), err)
		}
	})
}

// lateBy plays cases on a machine that is late for the first n runs.
func lateBy(n *atomic.Int64) PlayFunc {
	return func(_ context.Context, c *Case) (*report.Result, error) {
		r := verdictOf(c, report.OK)
		if n.Add(-1) >= 0 {
			r.Behavior, r.Waited, r.Late = report.Informational, true, true
		}
		return r, nil
	}
}

// A case for which the machine was late runs again, even if the cases run one after the other, and even
// if it passed.
func TestLateMachine(t *testing.T) {
	for _, parallel := range []int{1, DefaultParallel} {
		synctest.Test(t, func(t *testing.T) {
			var late atomic.Int64
			late.Store(2)
			results, err := RunCases(t.Context(), casesMatching(t, "1.1.1"), &Options{Parallel: parallel},
				lateBy(&late))
			if err != nil || results[0].Behavior != report.OK ||
				results[0].Varies() != "INFORMATIONAL, then OK" {
				t.Errorf("parallel %d: %+v, %v", parallel, results, err)
			}
		})
	}
}

func TestLateness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := &lateness{}
		go w.watch(ctx)
		begun := time.Now()
		time.Sleep(time.Second)
		if w.late(begun) {
			t.Error("a machine that is not late is reported as late")
		}
		w.wake(time.Now().Add(time.Second))
		if !w.late(begun) || w.late(time.Now().Add(2*time.Second)) {
			t.Errorf("late at %v", w.lateAt)
		}
		cancel()
		time.Sleep(time.Second)
		if w.late(time.Now()) {
			t.Error("late after the sleeper has ended")
		}
	})
}

// slowUnderLoad starts a server that handles one message at a time, so slowly that sixteen connections
// wait for more than a second.
func slowUnderLoad(t *testing.T, work time.Duration) (url string) {
	one := make(chan struct{}, 1)
	return echoServerCalling(t, func(*websocket.Conn) {
		one <- struct{}{}
		time.Sleep(work)
		<-one
	})
}

// A server that is slow only while it serves many connections at once passes.
func TestServerSlowUnderLoad(t *testing.T) {
	t.Parallel()
	cases := casesMatching(t, "1.*", "5.3", "6.1.*", "6.2.*", "6.5.*", "6.6.*", "6.22.*")
	url := slowUnderLoad(t, 80*time.Millisecond)
	eventually(t, func(complain func(string, ...any)) {
		results, err := TestServer(t.Context(), url, cases, &Options{Parallel: 16})
		if err != nil || len(results) != len(cases) {
			complain("%d results, error %v", len(results), err)
		}
		for _, r := range results {
			if !r.Passed() {
				complain("%s: %s, close %s: %s %s", r.ID, r.Behavior, r.BehaviorClose, r.Result,
					r.ResultClose)
			}
		}
	})
}

// A mortal is a server that stops when it gets a request with a certain field.
type mortal struct {
	t      *testing.T
	addr   string
	deadly string
	hangs  bool // after it stops, it still accepts connections, but does not answer
	mu     sync.Mutex
	hung   bool
	l      net.Listener
	conns  []net.Conn
}

// start listens at the same address as before.
func (m *mortal) start() error {
	m.mu.Lock()
	if m.hung {
		m.l.Close() // as if killed
	}
	m.hung = false
	m.mu.Unlock()
	l, err := net.Listen("tcp", m.addr)
	if err != nil {
		return err
	}
	m.mu.Lock()
	m.l, m.addr = l, l.Addr().String()
	m.mu.Unlock()
	m.t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			m.mu.Lock()
			m.conns = append(m.conns, c)
			m.mu.Unlock()
			go m.serve(c)
		}
	}()
	return nil
}

func (m *mortal) serve(c net.Conn) {
	defer c.Close()
	raw, _, err := readHead(c, func([]byte) {})
	if err != nil {
		return
	}
	m.mu.Lock()
	hung := m.hung
	m.mu.Unlock()
	if hung {
		swallow(c)
		return
	}
	if strings.Contains(string(raw), m.deadly) {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.hung = m.hangs; m.hung {
			return
		}
		m.l.Close()
		for _, c := range m.conns {
			c.Close()
		}
		return
	}
	_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "+
		"Upgrade\r\nSec-WebSocket-Accept: "+
		wire.AcceptKey(parseHead(raw).fields.Get("Sec-Websocket-Key"))+"\r\n\r\n")
	conn := websocket.NewConn(context.Background(), c, nil)
	for msg, err := range conn.Messages(context.Background()) {
		if err != nil || conn.Write(context.Background(), msg.Type, msg.Data) != nil {
			return
		}
	}
}

// The case that stops a server is blamed, and no other case fails because of it.
func TestCaseThatStopsServer(t *testing.T) {
	t.Parallel()
	for _, parallel := range []int{1, 8} {
		for _, restart := range []bool{true, false} {
			for _, hangs := range []bool{true, false} {
				t.Run(fmt.Sprint(parallel, restart, hangs), func(t *testing.T) {
					t.Parallel()
					eventually(t, func(complain func(string, ...any)) {
						testCaseThatStopsServer(t, complain, parallel, restart, hangs)
					})
				})
			}
		}
	}
}

func testCaseThatStopsServer(t *testing.T, complain func(string, ...any), parallel int, restart,
	hangs bool) {
	m := &mortal{t: t, addr: "127.0.0.1:0", deadly: "Origin: null", hangs: hangs} // H.5.14
	if err := m.start(); err != nil {
		t.Fatal(err)
	}
	restarts := 0
	o := &Options{Parallel: parallel, HandshakeTimeout: time.Second, CloseTimeout: 500 * time.Millisecond,
		patience: 5 * time.Second}
	if restart {
		o.Restart = func(context.Context) error { restarts++; return m.start() }
	}
	cases := casesMatching(t, "H.5.3", "H.5.4", "H.5.12", "H.5.13", "H.5.14", "1.1.*", "2.*", "L.4.*")
	results, err := TestServer(t.Context(), "ws://"+m.addr+"/", cases, o)
	for _, r := range results {
		if culprit := r.ID == "H.5.14"; r.Passed() == culprit && !r.Late || culprit &&
			!strings.Contains(r.Result, "stopped answering") {
			complain("%s is %s, close %s: %s %s", r.ID, r.Behavior, r.BehaviorClose, r.Result, r.ResultClose)
		}
	}
	if restart && (err != nil || len(results) != len(cases) || restarts == 0) {
		complain("%d results, %d restarts, error %v", len(results), restarts, err)
	}
	if !restart && (err == nil || !strings.Contains(err.Error(), "H.5.14") ||
		!strings.Contains(err.Error(), "no verdict") || len(results) == len(cases)) {
		complain("%d results, error %v", len(results), err)
	}
}

// If a server cannot be restarted, the error of the run says why.
func TestRestartFails(t *testing.T) {
	t.Parallel()
	m := &mortal{t: t, addr: "127.0.0.1:0", deadly: "Origin: null"}
	if err := m.start(); err != nil {
		t.Fatal(err)
	}
	o := &Options{Parallel: 1, Restart: func(context.Context) error { return errors.New("no such program") }}
	results, err := TestServer(t.Context(), "ws://"+m.addr+"/",
		casesMatching(t, "H.5.13", "H.5.14", "H.5.15"), o)
	if err == nil || !strings.Contains(err.Error(),
		"during H.5.14 and cannot be restarted: no such program; 1 case") || len(results) != 2 {
		t.Errorf("%d results, error %v", len(results), err)
	}
}

// A result says whether its verdict depends on a wait that timed out.
func TestWaited(t *testing.T) {
	t.Parallel()
	o := *short
	o.HandshakeTimeout = time.Second
	urls := map[string]string{"swallow": serveRaw(t, swallow), "right": echoServer(t),
		"mute": serveRaw(t, mute)}
	for _, defect := range []string{"tcp-kept", "close-ignored", "handshake-silent"} {
		s := &broken.Server{Defect: defect}
		url, err := s.Start()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		urls[defect] = url
	}
	for _, tt := range []struct {
		server, cases string
		waited        bool
	}{
		{"swallow", "1.1.1,2.1,3.1,6.4.1,7.1.1,L.5.1,L.6.2,L.8.1,R.4.5", true},
		{"mute", "1.1.2,L.8.1", true},
		{"tcp-kept", "1.1.1,L.8.1", true},
		{"close-ignored", "1.1.1,L.8.1", true},
		{"handshake-silent", "1.1.1,H.4.1,L.8.1", true},
		{"right", "1.1.1,2.1,3.1,6.4.1,7.1.1,L.5.1,L.6.2,L.8.1,R.4.5,H.4.1", false},
	} {
		t.Run(tt.server, func(t *testing.T) {
			t.Parallel()
			eventually(t, func(complain func(string, ...any)) {
				results, err := TestServer(t.Context(), urls[tt.server],
					casesMatching(t, strings.Split(tt.cases, ",")...), &o)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range results {
					if r.Waited != tt.waited && !r.Late {
						complain("%s: waited %v: %s, close %s: %s %s", r.ID, r.Waited, r.Behavior,
							r.BehaviorClose, r.Result, r.ResultClose)
					}
				}
			})
		})
	}
}

// Few cases run at once in the beginning, more while nothing is late, and fewer otherwise.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPace(16)
		if p.n != firstPace {
			t.Errorf("the initial pace is %v", p.n)
		}
		run := func(n int, good bool) {
			for range n {
				p.enter()
				p.leave(good, true)
			}
		}
		for range 5 {
			p.shrink(firstPace)
			time.Sleep(shrinkTime)
		}
		if p.n != firstPace {
			t.Errorf("%v while the machine is late", p.n)
		}
		if run(40, true); p.n != 16 {
			t.Errorf("%v after 40 undisturbed cases", p.n)
		}
		if p.shrink(1); p.n != 8 {
			t.Errorf("%v after the peer was slow once", p.n)
		}
		if p.shrink(1); p.n != 8 {
			t.Errorf("%v after a second shrink at the same time", p.n)
		}
		for range 5 {
			time.Sleep(shrinkTime)
			p.shrink(1)
		}
		if run(100, false); p.n != 1 {
			t.Errorf("%v while the peer stays slow", p.n)
		}
		p.confirm()
		if run(manySame-1, true); p.n > few {
			t.Errorf("%v at the beginning of the second runs", p.n)
		}
		if run(100, true); p.n != 16 {
			t.Errorf("%v after 100 second runs that changed no verdict", p.n)
		}
		p.enter()
		if p.leave(true, false); p.n > few {
			t.Errorf("%v after a verdict has changed", p.n)
		}
	})
}
