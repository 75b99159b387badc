package middleware

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/websocket"
)

// complaint is what net/http logs for a WriteHeader after Hijack.
const complaint = "http: response.WriteHeader on hijacked connection"

// A call of WriteHeader(101) cannot report the status to middleware. Before Hijack, it makes net/http send
// its own response before that of Accept. After Hijack, net/http logs an error.
func TestWriteHeader(t *testing.T) {
	accept := func(w http.ResponseWriter, r *http.Request) {
		if c, err := websocket.Accept(w, r, nil); err == nil {
			c.CloseNow()
		}
	}
	for _, test := range []struct {
		name  string
		serve http.HandlerFunc
		heads int
		log   string // the beginning of the server's log
	}{
		{"is not called", accept, 1, ""},
		{"before Accept", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusSwitchingProtocols)
			accept(w, r)
		}, 2, ""},
		{"after Accept", func(w http.ResponseWriter, r *http.Request) {
			accept(w, r)
			w.WriteHeader(http.StatusSwitchingProtocols)
		}, 1, complaint},
	} {
		sent, logged := handshake(t, test.serve)
		if got := strings.Count(sent, "HTTP/1.1 101 Switching Protocols\r\n"); got != test.heads {
			t.Errorf("WriteHeader(101) %s: %d response heads, want %d: %q", test.name, got, test.heads, sent)
		}
		if !strings.HasPrefix(logged, test.log) || test.log == "" && logged != "" {
			t.Errorf("WriteHeader(101) %s: net/http logged %q, want %q", test.name, logged, test.log)
		}
	}
}

// The Timeout of chi calls WriteHeader(504) after a connection that lasted longer.
func TestTimeoutPasses(t *testing.T) {
	m := measure(t, stack{"chi", chiWith(chimiddleware.Timeout(-1))}, held, "")
	m.Log = m.Log[:min(len(m.Log), len(complaint))]
	want := measurement{Status: 101, Recorded: "504", Outlived: true, Log: complaint}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("measurement differs (-want +got):\n%s", diff)
	}
}

// handshake sends an opening handshake to h and returns everything that the server sends and logs.
func handshake(t *testing.T, h http.HandlerFunc) (sent, logged string) {
	t.Helper()
	buf := new(lockedBuffer)
	returned := make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(returned)
		h(w, r)
	}))
	server.Config.ErrorLog = log.New(buf, "", 0)
	server.Start()
	defer server.Close()
	addr := server.Listener.Addr().String()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(bound)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", addr)
	all, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	wait(t.Context(), t, returned)
	return string(all), buf.String()
}
