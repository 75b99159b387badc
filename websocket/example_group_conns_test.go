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

// A server broadcasts a message to all its clients. Each write has a goroutine and a time limit, so
// that a client that does not read delays no other.
func ExampleGroup_Conns() {
	group := new(websocket.Group)
	server := httptest.NewServer(websocket.Handler{
		Serve: func(ctx context.Context, c *websocket.Conn) error {
			c.CloseRead()
			if err := c.Write(ctx, websocket.Text, []byte("welcome")); err != nil {
				return err
			}
			<-ctx.Done() // the client has left, or group has been shut down
			return nil
		},
		Options: &websocket.AcceptOptions{Group: group},
	})
	defer server.Close()

	broadcast := func(ctx context.Context, text string) error {
		message, err := websocket.Prepare(websocket.Text, []byte(text))
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		var writes sync.WaitGroup
		for c := range group.Conns() {
			writes.Go(func() { _ = c.WritePrepared(ctx, message) })
		}
		writes.Wait()
		return nil
	}

	ctx := context.Background()
	var clients []*websocket.Conn
	for range 2 {
		c, _, err := websocket.Dial(ctx, server.URL, nil)
		if err != nil {
			log.Fatal(err)
		}
		defer c.CloseNow()
		if _, _, err := c.Read(ctx); err != nil { // "welcome"
			log.Fatal(err)
		}
		clients = append(clients, c)
	}
	if err := broadcast(ctx, "the bar closes in ten minutes"); err != nil {
		log.Fatal(err)
	}
	for _, c := range clients {
		_, text, err := c.Read(ctx)
		fmt.Printf("%s %v\n", text, err)
	}
	// Output:
	// the bar closes in ten minutes <nil>
	// the bar closes in ten minutes <nil>
}
