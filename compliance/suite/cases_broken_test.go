package suite

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/compliance/internal/broken"
	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/testee"
)

// defects has defects of peers, with cases that detect them. Peers without a defect pass these cases.
var defects = []struct {
	defect  string
	clients bool
	cases   string
}{
	{"handshake-method", false, "H.1.1,H.1.4"},
	{"handshake-http10", false, "H.1.5"},
	{"handshake-version-8", false, "H.2.2"},
	{"handshake-version-missing", false, "H.2.1"},
	{"handshake-key-missing", false, "H.3.1,H.3.2"},
	{"handshake-key-length", false, "H.3.3,H.3.4,H.3.5"},
	{"handshake-field-twice", false, "H.2.11,H.3.8,H.3.9,H.5.2"},
	{"handshake-connection", false, "H.4.11,H.4.12"},
	{"handshake-upgrade", false, "H.4.10,H.4.13"},
	{"handshake-list-ignored", false, "H.4.1,H.4.5"},
	{"handshake-token-case", false, "H.4.4,H.4.7"},
	{"handshake-token-substring", false, "H.4.15,H.4.17"},
	{"handshake-host", false, "H.5.1"},
	{"handshake-field-case", false, "H.5.4,H.5.5"},
	{"handshake-field-space", false, "H.5.7,H.5.8"},
	{"handshake-unlimited", false, "H.5.20"},
	{"handshake-one-read", false, "H.6.2,H.6.11"},
	{"subprotocol-unoffered", false, "H.7.1,H.8.6"},
	{"extension-unoffered", false, "H.8.5"},
	{"handshake-accept", false, "H.8.4"},
	{"handshake-accept-missing", false, "H.8.4"},
	{"length-top-bit", false, "L.1.2"},
	{"length64-low32", false, "L.1.2"},
	{"length-not-minimal", false, "L.2.1,L.2.5,L.2.8"},
	{"length-unlimited", false, "L.3.6,L.7.1"},
	{"control-too-long", false, "L.4.1,L.4.2,L.4.3"},
	{"mask-unchecked", false, "L.5.1,L.5.6,L.5.7"},
	{"fail-without-close", false, "L.2.1,L.4.1,L.5.1,X.5.1,X.7.1"},
	{"fail-code-1000", false, "L.2.1,L.4.1,L.5.1,X.5.1,X.7.1"},
	{"header-one-read", false, "L.6.18,L.6.19"},
	{"payload-one-read", false, "L.6.17,R.4.4,R.5.2"},
	{"fragment-last-lost", false, "L.6.2"},
	{"deflate-client-window-unasked", false, "X.1.1"},
	{"deflate-window-unanswered", false, "X.1.7,X.4.3"},
	{"deflate-reset-unanswered", false, "X.1.4"},
	{"deflate-answer-unknown", false, "X.1.1"},
	{"deflate-parameter-unknown", false, "X.2.1,X.2.2"},
	{"deflate-flag-with-value", false, "X.2.5,X.2.6"},
	{"deflate-window-any", false, "X.2.7,X.2.8,X.2.9"},
	{"deflate-window-zeros", false, "X.2.11"},
	{"deflate-parameter-twice", false, "X.2.34,X.2.36"},
	{"deflate-name-prefix", false, "X.2.39"},
	{"deflate-window-exceeded", false, "X.4.1,X.4.3,X.4.5"},
	{"deflate-reset-out-forgotten", false, "X.4.10,X.4.11"},
	{"deflate-window-lost", false, "X.4.12,X.4.14"},
	{"deflate-rsv1-control", false, "X.5.1,X.5.4"},
	{"deflate-rsv1-continuation", false, "X.5.5,X.5.7"},
	{"rsv2-ignored", false, "X.5.9,X.5.13"},
	{"rsv1-ignored", false, "X.5.16"},
	{"deflate-last-block-ends", false, "X.6.11"},
	{"deflate-control", false, "X.6.19"},
	{"deflate-garbage", false, "X.7.1,X.7.4"},
	{"deflate-utf8-unchecked", false, "X.7.9"},
	{"deflate-bomb", false, "X.8.1"},
	{"flood-fragments", false, "R.1.1"},
	{"messages-merged", false, "R.2.2"},
	{"mask-restarts", false, "R.4.4,R.5.2"},
	{"pong-reordered", false, "R.4.6,R.5.3"},
	{"tcp-kept", false, "L.6.2"},
	{"close-unanswered", false, "L.6.2"},
	{"close-code-1002", false, "L.6.2"},
	{"close-sends-data", false, "L.6.2"},
	{"close-ignored", false, "L.6.2"},
	{"message-twice", false, "L.6.2"},
	{"close-1012-refused", false, "R.9.1,R.9.2,R.9.3"},
	{"close-utf8-cut", false, "R.9.4,R.9.5,R.9.6"},
	{"close-utf8-unchecked", false, "R.9.4"},
	{"close-twice", false, "R.9.1,R.10.1,R.10.3,R.11.1,R.11.8"},
	{"close-sends-data", false, "R.10.2,R.11.1,R.11.5"},
	{"close-then-goes-on", false, "R.10.5,R.11.6"},
	{"close-unanswered", false, "R.9.1,R.10.1"},
	{"close-ignored", false, "R.9.1,R.10.1"},
	{"close-any-code", false, "R.11.9"},
	{"close-unawaited", false, "R.11.5"},
	{"tcp-kept", false, "R.9.1,R.10.1,R.11.1"},
	{"pong-beside-large-missing", false, "R.12.1,R.12.2,R.12.3"},
	{"payload-one-read", false, "R.12.1"},
	{"handshake-cut-4096", false, "H.9.4"},
	{"handshake-line-skipped", false, "H.9.2"},
	{"handshake-pipelined", false, "H.9.1,H.9.2"},
	{"extension-same-bit", false, "X.9.1,X.9.2,X.9.3,X.9.5"},
	{"deflate-window-plus", false, "X.2.16,X.2.29"},
	{"deflate-window-zeros", false, "X.2.52,X.2.53"},
	{"handshake-cut-4096", true, "C.12.4"},
	{"handshake-line-skipped", true, "C.12.2"},
	{"handshake-rest-lost", true, "C.12.1,C.12.2"},
	{"answer-status", true, "C.10.7,C.10.9"},
	{"answer-extension", true, "C.5.35"},
	{"deflate-window-plus", true, "C.5.30,C.5.33"},
	{"deflate-window-zeros", true, "C.5.29,C.5.31,C.5.32,C.5.34"},
	{"close-1012-refused", true, "R.9.1"},
	{"close-utf8-cut", true, "R.9.4"},
	{"close-twice", true, "R.9.1,R.10.1,R.10.5"},
	{"close-sends-data", true, "R.10.1"},
	{"pong-beside-large-missing", true, "R.12.1"},
	{"answer-status", true, "C.1.1,C.1.3"},
	{"answer-upgrade", true, "C.2.1,C.2.2"},
	{"answer-connection", true, "C.2.6"},
	{"handshake-list-ignored", true, "C.2.10"},
	{"handshake-field-space", true, "C.2.19"},
	{"answer-accept", true, "C.3.1,C.3.3,C.3.5"},
	{"answer-subprotocol", true, "C.4.1"},
	{"answer-extension", true, "C.5.1,C.5.8"},
	{"deflate-window-any", true, "C.5.12"},
	{"handshake-rest-lost", true, "C.6.5"},
	{"handshake-unlimited", true, "C.6.10"},
	{"mask-unchecked", true, "C.7.1,C.7.6"},
	{"handshake-key-constant", true, "C.8.5"},
	{"mask-key-constant", true, "C.8.11"},
	{"deflate-window-exceeded", true, "X.4.3"},
	{"length-not-minimal", true, "L.2.1"},
	{"rsv2-ignored", false, "L.9.1,L.9.6"},
	{"close-twice", false, "L.6.2"},
}

