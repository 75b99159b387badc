package main

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/compliance/report"
)

func TestSelf(t *testing.T) {
	for _, flags := range []string{"-full", "-tls -quick -parallel 1"} {
		out := t.TempDir()
		args := append([]string{"-json", "-cases", "1.1.1,2.*,H.1.1", "-exclude", "2.9,2.10,2.11", "-out",
			out}, strings.Fields(flags)...)
		d := wscheck(t, args...)
		d.check(t, exitPassed, "", "PASS: 19 cases\n")
		want := verdicts(t, out, serverAgent, "1.1.1", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.7", "2.8",
			"H.1.1")
		verdicts(t, out, clientAgent, "1.1.1", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.7", "2.8")
		var got report.Index
		if err := json.Unmarshal([]byte(d.stdout), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("index (-report +printed):\n%s", diff)
		}
		server, client := strings.Index(d.stderr, serverAgent+": 10 cases in "),
			strings.Index(d.stderr, clientAgent+": 9 cases in ")
		if server < 0 || client < server {
			t.Errorf("the server and the client are not in the order in which they ran: %s", d.stderr)
		}
	}
}

// Cases that apply to one side run with that side.
func TestSelfOneSide(t *testing.T) {
	out := t.TempDir()
	wscheck(t, "-cases", "H.1.1", "-out", out).check(t, exitPassed, "PASS: 1 case\n", "")
	verdicts(t, out, serverAgent, "H.1.1")
}

func TestSelfTimeout(t *testing.T) {
	out := filepath.Join(t.TempDir(), "reports")
	d := wscheck(t, "-cases", "9.7.*,9.8.*", "-out", out, "-timeout", "20ms", "-parallel", "1")
	d.check(t, exitFailed, "", "the run took longer than -timeout 20ms")
	if strings.Contains(d.stdout, "PASS") {
		t.Errorf("an incomplete run printed %q", d.stdout)
	}
}

// An error after -timeout is replaced by the timeout.
func TestTimeoutIsTheCause(t *testing.T) {
	f := &runFlags{timeout: time.Nanosecond}
	ctx, cancel := f.bounded(t.Context())
	defer cancel()
	<-ctx.Done()
	failed := errors.New("no answer")
	if err := orCause(ctx, failed); !strings.Contains(err.Error(), "longer than -timeout 1ns") {
		t.Errorf("error %v", err)
	}
	if err := orCause(t.Context(), failed); err != failed {
		t.Errorf("error %v, want %v", err, failed)
	}
	if err := orCause(ctx, nil); err != nil {
		t.Errorf("error %v without a failure, want nil", err)
	}
}

// took returns the elapsed time of an agent, not the sum of its cases.
func TestTook(t *testing.T) {
	begun := time.Now()
	at := func(agent string, from, length int) *report.Result {
		return &report.Result{Agent: agent, Started: begun.Add(time.Duration(from) * time.Second),
			Duration: time.Duration(length) * time.Second}
	}
	results := []*report.Result{at("a", 1, 4), at("a", 0, 2), at("a", 2, 1), at("b", 5, 2), at("b", 9, 1)}
	if a, b := took(results, "a"), took(results, "b"); a != 5*time.Second || b != 5*time.Second {
		t.Errorf("took %v and %v, want 5s each", a, b)
	}
}
