package websocket_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// A room sends messages to all of its connections.
type room struct {
	mu    sync.Mutex
	conns map[*websocket.Conn]bool
}

func (r *room) join(c *websocket.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns[c] = true
}

func (r *room) leave(c *websocket.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
}

// broadcast sends a message to all connections concurrently. It drops those that take
// longer than a second.
func (r *room) broadcast(m *websocket.PreparedMessage) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var sends sync.WaitGroup
	r.mu.Lock()
	for c := range r.conns {
		sends.Go(func() {
			if err := c.WritePrepared(ctx, m); err != nil {
				c.CloseNow() // too slow, or ended
			}
		})
	}
	r.mu.Unlock()
	sends.Wait()
}

// serve keeps a connection in the room until it ends.
func (r *room) serve(ctx context.Context, c *websocket.Conn) error {
	r.join(c)
	defer r.leave(c)
	if err := c.Write(ctx, websocket.Text, []byte("welcome")); err != nil {
		return err
	}
	for _, err := range c.Messages(ctx) {
		if err != nil {
			return err
		}
	}
	return nil
}

// A chat room frames each message once for all connections. If they have a compression
// extension, it also compresses the message once.
func ExampleConn_WritePrepared() {
	r := &room{conns: make(map[*websocket.Conn]bool)}
	server := httptest.NewServer(websocket.Handler{Serve: r.serve})
	defer server.Close()
	ctx := context.Background()
	var clients []*websocket.Conn
	for range 3 {
		c, _, err := websocket.Dial(ctx, server.URL, nil)
		if err != nil {
			log.Fatal(err)
		}
		defer c.CloseNow()
		if _, _, err := c.Read(ctx); err != nil { // the welcome
			log.Fatal(err)
		}
		clients = append(clients, c)
	}

	m, err := websocket.Prepare(websocket.Text, []byte("hello, everybody"))
	if err != nil {
		log.Fatal(err)
	}
	r.broadcast(m)
	for i, c := range clients {
		_, p, err := c.Read(ctx)
		fmt.Println(i, string(p), err)
	}
	// Output:
	// 0 hello, everybody <nil>
	// 1 hello, everybody <nil>
	// 2 hello, everybody <nil>
}

// A prepared message has its own copy of the data.
func ExamplePrepare() {
	c, end := connect(echo)
	defer end()
	ctx := context.Background()

	b := []byte("tick")
	m, err := websocket.Prepare(websocket.Text, b)
	if err != nil {
		log.Fatal(err)
	}
	copy(b, "tock")
	for range 2 {
		if err := c.WritePrepared(ctx, m); err != nil {
			log.Fatal(err)
		}
		_, p, err := c.Read(ctx)
		fmt.Println(string(p), err)
	}
	// Output:
	// tick <nil>
	// tick <nil>
}
