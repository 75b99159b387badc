//go:build unix

package bench

import (
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/compliance/bench/internal/echo"
	"github.com/hawser-ws/hawser/compliance/internal/measure"
)

// patience limits every wait.
const patience = measure.Patience

func TestMain(m *testing.M) { measure.Main(m, serve) }

// serve runs the server that startEcho or startRoom named, with one processor.
func serve(name string) error {
	runtime.GOMAXPROCS(1)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	kind, args, _ := strings.Cut(name, " ")
	switch kind {
	case "echo":
		return runEcho(ln, args)
	case "room":
		return runRoom(ln, args)
	}
	return fmt.Errorf("no server is named %q", name)
}

// startEcho starts an echo server that compresses messages.
func startEcho(tb testing.TB, s echo.Server, takeover bool) *measure.Server {
	tb.Helper()
	return measure.StartServer(tb, fmt.Sprint("echo ", s.Name, " ", takeover))
}

// runEcho runs the server that startEcho named. The answer to any question is the CPU time.
func runEcho(ln net.Listener, args string) error {
	var name string
	o := echo.Options{Deflate: true}
	if _, err := fmt.Sscan(args, &name, &o.Takeover); err != nil {
		return err
	}
	failed := make(chan error, 2)
	go func() { failed <- echo.Serve(name, ln, o) }()
	go func() { failed <- measure.Answer(ln.Addr(), func(string) (string, error) { return cpuTime() }) }()
	return <-failed
}

// serveHTTP serves connections until the listener is closed.
func serveHTTP(ln net.Listener, h http.Handler) error {
	srv := &http.Server{ReadHeaderTimeout: patience, Handler: h}
	return srv.Serve(ln)
}

// cpuTime returns the CPU time that this process has used, in nanoseconds.
func cpuTime() (string, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return strconv.FormatInt(u.Utime.Nano()+u.Stime.Nano(), 10), err
}

// cpu returns the CPU time that a server has used.
func cpu(tb testing.TB, s *measure.Server) time.Duration {
	tb.Helper()
	n, err := strconv.ParseInt(s.Ask("cpu"), 10, 64)
	if err != nil {
		tb.Fatal(err)
	}
	return time.Duration(n)
}
