package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		main()
	}
	if addr := os.Getenv(asCrasher); addr != "" {
		crasher(addr)
	}
	status := m.Run()
	if left := leftOver(); status == 0 && left != "" {
		fmt.Fprintf(os.Stderr, "goroutines are left:\n%s\n", left)
		status = 1
	}
	os.Exit(status)
}

var usageTests = []struct {
	args           string
	status         int
	stdout, stderr string
}{
	{"help", exitPassed, "autobahn  ", ""},
	{"-h", exitPassed, "-full", ""},
	{"-full --help", exitPassed, "autobahn  ", ""},
	{"help compare", exitPassed, "usage: wscheck compare A B", ""},
	{"cases -h", exitPassed, "usage: wscheck cases", ""},
	{"fuzzingclient -h", exitPassed, "-insecure", ""},
	{"fuzzingserver -h", exitPassed, "/updateReports", ""},
	{"testeeserver -h", exitPassed, "-cert", ""},
	{"testeeclient -h", exitPassed, "-parallel", ""},
	{"fuzzingclient -h", exitPassed, "lenient   all          FAILED, UNCLEAN", ""},
	{"fuzzingserver -h", exitPassed, "-junit FILE", ""},
	{"fuzzingclient -h", exitPassed, "-summary FILE", ""},
	{"fuzzingclient -h", exitPassed, "-single", ""},
	{"fuzzingclient -h", exitPassed, "-command COMMAND", ""},
	{"fuzzingclient -h", exitPassed, "-wait duration", ""},
	{"fuzzingclient ws://127.0.0.1:1 -wait -1s", exitFailed, "", "-wait must not be negative"},
	{"fuzzingclient -spec x -command y", exitFailed, "",
		"-spec cannot be combined with -command or -wait"},
	{"known -h", exitPassed, "-write FILE", ""},
	{"compare -h", exitPassed, "-strict", ""},
	{"fuzzingclient ws://127.0.0.1:1 -profile x", exitFailed, "",
		`-profile must be default, lenient, strict or autobahn, not "x"`},
	{"fuzzingclient ws://127.0.0.1:1 -fail-on ok", exitFailed, "",
		`-fail-on must be failed, non-strict or unimplemented, not "ok"`},
	{"fuzzingclient ws://127.0.0.1:1 -profile autobahn -cases H.*", exitFailed, "",
		"-profile autobahn leaves no case to run"},
	{"known", exitFailed, "", "want one report: wscheck known"},
	{"known a -known b", exitFailed, "", "not defined: -known; 'wscheck known -help'"},
	{"fuzzing", exitFailed, "", `unknown command "fuzzing"; 'wscheck help'`},
	{"help fuzzing", exitFailed, "", `unknown command "fuzzing"`},
	{"ws://127.0.0.1:1", exitFailed, "", "wscheck fuzzingclient ws://127.0.0.1:1"},
	{"-quick fuzzingclient", exitFailed, "", `unknown command "fuzzingclient"`},
	{"-flag", exitFailed, "", "not defined: -flag; 'wscheck -help'"},
	{"-quick -full", exitFailed, "", "-quick and -full cannot be combined"},
	{"-cases 8.*", exitFailed, "", `no case matches "8.*"; 'wscheck cases' lists them`},
	{"-cases 1.1.1 -exclude 1.*", exitFailed, "", "no case to run"},
	{"-parallel 0", exitFailed, "", "-parallel must be positive"},
	{"-timeout -1s", exitFailed, "", "-timeout must not be negative"},
	{"-timeout soon", exitFailed, "",
		`invalid value "soon" for flag -timeout; want a duration such as 90s or 5m`},
	{"cases 8.*", exitFailed, "", `no case matches "8.*"`},
	{"cases -all", exitFailed, "", "not defined: -all; 'wscheck cases -help'"},
	{"compare a", exitFailed, "", "want two reports"},
	{"compare a b c", exitFailed, "", "want two reports"},
	{"testeeserver ws://127.0.0.1:1 ws://127.0.0.1:2", exitFailed, "", "unexpected argument"},
	{"testeeserver 127.0.0.1:1", exitFailed, "", "want a URL such as"},
	{"testeeserver wss://127.0.0.1:0 -cert x", exitFailed, "", "-cert and -key must be set together"},
	{"testeeserver wss://127.0.0.1:0 -cert x -key y", exitFailed, "", "-cert and -key: open x"},
	{"testeeclient", exitFailed, "", "want one URL"},
	{"testeeclient ws://127.0.0.1:1 -parallel 0", exitFailed, "", "-parallel must be positive"},
	{"testeeclient http://127.0.0.1:1", exitFailed, "", "invalid server URL"},
}

func TestUsage(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, tt := range usageTests {
		wscheck(t, strings.Fields(tt.args)...).check(t, tt.status, tt.stdout, tt.stderr)
	}
	if files, err := os.ReadDir("."); err != nil || len(files) > 0 {
		t.Errorf("files are left: %v, %v", files, err)
	}
}

func TestCases(t *testing.T) {
	d := wscheck(t, "cases", "5.19,1.1.*", "2.10")
	d.check(t, exitPassed, "", "")
	var ids []string
	for line := range strings.Lines(d.stdout) {
		id, description, _ := strings.Cut(line, " ")
		if ids = append(ids, id); strings.TrimSpace(description) == "" {
			t.Errorf("%s has no description", id)
		}
	}
	want := strings.Fields("1.1.1 1.1.2 1.1.3 1.1.4 1.1.5 1.1.6 1.1.7 1.1.8 2.10 5.19")
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Errorf("listed cases (-want +got):\n%s", diff)
	}
	n := 0
	for line := range strings.Lines(wscheck(t, "cases").stdout) {
		if '0' <= line[0] && line[0] <= '9' {
			n++
		}
	}
	if n != 517 {
		t.Errorf("%d numbered cases, want 517", n)
	}
}
