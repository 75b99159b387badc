package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/testee"
)

// A client runs all cases over each kind of connection.
func TestFuzzingServer(t *testing.T) {
	for _, tt := range []struct{ name, url, flags string }{
		{"ws", "ws://127.0.0.1:0", ""},
		{"wss", "wss://127.0.0.1:0", "-insecure"},
		{"unix", "ws+unix://" + socket(t), ""},
		{"unix with a path", "ws+unix://" + socket(t) + ":/", "-parallel 2"},
		{"unix and TLS", "wss+unix://" + socket(t), "-insecure"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out := t.TempDir()
			r := start(t, "fuzzingserver", "-cases", "1.1.1,2.1", tt.url, "-out", out)
			args := append([]string{"testeeclient", r.at(t), "-agent", "a client"},
				strings.Fields(tt.flags)...)
			wscheck(t, args...).check(t, exitPassed, "2 cases ran, 0 without a connection",
				"a client: 2 of 2 cases\n")
			settle(t, r.at(t), "a+client", 2)
			verdicts(t, out, "a client", "1.1.1", "2.1") // before the server ends
			r.interrupt()
			r.wait(t).check(t, exitPassed, "a client: 2 cases in ",
				"report: "+filepath.Join(out, "index.html")+", 2 cases\n")
		})
	}
}

