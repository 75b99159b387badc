package compliance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/suite"
)

// notes is a subtest that keeps what is said.
type notes struct{ errors, logs []string }

func (n *notes) Helper() {}

func (n *notes) Errorf(format string, args ...any) {
	n.errors = append(n.errors, fmt.Sprintf(format, args...))
}

func (n *notes) Logf(format string, args ...any) {
	n.logs = append(n.logs, fmt.Sprintf(format, args...))
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
		{"3", report.NonStrict, report.OK, "behaviour NON-STRICT: seen", ""},
		{"3", report.OK, report.Unclean, "close UNCLEAN: closed", ""},
		{"1", report.OK, report.OK, "passes, but is known to fall short: a reason", ""},
		{"1", report.Failed, report.OK, "", "falls short, as is known: a reason"},
		{"2", report.OK, report.WrongCode, "", "falls short, as is known: "},
		{"2", report.OK, report.OK, "passes, but is known", ""},
	} {
		var n notes
		judge(&n, &report.Result{ID: tt.id, Behavior: tt.behavior, Result: "seen", BehaviorClose: tt.close, ResultClose: "closed"}, known)
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

// A case that falls short runs again, unless it is known to.
func TestTwice(t *testing.T) {
	verdict := map[bool]report.Verdict{false: report.Failed, true: report.OK}
	for _, tt := range []struct {
		known map[string]string
		runs  int
		want  report.Verdict
	}{
		{nil, 2, report.OK},
		{map[string]string{"1.1.1": ""}, 1, report.Failed},
	} {
		runs := 0
		r := &runner{opts: Options{Known: tt.known}, cases: []*suite.Case{{ID: "1.1.1"}}}
		r.play = func(_ context.Context, _ int, again bool) (*report.Result, error) {
			runs++
			return &report.Result{Behavior: verdict[again], BehaviorClose: report.OK}, nil
		}
		result, err := r.twice(t.Context(), 0)
		if err != nil || runs != tt.runs || result.Behavior != tt.want {
			t.Errorf("known %v: %d runs, %s, %v; want %d, %s", tt.known, runs, result.Behavior, err, tt.runs, tt.want)
		}
	}
}

// A client that does not come for its case is not waited for without end.
func TestClientLeavesACase(t *testing.T) {
	s := &clientRun{
		client: func(context.Context, string) error { return errors.New("no network") },
		server: &suite.Server{}, agent: "a", cases: []*suite.Case{{ID: "1.1.1"}},
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := s.one(ctx, 0, false); err == nil || !strings.Contains(err.Error(), "its error is no network") {
		t.Errorf("error %v", err)
	}
}
