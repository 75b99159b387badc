package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
)

// reportOf writes a report of an agent with verdicts by case.
func reportOf(t *testing.T, agent string, verdicts map[string]report.Verdict) string {
	t.Helper()
	var results []*report.Result
	for id, v := range verdicts {
		results = append(results, &report.Result{Agent: agent, ID: id, Behavior: v, BehaviorClose: report.OK,
			Started: time.Now()})
	}
	dir := t.TempDir()
	if err := report.Write(dir, results, report.Options{}); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestCompare(t *testing.T) {
	a := reportOf(t, "one", map[string]report.Verdict{"1.1.1": report.OK, "6.4.1": report.NonStrict})
	b := reportOf(t, "two", map[string]report.Verdict{"1.1.1": report.OK, "6.4.1": report.OK})
	wscheck(t, "compare", a, filepath.Join(a, "index.json")).check(t, exitPassed, "2 of 2 cases equal", "")
	wscheck(t, "compare", a, b).check(t, exitPassed,
		"1 of 2 cases equal; behavior differs in 1, behaviorClose in 0; B is worse in 0, better in 1.", "")
	wscheck(t, "compare", b, a).check(t, exitShort, "B is worse in 1, better in 0.", "")
	wscheck(t, "compare", "-strict", a, b).check(t, exitShort, "1 of 2 cases equal", "")
	wscheck(t, "compare", "-strict", a, a).check(t, exitPassed, "2 of 2 cases equal", "")

	d := wscheck(t, "compare", a, b, "-all")
	first, last := strings.Index(d.stdout, "6.4.1"), strings.Index(d.stdout, "1.1.1")
	if first < 0 || last < first {
		t.Errorf("the case that differs is not first: %s", d.stdout)
	}
	wscheck(t, "compare", a, "-markdown", b).check(t, exitPassed, "| 6.4.1 | NON-STRICT | **OK** |", "")
}

func TestCompareUnreadable(t *testing.T) {
	a := reportOf(t, "one", map[string]report.Verdict{"1.1.1": report.OK})
	empty, page := t.TempDir(), filepath.Join(a, "index.html")
	none := filepath.Join(empty, "index.json")
	wscheck(t, "compare", a, empty).check(t, exitFailed, "", "no report at "+empty)
	wscheck(t, "compare", none, a).check(t, exitFailed, "", "no report at "+none)
	wscheck(t, "compare", a, page).check(t, exitFailed, "", "index.html is not an index of cases")
	if err := os.WriteFile(none, []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	wscheck(t, "compare", a, empty).check(t, exitFailed, "", "no agent in common")
}
