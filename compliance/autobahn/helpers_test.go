package autobahn

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/compliance/testee"
)

// waitForFile waits for a file that another process writes, for ten seconds or more.
func waitForFile(t *testing.T, path string) {
	t.Helper()
	for range 1000 {
		if _, err := os.Stat(path); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s did not appear", path)
}

// httpDialer is a client for fakeServer. Its connection is a GET request, and the body of
// the response is the only message.
func httpDialer(ctx context.Context, url string, config *tls.Config) (testee.Conn, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http"+strings.TrimPrefix(url, "ws"), nil)
	if err != nil {
		return nil, err
	}
	resp, err := (&http.Transport{TLSClientConfig: config, DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, errors.New(string(body))
	}
	return &oneMessage{message: body}, nil
}

// oneMessage is a connection that receives one message and then io.EOF.
type oneMessage struct {
	message []byte
	read    bool
}

func (c *oneMessage) Read(context.Context) (bool, []byte, error) {
	if c.read {
		return false, nil, io.EOF
	}
	c.read = true
	return false, c.message, nil
}

func (*oneMessage) Write(context.Context, bool, []byte) error { return nil }
func (*oneMessage) Close() error                              { return nil }

// upgrade responds with 101 and waits until the peer closes the connection.
func upgrade(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != "websocket" || r.Header.Get("Sec-WebSocket-Version") != "13" {
		http.Error(w, "not an opening handshake", http.StatusBadRequest)
		return
	}
	w.Header().Set("Connection", "Upgrade")
	w.Header().Set("Upgrade", "websocket")
	w.WriteHeader(http.StatusSwitchingProtocols)
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = io.Copy(io.Discard, conn)
}

// upgradeServer returns the ws URL of a server that accepts every handshake.
func upgradeServer(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(upgrade))
	t.Cleanup(s.Close)
	return wsURL(s)
}

func wsURL(s *httptest.Server) string { return "ws" + strings.TrimPrefix(s.URL, "http") }

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
