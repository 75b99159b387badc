package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// A server that closes its connections with 1001 when it gets a signal, over ten seconds, and exits
// once they are closed, or after 25 seconds.
func ExampleGroup_Shutdown() {
	group := &websocket.Group{Spread: 10 * time.Second}
	options := &websocket.AcceptOptions{Group: group}
	http.Handle("/", websocket.Handler{Serve: echo, Options: options})
	server := &http.Server{Addr: "localhost:8080", ReadHeaderTimeout: 10 * time.Second}
	go func() { log.Print(server.ListenAndServe()) }()

	stopped, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	<-stopped.Done()
	stop() // a second signal ends the program at once

	ctx, cancel := context.WithTimeout(context.Background(), 25*time.Second)
	defer cancel()
	err := group.Shutdown(ctx)
	err = errors.Join(err, server.Shutdown(ctx))
	if err != nil {
		log.Print(err)
	}
}

// Serve says goodbye when the Group begins to shut down. It then returns, and the connection is
// closed with 1001.
func ExampleGroup_Draining() {
	var group websocket.Group
	clock := func(ctx context.Context, c *websocket.Conn) error {
		tick := time.NewTicker(time.Hour)
		defer tick.Stop()
		for {
			select {
			case now := <-tick.C:
				if err := c.WriteJSON(ctx, now); err != nil {
					return err
				}
			case <-group.Draining():
				return c.Write(ctx, websocket.Text, []byte("back soon"))
			}
		}
	}
	server := httptest.NewServer(websocket.Handler{
		Serve:   clock,
		Options: &websocket.AcceptOptions{Group: &group},
	})
	defer server.Close()

	ctx := context.Background()
	c, _, err := websocket.Dial(ctx, server.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()
	done := make(chan error)
	go func() { done <- group.Shutdown(ctx) }()
	_, _, err = c.Read(ctx)
	for err == nil { // Shutdown may be faster than Serve
		_, _, err = c.Read(ctx)
	}
	fmt.Println(err)
	fmt.Println(<-done)
	_, response, _ := websocket.Dial(ctx, server.URL, nil)
	fmt.Println(response.Status, response.Header.Get("Retry-After"))
	// Output:
	// websocket: peer closed with 1001 (going away)
	// <nil>
	// 503 Service Unavailable 1
}

// MaxConns limits the connections of a server, and Conns lists them.
func ExampleGroup() {
	group := &websocket.Group{MaxConns: 1, RetryAfter: 30 * time.Second}
	server := httptest.NewServer(websocket.Handler{
		Serve: func(ctx context.Context, c *websocket.Conn) error {
			if err := c.Write(ctx, websocket.Text, []byte("welcome")); err != nil {
				return err
			}
			_, _, err := c.Read(ctx)
			return err
		},
		Options: &websocket.AcceptOptions{Group: group},
	})
	defer server.Close()

	ctx := context.Background()
	first, _, err := websocket.Dial(ctx, server.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer first.CloseNow()
	_, response, _ := websocket.Dial(ctx, server.URL, nil)
	fmt.Println(response.Status, response.Header.Get("Retry-After"))

	_, welcome, err := first.Read(ctx)
	fmt.Printf("%s %v\n", welcome, err)
	for c := range group.Conns() {
		fmt.Println(c.Write(ctx, websocket.Text, []byte("news for all")))
	}
	_, news, err := first.Read(ctx)
	fmt.Printf("%s %v\n", news, err)
	// Output:
	// 503 Service Unavailable 30
	// welcome <nil>
	// <nil>
	// news for all <nil>
}
