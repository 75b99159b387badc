package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
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
