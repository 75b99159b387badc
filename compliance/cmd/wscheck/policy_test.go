package main

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/compliance/report"
)

func TestProfiles(t *testing.T) {
	t.Parallel()
	url := serve(t, plainEcho())
	for _, tt := range []struct {
		flags   string
		status  int
		verdict string
	}{
		{"", exitPassed, "PASS: 2 of 4 cases, 2 skipped\n"},
		{"-profile lenient", exitPassed, "PASS: 2 of 4 cases, 2 skipped\n"},
		{"-profile strict", exitShort, "FAIL: 2 of 4 cases fell short\n"},
		{"-profile autobahn", exitShort, "FAIL: 1 of 3 cases fell short, 1 skipped\n"},
		{"-profile autobahn -fail-on unimplemented", exitShort, "FAIL: 2 of 3 cases fell short\n"},
		{"-fail-on unimplemented", exitShort, "FAIL: 2 of 4 cases fell short\n"},
		{"-profile strict -fail-on failed", exitPassed, "PASS: 2 of 4 cases, 2 skipped\n"},
	} {
		d := wscheck(t, append([]string{"fuzzingclient", url, "-cases", "1.1.1,9.2.4,12.1.1,H.1.1", "-out",
			t.TempDir()}, strings.Fields(tt.flags)...)...)
		d.check(t, tt.status, tt.verdict, "")
		agent := strings.TrimPrefix(url, "ws://")
		notes := "skipped: 1 case that " + agent +
			" declined; with -fail-on unimplemented, such cases fail\n" +
			"  skipped: 1 case in which " + agent + " refused a message with 1009"
		if strings.Contains(d.stdout, notes) != strings.Contains(tt.verdict, "2 skipped") {
			t.Errorf("%s: printed %s", tt.flags, d.stdout)
		}
	}
}

