package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
)

// asMain makes the test binary wscheck itself, for tests that need a process.
const asMain = "WSCHECK_TEST_MAIN"

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

// leftOver returns the goroutines of this project that do not end.
func leftOver() (left string) {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		buf := make([]byte, 1<<20)
		stacks := strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n")[1:] // without this one
		ours := slices.DeleteFunc(stacks, func(s string) bool { return !strings.Contains(s, "hawser-ws/hawser/") })
		if left = strings.Join(ours, "\n\n"); left == "" {
			break
		}
	}
	return left
}

// done is what a run of wscheck came to.
type done struct {
	args           []string
	status         int
	stdout, stderr string
}

// wscheck runs the program to its end.
func wscheck(t *testing.T, args ...string) done {
	t.Helper()
	return start(t, args...).wait(t)
}

// check checks the exit status, and that parts of what is printed are there. An
// error is a sentence: a line, and no stack.
func (d done) check(t *testing.T, status int, stdout, stderr string) {
	t.Helper()
	if d.status != status {
		t.Errorf("wscheck %q: exit status %d, want %d", d.args, d.status, status)
	}
	if !strings.Contains(d.stdout, stdout) || !strings.Contains(d.stderr, stderr) {
		t.Errorf("wscheck %q: want %q and %q", d.args, stdout, stderr)
	}
	if errs := d.errors(); status == exitFailed && len(errs) != 1 || status != exitFailed && len(errs) != 0 {
		t.Errorf("wscheck %q: exit status %d, and %d errors: %q", d.args, d.status, len(errs), errs)
	}
	if strings.Contains(d.stderr, "goroutine ") || strings.Contains(d.stderr, ".go:") {
		t.Errorf("wscheck %q: a stack trace", d.args)
	}
	if t.Failed() {
		t.Logf("wscheck %q printed:\n%s\nand errors:\n%s", d.args, d.stdout, d.stderr)
	}
}

// errors are the lines that say why a check could not be done.
func (d done) errors() []string {
	var errs []string
	for line := range strings.Lines(d.stderr) {
		if strings.HasPrefix(line, "wscheck: ") {
			errs = append(errs, line)
		}
	}
	return errs
}

// A running wscheck.
type running struct {
	args           []string
	cancel         context.CancelCauseFunc
	stdout, stderr output
	ended          chan struct{}
	status         int // once it has ended
}

// start starts the program in this process.
func start(t *testing.T, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(t.Context()))
	r := &running{args: args, cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(r.ended)
		r.status = run(ctx, args, &r.stdout, &r.stderr)
	}()
	t.Cleanup(func() {
		r.interrupt()
		r.wait(t)
	})
	return r
}

// wait returns what it came to.
func (r *running) wait(t *testing.T) done {
	t.Helper()
	select {
	case <-r.ended:
		return done{r.args, r.status, r.stdout.String(), r.stderr.String()}
	case <-time.After(2 * time.Minute):
		t.Fatalf("wscheck %q does not end; it has printed:\n%s\n%s", r.args, &r.stdout, &r.stderr)
		panic("unreachable")
	}
}

// interrupt is Ctrl-C.
func (r *running) interrupt() { r.cancel(errInterrupted) }

var place = regexp.MustCompile(`(?m) at (wss?(\+unix)?://\S+)$`)

// at waits until a server listens, and returns its URL.
func (r *running) at(t *testing.T) string {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if m := place.FindStringSubmatch(r.stdout.String() + r.stderr.String()); m != nil {
			return m[1]
		}
		select {
		case <-r.ended:
			t.Fatalf("wscheck %q has ended: %s", r.args, &r.stderr)
		default:
		}
	}
	t.Fatalf("wscheck %q does not listen: %s", r.args, &r.stderr)
	panic("unreachable")
}

// output is a buffer for several goroutines.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

var _ io.Writer = (*output)(nil)

