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
	"github.com/hawser-ws/hawser/websocket"
)

// complaint is how net/http logs a WriteHeader after Hijack.
const complaint = "http: response.WriteHeader on hijacked connection"

// Accept cannot tell middleware of the 101 through WriteHeader. Before Hijack, net/http
// sends a response of its own ahead of Accept's; after it, net/http logs an error.
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
		log   string // its beginning
	}{
		{"never", accept, 1, ""},
		{"before", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusSwitchingProtocols)
			accept(w, r)
		}, 2, ""},
		{"after", func(w http.ResponseWriter, r *http.Request) {
			accept(w, r)
			w.WriteHeader(http.StatusSwitchingProtocols)
		}, 1, complaint},
	} {
		sent, logged := handshake(t, test.serve)
		if got := strings.Count(sent, "HTTP/1.1 101 Switching Protocols\r\n"); got != test.heads {
			t.Errorf("WriteHeader(101) %s: %d response heads, want %d: %q", test.name, got, test.heads, sent)
		}
		if !strings.HasPrefix(logged, test.log) || test.log == "" && logged != "" {
			t.Errorf("WriteHeader(101) %s: logged %q, want %q", test.name, logged, test.log)
		}
	}
}

// chi's Timeout calls WriteHeader(504) after a connection that has outlasted it.
func TestTimeoutPasses(t *testing.T) {
	m := measure(t, stack{"chi", chiWith(chimiddleware.Timeout(-1))}, held, "")
	if m.status != http.StatusSwitchingProtocols || m.recorded != "504" || !strings.HasPrefix(m.log, complaint) {
		t.Errorf("status %d, recorded %s, logged %q", m.status, m.recorded, m.log)
	}
}

// handshake sends a handshake to h and returns all that the server sends and logs.
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
