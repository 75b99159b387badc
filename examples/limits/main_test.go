package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// testContext returns a context that ends with the test, or after a minute.
func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// A server that is full answers 503 with Retry-After until a connection has ended.
func TestFull(t *testing.T) {
	group := &websocket.Group{MaxConns: 1}
	server := httptest.NewServer(handler(group))
	defer server.Close()
	ctx := testContext(t)
	c, _, err := websocket.Dial(ctx, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	_, resp, err := websocket.Dial(ctx, server.URL, nil)
	if err == nil || resp == nil || resp.StatusCode != http.StatusServiceUnavailable ||
		resp.Header.Get("Retry-After") == "" {
		t.Errorf("a second connection: %v, response %v", err, resp)
	}
	if err := c.Close(ctx, websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	for { // until Serve has returned
		c, resp, err = websocket.Dial(ctx, server.URL, nil)
		if err == nil {
			c.CloseNow()
			return
		}
		if resp == nil || resp.StatusCode != http.StatusServiceUnavailable {
			t.Fatalf("after the first connection has ended: %v", err)
		}
	}
}

// Clients that are refused, or that vanish, cannot fill the log.
func TestLog(t *testing.T) {
	var out bytes.Buffer
	e := logEvents(slog.New(slog.NewTextHandler(&out, nil)))
	nc, peer := net.Pipe()
	defer peer.Close()
	c := websocket.NewConn(t.Context(), nc, nil)
	defer c.CloseNow()
	e.Closed(c, websocket.Closure{Clean: true})
	if out.Len() > 0 {
		t.Errorf("a closing handshake was logged: %s", &out)
	}
	for range 1000 {
		e.Refused(&http.Request{RemoteAddr: "192.0.2.1:1234"},
			&websocket.HandshakeError{Status: 403, Err: errors.New("other origin")})
		e.Closed(c, websocket.Closure{Err: websocket.ErrNoPong})
	}
	for _, text := range []string{"192.0.2.1:1234", "other origin", websocket.ErrNoPong.Error()} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("the log does not contain %q", text)
		}
	}
	if n := strings.Count(out.String(), "\n"); n > 200 { // 2, unless the machine is very slow
		t.Errorf("%d lines were logged for 2,000 events", n)
	}
}

// A shutdown closes the connections with 1001.
func TestShutdown(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, shutdown := context.WithCancel(testContext(t))
	served := make(chan error, 1)
	go func() { served <- serve(ctx, ln) }()
	c, _, err := websocket.Dial(testContext(t), "ws://"+ln.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	shutdown()
	if _, _, err = c.Read(testContext(t)); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("the connection ended with %v, want 1001", err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