// verdicts checks that a report has results of an agent in these cases, and returns
// its index.
func verdicts(t *testing.T, dir, agent string, ids ...string) report.Index {
	t.Helper()
	index, err := report.ReadIndex(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := index.Cases(agent); !slices.Equal(got, ids) {
		t.Errorf("cases of %q: %q, want %q; agents %q", agent, got, ids, index.Agents())
	}
	if _, err := report.Read(dir); err != nil {
		t.Error(err)
	}
	return index
}

func TestUsage(t *testing.T) {
	tests := []struct {
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
		{"fuzzingclient -spec x -command y", exitFailed, "", "-command and -wait are for one server"},
		{"known -h", exitPassed, "-write FILE", ""},
		{"compare -h", exitPassed, "-strict", ""},
		{"fuzzingclient ws://127.0.0.1:1 -profile x", exitFailed, "", `-profile must be default, lenient, strict or autobahn, not "x"`},
		{"fuzzingclient ws://127.0.0.1:1 -fail-on ok", exitFailed, "", `-fail-on must be failed, non-strict or unimplemented, not "ok"`},
		{"fuzzingclient ws://127.0.0.1:1 -profile autobahn -cases H.*", exitFailed, "", "-profile autobahn leaves no case to run"},
		{"known", exitFailed, "", "one report is needed: wscheck known"},
		{"known a -known b", exitFailed, "", "not defined: -known; 'wscheck known -help'"},
		{"fuzzing", exitFailed, "", `no command "fuzzing"; 'wscheck help'`},
		{"help fuzzing", exitFailed, "", `no command "fuzzing"`},
		{"ws://127.0.0.1:1", exitFailed, "", "wscheck fuzzingclient ws://127.0.0.1:1"},
		{"-quick fuzzingclient", exitFailed, "", `no command "fuzzingclient"`},
		{"-flag", exitFailed, "", "not defined: -flag; 'wscheck -help'"},
		{"-quick -full", exitFailed, "", "two runs"},
		{"-cases 8.*", exitFailed, "", `no case matches "8.*"; 'wscheck cases' lists them`},
		{"-cases 1.1.1 -exclude 1.*", exitFailed, "", "no case to run"},
		{"-parallel 0", exitFailed, "", "-parallel must be positive"},
		{"-timeout -1s", exitFailed, "", "-timeout must not be negative"},
		{"-timeout soon", exitFailed, "", `invalid value "soon" for flag -timeout: a duration is like 90s or 5m`},
		{"cases 8.*", exitFailed, "", `no case matches "8.*"`},
		{"cases -all", exitFailed, "", "not defined: -all; 'wscheck cases -help'"},
		{"compare a", exitFailed, "", "two reports are needed"},
		{"compare a b c", exitFailed, "", "two reports are needed"},
		{"testeeserver ws://127.0.0.1:1 ws://127.0.0.1:2", exitFailed, "", "unexpected argument"},
		{"testeeserver 127.0.0.1:1", exitFailed, "", "no place to listen at"},
		{"testeeserver wss://127.0.0.1:0 -cert x", exitFailed, "", "-cert and -key go together"},
		{"testeeserver wss://127.0.0.1:0 -cert x -key y", exitFailed, "", "-cert and -key: open x"},
		{"testeeclient", exitFailed, "", "the URL of a suite's server is needed"},
		{"testeeclient ws://127.0.0.1:1 -parallel 0", exitFailed, "", "-parallel must be positive"},
		{"testeeclient http://127.0.0.1:1", exitFailed, "", "no URL of a WebSocket server"},
	}
	t.Chdir(t.TempDir())
	for _, tt := range tests {
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
	if want := strings.Fields("1.1.1 1.1.2 1.1.3 1.1.4 1.1.5 1.1.6 1.1.7 1.1.8 2.10 5.19"); !slices.Equal(ids, want) {
		t.Errorf("cases %q, want %q", ids, want)
	}
	n := 0
	for line := range strings.Lines(wscheck(t, "cases").stdout) {
		if '0' <= line[0] && line[0] <= '9' {
			n++
		}
	}
	if n != 517 {
		t.Errorf("%d cases with numbers, want 517", n)
	}
}
