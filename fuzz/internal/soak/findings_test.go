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

// goodReport is a report in which every promise was kept.
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
	said := newFarewell(9, "soak/9/1")
	r.main.farewells.say(said, true)
	r.main.farewells.say(newFarewell(9, "soak/9/2"), false) // and it did not arrive
	r.main.farewells.arrive([]farewell{said})
	return r
}

// TestFindings: each promise is broken by what breaks it, and by nothing else.
func TestFindings(t *testing.T) {
	const codes = "codes before a reset arrived"
	tests := []struct {
		name   string
		breaks func(r *Report)
		broken []string
	}{
		{"nothing", func(*Report) {}, nil},
		{"message", func(r *Report) { r.main.fault(faultMessage, "lost") }, []string{"good clients saw every message, in order"}},
		{"message in the warm-up", func(r *Report) { r.warm.fault(faultMessage, "lost") }, []string{"good clients saw every message, in order"}},
		{"no message at all", func(r *Report) { r.main.received.Store(0) }, []string{"good clients saw every message, in order"}},
		{"connection", func(r *Report) { r.main.fault(faultConnection, "cut") }, []string{"no good client was cut off"}},
		{"abuse", func(r *Report) { r.main.abuse(3, errors.New("not met")) }, []string{"each abuse was answered as it must be"}},
		{"code not received", func(r *Report) { r.main.farewells.arrive([]farewell{{Life: "soak/9/1", Err: "EOF"}}) }, []string{codes}},
		{"another code", func(r *Report) { r.main.farewells.arrive([]farewell{newFarewell(10, "soak/9/1")}) }, []string{codes}},
		{"another reason", func(r *Report) {
			f := newFarewell(9, "soak/9/1")
			f.Err = "reason"
			r.main.farewells.arrive([]farewell{f})
		}, []string{codes}},
		{"code of a connection without an end", func(r *Report) { r.main.farewells.say(newFarewell(19, "soak/19/1"), true) }, []string{codes}},
		{"code in the warm-up", func(r *Report) { r.warm.farewells.say(newFarewell(9, "warm-up/9/1"), true) }, []string{codes}},
		{"heap of a small soak", func(r *Report) { r.config.Tolerance.Heap = 150; r.after.Heap = 1151 }, []string{"live heap is back"}},
		{"noise of a large soak", func(r *Report) {
			r.config.Conns, r.config.Tolerance = 2000, Default().Tolerance
			r.after.Heap++
			r.after.RSS++
		},
			[]string{"live heap is back", "resident set is back"}},
		{"noise of a small soak", func(r *Report) { r.config.Tolerance = Default().Tolerance; r.after.Heap += 1000; r.after.RSS += 1000 }, nil},
		{"heap", func(r *Report) { r.after.Heap++ }, []string{"live heap is back"}},
		{"resident set", func(r *Report) { r.after.RSS++ }, []string{"resident set is back"}},
		{"goroutine", func(r *Report) { r.after.Goroutines++ }, []string{"goroutines are back"}},
		{"file", func(r *Report) { r.after.Files++ }, []string{"files are closed"}},
		{"open connection", func(r *Report) { r.after.Open++ }, []string{"no connection is left"}},
		{"log", func(r *Report) { r.log = []string{"panic"} }, []string{"the server's log is empty"}},
		{"exit", func(r *Report) { r.exit = errors.New("exit status 2") }, []string{"the server lived and ended well"}},
		{"death", func(r *Report) { r.gone = errors.New("EOF") }, []string{
			codes, "live heap is back", "resident set is back", "goroutines are back", "files are closed", "no connection is left", "the server lived and ended well",
		}},
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

// TestServerLog: a TLS handshake that a client broke off is no fault of the server.
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

// TestListener: what a good client must see, and what it must not.
func TestListener(t *testing.T) {
	text := appendPublish(nil, []byte("text"))
	topic := func(n int64) string { return string(appendTopic(nil, n, text)) }
	tests := []struct {
		name string
		sent []string // texts that are to come back
		got  []string
		ok   bool
	}{
		{"echoes", []string{"a", "", "b"}, []string{"a", "", "b"}, true},
		{"out of order", []string{"a", "b"}, []string{"b"}, false},
		{"changed", []string{"abc"}, []string{"abd"}, false},
		{"twice", []string{"a"}, []string{"a", "a"}, false},
		{"lost at the end", []string{"a"}, []string{"#join 0", "#end 0"}, false},
		{"topic", []string{"a"}, []string{"#join 4", topic(5), "a", topic(6), "#end 6"}, true},
		{"topic's first lost", nil, []string{"#join 4", topic(6)}, false},
		{"topic's last lost", nil, []string{"#join 4", topic(5), "#end 6"}, false},
		{"topic's gap", nil, []string{"#join 4", topic(5), topic(7)}, false},
		{"topic's order", nil, []string{"#join 4", topic(5), topic(6), topic(5)}, false},
		{"topic's message twice", nil, []string{"#join 4", topic(5), topic(5)}, false},
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
				t.Errorf("%s: %q was refused: %v", tt.name, s, f.err)
			}
		}
		if (f == nil) != tt.ok {
			t.Errorf("%s: failure %v", tt.name, f)
		}
	}
}

func TestConfig(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"no connections": func(c *Config) { c.Conns = 0 },
		"too many":       func(c *Config) { c.Conns = 20001 },
		"no time":        func(c *Config) { c.For = 0 },
		"warm-up":        func(c *Config) { c.Warmup = -1 },
		"share":          func(c *Config) { c.Abusive = 1.1 },
		"no number":      func(c *Config) { c.Abusive = math.NaN() },
		"abusers alone":  func(c *Config) { c.Conns = 1 },
		"rate":           func(c *Config) { c.Rate = 0 },
		"rate, NaN":      func(c *Config) { c.Rate = math.NaN() },
		"command":        func(c *Config) { c.Command = nil },
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
	if c.Server.IdleTimeout <= 3*c.think() {
		t.Errorf("idle timeout %v with pauses of up to %v", c.Server.IdleTimeout, 3*c.think())
	}
}

// TestFarewells: a certain code counts as arrived, or is told by its life.
func TestFarewells(t *testing.T) {
	var f farewells
	for id := range 4 {
		f.say(newFarewell(id, fmt.Sprintf("soak/%d/1", id)), id > 0)
	}
	f.arrive([]farewell{newFarewell(0, "soak/0/1"), newFarewell(1, "soak/1/1"), {Life: "soak/2/1", Err: "reset by peer"}})
	want := farewellCount{sent: 4, certain: 3, arrived: 1, uncertain: 1, luck: 1, missing: []string{
		"soak/2/1: sent 4002, received 0: reset by peer",
		"soak/3/1: sent 4003, and the server did not see the connection end",
	}}
	if diff := cmp.Diff(want, f.count(), cmp.AllowUnexported(farewellCount{})); diff != "" {
		t.Errorf("count (-want +got):\n%s", diff)
	}
}

// TestNothingCertain: where the system tells, a soak in which no code was certain has
// kept no promise.
func TestNothingCertain(t *testing.T) {
	r := goodReport()
	r.main.farewells = farewells{}
	r.main.farewells.say(newFarewell(9, "soak/9/1"), false)
	if f := r.checkFarewells(); f.ok == tellsUnacknowledged {
		t.Errorf("%+v", f)
	}
}
