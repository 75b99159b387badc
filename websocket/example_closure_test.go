package websocket_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/hawser-ws/hawser/websocket"
)

// A server chooses the code and the reason of the close frame.
func ExampleCloseWith() {
	const statusFull = 4001 // 4000 to 4999 are for private use
	c, end := connect(func(ctx context.Context, c *websocket.Conn) error {
		return websocket.CloseWith(statusFull, "try another room")
	})
	defer end()

	_, _, err := c.Read(context.Background())
	fmt.Println(websocket.CloseStatus(err) == statusFull)
	fmt.Println(err)
	// Output:
	// true
	// websocket: peer closed with 4001: "try another room"
}

// Closure reports how a connection ended, whoever closed it.
func ExampleConn_Closure() {
	c, end := connect(echo)
	defer end()

	c.Close(context.Background(), websocket.StatusNormalClosure, "done")
	v := c.Closure()
	fmt.Println("sent:", v.Sent.Code, v.Sent.Reason)
	fmt.Println("received:", v.Received.Code)
	fmt.Println("by the peer:", v.ByPeer)
	fmt.Println("clean:", v.Clean)
	// Output:
	// sent: 1000 (normal closure) done
	// received: 1000 (normal closure)
	// by the peer: false
	// clean: true
}

// Abort ends a connection whose peer no longer answers. The loop that reads gets its cause.
func ExampleConn_Abort() {
	c, end := connect(echo)
	defer end()

	go c.Abort(errors.New("no pong for a minute"))
	for _, err := range c.Messages(context.Background()) {
		fmt.Println(err)
	}
	// Output:
	// websocket: read: no pong for a minute
}
