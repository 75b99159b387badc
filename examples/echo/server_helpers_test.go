package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hawser-ws/hawser/websocket"
)

// start runs a server in this process on a free port until the test ends. end ends it earlier and returns the
// error of serve.
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
			return errors.New("serve has not returned after a minute")
		}
	}
	t.Cleanup(func() {
		if err := end(); err != nil {
			t.Error(err)
		}
	})
	return s, end
}

// testContext returns a context that ends with the test, or after a minute.
func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// dial connects to url with a client that trusts only the server's certificate.
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
		if diff := cmp.Diff(m, got, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(m)); diff != "" {
			t.Fatalf("echo differs (-sent +got):\n%s", diff)
		}
	}
	if err := c.Close(ctx, websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
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
		t.Errorf("Read returned %v, want a close with %v and %q", err, code, reason)
	}
}