func TestFuzzingServerTwoClients(t *testing.T) {
	out := t.TempDir()
	r := start(t, "fuzzingserver", "ws://127.0.0.1:0", "-cases", "1.1.*,2.*,5.1", "-exclude",
		"1.1.6,1.1.7,1.1.8", "-json", "-out", out)
	server := r.at(t)
	var wg sync.WaitGroup
	for _, agent := range []string{"a", "b"} {
		wg.Go(func() {
			c := testee.Client{Dial: testee.Hawser, URL: server, Agent: agent, Parallel: 4}
			if err := c.Run(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	settle(t, server, "a", 17)
	settle(t, server, "b", 17)
	r.interrupt()
	d := r.wait(t)
	d.check(t, exitPassed, "", "PASS: 34 cases\n")
	want := verdicts(t, out, "a", strings.Fields("1.1.1 1.1.2 1.1.3 1.1.4 1.1.5 "+
		"2.1 2.2 2.3 2.4 2.5 2.6 2.7 2.8 2.9 2.10 2.11 5.1")...)
	if len(want["b"]) != len(want["a"]) {
		t.Errorf("results of b: %v, want as many as of a", want["b"])
	}
	var got report.Index
	if err := json.Unmarshal([]byte(d.stdout), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("index (-report +printed):\n%s", diff)
	}
}

// A client can end the server in three ways.
func TestFuzzingServerEnds(t *testing.T) {
	for _, tt := range []struct{ name, flag, path string }{
		{"-once", "-once", "/updateReports?agent=x"},
		{"/stopServer", "-once=false", "/stopServer"},
		{"shutdownOnComplete", "-quick", "/updateReports?agent=x&shutdownOnComplete=true"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out := t.TempDir()
			r := start(t, "fuzzingserver", "ws://127.0.0.1:0", "-cases", "1.1.1,1.1.2", "-out", out, tt.flag)
			server := r.at(t)
			if n := ask(t, server, "/getCaseCount"); n != "2" {
				t.Errorf("the number of cases is %q, want 2", n)
			}
			if info := ask(t, server, "/getCaseInfo?case=2"); !strings.Contains(info, `"id":"1.1.2"`) {
				t.Errorf("case 2 is %q", info)
			}
			runCase(t, server, "x", "1.1.2")
			status := ask(t, server, "/getCaseStatus?case=2&agent=x")
			if !strings.Contains(status, `"behavior":"OK"`) {
				t.Errorf("the status of case 2 is %q", status)
			}
			ask(t, server, tt.path)
			r.wait(t).check(t, exitPassed, "PASS: 1 case\n", "")
			verdicts(t, out, "x", "1.1.2")
			u, err := url.Parse(server)
			if err != nil {
				t.Fatal(err)
			}
			if c, err := net.Dial("tcp", u.Host); err == nil {
				c.Close()
				t.Error("the server still listens")
			}
		})
	}
}

// settle waits for the verdicts on an agent, which may arrive after the agent has requested its
// report, and requests the report again.
func settle(t *testing.T, server, agent string, cases int) {
	t.Helper()
	for i := range cases {
		ask(t, server, fmt.Sprintf("/getCaseStatus?case=%d&agent=%s", i+1, agent))
	}
	ask(t, server, "/updateReports?agent="+agent)
}

// runCase runs a case with hawser's client.
func runCase(t *testing.T, server, agent, id string) {
	t.Helper()
	c := testee.Client{Dial: testee.Hawser, URL: server, Agent: agent}
	if err := c.Case(t.Context(), id); err != nil {
		t.Fatal(err)
	}
}

// Ctrl-C before a client has requested the report makes the run incomplete.
func TestFuzzingServerIsInterrupted(t *testing.T) {
	out := filepath.Join(t.TempDir(), "reports")
	r := start(t, "fuzzingserver", "ws://127.0.0.1:0", "-cases", "1.1.*", "-out", out)
	server := r.at(t)
	runCase(t, server, "x", "1.1.2")
	status := ask(t, server, "/getCaseStatus?case=2&agent=x")
	if !strings.Contains(status, `"behavior":"OK"`) {
		t.Errorf("the status of case 2 is %q", status)
	}
	r.interrupt()
	r.wait(t).check(t, exitFailed, "INCOMPLETE: 1 case ran, 0 fell short\n",
		"wscheck: interrupted\n")
	verdicts(t, out, "x", "1.1.2")
	if b, err := os.ReadFile(filepath.Join(out, "index.html")); err != nil ||
		!strings.Contains(string(b), "interrupted") {
		t.Errorf("the page does not say that the run was interrupted (error %v)", err)
	}
}

func TestFuzzingServerWithoutClients(t *testing.T) {
	out := filepath.Join(t.TempDir(), "reports")
	r := start(t, "fuzzingserver", "ws://127.0.0.1:0", "-out", out)
	r.at(t)
	r.interrupt()
	r.wait(t).check(t, exitFailed, "", "wscheck: interrupted\n")
	r = start(t, "fuzzingserver", "ws://127.0.0.1:0", "-out", out)
	ask(t, r.at(t), "/stopServer")
	r.wait(t).check(t, exitFailed, "", "wscheck: no client ran a case\n")
	if _, err := os.Stat(out); err == nil {
		t.Error("an empty directory is left")
	}
	start(t, "fuzzingserver", "ws://127.0.0.1:0", "-out", out, "-timeout", "1ms").wait(t).
		check(t, exitFailed, "", "longer than -timeout 1ms")
}

// A client that does not echo falls short.
func TestFuzzingServerFallsShort(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	r := start(t, "fuzzingserver", "ws://127.0.0.1:0", "-cases", "1.1.1", "-out", out)
	server := r.at(t)
	ask(t, server, "/runCase?case=1&agent=%1b[31mred") // ask does not echo
	ask(t, server, "/updateReports?agent=%1b[31mred")  // waits for the verdicts on this agent
	r.interrupt()
	r.wait(t).check(t, exitShort, "FAIL: 1 of 1 case fell short\n", "?[31mred: 1 of 1 case, 1 short\n")
}

func TestFuzzingServerBadUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := "ws://" + l.Addr().String()
	t.Chdir(t.TempDir())
	for _, tt := range []struct{ args, stderr string }{
		{"fuzzingserver " + taken, "another program is listening at " + taken},
		{"testeeserver " + taken, "another program is listening at " + taken},
		{"fuzzingserver ws://192.0.2.1:80", "cannot listen at ws://192.0.2.1:80: "},
		{"fuzzingserver ws+unix:///no/such/dir/s", "cannot listen at ws+unix:///no/such/dir/s: "},
		{"fuzzingserver http://127.0.0.1:0", "cannot listen at \"http://127.0.0.1:0\"; want a URL"},
		{"fuzzingserver ws+unix://host/s", "; want a URL"},
		{"fuzzingserver ws+unix:///", "; want a URL"},
		{"fuzzingserver ws://", "; want a URL"},
		{"fuzzingserver ws://127.0.0.1:0 ws://127.0.0.1:0", "unexpected argument"},
		{"fuzzingserver -agent x", "not defined: -agent"},
		{"fuzzingserver -cases H.*", "apply only to servers"},
		{"fuzzingserver -cases 1.2.3.4", "no case matches"},
	} {
		wscheck(t, strings.Fields(tt.args)...).check(t, exitFailed, "", tt.stderr)
	}
	if files, err := os.ReadDir("."); err != nil || len(files) > 0 {
		t.Errorf("files are left: %v, %v", files, err)
	}
}
