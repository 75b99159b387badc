package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/testee"
	"github.com/hawser-ws/hawser/websocket"
)

// serve serves a handler on loopback and returns its URL.
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	return "ws" + strings.TrimPrefix(s.URL, "http")
}

// serveTLS is like serve, but with a certificate that is not trusted.
func serveTLS(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return "wss" + strings.TrimPrefix(s.URL, "https")
}

// socket returns a path that is short enough for a Unix socket.
func socket(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ws")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

// serveUnix is like serve, but at a Unix socket.
func serveUnix(t *testing.T, h http.Handler) string {
	t.Helper()
	path := socket(t)
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(h)
	s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return "ws+unix://" + path + ":/"
}

// liar returns an echo handler that appends to every text message that is not empty.
func liar() http.Handler {
	return websocket.Handler{Serve: func(ctx context.Context, c *websocket.Conn) error {
		for m, err := range c.Messages(ctx) {
			if err != nil {
				return err
			}
			if m.Type == websocket.Text && len(m.Data) > 0 {
				m.Data = append(m.Data, '!')
			}
			if err := c.Write(ctx, m.Type, m.Data); err != nil {
				return err
			}
		}
		return nil
	}}
}

// raw listens for TCP connections and calls greet for each, which stays open until the test ends. It
// returns the host and port.
func raw(t *testing.T, greet func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			greet(c)
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-ended
	})
	return l.Addr().String()
}

// A mortal is a listener that closes after its last connection.
type mortal struct {
	net.Listener
	left int
}

func (m *mortal) Accept() (net.Conn, error) {
	c, err := m.Listener.Accept()
	if m.left--; m.left == 0 {
		m.Close()
	}
	return c, err
}

// serveMortal serves hawser's echo for n connections.
func serveMortal(t *testing.T, n int) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: testee.Echo(), ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = s.Serve(&mortal{l, n}) }() // returns after the last connection
	t.Cleanup(func() { s.Close() })
	return "ws://" + l.Addr().String()
}

// ask requests a path other than a case from a fuzzing server and returns the answer.
func ask(t *testing.T, server, path string) string {
	t.Helper()
	if strings.Contains(server, "+unix") && !strings.HasSuffix(server, ":") {
		server += ":"
	}
	c, err := testee.Hawser(t.Context(), server+path, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	defer c.Close()
	var answer []byte
	for {
		_, message, err := c.Read(t.Context())
		if err != nil {
			return string(answer)
		}
		answer = append(answer, message...)
	}
}

// asMain is an environment variable that makes the test binary run as wscheck.
const asMain = "WSCHECK_TEST_MAIN"

// leftOver returns the stacks of this project's goroutines that do not end.
func leftOver() (left string) {
	deadline := time.Now().Add(time.Minute)
	for ; time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		buf := make([]byte, 1<<20)
		stacks := strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n")[1:] // without this one
		ours := slices.DeleteFunc(stacks,
			func(s string) bool { return !strings.Contains(s, "hawser-ws/hawser/") })
		if left = strings.Join(ours, "\n\n"); left == "" {
			break
		}
	}
	return left
}

// done is a finished run of wscheck.
type done struct {
	args           []string
	status         int
	stdout, stderr string
}

// wscheck runs the program and waits for its end.
func wscheck(t *testing.T, args ...string) done {
	t.Helper()
	return start(t, args...).wait(t)
}

// check checks the exit status and that the output contains stdout and stderr. An error must be
// one line without a stack trace.
func (d done) check(t *testing.T, status int, stdout, stderr string) {
	t.Helper()
	if d.status != status {
		t.Errorf("wscheck %q: exit status %d, want %d", d.args, d.status, status)
	}
	if !strings.Contains(d.stdout, stdout) || !strings.Contains(d.stderr, stderr) {
		t.Errorf("wscheck %q: want %q in the output and %q in the errors", d.args, stdout, stderr)
	}
	if errs := d.errors(); status == exitFailed && len(errs) != 1 || status != exitFailed && len(errs) != 0 {
		t.Errorf("wscheck %q: exit status %d with %d errors: %q", d.args, d.status, len(errs), errs)
	}
	if strings.Contains(d.stderr, "goroutine ") || strings.Contains(d.stderr, ".go:") {
		t.Errorf("wscheck %q printed a stack trace", d.args)
	}
	if t.Failed() {
		t.Logf("wscheck %q printed:\n%s\nand errors:\n%s", d.args, d.stdout, d.stderr)
	}
}

// errors returns the lines with errors.
func (d done) errors() []string {
	var errs []string
	for line := range strings.Lines(d.stderr) {
		if strings.HasPrefix(line, "wscheck: ") {
			errs = append(errs, line)
		}
	}
	return errs
}

// A running is a run of wscheck that has not ended.
type running struct {
	args           []string
	cancel         context.CancelCauseFunc
	stdout, stderr output
	ended          chan struct{}
	status         int // once it has ended
}

// start runs the program in this process.
func start(t *testing.T, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(t.Context()))
	r := &running{args: args, cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(r.ended)
		r.status = run(ctx, args, &r.stdout, &r.stderr)
	}()
	t.Cleanup(func() {
		r.interrupt()
		r.wait(t)
	})
	return r
}

// wait waits for the end of the program.
func (r *running) wait(t *testing.T) done {
	t.Helper()
	select {
	case <-r.ended:
		return done{r.args, r.status, r.stdout.String(), r.stderr.String()}
	case <-time.After(2 * time.Minute):
		t.Fatalf("wscheck %q does not end; it printed:\n%s\n%s", r.args, &r.stdout, &r.stderr)
		panic("unreachable")
	}
}

// interrupt has the effect of Ctrl-C.
func (r *running) interrupt() { r.cancel(errInterrupted) }

var place = regexp.MustCompile(`(?m) at (wss?(\+unix)?://\S+)$`)

// at waits until the server listens and returns its URL.
func (r *running) at(t *testing.T) string {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if m := place.FindStringSubmatch(r.stdout.String() + r.stderr.String()); m != nil {
			return m[1]
		}
		select {
		case <-r.ended:
			t.Fatalf("wscheck %q ended: %s", r.args, &r.stderr)
		default:
		}
	}
	t.Fatalf("wscheck %q does not listen: %s", r.args, &r.stderr)
	panic("unreachable")
}

// An output is a buffer that is safe for concurrent use.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

var _ io.Writer = (*output)(nil)

// verdicts checks that a report has results of exactly these cases of an agent and returns the
// index.
func verdicts(t *testing.T, dir, agent string, ids ...string) report.Index {
	t.Helper()
	index, err := report.ReadIndex(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(ids, index.Cases(agent)); diff != "" {
		t.Errorf("cases of %q, of the agents %q (-want +got):\n%s", agent, index.Agents(), diff)
	}
	if _, err := report.Read(dir); err != nil {
		t.Error(err)
	}
	return index
}

// plainEcho returns an echo handler with default options: no compression and a limit of 1 MiB.
func plainEcho() http.Handler {
	return websocket.Handler{Serve: func(ctx context.Context, c *websocket.Conn) error {
		for m, err := range c.Messages(ctx) {
			if err != nil {
				return err
			}
			if err := c.Write(ctx, m.Type, m.Data); err != nil {
				return err
			}
		}
		return nil
	}}
}
