package compliance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/suite"
)

// notes is a subtest that keeps what is said.
type notes struct{ errors, logs, skips []string }

func (n *notes) Helper() {}

func (n *notes) Errorf(format string, args ...any) {
	n.errors = append(n.errors, fmt.Sprintf(format, args...))
}

func (n *notes) Logf(format string, args ...any) {
	n.logs = append(n.logs, fmt.Sprintf(format, args...))
}

func (n *notes) Skipf(format string, args ...any) {
	n.skips = append(n.skips, fmt.Sprintf(format, args...))
}

func TestJudge(t *testing.T) {
	known := map[string]string{"1": "a reason", "2": ""}
	for _, tt := range []struct {
		id              string
		behavior, close report.Verdict
		errors, logs    string
	}{
		{"3", report.OK, report.OK, "", ""},
		{"3", report.Informational, report.Informational, "", ""},
		{"3", report.NonStrict, report.OK, "behavior NON-STRICT: seen", ""},
		{"3", report.OK, report.Unclean, "close UNCLEAN: closed", ""},
		{"1", report.OK, report.OK, "passes, but is known to fall short: a reason", ""},
		{"1", report.Failed, report.OK, "", "falls short, as is known: a reason"},
		{"2", report.OK, report.WrongCode, "", "falls short, as is known: "},
		{"2", report.OK, report.OK, "passes, but is known", ""},
	} {
		var n notes
		judge(&n, &report.Result{ID: tt.id, Behavior: tt.behavior, Result: "seen", BehaviorClose: tt.close, ResultClose: "closed"}, (&Options{Known: known}).policy())
		for _, w := range []struct {
			got  []string
			want string
		}{{n.errors, tt.errors}, {n.logs, tt.logs}} {
			if len(w.got) > 1 || (len(w.got) == 1) != (w.want != "") || !strings.Contains(strings.Join(w.got, ""), w.want) {
				t.Errorf("case %s, %s, close %s: %q, want %q", tt.id, tt.behavior, tt.close, w.got, w.want)
			}
		}
	}
}

func TestJudgeSkips(t *testing.T) {
	for _, tt := range []struct {
		result report.Result
		failOn report.Verdict
		skip   string // "": it fails
	}{
		{report.Result{ID: "12.1.1", Behavior: report.Unimplemented, Result: "none", BehaviorClose: report.OK}, "", "UNIMPLEMENTED: none"},
		{report.Result{ID: "12.1.1", Behavior: report.Unimplemented, BehaviorClose: report.OK}, report.Unimplemented, ""},
		{report.Result{ID: "9.1.6", Behavior: report.Failed, Result: "1009", BehaviorClose: report.Failed, Close: report.Close{RemoteCloseCode: 1009}}, "", "FAILED: 1009"},
	} {
		var n notes
		judge(&n, &tt.result, (&Options{FailOn: tt.failOn}).policy())
		if strings.Join(n.skips, "") != tt.skip || (len(n.errors) == 0) != (tt.skip != "") {
			t.Errorf("%s, FailOn %q: skipped %q, failed %q; want %q", tt.result.Behavior, tt.failOn, n.skips, n.errors, tt.skip)
		}
	}
}

// A client that does not come for its case fails it, and is not waited for without
// end.
func TestClientLeavesACase(t *testing.T) {
	cases, err := suite.Cases([]string{"1.1.1"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		s := &clientRun{
			client: func(context.Context, string) error { return errors.New("no network") },
			server: &suite.Server{}, agent: "a",
		}
		r, err := s.one(t.Context(), cases[0])
		if err != nil || r.Behavior != report.Failed || !strings.Contains(r.Result, "its error is no network") {
			t.Errorf("%+v, error %v", r, err)
		}
	})
}

// A verdict that varies is logged, and the last one counts.
func TestVariesIsLogged(t *testing.T) {
	var n notes
	r := &report.Result{Behavior: report.OK, BehaviorClose: report.OK}
	r.Follow(&report.Result{Behavior: report.Failed, BehaviorClose: report.OK})
	judge(&n, r, report.Policy{})
	if len(n.errors) > 0 || len(n.logs) != 1 || n.logs[0] != "varies: FAILED, then OK" {
		t.Errorf("%q", n)
	}
}
