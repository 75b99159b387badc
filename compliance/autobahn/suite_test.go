package autobahn

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/compliance/testee"
)

// These tests run the real suite. HAWSER_WSTEST names it, as the path of a wstest or of a
// directory that was passed to Install. Without HAWSER_WSTEST they use a wstest on PATH.

// someCases has one or two cases of each kind. None of them waits for a timeout.
var someCases = []string{
	"1.1.2", "1.2.1", "2.1", "2.6", "3.1", "4.1.1", "5.3", "6.3.1", "7.1.1", "7.7.1", "10.1.1",
}

// suite returns the path of a wstest that works, or skips the test.
func suite(t *testing.T) string {
	t.Helper()
	path := os.Getenv("HAWSER_WSTEST")
	if path == "" {
		var err error
		if path, err = exec.LookPath("wstest"); err != nil {
			t.Skip("HAWSER_WSTEST is not set and wstest is not on PATH; " +
				"install it with wscheck autobahn -install DIR")
		}
	}
	r, err := localAt(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.check(t.Context()); err != nil {
		if os.Getenv("HAWSER_WSTEST") == "" {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	return r.path
}

// echoServer returns the URL of hawser's echo server.
func echoServer(t *testing.T, secure bool) string {
	t.Helper()
	s := httptest.NewUnstartedServer(testee.Echo())
	if secure {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return wsURL(s)
}

func wantPassed(t *testing.T, r *Report, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Short()) > 0 || len(r.Missing()) > 0 {
		var b strings.Builder
		_ = r.Write(&b)
		t.Error(b.String())
	}
}

func TestSuiteOnServer(t *testing.T) {
	wstest := suite(t)
	for name, secure := range map[string]bool{"ws": false, "wss": true} {
		t.Run(name, func(t *testing.T) {
			r, err := Run(t.Context(), Options{
				Server: echoServer(t, secure), Agent: "echo server",
				Cases: someCases, Dir: t.TempDir(), Wstest: wstest,
			})
			wantPassed(t, r, err)
		})
	}
}

func TestSuiteOnClient(t *testing.T) {
	wstest := suite(t)
	for name, secure := range map[string]bool{"ws": false, "wss": true} {
		t.Run(name, func(t *testing.T) {
			r, err := Run(t.Context(), Options{
				Client: testee.Hawser, TLS: secure, Agent: "our client",
				Cases: someCases, Dir: t.TempDir(), Wstest: wstest,
			})
			wantPassed(t, r, err)
		})
	}
}

// wstest exits with status 0 when the server dies. The report must list the cases that did
// not run, and a case without a server must not pass.
func TestSuiteServerDies(t *testing.T) {
	wstest := suite(t)
	target := strings.TrimPrefix(echoServer(t, false), "ws://")
	// The probe and two cases get a connection.
	r, err := Run(t.Context(), Options{
		Server: "ws://" + forward(t, target, 3), Agent: "dying",
		Cases: someCases, Dir: t.TempDir(), Wstest: wstest,
	})
	if err != nil {
		t.Fatal(err)
	}
	if passed := len(someCases) - len(r.Short()) - len(r.Missing()); passed != 2 || len(r.Missing()) == 0 {
		t.Errorf("%d passed; short %v, missing %v", passed, r.Short(), r.Missing())
	}

	_, err = Run(t.Context(), Options{
		Server: "ws://" + forward(t, target, 1), Agent: "dead",
		Cases: someCases, Dir: t.TempDir(), Wstest: wstest,
	})
	if err == nil || !strings.Contains(err.Error(), "ran no case") {
		t.Errorf("error %v, want one with %q", err, "ran no case")
	}
}

// forward accepts n connections, forwards them to target, and then stops listening.
func forward(t *testing.T, target string, n int) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for i := range n {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if i == n-1 {
				l.Close()
			}
			go pass(c, target)
		}
	}()
	return l.Addr().String()
}

// pass connects c to target and copies in both directions until either ends.
func pass(c net.Conn, target string) {
	defer c.Close()
	d, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer d.Close()
	ended := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{c, d}, {d, c}} {
		go func() {
			_, _ = pair[0].(*net.TCPConn).ReadFrom(pair[1])
			_ = pair[0].(*net.TCPConn).CloseWrite()
			ended <- struct{}{}
		}()
	}
	<-ended
	<-ended
}

// On Linux, 127.0.0.2 reaches a listener on every interface, but not one on 127.0.0.1.
func TestSuiteListensOnLoopback(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has 127.0.0.2 without setup")
	}
	wstest := suite(t)
	var asked atomic.Bool
	dial := func(port string) error {
		c, err := net.DialTimeout("tcp", "127.0.0.2:"+port, 5*time.Second)
		if err == nil {
			c.Close()
		}
		return err
	}
	client := func(ctx context.Context, server string, config *tls.Config) (testee.Conn, error) {
		if !asked.Swap(true) {
			_, port, _ := strings.Cut(strings.TrimPrefix(server, "ws://"), ":")
			port, _, _ = strings.Cut(port, "/")
			if err := dial(port); err == nil {
				t.Error("wstest listens on 127.0.0.2, too")
			}
		}
		return testee.Hawser(ctx, server, config)
	}
	r, err := Run(t.Context(), Options{
		Client: client, Agent: "client", Cases: []string{"1.1.1"}, Dir: t.TempDir(), Wstest: wstest,
	})
	wantPassed(t, r, err)
	if !asked.Load() {
		t.Error("the client was not called")
	}
}

// sitecustomize.py changes the address to which a Python program binds.
func TestSitecustomize(t *testing.T) {
	python := ""
	for _, name := range []string{"python2.7", "python3", "python"} {
		if _, err := output(t.Context(), name, "--version"); err == nil {
			python = name
			break
		}
	}
	if path, err := findPython(t.Context(), ""); err == nil {
		python = path
	}
	if python == "" {
		t.Skip("no Python is installed")
	}
	dir := t.TempDir()
	if err := writeSitecustomize(dir); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PYTHONPATH", dir)
	const program = `import socket, sys
for family, host in ((socket.AF_INET, ""), (socket.AF_INET, "0.0.0.0"), (socket.AF_INET, "127.0.0.1")):
    s = socket.socket(family, socket.SOCK_STREAM)
    s.bind((host, 0))
    sys.stdout.write(s.getsockname()[0] + " ")
`
	path := filepath.Join(dir, "program.py")
	if err := os.WriteFile(path, []byte(program), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := output(t.Context(), python, path)
	if err != nil || got != "127.0.0.1 127.0.0.1 127.0.0.1" {
		t.Errorf("bound to %q, error %v", got, err)
	}
}
