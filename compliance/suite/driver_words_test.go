package suite

import (
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
)

// Each verdict other than OK says what was received instead, and has a rule that can be broken.
func TestVerdictsSayWhatHappened(t *testing.T) {
	t.Parallel()
	cases, err := Cases([]string{"1.1.2", "1.2.8", "2.*", "3.*", "4.1.*", "5.*", "6.1.*", "6.2.*", "6.3.*",
		"6.4.*", "6.5.*", "7.*", "9.1.1", "10.*", "L.*", "R.4.*", "R.7.*"}, []string{"L.7.*"})
	if err != nil {
		t.Fatal(err)
	}
	o := (&Options{HandshakeTimeout: time.Second, CloseTimeout: 100 * time.Millisecond}).withDefaults()
	long := []string{"1.2.8", "9.1.1", "10.1.1"} // they wait 10 s for an answer
	free := make(chan struct{}, 64)              // the cases wait more than they work
	var short atomic.Int64
	var wg sync.WaitGroup
	for server, f := range map[string]func(net.Conn){"naive": naive, "deaf": swallow,
		"gone": func(net.Conn) {}} {
		tgt, err := parseTarget(serveRaw(t, f), nil)
		if err != nil {
			t.Fatal(err)
		}
		check := func(c *Case) {
			r, err := serverCase(t.Context(), tgt, c, o)
			if err != nil || r.Passed() {
				return
			}
			short.Add(1)
			rule := r.VerdictRule()
			said := strings.ToLower(r.Result)
			switch {
			case strings.Contains(said, "as expected") || strings.Contains(said, "what was expected"):
				t.Errorf("%s, %s: %s, %s: it says %q", server, r.ID, r.Behavior, r.BehaviorClose, r.Result)
			case r.Result == "" || r.ResultClose == "":
				t.Errorf("%s, %s: it says %q, %q", server, r.ID, r.Result, r.ResultClose)
			case rule == nil:
				t.Errorf("%s, %s: %s, %s: no rule", server, r.ID, r.Behavior, r.BehaviorClose)
			case rule.Level == "MAY":
				t.Errorf("%s, %s: %s, %s: a MAY cannot be broken: %s", server, r.ID, r.Behavior,
					r.BehaviorClose, rule.Text)
			}
		}
		for _, c := range cases {
			if server == "deaf" && slices.Contains(long, c.ID) {
				continue
			}
			free <- struct{}{}
			wg.Go(func() {
				defer func() { <-free }()
				check(c)
			})
		}
	}
	wg.Wait()
	if short.Load() < 200 {
		t.Errorf("only %d results are not OK", short.Load())
	}
}

// A verdict says how the connection ended, not only that a wait timed out.
func TestVerdictSaysHowConnectionEnded(t *testing.T) {
	t.Parallel()
	closing := func(code int) func(net.Conn) {
		return func(c net.Conn) {
			_, _ = c.Write(append([]byte{0x88, 2}, closeBody(code, "")...))
			_ = c.SetReadDeadline(time.Now().Add(time.Second)) // the suite waits for the end of TCP
			swallow(c)
		}
	}
	bits := func(c net.Conn) { _, _ = c.Write([]byte{0xc1, 0}); swallow(c) }
	for _, tt := range []struct {
		id     string
		server func(net.Conn)
		says   string
		broken string
	}{
		{"9.1.6", func(net.Conn) {}, "Expected the message within 1m40s; the peer dropped TCP ", ""},
		{"9.1.6", closing(codeTooBig),
			"Expected the message within 1m40s; the peer closed the connection with 1009 ", ""},
		{"9.7.1", closing(codeTryLater), "Expected 1000 messages within 1m0s; the peer broke the protocol",
			""},
		{"1.1.2", bits, "Expected a text message of 125 bytes; the peer broke the protocol",
			"MUST be 0 unless"},
		{"2.2", closing(codeGoingAway),
			`Expected a pong with "Hello, world!"; the peer closed the connection with 1001`, ""},
		{"1.1.2", naive, beforeClose, ""},
		{"2.9", naive, `Expected a pong with "ping payload"; got a pong with "unsolicited pong payload".`,
			""},
		{"6.3.1", naive, "The peer did not refuse the text.", ""},
	} {
		r := oneCase(t, serveRaw(t, tt.server), tt.id)
		if r.Passed() || !strings.HasPrefix(r.Result, tt.says) || tt.broken != "" &&
			(r.Broken == nil || !strings.HasPrefix(r.Broken.Text, tt.broken)) {
			t.Errorf("%s: %s, %s: %q, want %q; broken %v", tt.id, r.Behavior, r.BehaviorClose, r.Result,
				tt.says, r.Broken)
		}
	}
}

// If Autobahn is stricter or laxer than the RFC, a remark has the rule of the RFC.
func TestRemarks(t *testing.T) {
	t.Parallel()
	newest := func(c net.Conn) { // answers only the last of ten pings
		buf := make([]byte, 10*(6+len("payload-0")))
		if _, err := io.ReadFull(c, buf); err != nil {
			return
		}
		_, _ = c.Write([]byte("\x8a\x09payload-9"))
		_, _ = io.ReadFull(c, buf[:6+len("\x03\xe8")])
		_, _ = c.Write([]byte("\x88\x02\x03\xe8"))
	}
	dropping := func(c net.Conn) { _, _ = c.Read(make([]byte, 64)) }
	answering := func(body string) func(net.Conn) {
		return func(c net.Conn) {
			_, _ = c.Read(make([]byte, 64))
			_, _ = c.Write(append([]byte{0x88, byte(len(body))}, body...))
		}
	}
	for _, tt := range []struct {
		id      string
		server  func(net.Conn)
		verdict report.Verdict
		rule    report.Rule
	}{
		{"2.10", newest, report.Failed, ruleNewest},
		{"3.1", dropping, report.OK, ruleFailClose},
		{"4.1.1", dropping, report.OK, ruleFailClose},
		{"5.9", dropping, report.OK, ruleFailClose},
		{"6.3.1", dropping, report.OK, ruleFailClose},
		{"3.2", dropping, report.NonStrict, ruleFailStop},
		{"7.9.6", answering("\x03\xe8"), report.Failed, ruleCodeFree},
		{"7.7.2", answering("\x03\xea"), report.Failed, ruleCodeEcho},
		{"1.1.2", answering("\x03\xf1"), report.Failed, ruleLimits},
		{"1.1.2", answering("\x03\xf5"), report.Failed, ruleCodeLater},
	} {
		r := oneCase(t, serveRaw(t, tt.server), tt.id)
		if r.Behavior != tt.verdict || r.Aside == nil || r.Aside.Rule != tt.rule || r.Aside.Text == "" {
			t.Errorf("%s: %s, %s: %s %s; aside %+v", tt.id, r.Behavior, r.BehaviorClose, r.Result,
				r.ResultClose, r.Aside)
		}
	}
}

// The level of a rule is a key word of its text, even if it is not the rule of any case.
func TestLevelsOfSentRules(t *testing.T) {
	rules := []report.Rule{ruleFailClose, ruleFailStop, ruleNewest, rulePongSoon, ruleCodeFree, ruleCodeEcho,
		ruleAsk, ruleCleanly, ruleIdle, ruleChecks, ruleConform, ruleClientFails}
	for _, r := range slices.Concat(rules, slices.Collect(maps.Values(sentRules))) {
		if why := levelWrong(r); why != "" {
			t.Errorf("a rule of level %q %s: %s", r.Level, why, r.Text)
		}
	}
}
