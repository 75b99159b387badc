package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hawser-ws/hawser/websocket"
)

// start serves in this process on a free port until the test ends. end ends it
// earlier and returns what serve returned.
func start(t *testing.T, cfg config) (s *server, end func() error) {
	t.Helper()
	cfg.addr = "127.0.0.1:0"
	if cfg.maxMessage == 0 {
		cfg.maxMessage = 16 << 20
	}
	s, err := listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.echo.ErrorLog = log.New(io.Discard, "", 0)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	var result error
	go func() {
		defer close(ended)
		result = s.serve(ctx)
	}()
	end = func() error {
		cancel()
		select {
		case <-ended:
			return result
		case <-time.After(time.Minute):
			return errors.New("serve did not return")
		}
	}
	t.Cleanup(func() {
		if err := end(); err != nil {
			t.Error(err)
		}
	})
	return s, end
}

// testContext bounds the waits of a test.
func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// dial connects to url with a client that trusts the server's certificate alone.
func dial(t *testing.T, s *server, url string, limits websocket.Limits) *websocket.Conn {
	t.Helper()
	opts := &websocket.DialOptions{Limits: limits}
	if c := s.echo.TLSConfig; c != nil {
		leaf, err := x509.ParseCertificate(c.Certificates[0].Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		opts.TLSConfig = &tls.Config{RootCAs: x509.NewCertPool()}
		opts.TLSConfig.RootCAs.AddCert(leaf)
	}
	c, _, err := websocket.Dial(testContext(t), url, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.CloseNow() })
	return c
}

func TestEcho(t *testing.T) {
	for name, secure := range map[string]bool{"ws": false, "wss": true} {
		t.Run(name, func(t *testing.T) {
			s, _ := start(t, config{tls: secure})
			if !strings.HasPrefix(s.url(), name+"://127.0.0.1:") {
				t.Errorf("url = %s", s.url())
			}
			for _, path := range []string{"", "a/b?c=d"} {
				testEcho(t, dial(t, s, s.url()+path, websocket.Limits{MaxMessage: 16 << 20}))
			}
			for ctx := testContext(t); s.open.count() > 0; time.Sleep(time.Millisecond) {
				if ctx.Err() != nil {
					t.Fatal("connections that have ended are still counted")
				}
			}
		})
	}
}

func testEcho(t *testing.T, c *websocket.Conn) {
	t.Helper()
	ctx := testContext(t)
	for _, m := range []websocket.Message{
		{Type: websocket.Text, Data: []byte("Grüße, 世界")},
		{Type: websocket.Text},
		{Type: websocket.Binary},
		{Type: websocket.Binary, Data: []byte("\xff\x00\xfe")},
		{Type: websocket.Binary, Data: bytes.Repeat([]byte("16 bytes, times "), 1<<16)},
	} {
		written := make(chan error, 1)
		go func() { written <- c.Write(ctx, m.Type, m.Data) }()
		typ, p, err := c.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := <-written; err != nil {
			t.Fatal(err)
		}
		got := websocket.Message{Type: typ, Data: p}
		if diff := cmp.Diff(m, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("echo differs (-sent +got):\n%s", diff)
		}
	}
	if err := c.Close(ctx, websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
}

// The certificate is good for every name that the flag's help promises.
func TestCertificate(t *testing.T) {
	cert, err := selfSigned()
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	for _, host := range []string{"localhost", "127.0.0.1", "::1"} {
		if _, err := leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: roots}); err != nil {
			t.Error(err)
		}
	}
}

