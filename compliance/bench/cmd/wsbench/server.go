package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/hawser-ws/hawser/compliance/bench/internal/echo"
	"github.com/hawser-ws/hawser/compliance/bench/internal/proc"
	"github.com/hawser-ws/hawser/compliance/internal/measure"
)

// serverVar is the environment variable that makes this command a server. Its value is the server's name and
// options.
const serverVar = "WSBENCH_SERVER"

// serve runs a server until standard input ends.
func serve(args string) error {
	runtime.GOMAXPROCS(1)
	var name string
	var o echo.Options
	if _, err := fmt.Sscan(args, &name, &o.Deflate, &o.Takeover, &o.Bare); err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	ended := make(chan error, 2)
	go func() { ended <- echo.Serve(name, ln, o) }()
	go func() { ended <- measure.Answer(ln.Addr(), answer) }()
	return <-ended
}

// answer answers a question to a server.
func answer(question string) (string, error) {
	switch question {
	case "mallocs":
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return strconv.FormatUint(m.Mallocs, 10), nil
	case "cpu":
		d, err := proc.Own()
		return strconv.FormatInt(int64(d), 10), err
	case "collect":
		// Two collections empty a pool. Each collection halves the stacks that are too large.
		for range 5 {
			runtime.GC()
			debug.FreeOSMemory()
		}
		return "done", nil
	}
	return "", fmt.Errorf("unknown question %q", question)
}

// A candidate is a server to measure.
type candidate struct {
	name    string
	command string // of another program; empty for a server of this one
	version string // of the library of a program that this one has built
	can     echo.Can
	running map[echo.Options]*server
}

// A server is a process of a candidate.
type server struct {
	*measure.Process
	name string
	addr string
	asks bool // it answers questions
}

// get returns the running server with these options. It starts the server if necessary.
func (c *candidate) get(o echo.Options, start starter) (*server, error) {
	if c.command != "" {
		o = echo.Options{} // unknown to the command
	}
	if s := c.running[o]; s != nil {
		return s, nil
	}
	s, err := c.launch(o, start)
	if err == nil {
		c.running[o] = s
	}
	return s, err
}

// stop ends all processes.
func (c *candidate) stop() {
	for _, s := range c.running {
		s.stop()
	}
	clear(c.running)
}

// A starter calls a function that starts a process, on the processor for servers.
type starter func(func() error) error

// address finds the address in the output of a server.
var address = regexp.MustCompile(`\b(\d+\.\d+\.\d+\.\d+:\d+)\b`)

// launch starts a process and waits until it prints its address.
func (c *candidate) launch(o echo.Options, start starter) (*server, error) {
	cmd := exec.Command("/bin/sh", "-c", "exec "+c.command)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	if c.command == "" {
		exe, err := os.Executable()
		if err != nil {
			return nil, err
		}
		cmd = exec.Command(exe)
		cmd.Env = append(os.Environ(), fmt.Sprint(serverVar, "=", c.name, " ", o.Deflate, " ", o.Takeover, " ", o.Bare))
	}
	proc.Separate(cmd) // ^C is for this process, which then ends the servers
	s := &server{name: c.name, asks: c.command == ""}
	if err := start(func() (err error) { s.Process, err = measure.Start(cmd); return err }); err != nil {
		return nil, fmt.Errorf("%s: %w", c.name, err)
	}
	for {
		line, err := s.Line()
		if err != nil {
			proc.KillGroup(s.Cmd)
			return nil, fmt.Errorf("%s printed no address: %w", c.name, errors.Join(err, s.Stop()))
		}
		if m := address.FindString(line); m != "" {
			s.addr = m
			return s, nil
		}
	}
}

// stop ends the process. A server of this command ends with its input. Others are killed.
func (s *server) stop() {
	if !s.asks {
		proc.KillGroup(s.Cmd)
	}
	_ = s.Stop()
}

// A reading is the state of a server's counters. A counter that is not available is -1.
type reading struct {
	cpu     time.Duration
	calls   int64
	mallocs int64
}

// before reads the counters before a burst. The server's answer to the question is not part of the burst.
func (s *server) before() (r reading, err error) {
	r.mallocs, err = s.mallocs()
	if err == nil {
		err = s.settle()
	}
	if err == nil {
		r.calls = s.calls()
		r.cpu, err = s.cpu()
	}
	return r, err
}

// after is like before, but reads after a burst.
func (s *server) after() (r reading, err error) {
	if err = s.settle(); err != nil { // connections take some time to end
		return r, err
	}
	r.calls = s.calls()
	if r.cpu, err = s.cpu(); err == nil {
		r.mallocs, err = s.mallocs()
	}
	return r, err
}

func (s *server) calls() int64 {
	n, err := proc.Calls(s.Pid())
	if err != nil {
		return -1
	}
	return n
}

func (s *server) mallocs() (int64, error) {
	if !s.asks {
		return -1, nil
	}
	return s.askNumber("mallocs")
}

func (s *server) askNumber(question string) (int64, error) {
	text, err := s.Ask(question)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}

// cpu returns the CPU time that the server has used, or -1 if it is not available.
func (s *server) cpu() (time.Duration, error) {
	d, err := proc.CPUTime(s.Pid())
	if !errors.Is(err, proc.ErrUnsupported) {
		return d, err
	}
	if !s.asks {
		return -1, nil
	}
	n, err := s.askNumber("cpu")
	return time.Duration(n), err
}

// settle waits until the server has done next to nothing several times in a row, or for some time. Once is not
// enough, because another process may have had the processor.
func (s *server) settle() error {
	last, err := s.cpu()
	quiet := 0
	for range 500 {
		if err != nil || quiet == 3 {
			return err
		}
		time.Sleep(time.Millisecond)
		var now time.Duration
		now, err = s.cpu()
		if quiet++; now-last >= 20*time.Microsecond {
			quiet = 0
		}
		last = now
	}
	return err
}
