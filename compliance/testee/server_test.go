package testee_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/compliance/testee"
	"github.com/hawser-ws/hawser/websocket"
)

// Each message comes back unchanged, with its type.
func TestEcho(t *testing.T) {
	for name, listen := range map[string]func(http.Handler) *httptest.Server{
		"ws": httptest.NewServer, "wss": httptest.NewTLSServer,
	} {
		t.Run(name, func(t *testing.T) {
			s := listen(testee.Echo())
			defer s.Close()
			url := "ws" + strings.TrimPrefix(s.URL, "http")
			c, err := testee.Hawser(t.Context(), url, &tls.Config{InsecureSkipVerify: true})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for _, message := range [][]byte{nil, []byte("a text, äöü"), bytes.Repeat([]byte{'x'}, 100_000)} {
				for _, binary := range []bool{true, false} {
					if err := c.Write(t.Context(), binary, message); err != nil {
						t.Fatal(err)
					}
					kind, got, err := c.Read(t.Context())
					if err != nil || kind != binary || !bytes.Equal(got, message) {
						t.Errorf("sent %d bytes, binary %v; received %d bytes, binary %v, error %v",
							len(message), binary, len(got), kind, err)
					}
				}
			}
		})
	}
}

// Echo accepts any origin, compresses, and answers a close frame.
func TestEchoHandshake(t *testing.T) {
	s := httptest.NewServer(testee.Echo())
	defer s.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Origin": "https://elsewhere.example",
		"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
		"Sec-WebSocket-Extensions": "permessage-deflate",
	} {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	got := res.Header.Get("Sec-WebSocket-Extensions")
	if res.StatusCode != http.StatusSwitchingProtocols || !strings.HasPrefix(got, "permessage-deflate") {
		t.Errorf("status %d, extensions %q; want 101 and permessage-deflate", res.StatusCode, got)
	}
	rw := res.Body.(io.ReadWriteCloser)
	defer rw.Close()
	// A masked close frame with 1000, and the answer to it.
	if _, err := rw.Write([]byte{0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8}); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(rw); err != nil || !bytes.Equal(got, []byte{0x88, 0x02, 0x03, 0xe8}) {
		t.Errorf("the answer is % x, error %v; want 88 02 03 e8", got, err)
	}
}

// Echo accepts messages above the library's default limit, as a suite sends up to 16 MiB.
func TestEchoLarge(t *testing.T) {
	s := httptest.NewServer(testee.Echo())
	defer s.Close()
	limits := websocket.Limits{MaxMessage: 2 << 20}
	c, _, err := websocket.Dial(t.Context(), s.URL, &websocket.DialOptions{Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	large := bytes.Repeat([]byte{'x'}, 2<<20)
	written := make(chan error, 1)
	go func() { written <- c.Write(t.Context(), websocket.Text, large) }()
	kind, got, err := c.Read(t.Context())
	if werr := <-written; err != nil || werr != nil || kind != websocket.Text || !bytes.Equal(got, large) {
		t.Errorf("received %d bytes, type %v, error %v; Write returned %v", len(got), kind, err, werr)
	}
	if err := c.Close(t.Context(), websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
}
