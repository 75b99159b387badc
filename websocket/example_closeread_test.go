package websocket_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// A server sends a number at each tick, until its client leaves.
func ExampleConn_CloseRead() {
	left := make(chan error, 1)
	c, end := connect(func(ctx context.Context, c *websocket.Conn) error {
		c.CloseRead() // without it, the client's close would go unnoticed
		context.AfterFunc(ctx, func() { left <- context.Cause(ctx) })
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for n := 1; ; n++ {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return nil
			}
			if err := c.WriteJSON(ctx, n); err != nil {
				return err
			}
		}
	})
	defer end()

	ctx := context.Background()
	for range 3 {
		_, number, err := c.Read(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s\n", number)
	}
	if err := c.Close(ctx, websocket.StatusGoingAway, "bye"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(<-left)
	// Output:
	// 1
	// 2
	// 3
	// websocket: peer closed with 1001 (going away): "bye"
}
