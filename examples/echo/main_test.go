package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"flag"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/websocket"
)

// build builds the program as a user would.
func build(t *testing.T) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "echo.exe")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

func TestProgram(t *testing.T) {
	program := build(t)
	t.Run("ws", func(t *testing.T) {
		testProgram(t, program, os.Interrupt, "-deflate=false", "-max-message", "17000000")
	})
	t.Run("wss", func(t *testing.T) { testProgram(t, program, syscall.SIGTERM, "-tls") })
	t.Run("cannot listen", func(t *testing.T) { testCannotListen(t, program) })
}

var listening = regexp.MustCompile(`^listening on (wss?://127\.0\.0\.1:[1-9][0-9]*/)\n$`)

// testProgram runs the program with args on a free port, exchanges a message, and ends the program with sig
// while the connection is open.
func testProgram(t *testing.T, program string, sig os.Signal, args ...string) {
	ctx := testContext(t)
	cmd := exec.CommandContext(ctx, program, append([]string{"-addr", "127.0.0.1:0"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill() // if the test fails
	out := bufio.NewReader(stdout)
	line, _ := out.ReadString('\n')
	match := listening.FindStringSubmatch(line)
	if match == nil {
		t.Fatalf("the first line is %q, want one that matches %v", line, listening)
	}
	if want := strings.HasPrefix(match[1], "wss:"); want != (args[0] == "-tls") {
		t.Errorf("the first line is %q with the arguments %q", line, args)
	}

	c, _, err := websocket.Dial(ctx, match[1], &websocket.DialOptions{
		TLSConfig: &tls.Config{InsecureSkipVerify: true}, // the program makes its own certificate
		Limits:    websocket.Limits{MaxMessage: 16 << 20},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	echoOne(t, c)
	if runtime.GOOS == "windows" {
		return // Windows has no such signals
	}
	if err := cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	_, _, err = c.Read(ctx)
	checkClosed(t, err, websocket.StatusGoingAway, "")
	if rest, _ := io.ReadAll(out); len(rest) > 0 {
		t.Errorf("the program printed more than one line: %q", rest)
	}
	if err := cmd.Wait(); err != nil || stderr.Len() > 0 {
		t.Errorf("after %v: %v, stderr %q", sig, err, stderr.String())
	}
}

// testCannotListen checks that the program prints one line with the reason and exits with a status that is
// not 0.
func testCannotListen(t *testing.T, program string) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	addr := taken.Addr().String()
	for _, args := range [][]string{{"-addr", addr}, {"-addr", "127.0.0.1:0", "-debug", addr}} {
		var stdout, stderr bytes.Buffer
		cmd := exec.CommandContext(testContext(t), program, args...)
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || stdout.Len() > 0 {
			t.Errorf("%q: %v, stdout %q", args, err, stdout.String())
		}
		if s := stderr.String(); strings.Count(s, "\n") != 1 || !strings.Contains(s, addr) {
			t.Errorf("%q: stderr %q", args, s)
		}
	}
}

func TestParse(t *testing.T) {
	var usage bytes.Buffer
	for _, test := range []struct {
		args []string
		want config
	}{
		{nil, config{addr: "127.0.0.1:9001", deflate: true, maxMessage: 16 << 20}},
		{
			[]string{"-addr", ":0", "-tls", "-deflate=false", "-max-message=-1", "-debug", ":1"},
			config{addr: ":0", tls: true, maxMessage: -1, debug: ":1"},
		},
	} {
		got, err := parse(test.args, &usage)
		if err != nil {
			t.Errorf("%q: %v", test.args, err)
		}
		if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(config{})); diff != "" {
			t.Errorf("%q: config differs (-want +got):\n%s", test.args, diff)
		}
	}
	if _, err := parse([]string{"-h"}, &usage); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
	for _, args := range [][]string{{"x"}, {"-max-message", "0"}, {"-max-message", "x"}, {"-x"}} {
		usage.Reset()
		if _, err := parse(args, &usage); err == nil || usage.Len() == 0 {
			t.Errorf("%q: %v, usage %q", args, err, usage.String())
		}
	}
}
