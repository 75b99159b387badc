//go:build unix

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
)

// A child is wscheck in another process.
type child struct {
	*exec.Cmd
	stderr output
	ended  chan error
}

// spawn starts a process, which ends with the test.
func spawn(t *testing.T, stdout *os.File, args ...string) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{Cmd: exec.Command(self, args...), ended: make(chan error, 1)}
	c.Env = append(os.Environ(), asMain+"=1")
	c.Stderr = &c.stderr
	if stdout != nil {
		c.Stdout = stdout
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { c.ended <- c.Wait() }()
	t.Cleanup(func() { _ = c.Process.Kill() })
	return c
}

// says waits until the process has printed a text to standard error.
func (c *child) says(t *testing.T, what string) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for ; !strings.Contains(c.stderr.String(), what); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the process did not print %q: %s", what, &c.stderr)
		}
	}
}

func (c *child) interrupt(t *testing.T) {
	t.Helper()
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
}

// status waits for the process and returns its exit status.
func (c *child) status(t *testing.T) int {
	t.Helper()
	select {
	case err := <-c.ended:
		if e := (*exec.ExitError)(nil); err != nil && !errors.As(err, &e) {
			t.Fatal(err)
		}
		return c.ProcessState.ExitCode()
	case <-time.After(time.Minute):
		t.Fatalf("the process does not end: %s", &c.stderr)
		panic("unreachable")
	}
}

// Ctrl-C during a run writes the report of the cases that have ended, which says so.
func TestInterrupt(t *testing.T) {
	out := filepath.Join(t.TempDir(), "reports")
	stdout, err := os.Create(filepath.Join(t.TempDir(), "stdout"))
	if err != nil {
		t.Fatal(err)
	}
	defer stdout.Close()
	// The cases of group 2 end at once. Those of 9.7 and 9.8 take longer.
	c := spawn(t, stdout, "-cases", "2.1,2.2,2.3,2.4,2.5,2.6,9.7.*,9.8.*", "-out", out, "-parallel", "1")
	c.says(t, "4 of 18 cases")
	c.interrupt(t)
	c.interrupt(t) // as programs that forward the signal do; it does not count as a second one
	if status := c.status(t); status != exitFailed {
		t.Errorf("exit status %d", status)
	}
	if errs := (done{stderr: c.stderr.String()}).errors(); len(errs) != 1 ||
		errs[0] != "wscheck: interrupted\n" {
		t.Errorf("errors %q", errs)
	}
	printed, err := os.ReadFile(stdout.Name())
	if err != nil || !bytes.Contains(printed, []byte("\nINCOMPLETE: ")) {
		t.Errorf("printed %q, %v", printed, err)
	}
	results, err := report.Read(out)
	if err != nil || len(results) < 4 || len(results) >= 36 {
		t.Errorf("the report has %d cases: %v", len(results), err)
	}
	page, err := os.ReadFile(filepath.Join(out, "index.html"))
	if err != nil || !bytes.Contains(page, []byte("interrupted")) {
		t.Errorf("the page does not say that the run was interrupted (error %v)", err)
	}
}

// A second Ctrl-C exits at once, even if wscheck is blocked in a write.
func TestInterruptTwice(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := w.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	for err == nil { // until the pipe is full
		_, err = w.Write(make([]byte, 4096))
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	out := t.TempDir()
	c := spawn(t, w, "-cases", "2.1,2.2,2.3,2.4,2.5,2.6,9.7.*,9.8.*", "-out", out, "-parallel", "1")
	w.Close()
	c.says(t, "4 of 18 cases")
	c.interrupt(t)
	index := filepath.Join(out, "index.json")
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if _, err := os.Stat(index); err == nil {
			break
		}
	}
	time.Sleep(echoTime) // until a second one counts
	select {
	case err := <-c.ended:
		t.Fatalf("the process ended at the first Ctrl-C: %v, %s", err, &c.stderr)
	default:
	}
	c.interrupt(t)
	if status := c.status(t); status != exitFailed {
		t.Errorf("exit status %d", status)
	}
	if !strings.HasSuffix(c.stderr.String(), "wscheck: interrupted twice, exiting at once\n") {
		t.Errorf("printed %q", &c.stderr)
	}
}
