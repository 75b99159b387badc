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

// notes is a subtest that records what is reported.
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

func TestReportResult(t *testing.T) {
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
		{"1", report.Failed, report.OK, "", "known to fall short: a reason"},
		{"2", report.OK, report.WrongCode, "", "known to fall short: "},
		{"2", report.OK, report.OK, "passes, but is known", ""},
	} {
		var n notes
		result := &report.Result{ID: tt.id, Behavior: tt.behavior, Result: "seen",
			BehaviorClose: tt.close, ResultClose: "closed"}
		reportResult(&n, result, (&Options{Known: known}).policy())
		for _, w := range []struct {
			got  []string
			want string
		}{{n.errors, tt.errors}, {n.logs, tt.logs}} {
			if len(w.got) > 1 || (len(w.got) == 1) != (w.want != "") ||
				!strings.Contains(strings.Join(w.got, ""), w.want) {
				t.Errorf("case %s, %s, close %s: reported %q, want %q",
					tt.id, tt.behavior, tt.close, w.got, w.want)
			}
		}
	}
}

func TestReportResultSkips(t *testing.T) {
	for _, tt := range []struct {
		result report.Result
		failOn report.Verdict
		skip   string // empty if the case fails
	}{
		{report.Result{ID: "12.1.1", Behavior: report.Unimplemented, Result: "none",
			BehaviorClose: report.OK}, "", "UNIMPLEMENTED: none"},
		{report.Result{ID: "12.1.1", Behavior: report.Unimplemented, BehaviorClose: report.OK},
			report.Unimplemented, ""},
		{report.Result{ID: "9.1.6", Behavior: report.Failed, Result: "1009", BehaviorClose: report.Failed,
			Close: report.Close{RemoteCloseCode: 1009}}, "", "FAILED: 1009"},
	} {
		var n notes
		reportResult(&n, &tt.result, (&Options{FailOn: tt.failOn}).policy())
		if strings.Join(n.skips, "") != tt.skip || (len(n.errors) == 0) != (tt.skip != "") {
			t.Errorf("%s, FailOn %q: skipped %q, failed %q; want skipped %q",
				tt.result.Behavior, tt.failOn, n.skips, n.errors, tt.skip)
		}
	}
}

// A client that does not connect for its case fails it, after a bounded wait.
func TestClientDoesNotConnect(t *testing.T) {
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
		if err != nil || r.Behavior != report.Failed ||
			!strings.Contains(r.Result, ": no network") {
			t.Errorf("the result is %+v, error %v", r, err)
		}
	})
}

// A verdict that varies between runs is logged, and the last one counts.
func TestVariesIsLogged(t *testing.T) {
	var n notes
	r := &report.Result{Behavior: report.OK, BehaviorClose: report.OK}
	r.Follow(&report.Result{Behavior: report.Failed, BehaviorClose: report.OK})
	reportResult(&n, r, report.Policy{})
	if len(n.errors) > 0 || len(n.logs) != 1 || n.logs[0] != "varies: FAILED, then OK" {
		t.Errorf("reported %q", n)
	}
}
