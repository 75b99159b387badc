// Package measure has the tools of tests that measure a server from outside: a process for the server,
// so that its memory and CPU time are not mixed with those of its clients, and messages to send to it.
package measure

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"
)

// Patience limits every wait for a server's process.
const Patience = time.Minute

// nameVar is the environment variable that makes a test binary a server. Its value is the server's name.
const nameVar = "HAWSER_MEASURED_SERVER"

// Main is what TestMain must call. In a process that [StartServer] started, Main runs serve with the
// name of the server. Otherwise, it runs the tests. It does not return.
func Main(m *testing.M, serve func(name string) error) {
	name, ok := os.LookupEnv(nameVar)
	if !ok {
		os.Exit(m.Run())
	}
	if err := serve(name); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Answer runs in the server's process. It prints addr, where the server listens, and then answers each
// question of [Server.Ask]. It returns when the test ends, or when answer returns an error.
func Answer(addr net.Addr, answer func(question string) (string, error)) error {
	fmt.Println(addr)
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		text, err := answer(in.Text())
		if err != nil {
			return err
		}
		fmt.Println(text)
	}
	return in.Err()
}

// A Server is a server in its own process.
type Server struct {
	Addr string
	Pid  int

	tb   testing.TB
	cmd  *exec.Cmd
	in   io.WriteCloser
	text *bufio.Scanner // what the process prints
}

// StartServer starts the test binary again as the server of that name. The server ends with the test.
func StartServer(tb testing.TB, name string) *Server {
	tb.Helper()
	exe, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	s := &Server{tb: tb, cmd: exec.Command(exe)}
	s.cmd.Env = append(os.Environ(), nameVar+"="+name)
	s.cmd.Stderr = os.Stderr
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		tb.Fatal(err)
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	s.text = bufio.NewScanner(out)
	if err := s.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.stop)
	s.Pid = s.cmd.Process.Pid
	s.Addr = s.line()
	return s
}

// stop closes the input of the process and, if that does not end the process, kills it.
func (s *Server) stop() {
	s.in.Close()
	defer time.AfterFunc(Patience, s.kill).Stop()
	if err := s.cmd.Wait(); err != nil {
		s.tb.Error("server: ", err)
	}
}

func (s *Server) kill() { s.cmd.Process.Kill() }

// line reads the next line that the process prints.
func (s *Server) line() string {
	s.tb.Helper()
	defer time.AfterFunc(Patience, s.kill).Stop()
	if !s.text.Scan() {
		s.tb.Fatal("server: no answer: ", s.text.Err())
	}
	return s.text.Text()
}

// Ask sends a question, which is one line, and returns the answer.
func (s *Server) Ask(question string) string {
	s.tb.Helper()
	if _, err := fmt.Fprintln(s.in, question); err != nil {
		s.tb.Fatal("server: ", err)
	}
	return s.line()
}
