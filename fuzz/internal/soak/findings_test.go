package soak

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hawser-ws/hawser/websocket"
)

// goodReport returns a report in which every promise was kept.
func goodReport() *Report {
	r := &Report{warm: newTally(0), main: newTally(0)}
	r.config = Default()
	r.config.Conns = 20
	r.config.Tolerance = Tolerance{Memory: 0.1}
	r.cold = snapshot{Heap: 500, RSS: 800, Goroutines: 3, Files: 9}
	r.before = snapshot{Heap: 1000, RSS: 2000, Goroutines: 3, Files: 9}
	r.after = snapshot{Heap: 1100, RSS: 2200, Goroutines: 3, Files: 9}
	r.main.received.Store(1)
	r.main.connections.Store(1)
	r.main.abuse(0, nil)
	sent := newCloseRecord(9, "soak/9/1")
	r.main.closes.addSent(sent, true)
	r.main.closes.addSent(newCloseRecord(9, "soak/9/2"), false) // did not arrive
	r.main.closes.addReceived([]closeRecord{sent})
	return r
}

// TestFindings: each fault breaks the promise about it, and no other.
func TestFindings(t *testing.T) {
	tests := []struct {
		name   string
		broken []string
		breaks func(r *Report)
	}{
		{"nothing", nil, func(*Report) {}},
		{"message", []string{promiseMessages}, func(r *Report) { r.main.fault(faultMessage, "lost") }},
		{"message in the warm-up", []string{promiseMessages}, func(r *Report) {
			r.warm.fault(faultMessage, "lost")
		}},
		{"no message at all", []string{promiseMessages}, func(r *Report) { r.main.received.Store(0) }},
		{"connection", []string{promiseConnections}, func(r *Report) {
			r.main.fault(faultConnection, "cut")
		}},
		{"abuse", []string{promiseAbuses}, func(r *Report) { r.main.abuse(3, errors.New("planted")) }},
		{"code not received", []string{promiseCodes}, func(r *Report) {
			r.main.closes.addReceived([]closeRecord{{Session: "soak/9/1", Err: "EOF"}})
		}},
		{"another code", []string{promiseCodes}, func(r *Report) {
			r.main.closes.addReceived([]closeRecord{newCloseRecord(10, "soak/9/1")})
		}},
		{"another reason", []string{promiseCodes}, func(r *Report) {
			f := newCloseRecord(9, "soak/9/1")
			f.Err = "reason"
			r.main.closes.addReceived([]closeRecord{f})
		}},
		{"code of a connection without an end", []string{promiseCodes}, func(r *Report) {
			r.main.closes.addSent(newCloseRecord(19, "soak/19/1"), true)
		}},
		{"code in the warm-up", []string{promiseCodes}, func(r *Report) {
			r.warm.closes.addSent(newCloseRecord(9, "warm-up/9/1"), true)
		}},
		{"heap of a small soak", []string{promiseHeap}, func(r *Report) {
			r.config.Tolerance.Heap = 150
			r.after.Heap = 1151
		}},
		{"noise of a large soak", []string{promiseHeap, promiseRSS}, func(r *Report) {
			r.config.Conns, r.config.Tolerance = 2000, Default().Tolerance
			r.after.Heap++
			r.after.RSS++
		}},
		{"noise of a small soak", nil, func(r *Report) {
			r.config.Tolerance = Default().Tolerance
			r.after.Heap += 1000
			r.after.RSS += 1000
		}},
		{"heap", []string{promiseHeap}, func(r *Report) { r.after.Heap++ }},
		{"resident set", []string{promiseRSS}, func(r *Report) { r.after.RSS++ }},
		{"goroutine", []string{promiseGoroutines}, func(r *Report) { r.after.Goroutines++ }},
		{"file", []string{promiseFiles}, func(r *Report) { r.after.Files++ }},
		{"open connection", []string{promiseClosed}, func(r *Report) { r.after.Open++ }},
		{"log", []string{promiseLog}, func(r *Report) { r.log = []string{"panic"} }},
		{"exit", []string{promiseExit}, func(r *Report) { r.exit = errors.New("exit status 2") }},
		{"death", []string{
			promiseCodes, promiseHeap, promiseRSS, promiseGoroutines, promiseFiles,
			promiseClosed, promiseExit,
		}, func(r *Report) { r.unresponsive = errors.New("EOF") }},
	}
	for _, tt := range tests {
		r := goodReport()
		tt.breaks(r)
		var broken []string
		for _, f := range r.findings() {
			if !f.ok {
				broken = append(broken, f.promise)
			}
		}
		if diff := cmp.Diff(tt.broken, broken); diff != "" {
			t.Errorf("%s: broken promises (-want +got):\n%s", tt.name, diff)
		}
		var b strings.Builder
		r.Print(&b)
		if got := strings.Contains(b.String(), "\nFAIL"); got == r.OK() {
			t.Errorf("%s: OK is %v, but the report is\n%s", tt.name, r.OK(), b.String())
		}
	}
}

