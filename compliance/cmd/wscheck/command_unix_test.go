//go:build unix

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/compliance/internal/process"
	"github.com/hawser-ws/hawser/websocket"
)

// freeAddr returns a loopback address that is not in use.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// echoCommand returns a shell command that runs the test binary as hawser's echo server and appends
// its process id to a file.
func echoCommand(t *testing.T, addr, pid string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("echo begin; echo $$ >>%s; exec env %s=1 %s testeeserver ws://%s",
		pid, asMain, self, addr)
}

// asCrasher is an environment variable that makes the test binary run as an echo server at the address
// in the variable. The server exits when it receives a text message of 127 bytes.
const asCrasher = "WSCHECK_TEST_CRASHER"

func crasher(addr string) {
	h := websocket.Handler{Serve: func(ctx context.Context, c *websocket.Conn) error {
		for m, err := range c.Messages(ctx) {
			if err != nil {
				return err
			}
			if m.Type == websocket.Text && len(m.Data) == 127 {
				os.Exit(7)
			}
			if err := c.Write(ctx, m.Type, m.Data); err != nil {
				return err
			}
		}
		return nil
	}}
	fmt.Fprintln(os.Stderr, http.ListenAndServe(addr, h))
	os.Exit(1)
}

// A server that crashes in a case is restarted. That case fails, and the others pass.
func TestCommandCrashes(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	addr, out := freeAddr(t), t.TempDir()
	server := fmt.Sprintf("%s=%s %s; status=$?; sleep 0.2; exit $status", asCrasher, addr, self)
	d := wscheck(t, "fuzzingclient", "ws://"+addr, "-cases", "1.*", "-out", out, "-wait", "1m",
		"-command", server)
	d.check(t, exitShort, "\nFAIL: 1 of 16 cases fell short\n",
		"the server has ended: exit status 7; restarting it")
	if strings.Contains(d.stderr, "no longer answers") {
		t.Errorf("wscheck did not detect the exit of the server: %s", d.stderr)
	}
	for _, want := range []string{"\n  1.1.4    A text message of 127 ",
		"wscheck restarted the server of -command "} {
		if !strings.Contains(d.stdout, want) {
			t.Errorf("no %q in %s", want, d.stdout)
		}
	}
}

// pids returns the process ids in a file.
func pids(t *testing.T, file string) (ids []int) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range strings.Fields(string(b)) {
		id, err := strconv.Atoi(word)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// gone checks that no process in the file is running.
func gone(t *testing.T, file string) {
	t.Helper()
	for _, id := range pids(t, file) {
		if err := syscall.Kill(id, 0); err == nil {
			t.Errorf("process %d still runs", id)
		}
	}
}

func TestCommand(t *testing.T) {
	dir, addr := t.TempDir(), freeAddr(t)
	pid, out := filepath.Join(dir, "pid"), filepath.Join(dir, "out")
	args := []string{"fuzzingclient", "ws://" + addr, "-cases", "1.1.*", "-out", out, "-wait", "1m",
		"-command"}
	wscheck(t, append(args, echoCommand(t, addr, pid))...).check(t, exitPassed, "PASS: 8 cases\n", "")
	gone(t, pid)
	b, err := os.ReadFile(filepath.Join(out, "server.log"))
	if err != nil || !strings.HasPrefix(string(b), "begin\nlistening at ") {
		t.Errorf("the log is %q (error %v)", b, err)
	}
	// A server in the background of its shell is stopped too.
	if err := os.Remove(pid); err != nil {
		t.Fatal(err)
	}
	background := "(" + echoCommand(t, addr, pid) + ") & echo $! >>" + pid
	wscheck(t, append(args, background)...).check(t, exitPassed, "PASS: 8 cases\n", "")
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			break
		}
		if c.Close(); time.Now().After(deadline) {
			t.Fatal("a server in the background still listens")
		}
	}
	wscheck(t, append(args, "exit 3")...).check(t, exitFailed, "",
		"-command: the server ended before it answered at ws://"+addr+": exit status 3")
	wscheck(t, append(args, "echo no such port; exit 3")...).check(t, exitFailed, "",
		`server.log: "no such port"`)
	wscheck(t, append(args, "sleep 60", "-wait", "150ms")...).check(t, exitFailed, "",
		"after -wait 150ms: no server is listening at ws://"+addr)
}

func TestCommandOccupied(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	args := []string{"fuzzingclient", "ws://" + addr, "-cases", "1.1.1", "-out", t.TempDir(),
		"-wait", "100ms", "-command", "true"}
	d := wscheck(t, args...)
	d.check(t, exitFailed, "", "the address of the server of -command")
	self := fmt.Sprintf(", process %d) is listening at %s", os.Getpid(), addr)
	if _, err := exec.LookPath("lsof"); err == nil && !strings.Contains(d.stderr, self) {
		t.Errorf("%q does not name this process", d.stderr)
	}
	l.Close()
}

// Ctrl-C also stops the server.
func TestCommandInterrupted(t *testing.T) {
	dir, addr := t.TempDir(), freeAddr(t)
	pid := filepath.Join(dir, "pid")
	r := start(t, "fuzzingclient", "ws://"+addr, "-cases", "9.*,10.*", "-parallel", "1",
		"-out", filepath.Join(dir, "out"), "-wait", "1m", "-command", echoCommand(t, addr, pid))
	deadline := time.Now().Add(time.Minute)
	for !strings.Contains(r.stderr.String(), " cases") && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	r.interrupt()
	r.wait(t).check(t, exitFailed, "", "wscheck: interrupted\n")
	gone(t, pid)
}

// -wait without -command waits for a server that is started separately.
func TestWait(t *testing.T) {
	dir, addr := t.TempDir(), freeAddr(t)
	c := shell("sleep 0.3; " + echoCommand(t, addr, filepath.Join(dir, "pid")))
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = process.Kill(c)
		_ = c.Wait()
	}()
	wscheck(t, "fuzzingclient", "ws://"+addr, "-cases", "1.1.1", "-out", dir, "-wait", "1m").
		check(t, exitPassed, "PASS: 1 case\n", "")
}

func TestRestart(t *testing.T) {
	dir, addr := t.TempDir(), freeAddr(t)
	pid := filepath.Join(dir, "pid")
	var said []string
	f := &runFlags{wait: time.Minute, command: echoCommand(t, addr, pid), url: "ws://" + addr, out: dir}
	s, err := f.startServer(t.Context(), func(line string) { said = append(said, line) })
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	if s.note() != "" {
		t.Errorf("before a restart: %q", s.note())
	}
	if err := process.Kill(s.cmd); err != nil {
		t.Fatal(err)
	}
	<-s.ended
	for _, want := range []string{"the server has ended: signal: killed; restarting it",
		"the server no longer answers; restarting it"} {
		if err := s.restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		if last := said[len(said)-1]; !strings.HasPrefix(last, want) {
			t.Errorf("said %q, want %q", last, want)
		}
		if err := s.answers(t.Context()); err != nil {
			t.Errorf("after a restart: %v", err)
		}
		if note := s.note(); len(said) == 1 && !strings.Contains(note, " -command once; ") {
			t.Errorf("note %q", note)
		}
	}
	if !strings.Contains(s.note(), " -command 2 times; ") || len(pids(t, pid)) != 3 {
		t.Errorf("note %q, processes %v", s.note(), pids(t, pid))
	}
	s.stop()
	gone(t, pid)
	canceled, cancel := context.WithCancelCause(t.Context())
	cancel(errInterrupted)
	if _, err := f.startServer(canceled, nil); err != errInterrupted {
		t.Errorf("after Ctrl-C: %v", err)
	}
}