func TestKnown(t *testing.T) {
	t.Parallel()
	url, dir := serve(t, liar()), t.TempDir()
	out, known := filepath.Join(dir, "reports"), filepath.Join(dir, "known.txt")
	args := []string{"fuzzingclient", url, "-cases", "1.1.1,1.1.2,1.1.3,1.2.*", "-exclude", "1.2.*", "-out",
		out}
	wscheck(t, args...).check(t, exitShort, "FAIL: 2 of 3 cases", "")
	wscheck(t, "known", out).check(t, exitPassed, "1.1.2    FAILED, close ", "")
	wscheck(t, "known", out, "-write", known).check(t, exitPassed, known+": 2 cases\n", "")

	args = append(args, "-known", known)
	wscheck(t, args...).check(t, exitPassed, "PASS: 1 of 3 cases, 2 known to fall short\n", "")

	lines := func(text string) {
		t.Helper()
		if err := os.WriteFile(known, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	lines("1.1.1 # was bad\n1.1.2 # adds a mark\n1.1.3 # adds a mark\n1.2.1 # elsewhere\n5.1\n")
	d := wscheck(t, args...)
	d.check(t, exitShort, "FAIL: "+known+" is out of date, 2 known to fall short\n", "")
	for _, want := range []string{known + ": 1.1.1 passes, but is known to fall short: was bad\n",
		known + ": 1.2.1 did not run, but is known"} {
		if !strings.Contains(d.stdout, want) || strings.Contains(d.stdout, "5.1") {
			t.Errorf("no %q in %q", want, d.stdout)
		}
	}
	// Reasons and cases that the report lacks are kept. Cases that pass are removed.
	wscheck(t, "known", out, "-write", known).check(t, exitPassed,
		"4 cases, of which 2 are not in the report", "")
	b, err := os.ReadFile(known)
	if err != nil || strings.Count(string(b), "# adds a mark\n") != 2 ||
		strings.Contains(string(b), "1.1.1 ") || !strings.Contains(string(b), "# elsewhere\n5.1\n") {
		t.Errorf("the file is %q, %v", b, err)
	}
	// A case that varies is kept even if it passes.
	lines("1.1.1 varies # a race\n1.1.2\n1.1.3\n")
	wscheck(t, args...).check(t, exitPassed, "PASS: 1 of 3 cases, 2 known to fall short\n", "")
	wscheck(t, "known", out, "-write", known).check(t, exitPassed, "3 cases", "")

	lines("1.1.2 NON-STRICT, close OK\n1.1.3\n") // 1.1.2 has worse verdicts than listed
	d = wscheck(t, args...)
	d.check(t, exitShort, "FAIL: 1 of 3 cases fell short, 1 known to fall short\n", "")
	if want := "           in " + known + ": NON-STRICT, close OK\n"; !strings.Contains(d.stdout, want) {
		t.Errorf("no %q in %q", want, d.stdout)
	}

	for text, want := range map[string]string{
		"1.1.1 what\n": `line 1: invalid verdicts "what"`,
		"8.1\n":        `no case matches "8.1"; 'wscheck cases' lists them`,
		"1.*\n":        `"1.*" must be the id of one case`,
	} {
		lines(text)
		wscheck(t, args...).check(t, exitFailed, "", "wscheck: -known: "+known+": "+want)
	}
	wscheck(t, "fuzzingclient", url, "-known", filepath.Join(dir, "none")).check(t, exitFailed, "",
		"-known: open ")
	wscheck(t, "known", dir).check(t, exitFailed, "", "no report at "+dir)
}

// An incomplete run does not report known cases that did not run.
func TestKnownIncomplete(t *testing.T) {
	t.Parallel()
	known := filepath.Join(t.TempDir(), "known.txt")
	if err := os.WriteFile(known, []byte("1.1.8\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	d := wscheck(t, "fuzzingclient", serveMortal(t, 3), "-parallel", "1", "-cases", "1.1.*", "-known", known,
		"-out", t.TempDir())
	if d.check(t, exitFailed, "INCOMPLETE", ""); strings.Contains(d.stdout, "known") {
		t.Errorf("printed %s", d.stdout)
	}
}

func TestExports(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	unit, page := filepath.Join(dir, "junit.xml"), filepath.Join(dir, "summary.md")
	if err := os.WriteFile(page, []byte("before\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	d := wscheck(t, "fuzzingclient", serve(t, liar()), "-agent", "<a|b>", "-cases",
		"1.1.1,1.1.2,1.2.1,2.1,12.1.1", "-out", filepath.Join(dir, "out"),
		"-json", "-junit", unit, "-summary", page, "-single")
	d.check(t, exitShort, "", "FAIL: 1 of 5 cases fell short, 1 skipped\n")

	wscheck(t, "known", filepath.Join(dir, "out")).check(t, exitFailed, "",
		"has no files of cases, as with -single")

	var all map[string]map[string]jsonEntry
	if err := json.Unmarshal([]byte(d.stdout), &all); err != nil {
		t.Fatal(err)
	}
	got := all["<a|b>"]
	if e := got["1.1.2"]; e.Behavior != report.Failed || e.Outcome != "short" || e.Result == "" ||
		e.Title == "" || e.Rule == nil || e.Rule.Level != "MUST" {
		t.Errorf("1.1.2 in JSON: %+v", e)
	}
	if got["1.1.1"].Outcome != "passed" || got["12.1.1"].Outcome != "skipped" {
		t.Errorf("outcomes in JSON: %+v, %+v", got["1.1.1"], got["12.1.1"])
	}

	checkJUnit(t, unit)

	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"before\n### WebSocket conformance of &lt;a\\|b>\n",
		"**FAIL: 1 of 5 cases fell short, 1 skipped**",
		"#### FAILED: 1 case about RFC 6455, section ",
		"(https://www.rfc-editor.org/rfc/rfc6455#section-", "\n| 1.1.2 | A text message of 125 "} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %q in the summary %s", want, b)
		}
	}
}

// checkJUnit checks the JUnit file of TestExports.
func checkJUnit(t *testing.T, unit string) {
	t.Helper()
	b, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	var x struct {
		Tests, Failures, Skipped int `xml:",attr"`
		Suites                   []struct {
			Name  string `xml:"name,attr"`
			Tests int    `xml:"tests,attr"`
			Cases []struct {
				Name    string `xml:"name,attr"`
				Failure *struct {
					Type    string `xml:"type,attr"`
					Message string `xml:"message,attr"`
					Text    string `xml:",chardata"`
				} `xml:"failure"`
				Skipped *struct{} `xml:"skipped"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(b, &x); err != nil {
		t.Fatal(err)
	}
	if len(x.Suites) != 3 || x.Suites[0].Name != "<a|b>: 1 Framing" || x.Suites[0].Tests != 3 {
		t.Fatalf("JUnit suites: %+v", x.Suites)
	}
	if f := x.Suites[0].Cases[1].Failure; f == nil || !strings.HasPrefix(f.Type, "FAILED") ||
		f.Message == "" || !strings.Contains(f.Text, " (MUST): ") {
		t.Errorf("JUnit failure of 1.1.2: %+v", f)
	}
	if c := x.Suites[2].Cases[0]; c.Skipped == nil || !strings.HasPrefix(c.Name, "12.1.1 ") {
		t.Errorf("JUnit case 12.1.1: %+v", c)
	}
}

// JUnit XML also reports stale known cases and incomplete runs.
func TestJUnitOfTheRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	unit, known := filepath.Join(dir, "junit.xml"), filepath.Join(dir, "known.txt")
	if err := os.WriteFile(known, []byte("1.1.1 # old\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	check := func(want string) {
		t.Helper()
		if b, err := os.ReadFile(unit); err != nil || !strings.Contains(string(b), want) {
			t.Errorf("no %q in %s, %v", want, b, err)
		}
	}
	wscheck(t, "fuzzingclient", serve(t, plainEcho()), "-cases", "1.1.1", "-known", known, "-junit", unit,
		"-out", dir)
	check(`<failure message="1.1.1 passes, but is known to fall short: old" type="STALE">`)
	wscheck(t, "fuzzingclient", serveMortal(t, 3), "-parallel", "1", "-cases", "1.1.*", "-junit", unit,
		"-out", dir)
	check(`: the server stopped answering after 1.1.2`)
}

func TestVersion(t *testing.T) {
	for _, arg := range []string{"version", "-version", "--version"} {
		wscheck(t, arg).check(t, exitPassed, "wscheck ", "")
	}
}
