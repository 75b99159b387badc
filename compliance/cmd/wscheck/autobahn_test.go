package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/compliance/autobahn"
	"github.com/hawser-ws/hawser/compliance/report"
)

func TestAutobahnUsage(t *testing.T) {
	tests := []struct {
		args           string
		status         int
		stdout, stderr string // parts of the output
	}{
		{"", exitFailed, "", "missing -server URL, -client or -install DIR"},
		{"-help", exitPassed, "no end anchor", ""},
		{"-servers x", exitFailed, "", "not defined: -servers"},
		{"-server ws://127.0.0.1:1 -client", exitFailed, "", "-server and -client cannot be combined"},
		{"-client extra", exitFailed, "", `unexpected argument "extra"`},
		{"-client -docker -wstest x", exitFailed, "", "-docker"},
		{"-client -install x -docker", exitFailed, "", "-install cannot be combined with"},
		{"-server ws://127.0.0.1:1 -tls", exitFailed, "", "-tls requires -client"},
		{"-client -python x", exitFailed, "", "-python requires -install"},
		{"-client -timeout 0s", exitFailed, "", "must be positive"},
		{"-client -cases 8.*", exitFailed, "", `"8.*"`},
		{"-server http://127.0.0.1", exitFailed, "", "not a ws:// or wss:// URL"},
		{"-install x -python nowhere/python2.7", exitFailed, "", "nowhere/python2.7"},
	}
	t.Chdir(t.TempDir())
	for _, tt := range tests {
		d := wscheck(t, append([]string{"autobahn"}, strings.Fields(tt.args)...)...)
		d.check(t, tt.status, tt.stdout, tt.stderr)
	}
}

func TestAutobahnNothingToRun(t *testing.T) {
	t.Setenv("PATH", "")
	var stdout, stderr strings.Builder
	args := []string{"autobahn", "-client", "-out", filepath.Join(t.TempDir(), "out")}
	if status := run(t.Context(), args, &stdout, &stderr); status != exitFailed {
		t.Errorf("exit status %d", status)
	}
	for _, want := range []string{"no Autobahn test suite to run", "docker", "-install DIR", "-wstest PATH"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("no %q in %q", want, stderr.String())
		}
	}
	if lines := strings.Count(stderr.String(), "\n"); lines != 1 {
		t.Errorf("the error has %d lines, want 1", lines)
	}
}

func TestAutobahnNoServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := l.Addr().String()
	l.Close()
	pages := httptest.NewServer(http.NotFoundHandler())
	defer pages.Close()
	for _, addr := range []string{gone, pages.Listener.Addr().String()} {
		var stdout, stderr strings.Builder
		args := []string{"autobahn", "-server", "ws://" + addr}
		if status := run(t.Context(), args, &stdout, &stderr); status != exitFailed {
			t.Errorf("exit status %d", status)
		}
		if want := "no WebSocket server at ws://" + addr; !strings.Contains(stderr.String(), want) {
			t.Errorf("no %q in %q", want, stderr.String())
		}
	}
}

func TestAutobahnTimeout(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts connections but does not answer
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var stdout, stderr strings.Builder
	args := []string{"autobahn", "-server", "ws://" + l.Addr().String(), "-timeout", "50ms"}
	if status := run(t.Context(), args, &stdout, &stderr); status != exitFailed {
		t.Errorf("exit status %d", status)
	}
	if !strings.Contains(stderr.String(), "longer than -timeout 50ms") {
		t.Errorf("printed %q", stderr.String())
	}
}

func TestAutobahnVerdict(t *testing.T) {
	ok := report.Entry{Behavior: "OK", BehaviorClose: "OK"}
	tests := []struct {
		name   string
		result map[string]report.Entry
		status int
		last   string
	}{
		{"passed", map[string]report.Entry{"1.1.1": ok,
			"7.1.6": {Behavior: "INFORMATIONAL", BehaviorClose: "INFORMATIONAL"}}, exitPassed,
			"PASS: 2 cases"},
		{"late", map[string]report.Entry{"1.1.1": ok,
			"7.1.6": {Behavior: "NON-STRICT", BehaviorClose: "OK"}}, exitShort,
			"FAIL: 1 of 2 cases fell short"},
		{"unclean", map[string]report.Entry{"1.1.1": ok,
			"7.1.6": {Behavior: "OK", BehaviorClose: "UNCLEAN"}}, exitShort, "FAIL: 1 of 2 cases fell short"},
		{"one missing", map[string]report.Entry{"1.1.1": ok}, exitFailed,
			"INCOMPLETE: 1 not run, 0 fell short"},
		{"one missing, one short", map[string]report.Entry{"1.1.1": {Behavior: "FAILED",
			BehaviorClose: "FAILED"}}, exitFailed, "INCOMPLETE: 1 not run, 1 fell short"},
	}
	for _, tt := range tests {
		r := &autobahn.Report{
			Agent: "x", Dir: "reports", Cases: []string{"1.1.1", "7.1.6"}, Results: tt.result,
			Took: time.Second,
		}
		var stdout, stderr strings.Builder
		if status := originalVerdict(r, &stdout, &stderr); status != tt.status {
			t.Errorf("%s: exit status %d, want %d", tt.name, status, tt.status)
		}
		lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
		if lines[len(lines)-1] != tt.last {
			t.Errorf("%s: last line %q, want %q", tt.name, lines[len(lines)-1], tt.last)
		}
		if !strings.Contains(stdout.String(), filepath.Join("reports", "index.html")) {
			t.Errorf("%s: the output does not name the reports", tt.name)
		}
	}
}
