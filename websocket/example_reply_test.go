package websocket_test

import (
	"context"
	"fmt"
	"log"

	"github.com/hawser-ws/hawser/websocket"
)

// A client sends several messages at once. The server's replies leave in one write.
func ExampleMessage_Reply() {
	c, end := connect(func(ctx context.Context, c *websocket.Conn) error {
		for m, err := range c.Messages(ctx) {
			if err != nil {
				return err
			}
			if err := m.Reply(ctx, m.Type, m.Data); err != nil {
				return err
			}
		}
		return nil
	})
	defer end()

	ctx := context.Background()
	for _, s := range []string{"one", "two", "three"} {
		if err := c.Write(ctx, websocket.Text, []byte(s)); err != nil {
			log.Fatal(err)
		}
	}
	for range 3 {
		_, p, err := c.Read(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s\n", p)
	}
	// Output:
	// one
	// two
	// three
}

// A reply must not wait while the server works on the next message.
func ExampleConn_Flush() {
	work := make(chan struct{})
	c, end := connect(func(ctx context.Context, c *websocket.Conn) error {
		for m, err := range c.Messages(ctx) {
			if err != nil {
				return err
			}
			if err := m.Reply(ctx, websocket.Text, []byte("accepted")); err != nil {
				return err
			}
			if err := c.Flush(ctx); err != nil {
				return err
			}
			<-work
		}
		return nil
	})
	defer end()
	defer close(work)

	ctx := context.Background()
	if err := c.Write(ctx, websocket.Text, []byte("job")); err != nil {
		log.Fatal(err)
	}
	_, p, err := c.Read(ctx)
	fmt.Printf("%s %v\n", p, err)
	// Output:
	// accepted <nil>
}
