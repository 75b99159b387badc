//go:build unix

package bench

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait.
const patience = time.Minute

// childVar, if it is set, makes the test binary a server in a process of its own, with
// one processor. Its value is the server's name, then "takeover" or nothing.
const childVar = "HAWSER_BENCH_SERVER"

func TestMain(m *testing.M) {
	name, takeover, _ := strings.Cut(os.Getenv(childVar), " ")
	for _, s := range servers {
		if s.name == name {
			if err := serveChild(s, takeover != ""); err != nil {
				fmt.Fprintln(os.Stderr, "server:", err)
				os.Exit(1)
			}
			return
		}
	}
	os.Exit(m.Run())
}

// serveChild prints the server's address, then for each line of standard input the CPU
// time that the process has used, in nanoseconds. It ends with its input.
func serveChild(s server, takeover bool) error {
	runtime.GOMAXPROCS(1)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go s.serve(ln, takeover)
	fmt.Println(ln.Addr())
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			return err
		}
		fmt.Println(u.Utime.Nano() + u.Stime.Nano())
	}
	return nil
}

// A child is a server in a process of its own.
type child struct {
	tb   testing.TB
	in   io.WriteCloser
	out  *bufio.Scanner
	kill func() error
	addr string
}

// startChild starts a server that ends with the test.
func startChild(tb testing.TB, s server, takeover bool) *child {
	tb.Helper()
	exe, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	name := s.name
	if takeover {
		name += " takeover"
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childVar+"="+name)
	cmd.Stderr = os.Stderr
	c := &child{tb: tb}
	if c.in, err = cmd.StdinPipe(); err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	c.out = bufio.NewScanner(out)
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	c.kill = cmd.Process.Kill
	tb.Cleanup(func() {
		c.in.Close() // it ends by itself, or else is ended
		timer := time.AfterFunc(patience, func() { c.kill() })
		defer timer.Stop()
		if err := cmd.Wait(); err != nil {
			tb.Error("server: ", err)
		}
	})
	c.addr = c.line()
	return c
}

// line reads a line that the child prints.
func (c *child) line() string {
	c.tb.Helper()
	timer := time.AfterFunc(patience, func() { c.kill() })
	defer timer.Stop()
	if !c.out.Scan() {
		c.tb.Fatal("server: no answer: ", c.out.Err())
	}
	return c.out.Text()
}

// cpu returns the CPU time that the child has used.
func (c *child) cpu() time.Duration {
	c.tb.Helper()
	if _, err := fmt.Fprintln(c.in, "cpu"); err != nil {
		c.tb.Fatal("server: ", err)
	}
	n, err := strconv.ParseInt(c.line(), 10, 64)
	if err != nil {
		c.tb.Fatal(err)
	}
	return time.Duration(n)
}