// playBroken runs cases against the server or the client with a defect. "" means no defect.
func playBroken(t *testing.T, defect string, clients bool, cases []*Case, o *Options) []*report.Result {
	t.Helper()
	if clients {
		return testClient(t, cases, o, func(ctx context.Context, url string) {
			if err := (&broken.Client{Defect: defect}).Echo(ctx, url); err != nil &&
				strings.HasPrefix(err.Error(), "broken:") {
				t.Error(err)
			}
		})
	}
	s := &broken.Server{Defect: defect}
	url, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	results, err := TestServer(t.Context(), url, cases, o)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func allRight(r *report.Result) bool { return r.Behavior == report.OK && r.BehaviorClose == report.OK }

// The cases of each defect detect it, and peers without a defect pass them.
func TestDefectsAreCaught(t *testing.T) {
	t.Parallel()
	every := map[bool]string{}
	for _, c := range defects {
		every[c.clients] += "," + c.cases
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	free := make(chan struct{}, 8) // they wait more than they work
	inTurn := func(name string, clients bool, f func(*testing.T)) {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			t.Run(fmt.Sprint(name, ", clients ", clients), f)
		})
	}
	for clients, ids := range every {
		inTurn("right", clients, func(t *testing.T) { testRight(t, clients, ids[1:]) })
	}
	for _, c := range defects {
		inTurn(c.defect, c.clients, func(t *testing.T) { testCaught(t, c.defect, c.clients, c.cases) })
	}
}

// attempts limits how often a case runs again after an unexpected result, which a busy machine may cause.
const attempts = 10

func testRight(t *testing.T, clients bool, ids string) {
	cases := casesMatching(t, strings.Split(ids, ",")...)
	for range attempts { // of the cases that did not pass, because the machine may be busy
		results := playBroken(t, "", clients, cases, short)
		cases = nil
		for _, r := range results {
			if !allRight(r) {
				t.Logf("%s: %s, %s: %s %s", r.ID, r.Behavior, r.BehaviorClose, r.Result, r.ResultClose)
				cases = append(cases, casesMatching(t, r.ID)...)
			}
		}
		if len(cases) == 0 {
			return
		}
	}
	t.Errorf("%d cases never pass", len(cases))
}

