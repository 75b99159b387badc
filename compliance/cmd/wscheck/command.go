package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/hawser-ws/hawser/compliance/internal/process"
	"github.com/hawser-ws/hawser/compliance/suite"
)

const (
	commandWait = 30 * time.Second       // default of -wait with -command
	stopTime    = 5 * time.Second        // for the server to end after a request to terminate
	lookTime    = 100 * time.Millisecond // between two attempts to connect
	deathTime   = time.Second            // for the server to end after it stopped answering
	lsofTime    = time.Minute            // for lsof or ss
	maxTail     = 2 << 10                // bytes of the log shown in an error
)

// A shellServer is the server of -command: the shell that runs it, and the process group of all
// processes that it starts.
type shellServer struct {
	command, url string
	wait         time.Duration
	options      *suite.Options
	say          func(string)

	mu       sync.Mutex
	log      *os.File
	cmd      *exec.Cmd     // the last one started
	ended    chan struct{} // closed when cmd has ended
	restarts int
}

// startServer starts the server of -command and waits until it answers. Without -command, it waits
// for as long as -wait allows.
func (f *runFlags) startServer(ctx context.Context, say func(string)) (*shellServer, error) {
	s := &shellServer{command: f.command, url: f.url, wait: f.wait, options: f.options(), say: say}
	if f.command == "" {
		if f.wait == 0 {
			return s, nil
		}
		return s, s.answers(ctx)
	}
	if s.wait == 0 {
		s.wait = commandWait
	}
	log, err := os.Create(filepath.Join(f.out, "server.log"))
	if err != nil {
		return nil, fmt.Errorf("-command: %w", err)
	}
	s.log = log
	if err := s.start(ctx); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// start starts the command once its address is free, and waits until the server answers.
func (s *shellServer) start(ctx context.Context) error {
	if err := s.free(ctx); err != nil {
		return err
	}
	cmd := shell(s.command)
	cmd.Stdout, cmd.Stderr = s.log, s.log
	ended := make(chan struct{})
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("-command: %w", err)
	}
	go func() {
		_ = cmd.Wait() // cmd.ProcessState has the result
		close(ended)
	}()
	s.mu.Lock()
	s.cmd, s.ended = cmd, ended
	s.mu.Unlock()
	return s.answers(ctx)
}

// shell returns a command of the system's shell. Method end ends its process group.
func shell(command string) *exec.Cmd {
	if runtime.GOOS == "windows" {
		return process.Command(context.Background(), "cmd", "/c", command)
	}
	return process.Command(context.Background(), "sh", "-c", command)
}

// free waits until no server is listening at the address.
func (s *shellServer) free(ctx context.Context) error {
	u, err := url.Parse(s.url)
	if err != nil {
		panic("BUG: wscheck: " + err.Error()) // checkURL has parsed it
	}
	network, addr := address(u)
	for deadline := time.Now().Add(s.wait); ; {
		var d net.Dialer
		c, err := d.DialContext(ctx, network, addr)
		if err != nil {
			return context.Cause(ctx) // nil unless the run has ended
		}
		c.Close()
		if time.Now().After(deadline) {
			return fmt.Errorf("another program%s is listening at %s, the address of the server of -command",
				listener(ctx, u.Port()), addr)
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

// answers waits until the server answers the opening handshake.
func (s *shellServer) answers(ctx context.Context) error {
	for deadline := time.Now().Add(s.wait); ; {
		err := suite.Probe(ctx, s.url, s.options)
		if err == nil {
			return nil
		}
		// A shell that starts its server in the background ends with status 0.
		if state := s.state(); state != nil && !state.Success() {
			return fmt.Errorf("-command: the server ended before it answered at %s: %v%s",
				s.url, state, s.tail())
		}
		if time.Now().After(deadline) {
			err = connectError(ctx, s.url, "cannot test the server at %s: %w", err)
			return fmt.Errorf("after -wait %v: %w%s", s.wait, err, s.tail())
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context) error {
	select {
	case <-time.After(lookTime):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// state returns how the shell ended, or nil if it is running or was not started.
func (s *shellServer) state() *os.ProcessState {
	s.mu.Lock()
	cmd, ended := s.cmd, s.ended
	s.mu.Unlock()
	if cmd == nil {
		return nil
	}
	select {
	case <-ended:
		return cmd.ProcessState
	default:
		return nil
	}
}

// restart restarts a server that has ended or no longer answers.
func (s *shellServer) restart(ctx context.Context) error {
	s.mu.Lock()
	ended := s.ended
	s.mu.Unlock()
	select { // a server that dies stops answering before its shell ends
	case <-ended:
	case <-time.After(deathTime):
	case <-ctx.Done():
	}
	how := "no longer answers"
	if state := s.state(); state != nil {
		how = "has ended: " + state.String()
	}
	s.mu.Lock()
	s.restarts++
	s.mu.Unlock()
	s.say(fmt.Sprintf("the server %s; restarting it (its output is in %s)", how, s.log.Name()))
	s.end()
	return s.start(ctx)
}

// end ends the process group, first with a request and then by force.
func (s *shellServer) end() {
	s.mu.Lock()
	cmd, ended := s.cmd, s.ended
	s.mu.Unlock()
	if cmd == nil {
		return
	}
	_ = process.Terminate(cmd) // the group may have ended
	select {
	case <-ended:
	case <-time.After(stopTime):
	}
	_ = process.Kill(cmd)
	<-ended
}

// stop ends the server and closes its log. It may be called more than once.
func (s *shellServer) stop() {
	s.end()
	if s.log != nil {
		s.log.Close()
	}
}

// tail returns the end of the log for an error.
func (s *shellServer) tail() string {
	if s.log == nil {
		return ""
	}
	info, err := s.log.Stat()
	if err != nil || info.Size() == 0 {
		return ""
	}
	b := make([]byte, min(info.Size(), maxTail))
	n, err := s.log.ReadAt(b, info.Size()-int64(len(b)))
	if err != nil && !errors.Is(err, io.EOF) {
		return ""
	}
	return fmt.Sprintf("; the end of its output in %s: %q", s.log.Name(), bytes.TrimSpace(b[:n]))
}

// note returns a sentence about restarts, or "".
func (s *shellServer) note() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.restarts == 0 {
		return ""
	}
	times := "once"
	if s.restarts > 1 {
		times = fmt.Sprintf("%d times", s.restarts)
	}
	return fmt.Sprintf("wscheck restarted the server of -command %s; its output is in %s",
		times, s.log.Name())
}

// ssUser matches a process in the output of ss.
var ssUser = regexp.MustCompile(`\("([^"]+)",pid=(\d+)`)

// listener returns the name and id of the process that listens at a port, if lsof or ss finds it.
func listener(ctx context.Context, port string) string {
	if port == "" {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, lsofTime)
	defer cancel()
	lsof := exec.CommandContext(ctx, "lsof", "-nP", "-iTCP:"+port, "-sTCP:LISTEN", "-Fpc")
	if out, err := lsof.Output(); err == nil {
		var pid string
		for line := range strings.Lines(string(out)) {
			switch line = strings.TrimSpace(line); {
			case strings.HasPrefix(line, "p"):
				pid = line[1:]
			case strings.HasPrefix(line, "c"):
				return fmt.Sprintf(" (%s, process %s)", line[1:], pid)
			}
		}
	}
	if out, err := exec.CommandContext(ctx, "ss", "-Hltnp", "sport = :"+port).Output(); err == nil {
		if m := ssUser.FindSubmatch(out); m != nil {
			return fmt.Sprintf(" (%s, process %s)", m[1], m[2])
		}
	}
	return ""
}
