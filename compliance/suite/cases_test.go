package suite

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/testee"
)

// hawser's server passes every letter case.
func TestHawserServer(t *testing.T) {
	checkPassed(t, testServer(t, echoServer(t), letterCases(t), &Options{ClosePath: testee.ClosePath}))
}

// hawser's client passes every letter case.
func TestHawserClient(t *testing.T) {
	results := testClient(t, letterCases(t), nil, echoClient)
	for i, r := range results {
		for try := 1; try < attempts && !r.Passed(); try++ {
			r = testClient(t, casesMatching(t, r.ID), nil, echoClient)[0]
			results[i] = r
		}
	}
	checkPassed(t, results)
}

// Every letter case has a description, an expectation and a rule of an RFC.
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
			t.Errorf("%s has a title but no case", sub)
		}
	}
}

// levels are the levels of rules, and the key words of RFC 2119 for each.
var levels = []struct {
	level string
	words []string
}{
	{"MUST", []string{"MUST", "REQUIRED", "SHALL"}}, {"SHOULD", []string{"SHOULD", "RECOMMENDED"}},
	{"MAY", []string{"MAY", "OPTIONAL"}},
}

// levelWrong says why the level of a rule does not match its text. It returns "" if it matches.
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

// The level of a rule is a key word (RFC 2119) in its text. A rule without a key word has no level.
func TestRuleLevels(t *testing.T) {
	for _, c := range all {
		if why := levelWrong(c.Rule); why != "" {
			t.Errorf("%s: a rule of level %q %s: %s", c.ID, c.Rule.Level, why, c.Rule.Text)
		}
	}
	for _, r := range []report.Rule{{Level: "MUST", Text: "must not"}, {Level: "", Text: "MAY"},
		{Level: "SHALL", Text: "SHALL"}} {
		if levelWrong(r) == "" {
			t.Errorf("%+v passes", r)
		}
	}
}

// settled runs a case until its verdicts are the expected ones, at most attempts times. An error or another
// verdict may be due to a busy machine. An empty verdict means any. settled returns the last result.
func settled(t *testing.T, behavior, end report.Verdict, play func() (*report.Result, error)) *report.Result {
	t.Helper()
	var r *report.Result
	var err error
	for range attempts {
		r, err = play()
		if err == nil && (behavior == "" || r.Behavior == behavior) && (end == "" || r.BehaviorClose == end) {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// eventually calls f until it has no complaint, up to attempts times, because a busy machine may disturb
// timing. If f complains each time, eventually fails the test. f must make its own peers.
func eventually(t *testing.T, f func(complain func(format string, args ...any))) {
	t.Helper()
	var complaints []string
	for range attempts {
		complaints = nil
		f(func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) })
		if len(complaints) == 0 {
			return
		}
		t.Logf("failed attempt: %q", complaints)
	}
	t.Errorf("%d attempts failed", attempts)
}

// Cases are immutable, because several runs may play a case at once. The race detector checks that.
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