// TestServerLog: an incomplete TLS handshake is not an error of the server.
func TestServerLog(t *testing.T) {
	var l serverLog
	_, _ = l.Write([]byte("2026/01/02 http: TLS handshake error from 127.0.0.1:1: EOF\n"))
	if f := l.faults(); len(f) > 0 {
		t.Errorf("faults: %q", f)
	}
	_, _ = l.Write([]byte("panic: x\n"))
	if f := l.faults(); len(f) != 1 || f[0] != "panic: x" {
		t.Errorf("faults: %q", f)
	}
	_, _ = l.Write(make([]byte, 2*logKept))
	if n := len(l.String()); n > logKept {
		t.Errorf("%d bytes kept", n)
	}
}

// TestListener: the listener accepts the messages that are due, in any valid order, and no others.
func TestListener(t *testing.T) {
	text := appendPublish(nil, []byte("text"))
	topic := func(n int64) string { return string(appendTopic(nil, n, text)) }
	tests := []struct {
		name string
		sent []string // texts whose echoes are due
		got  []string
		ok   bool
	}{
		{"echoes", []string{"a", "", "b"}, []string{"a", "", "b"}, true},
		{"out of order", []string{"a", "b"}, []string{"b"}, false},
		{"changed", []string{"abc"}, []string{"abd"}, false},
		{"repeated", []string{"a"}, []string{"a", "a"}, false},
		{"lost at the end", []string{"a"}, []string{"#join 0", "#end 0"}, false},
		{"topic", []string{"a"}, []string{"#join 4", topic(5), "a", topic(6), "#end 6"}, true},
		{"topic's first lost", nil, []string{"#join 4", topic(6)}, false},
		{"topic's last lost", nil, []string{"#join 4", topic(5), "#end 6"}, false},
		{"topic's gap", nil, []string{"#join 4", topic(5), topic(7)}, false},
		{"topic's order", nil, []string{"#join 4", topic(5), topic(6), topic(5)}, false},
		{"topic's message repeated", nil, []string{"#join 4", topic(5), topic(5)}, false},
		{"topic's message changed", nil, []string{"#join 4", topic(5) + "x"}, false},
		{"before joining", nil, []string{topic(1)}, false},
		{"after the end", nil, []string{"#join 4", "#end 4", topic(5)}, false},
	}
	for _, tt := range tests {
		l := newListener(nil, nil, false, newTally(0))
		for _, s := range tt.sent {
			if err := l.expect(context.Background(), websocket.Text, []byte(s)); err != nil {
				t.Fatal(err)
			}
		}
		var f *failure
		for i, s := range tt.got {
			if f = l.check(websocket.Text, []byte(s)); f != nil && i < len(tt.got)-1 {
				t.Errorf("%s: %q: %v, want no failure before the last message", tt.name, s, f.err)
			}
		}
		if (f == nil) != tt.ok {
			t.Errorf("%s: failure %v, want ok %t", tt.name, f, tt.ok)
		}
	}
}

func TestConfig(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"no connections":       func(c *Config) { c.Conns = 0 },
		"too many connections": func(c *Config) { c.Conns = 20001 },
		"no duration":          func(c *Config) { c.Duration = 0 },
		"warm-up":              func(c *Config) { c.Warmup = -1 },
		"share":                func(c *Config) { c.Abusive = 1.1 },
		"share, NaN":           func(c *Config) { c.Abusive = math.NaN() },
		"only abusers":         func(c *Config) { c.Conns = 1 },
		"rate":                 func(c *Config) { c.Rate = 0 },
		"rate, NaN":            func(c *Config) { c.Rate = math.NaN() },
		"command":              func(c *Config) { c.Command = nil },
	} {
		c := small(t, "")
		change(&c)
		if err := c.complete(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	c := small(t, "")
	c.Rate = 1
	if err := c.complete(); err != nil {
		t.Fatal(err)
	}
	if c.Server.IdleTimeout <= 3*c.meanPause() {
		t.Errorf("idle timeout %v, want more than the longest pause, %v",
			c.Server.IdleTimeout, 3*c.meanPause())
	}
}

// TestCloseRecords: a certain code counts as arrived, or is listed as missing.
func TestCloseRecords(t *testing.T) {
	var f closeRecords
	for id := range 4 {
		f.addSent(newCloseRecord(id, fmt.Sprintf("soak/%d/1", id)), id > 0)
	}
	f.addReceived([]closeRecord{
		newCloseRecord(0, "soak/0/1"), newCloseRecord(1, "soak/1/1"),
		{Session: "soak/2/1", Err: "reset by peer"},
	})
	want := closeCounts{sent: 4, certain: 3, arrived: 1, uncertain: 1, uncertainArrived: 1, missing: []string{
		"soak/2/1: sent 4002, received 0: reset by peer",
		"soak/3/1: sent 4003, but the connection has not ended on the server",
	}}
	if diff := cmp.Diff(want, f.count(), cmp.AllowUnexported(closeCounts{})); diff != "" {
		t.Errorf("count (-want +got):\n%s", diff)
	}
}

// TestNothingCertain: where the system reports acknowledgments, a soak without a certain code fails.
func TestNothingCertain(t *testing.T) {
	r := goodReport()
	r.main.closes = closeRecords{}
	r.main.closes.addSent(newCloseRecord(9, "soak/9/1"), false)
	if f := r.checkCloseCodes(); f.ok == reportsUnacknowledged {
		t.Errorf("%+v", f)
	}
}