func TestMaxMessage(t *testing.T) {
	s, _ := start(t, config{maxMessage: 1000})
	c := dial(t, s, s.url(), websocket.Limits{})
	ctx := testContext(t)
	if err := c.Write(ctx, websocket.Binary, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Read(ctx); err != nil {
		t.Fatal(err)
	}
	if err := c.Write(ctx, websocket.Binary, make([]byte, 1001)); err != nil {
		t.Fatal(err)
	}
	_, _, err := c.Read(ctx)
	checkClosed(t, err, websocket.StatusMessageTooBig, "1001 > 1000")
}

// Any page may connect: it is an echo for tests.
func TestAnyOrigin(t *testing.T) {
	s, _ := start(t, config{})
	c, _, err := websocket.Dial(testContext(t), s.url(), &websocket.DialOptions{
		Header: http.Header{"Origin": {"https://elsewhere.example"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	testEcho(t, c)
}

func TestNoWebSocket(t *testing.T) {
	s, _ := start(t, config{})
	resp, err := http.Get("http" + strings.TrimPrefix(s.url(), "ws"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusUpgradeRequired {
		t.Errorf("status %d", resp.StatusCode)
	}
}

// The end of the server tells every connection why.
func TestShutdown(t *testing.T) {
	s, end := start(t, config{})
	ctx := testContext(t)
	results := make(chan error)
	const conns = 3
	for range conns {
		c := dial(t, s, s.url(), websocket.Limits{})
		echoOne(t, c) // now the server has it among its connections
		go func() {
			_, _, err := c.Read(ctx)
			results <- err
		}()
	}
	if err := end(); err != nil {
		t.Error(err)
	}
	for range conns {
		checkClosed(t, <-results, websocket.StatusGoingAway, goodbye)
	}
	if _, err := net.Dial("tcp", s.echoLn.Addr().String()); err == nil {
		t.Error("still listening")
	}
}

// Peers that do nothing do not hold the end up.
func TestShutdownSilent(t *testing.T) {
	s, end := start(t, config{})
	s.grace = 100 * time.Millisecond
	c, err := net.Dial("tcp", s.echoLn.Addr().String()) // sends no request
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	echoOne(t, dial(t, s, s.url(), websocket.Limits{})) // will not read the close frame
	if err := end(); err != nil {
		t.Error(err)
	}
	c.SetReadDeadline(time.Now().Add(5 * time.Second)) // before ReadHeaderTimeout would
	if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the connection without a request is still open: %v", err)
	}
}

func echoOne(t *testing.T, c *websocket.Conn) {
	t.Helper()
	ctx := testContext(t)
	if err := c.Write(ctx, websocket.Text, nil); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Read(ctx); err != nil {
		t.Fatal(err)
	}
}

func checkClosed(t *testing.T, err error, code websocket.StatusCode, reason string) {
	t.Helper()
	var e *websocket.CloseError
	if !errors.As(err, &e) || e.Code != code || !strings.Contains(e.Reason, reason) {
		t.Errorf("read ended with %v, want %v: %q", err, code, reason)
	}
}

// A connection that comes too late is turned away with 1001 as well.
func TestTooLate(t *testing.T) {
	s, _ := start(t, config{})
	s.open.closeAll(testContext(t))
	c := dial(t, s, s.url(), websocket.Limits{})
	_, _, err := c.Read(testContext(t))
	checkClosed(t, err, websocket.StatusGoingAway, goodbye)
}

var useDefaultMux = sync.OnceFunc(func() {
	http.HandleFunc("/default", func(http.ResponseWriter, *http.Request) {})
})

// Profiles are on a port and a mux of their own.
func TestDebug(t *testing.T) {
	useDefaultMux()
	s, _ := start(t, config{debug: "127.0.0.1:0"})
	debug, echo := "http://"+s.debugLn.Addr().String(), "http://"+s.echoLn.Addr().String()
	for url, want := range map[string]int{
		debug + "/debug/pprof/goroutine?debug=1": http.StatusOK,
		debug + "/default":                       http.StatusNotFound,
		echo + "/debug/pprof/goroutine?debug=1":  http.StatusUpgradeRequired,
	} {
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != want || strings.Contains(string(body), "goroutine profile") != (want == http.StatusOK) {
			t.Errorf("%s: status %d, body %.60q", url, resp.StatusCode, body)
		}
	}
}

func (s *connections) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}
