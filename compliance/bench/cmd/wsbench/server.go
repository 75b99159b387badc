package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"time"

	"github.com/hawser-ws/hawser/compliance/bench/internal/echo"
	"github.com/hawser-ws/hawser/compliance/bench/internal/proc"
	"github.com/hawser-ws/hawser/compliance/internal/measure"
)

// serverVar is the environment variable that makes this command a server. Its value is the server's name.
const serverVar = "WSBENCH_SERVER"

// serve runs the server of that name until standard input ends. It answers every line of the input with the
// number of allocations.
func serve(name string) error {
	runtime.GOMAXPROCS(1)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	failed := make(chan error, 2)
	go func() { failed <- echo.Serve(name, ln) }()
	go func() {
		failed <- measure.Answer(ln.Addr(), func(string) (string, error) {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return strconv.FormatUint(m.Mallocs, 10), nil
		})
	}()
	return <-failed
}

// A server is a server to measure, in a process of its own.
type server struct {
	name    string
	command string // empty for a server of this command
	*measure.Process
	addr string
}

// address finds the address in a line that a server prints.
var address = regexp.MustCompile(`(?:ws://)?(\d+\.\d+\.\d+\.\d+:\d+)`)

// launch starts the server and waits for its address.
func (s *server) launch(start func(func() error) error) (err error) {
	cmd := exec.Command("/bin/sh", "-c", "exec "+s.command)
	if s.command == "" {
		exe, err := os.Executable()
		if err != nil {
			return err
		}
		cmd = exec.Command(exe)
		cmd.Env = append(os.Environ(), serverVar+"="+s.name)
	} else {
		cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	}
	if err := start(func() (err error) { s.Process, err = measure.Start(cmd); return err }); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	for {
		line, err := s.Line()
		if err != nil {
			s.Kill()
			return fmt.Errorf("%s prints no address: %w", s.name, errors.Join(err, s.Stop()))
		}
		if m := address.FindStringSubmatch(line); m != nil {
			s.addr = m[1]
			return nil
		}
	}
}

// stop ends the server. A server of this command ends with its input; others are killed.
func (s *server) stop() {
	if s.command != "" {
		s.Kill()
	}
	_ = s.Stop()
}

// A reading is the state of a server's counters.
type reading struct {
	cpu     time.Duration
	calls   int64 // -1 if the system does not tell
	mallocs int64 // -1 if the server does not tell
}

func (s *server) read() (r reading, err error) {
	r.mallocs = -1
	if s.command == "" {
		text, err := s.Ask("mallocs")
		if err != nil {
			return r, fmt.Errorf("%s: %w", s.name, err)
		}
		if r.mallocs, err = strconv.ParseInt(text, 10, 64); err != nil {
			return r, err
		}
	}
	if r.calls, err = proc.Calls(s.Pid()); err != nil {
		r.calls = -1
	}
	r.cpu, err = proc.CPUTime(s.Pid())
	return r, err
}

// settle waits until the server has nothing more to do.
func (s *server) settle() error {
	last := time.Duration(-1)
	for range 200 {
		now, err := proc.CPUTime(s.Pid())
		if err != nil {
			return err
		}
		if now-last < 20*time.Microsecond && last >= 0 {
			return nil
		}
		last = now
		time.Sleep(time.Millisecond)
	}
	return nil
}
