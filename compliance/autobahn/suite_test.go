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

// These tests run the real suite: the one that HAWSER_WSTEST names (a wstest, or a
// directory given to Install), or one on PATH.

// someCases has a case or two of each kind, none of which waits for a timeout.
var someCases = []string{"1.1.2", "1.2.1", "2.1", "2.6", "3.1", "4.1.1", "5.3", "6.3.1", "7.1.1", "7.7.1", "10.1.1"}

// suite returns the path of a wstest that works, or skips the test.
func suite(t *testing.T) string {
	t.Helper()
	path := os.Getenv("HAWSER_WSTEST")
	if path == "" {
		var err error
		if path, err = exec.LookPath("wstest"); err != nil {
			t.Skip("no Autobahn testsuite: HAWSER_WSTEST is not set and no wstest is on PATH (wscheck autobahn -install DIR gives one)")
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

// echoServer returns the URL of a server.
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
				Server: echoServer(t, secure), Agent: "echo server", Cases: someCases, Dir: t.TempDir(), Wstest: wstest,
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
				Client: testee.Hawser, TLS: secure, Agent: "our client", Cases: someCases, Dir: t.TempDir(), Wstest: wstest,
			})
			wantPassed(t, r, err)
		})
	}
}

// wstest ends with success when the server dies. The cases that were not run must
// be missed, and one that ran into nothing must not pass.
func TestSuiteServerDies(t *testing.T) {
	wstest := suite(t)
	target := strings.TrimPrefix(echoServer(t, false), "ws://")
	// The look at the server and two cases get through.
	r, err := Run(t.Context(), Options{
		Server: "ws://" + forward(t, target, 3), Agent: "dying", Cases: someCases, Dir: t.TempDir(), Wstest: wstest,
	})
	if err != nil {
		t.Fatal(err)
	}
	if passed := len(someCases) - len(r.Short()) - len(r.Missing()); passed != 2 || len(r.Missing()) == 0 {
		t.Errorf("%d passed; short %v, missing %v", passed, r.Short(), r.Missing())
	}

	_, err = Run(t.Context(), Options{
		Server: "ws://" + forward(t, target, 1), Agent: "dead", Cases: someCases, Dir: t.TempDir(), Wstest: wstest,
	})
	if err == nil || !strings.Contains(err.Error(), "ran no case") {
		t.Errorf("error %v", err)
	}
}

// forward listens for n connections, passes them on to target, and is gone.
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

// Linux has all of 127.0.0.0/8 on its loopback interface, so that a listener on
// every interface answers at 127.0.0.2 and one on 127.0.0.1 does not.
func TestSuiteListensOnLoopback(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("127.0.0.2 is Linux's")
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
				t.Error("wstest listens beyond 127.0.0.1")
			}
		}
		return testee.Hawser(ctx, server, config)
	}
	r, err := Run(t.Context(), Options{
		Client: client, Agent: "client", Cases: []string{"1.1.1"}, Dir: t.TempDir(), Wstest: wstest,
	})
	wantPassed(t, r, err)
	if !asked.Load() {
		t.Error("the client was not asked to connect")
	}
}

// sitecustomize.py narrows what a Python program binds to.
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
		t.Skip("no Python")
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
