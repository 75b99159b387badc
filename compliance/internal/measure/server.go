// Package measure has the tools of tests that measure a server from outside: a process for the server,
// so that its memory and CPU time are not mixed with those of its clients, and messages to send to it.
package measure

import (
	"bufio"
	"fmt"
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

	tb testing.TB
	p  *Process
}

// StartServer starts the test binary again as the server of that name. The server ends with the test.
func StartServer(tb testing.TB, name string) *Server {
	tb.Helper()
	exe, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), nameVar+"="+name)
	s := &Server{tb: tb}
	if s.p, err = Start(cmd); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.stop)
	s.Pid = s.p.Pid()
	if s.Addr, err = s.p.Line(); err != nil {
		tb.Fatal("server: ", err)
	}
	return s
}

func (s *Server) stop() {
	if err := s.p.Stop(); err != nil {
		s.tb.Error("server: ", err)
	}
}

// Ask sends a question, which is one line, and returns the answer.
func (s *Server) Ask(question string) string {
	s.tb.Helper()
	answer, err := s.p.Ask(question)
	if err != nil {
		s.tb.Fatal("server: ", err)
	}
	return answer
}
