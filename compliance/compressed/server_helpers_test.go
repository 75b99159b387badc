//go:build unix

package compressed

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// childVar, if it is set, makes the test binary an echo server in a process of its
// own, so that its memory can be told from that of its peers. The value is
// the name of an agreement.
const childVar = "HAWSER_COMPRESSED_SERVER"

// An agreement is how the echo server and its clients compress.
type agreement struct {
	name string
	ext  *deflate.Extension // nil: not at all
}

var agreements = []agreement{
	{"none", nil},
	{"no takeover", deflate.MustNew(&deflate.Options{NoContextTakeover: true})},
	{"default", deflate.MustNew(nil)},
	{"bounded", deflate.MustNew(&deflate.Options{MaxReceiveWindowBits: 11})},
	{"large", deflate.MustNew(&deflate.Options{WindowBits: 15})},
}

func (a agreement) extensions() []wire.Extension {
	if a.ext == nil {
		return nil
	}
	return []wire.Extension{a.ext}
}

func TestMain(m *testing.M) {
	if name := os.Getenv(childVar); name != "" {
		if err := serveChild(name); err != nil {
			fmt.Fprintln(os.Stderr, "child:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serveChild prints the server's address, then answers each line of standard input:
// "settle N" waits until N connections are open, then collects garbage and gives
// memory back. It ends with its input.
func serveChild(name string) error {
	var options websocket.AcceptOptions
	known := false
	for _, a := range agreements {
		if a.name == name {
			options.Extensions, known = a.extensions(), true
		}
	}
	if !known {
		return fmt.Errorf("no agreement %q", name)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{ReadHeaderTimeout: time.Minute, Handler: websocket.Handler{Serve: echo, Options: &options}}
	go srv.Serve(ln)
	fmt.Println(ln.Addr())
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if err := settle(strings.TrimPrefix(in.Text(), "settle ")); err != nil {
			return err
		}
		fmt.Println("settled")
	}
	return nil
}

// open counts the connections of a child.
var open atomic.Int64

func settle(conns string) error {
	want, err := strconv.ParseInt(conns, 10, 64)
	if err != nil {
		return err
	}
	for end := time.Now().Add(patience); open.Load() != want; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("%d connections are open, want %d", open.Load(), want)
		}
	}
	// Pools let go of what they hold in two collections, and each halves stacks that
	// are too large.
	for range 5 {
		runtime.GC()
		debug.FreeOSMemory()
	}
	return nil
}

func echo(ctx context.Context, c *websocket.Conn) error {
	open.Add(1)
	defer open.Add(-1)
	for m, err := range c.Messages(ctx) {
		if err != nil {
			return err
		}
		if err := c.Write(ctx, m.Type, m.Data); err != nil {
			return err
		}
	}
	return nil
}

// A child is a server in a process of its own.
type child struct {
	tb   testing.TB
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Scanner
	addr string
}

// startChild starts a server that ends with the test.
func startChild(tb testing.TB, name string) *child {
	tb.Helper()
	exe, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	c := &child{tb: tb, cmd: exec.Command(exe)}
	c.cmd.Env = append(os.Environ(), childVar+"="+name)
	c.cmd.Stderr = os.Stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		tb.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	c.out = bufio.NewScanner(out)
	if err := c.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		c.in.Close() // it ends by itself, or else is ended
		timer := time.AfterFunc(patience, func() { c.cmd.Process.Kill() })
		defer timer.Stop()
		if err := c.cmd.Wait(); err != nil {
			tb.Error("child: ", err)
		}
	})
	c.addr = c.line()
	return c
}

// line reads a line that the child prints.
func (c *child) line() string {
	c.tb.Helper()
	timer := time.AfterFunc(time.Minute, func() { c.cmd.Process.Kill() })
	defer timer.Stop()
	if !c.out.Scan() {
		c.tb.Fatal("child: no answer: ", c.out.Err())
	}
	return strings.TrimSpace(c.out.Text())
}

// ask sends a line and returns the answer.
func (c *child) ask(line string) string {
	c.tb.Helper()
	if _, err := fmt.Fprintln(c.in, line); err != nil {
		c.tb.Fatal("child: ", err)
	}
	return c.line()
}