func testCaught(t *testing.T, defect string, clients bool, ids string) {
	cases := casesMatching(t, strings.Split(ids, ",")...)
	// On a busy machine, pieces may arrive together, so that a case does not detect the defect. Then the
	// pause between them becomes longer.
	o := *short
	for n := range attempts {
		o.cut = cutTime << min(n, 6)
		results := playBroken(t, defect, clients, cases, &o)
		cases = nil
		for _, r := range results {
			if allRight(r) {
				cases = append(cases, casesMatching(t, r.ID)...)
			}
			if o := r.Offense; o != nil && (o.Offset < 0 || o.Length < 0 ||
				o.Offset+o.Length > len(o.Octets) || len(o.Octets) > 256 || o.What == "") {
				t.Errorf("%s: the offense is %+v", r.ID, o)
			}
		}
		if len(cases) == 0 {
			return
		}
	}
	for _, c := range cases {
		t.Errorf("%s never detects the defect", c.ID)
	}
}

// rarelyFails reports whether hardly any peer can fail a case, because no rule says what is right. The rule
// of H.6.13 is for clients, although the case tests servers. In X.7.12, only silence is wrong.
func rarelyFails(c *Case) bool {
	return c.Idle || c.Rule.Level == "MAY" || c.Rule.Level == "" ||
		slices.Contains([]string{"H.6.13", "X.7.12"}, c.ID)
}

// Every case for servers can fail: at least one of the bad servers fails it. For cases that are not
// about the opening handshake, the bad servers complete the handshake.
func TestEveryServerCaseCanFail(t *testing.T) {
	t.Parallel()
	handshake := []*target{listen(t, refuseAll), listen(t, acceptAll), listen(t, answer204)}
	later := []*target{listen(t, acceptAll), listen(t, silent), listen(t, closeAtOnce)}
	o := (&Options{HandshakeTimeout: time.Second, CloseTimeout: 50 * time.Millisecond,
		ClosePath: testee.ClosePath}).withDefaults()
	var wg sync.WaitGroup
	free := make(chan struct{}, 16)
	for _, c := range casesMatching(t, "H.*", "L.*", "X.*", "R.*") {
		if !c.Servers || rarelyFails(c) {
			continue
		}
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			targets := later
			if c.ID[0] == 'H' {
				targets = handshake
			}
			eventually(t, func(complain func(string, ...any)) {
				for _, tgt := range targets {
					r, err := serverCase(t.Context(), tgt, c, o)
					if err != nil {
						t.Logf("%s: %v", c.ID, err)
						continue
					}
					checkRule(t, r)
					if r.Behavior == report.Failed || r.Behavior == report.NonStrict {
						return
					}
				}
				complain("%s cannot fail: %s", c.ID, c.Description)
			})
		})
	}
	wg.Wait()
}

// Every case for clients can fail: at least one of two clients fails it. Both accept everything and answer
// nonsense, and one sends an invalid request.
func TestEveryClientCaseCanFail(t *testing.T) {
	t.Parallel()
	o := &Options{HandshakeTimeout: 2 * time.Second, CloseTimeout: 50 * time.Millisecond}
	request := "GET %s HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: " +
		"Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEC==\r\n\r\n"
	wrong := strings.NewReplacer("websocket", "x", "Connection: Upgrade", "Connection: x", "Version: 13",
		"Version: 13\r\nSec-WebSocket-Protocol: a, a\r\nSec-WebSocket-Extensions: permessage-deflate; x",
		"AQID", "@QID", "Host: h", "Host: ", "GET %s HTTP/1.1", "GET %s&#f HTTP/1.0").Replace(request) +
		"early"
	failed := map[string]bool{}
	cases := slices.DeleteFunc(casesMatching(t, "L.*", "X.*", "R.*", "C.*"), rarelyFails)
	done := func(c *Case) bool { return !c.Clients || failed[c.ID] }
	for n := range 2 * attempts { // on a busy machine, some cases need several attempts
		ask := []string{request, wrong}[n%2]
		if cases = slices.DeleteFunc(cases, done); len(cases) == 0 {
			return
		}
		results := testClient(t, cases, o, func(ctx context.Context, url string) {
			credulous(ctx, ask, url)
		})
		for _, r := range results {
			if r.Behavior == report.Failed || r.Behavior == report.NonStrict {
				failed[r.ID] = true
			}
		}
	}
	for _, c := range cases {
		if c.Clients && !failed[c.ID] {
			t.Errorf("%s cannot fail: %s", c.ID, c.Description)
		}
	}
}

// checkRule checks that a verdict of FAILED depends on a MUST, and one of NON-STRICT on a SHOULD.
func checkRule(t *testing.T, r *report.Result) {
	t.Helper()
	want := map[report.Verdict]string{report.Failed: "MUST", report.NonStrict: "SHOULD"}[r.Behavior]
	if rule := r.VerdictRule(); want != "" && (rule == nil || rule.Level != want) {
		t.Errorf("%s: %s depends on %+v: %s", r.ID, r.Behavior, rule, r.Result)
	}
}
