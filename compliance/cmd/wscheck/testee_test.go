package main

import (
	"strings"
	"testing"
)

func TestTesteeServer(t *testing.T) {
	for _, url := range []string{"ws://127.0.0.1:0", "wss://localhost:0", "ws+unix://" + socket(t)} {
		r := start(t, "testeeserver", url)
		wscheck(t, "fuzzingclient", "-cases", "1.1.1,12.1.1", r.at(t), "-insecure", "-quick", "-out",
			t.TempDir()).
			check(t, exitPassed, "PASS: 2 cases\n", "")
		r.interrupt()
		r.wait(t).check(t, exitPassed, "listening at "+url[:6], "")
	}
}

// The client reports an error if the suite ends before it.
func TestTesteeClientWithoutSuite(t *testing.T) {
	r := start(t, "fuzzingserver", "ws://127.0.0.1:0", "-cases", "1.1.*,9.7.*,9.8.*", "-out", t.TempDir(),
		"-quick")
	server := r.at(t)
	c := start(t, "testeeclient", server)
	if status := ask(t, server, "/getCaseStatus?case=1&agent=hawser"); !strings.Contains(status, "OK") {
		t.Errorf("the status of case 1 is %q", status)
	}
	r.interrupt()
	r.wait(t).check(t, exitFailed, "INCOMPLETE", "wscheck: interrupted\n")
	d := c.wait(t)
	d.check(t, exitFailed, "", "wscheck: after ")
	if !strings.Contains(d.stderr, "the suite is gone: ") {
		t.Errorf("printed %q", d.stderr)
	}
}

func TestTesteeClientInterrupted(t *testing.T) {
	r := start(t, "fuzzingserver", "ws://127.0.0.1:0", "-cases", "1.1.*,9.7.*,9.8.*", "-out", t.TempDir())
	server := r.at(t)
	c := start(t, "testeeclient", server)
	ask(t, server, "/getCaseStatus?case=1&agent=hawser")
	c.interrupt()
	c.wait(t).check(t, exitFailed, "", "interrupted\n")
}
