package autobahn

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/compliance/report"
)

// entry returns the verdicts on a case of the agent echo. A code of 0 means none.
func entry(behavior, behaviorClose report.Verdict, code int, file string) report.Entry {
	e := report.Entry{Behavior: behavior, BehaviorClose: behaviorClose, ReportFile: file}
	if code != 0 {
		e.RemoteCloseCode = &code
	}
	return e
}

func fixtureReport() *Report {
	index := report.Index{
		"echo": {
			"1.1.1":  entry("OK", "OK", 1000, "echo_case_1_1_1.json"),
			"2.10":   entry("OK", "UNCLEAN", 0, "echo_case_2_10.json"),
			"2.9":    entry("FAILED", "WRONG CODE", 1002, "echo_case_2_9.json"),
			"6.4.1":  entry("NON-STRICT", "OK", 1007, "echo_case_6_4_1.json"),
			"7.1.6":  entry("INFORMATIONAL", "INFORMATIONAL", 1000, "echo_case_7_1_6.json"),
			"7.5.1":  entry("", "OK", 1007, "echo_case_7_5_1.json"),
			"9.1.1":  entry("FAILED", "FAILED", 0, "echo_case_9_1_1.json"),
			"12.1.1": entry("UNIMPLEMENTED", "OK", 1000, "echo_case_12_1_1.json"),
		},
		"other": {"1.1.2": entry("OK", "OK", 1000, "other_case_1_1_2.json")},
	}
	cases := []string{"1.1.1", "1.1.2", "2.9", "2.10", "6.4.1", "7.1.6", "7.5.1", "12.1.1"}
	return newReport(index, "echo", "reports", cases)
}

func TestReportVerdicts(t *testing.T) {
	r := fixtureReport()
	if diff := cmp.Diff([]string{"2.9", "2.10", "6.4.1", "12.1.1"}, r.Short()); diff != "" {
		t.Errorf("Short (-want +got):\n%s", diff)
	}
	// 1.1.2 has a verdict of the other agent only, and 7.5.1 only one of its two verdicts.
	if diff := cmp.Diff([]string{"1.1.2", "7.5.1"}, r.Missing()); diff != "" {
		t.Errorf("Missing (-want +got):\n%s", diff)
	}
	if _, ok := r.Results["9.1.1"]; ok {
		t.Error("the report has 9.1.1, which was not requested")
	}
}

func TestReportWrite(t *testing.T) {
	r := fixtureReport()
	r.Took = 1250 * time.Millisecond
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	file := func(name string) string { return filepath.Join("reports", name) }
	want := `echo: 6 of 8 cases ran in 1.2 s
behavior       OK 2, INFORMATIONAL 1, FAILED 1, NON-STRICT 1, UNIMPLEMENTED 1
behaviorClose  OK 3, INFORMATIONAL 1, UNCLEAN 1, WRONG CODE 1

4 fell short:
case    behavior       behaviorClose  peer's code  report
2.9     FAILED         WRONG CODE     1002         ` + file("echo_case_2_9.json") + `
2.10    OK             UNCLEAN        none         ` + file("echo_case_2_10.json") + `
6.4.1   NON-STRICT     OK             1007         ` + file("echo_case_6_4_1.json") + `
12.1.1  UNIMPLEMENTED  OK             1000         ` + file("echo_case_12_1_1.json") + `

2 not run: 1.1.2 7.5.1
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("Write (-want +got):\n%s", diff)
	}
}

func TestReportOfNothing(t *testing.T) {
	cases, err := ExpandCases([]string{"1.*", "2.*"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := newReport(report.Index{}, "echo", "reports", cases).Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"0 of 27 cases", "behavior       none", "27 not run: 1.1.1 ", "2.4 and 7 more",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in:\n%s", want, b.String())
		}
	}
}
