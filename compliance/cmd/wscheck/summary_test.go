package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/compliance/report"
)

// summarySample returns results of many kinds.
func summarySample() []*report.Result {
	must := &report.Rule{Section: "RFC 1, section 1", Level: "MUST", Text: "It MUST."}
	should := &report.Rule{Section: "RFC 1, section 2", Level: "SHOULD", Text: "It SHOULD."}
	may := &report.Rule{Section: "RFC 1, section 3", Level: "MAY", Text: "It MAY."}
	var results []*report.Result
	add := func(id string, v report.Verdict, rule *report.Rule) *report.Result {
		r := &report.Result{Agent: "a", ID: id, Description: "Does " + id + ".", Behavior: v,
			BehaviorClose: report.OK, Result: "Saw<br>" + id + ".", Rule: rule}
		results = append(results, r)
		return r
	}
	for _, id := range strings.Fields("1.1 1.2 1.3 1.4 1.5 1.6 1.7") {
		add(id, report.NonStrict, should).Aside = &report.Aside{Text: "It may."}
	}
	add("2.1", report.Failed, may)
	add("2.2", report.Failed, must)
	add("2.3", report.Failed, must).Aside = &report.Aside{Text: "But."}
	add("2.4", report.Failed, nil)
	add("2.5", report.OK, must).Earlier = []report.Run{{Behavior: report.Failed, BehaviorClose: report.OK}}
	return results
}

// The summary lists the worst verdict first, then the rule with most cases. It does not call a MAY
// violated, and cuts long lists.
func TestSummary(t *testing.T) {
	results := summarySample()
	f := &runFlags{known: "known.txt"}
	var b strings.Builder
	f.newSummary(results, nil).writeText(&b)
	want := `a: 12 cases in 0.0 s
  behavior  1 OK, 7 NON-STRICT, 4 FAILED
  close     12 OK
  varied: 2.5 (FAILED, then OK)

FAILED: 2 cases about RFC 1, section 1 (MUST)
  "It MUST."
  2.2      Does 2.2.
           FAILED, close OK: Saw 2.2.
  2.3      Does 2.3.
           FAILED, close OK: Saw 2.3.
           remark: But.

FAILED: 1 case about RFC 1, section 3
  "It MAY."
  2.1      Does 2.1.
           FAILED, close OK: Saw 2.1.

FAILED: 1 case
  2.4      Does 2.4.
           FAILED, close OK: Saw 2.4.

NON-STRICT: 7 cases about RFC 1, section 2 (SHOULD)
  "It SHOULD."
  Remark: It may.
  1.1      Does 1.1.
           NON-STRICT, close OK: Saw 1.1.
  1.2      Does 1.2.
           NON-STRICT, close OK: Saw 1.2.
  1.3      Does 1.3.
           NON-STRICT, close OK: Saw 1.3.
  1.4      Does 1.4.
           NON-STRICT, close OK: Saw 1.4.
  1.5      Does 1.5.
           NON-STRICT, close OK: Saw 1.5.
  and 1.6, 1.7

`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	if s := f.newSummary(results, errors.New("x")); s.status() != exitFailed ||
		!strings.HasPrefix(s.verdict(), "INCOMPLETE: 12 cases ran") {
		t.Errorf("an incomplete run: status %d, verdict %q", s.status(), s.verdict())
	}
}

// Markdown and JUnit XML have the details of each result.
func TestSummaryForCI(t *testing.T) {
	f, results := &runFlags{known: "known.txt"}, summarySample()
	var b strings.Builder
	f.newSummary(results, nil).writeMarkdown(&b)
	for _, want := range []string{"- 12 cases in 0.0 s\n", "> It SHOULD. ([RFC 1, section 2](",
		")\n\nRemark: It may.\n\n| case |", "| Saw 1.1. |", "| Saw 2.3. Remark: But. |"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in %s", want, b.String())
		}
	}
	b.Reset()
	f.begun = time.Now().Add(-time.Hour)
	if err := f.newSummary(results, nil).writeJUnit(&b); err != nil ||
		!strings.HasPrefix(b.String(), `<testsuites name="wscheck" time="3600.`) {
		t.Errorf("no duration of the run in %.200s (error %v)", b.String(), err)
	}
}

// reason has an outcome once, even if it is the reason for both verdicts.
func TestReason(t *testing.T) {
	for _, tt := range []struct {
		behavior, close     report.Verdict
		result, resultClose string
		want                string
	}{
		{report.Failed, report.OK, "A.", "B.", "A."},
		{report.Failed, report.Failed, "A.", "B.", "A. B."},
		{report.Failed, report.WrongCode, "A.", "A.", "A."},
		{report.OK, report.Unclean, "A.", "B.", "B."},
		{report.Unimplemented, report.OK, "A\n\n\x1bB.", "", "A ?B."},
	} {
		r := &report.Result{Behavior: tt.behavior, BehaviorClose: tt.close, Result: tt.result,
			ResultClose: tt.resultClose}
		if got := reason(r); got != tt.want {
			t.Errorf("%s, close %s: %q, want %q", tt.behavior, tt.close, got, tt.want)
		}
	}
}

// The report has the flags of the run, without those that may be secret.
func TestReportedFlags(t *testing.T) {
	f := newRunFlags("wscheck fuzzingclient", "", "default", time.Hour)
	f.quickFlag()
	f.headerFlag()
	args := "-quick -cases 1.* -out x -header A:secret -junit j -summary s -single -json " +
		"-profile strict -known= -timeout 1h"
	if _, err := f.parse(strings.Fields(args), nil); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(f.reportedFlags(), " "); got != "-profile strict -quick" {
		t.Errorf("flags %q", got)
	}
}
