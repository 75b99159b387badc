package main

import (
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

func TestEcho(t *testing.T) {
	for name, secure := range map[string]bool{"ws": false, "wss": true} {
		t.Run(name, func(t *testing.T) {
			s, _ := start(t, config{tls: secure})
			if !strings.HasPrefix(s.url(), name+"://127.0.0.1:") {
				t.Errorf("url is %s, want %s://127.0.0.1", s.url(), name)
			}
			for _, path := range []string{"", "a/b?c=d"} {
				testEcho(t, dial(t, s, s.url()+path, websocket.Limits{MaxMessage: 16 << 20}))
			}
			for ctx := testContext(t); s.group.Len() > 0; time.Sleep(time.Millisecond) {
				if ctx.Err() != nil {
					t.Fatal("connections that have ended are still in the group")
				}
			}
		})
	}
}

// The certificate is valid for localhost and its addresses.
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

// Pages of any origin may connect, because this is a server for tests.
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
		t.Errorf("status %d, want %d", resp.StatusCode, http.StatusUpgradeRequired)
	}
}

// A shutdown closes every connection with 1001, even if its client has sent messages that the server has not
// read yet. The echoes of the others come first.
func TestShutdown(t *testing.T) {
	s, end := start(t, config{})
	ctx := testContext(t)
	const conns, messages = 20, 50
	var clients []*websocket.Conn
	for range conns {
		c := dial(t, s, s.url(), websocket.Limits{})
		echoOne(t, c)
		clients = append(clients, c)
	}
	results := make(chan error)
	for _, c := range clients {
		for range messages {
			if err := c.Write(ctx, websocket.Text, []byte("still to be echoed")); err != nil {
				t.Fatal(err)
			}
		}
		go func() {
			for echoed := 0; ; echoed++ {
				_, p, err := c.Read(ctx)
				if err != nil || string(p) != "still to be echoed" || echoed >= messages {
					results <- err
					return
				}
			}
		}()
	}
	if err := end(); err != nil {
		t.Error(err)
	}
	for range conns {
		checkClosed(t, <-results, websocket.StatusGoingAway, "")
	}
	if n := s.group.Len(); n > 0 {
		t.Errorf("%d connections are open after the shutdown", n)
	}
	if _, err := net.Dial("tcp", s.echoLn.Addr().String()); err == nil {
		t.Error("the server still listens after it has ended")
	}
}

// Silent peers do not delay a shutdown.
func TestShutdownSilent(t *testing.T) {
	s, end := start(t, config{})
	s.grace = 100 * time.Millisecond
	c, err := net.Dial("tcp", s.echoLn.Addr().String()) // sends no request
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	echoOne(t, dial(t, s, s.url(), websocket.Limits{})) // this client does not read the close frame
	if err := end(); err != nil {
		t.Error(err)
	}
	c.SetReadDeadline(time.Now().Add(5 * time.Second)) // less than ReadHeaderTimeout
	if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the connection without a request is still open: %v", err)
	}
}

// A handshake during a shutdown is refused. Retry-After lets the client come back.
func TestTooLate(t *testing.T) {
	s, _ := start(t, config{})
	if err := s.group.Shutdown(testContext(t)); err != nil {
		t.Error(err)
	}
	_, resp, err := websocket.Dial(testContext(t), s.url(), nil)
	if err == nil || resp == nil || resp.StatusCode != http.StatusServiceUnavailable ||
		resp.Header.Get("Retry-After") == "" {
		t.Errorf("error %v, response %v, want 503 with Retry-After", err, resp)
	}
}

var useDefaultMux = sync.OnceFunc(func() {
	http.HandleFunc("/default", func(http.ResponseWriter, *http.Request) {})
})

// Profiles have their own port and their own mux.
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
		profiled := strings.Contains(string(body), "goroutine profile")
		if resp.StatusCode != want || profiled != (want == http.StatusOK) {
			t.Errorf("%s: status %d, want %d; body %.60q", url, resp.StatusCode, want, body)
		}
	}
}
