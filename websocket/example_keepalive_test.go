package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http/httptest"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// With PingInterval, a server notices that a client has vanished. The times are short for the
// example. On the internet, set PingInterval to 30 seconds.
func ExampleLimits_keepalive() {
	ended := make(chan error, 1)
	server := httptest.NewServer(websocket.Handler{
		Serve: func(ctx context.Context, c *websocket.Conn) error {
			err := echo(ctx, c)
			ended <- err
			return err
		},
		Options: &websocket.AcceptOptions{
			Limits: websocket.Limits{PingInterval: 10 * time.Millisecond, PongTimeout: 20 * time.Millisecond},
		},
	})
	defer server.Close()

	c, _, err := websocket.Dial(context.Background(), server.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()
	// This client does not read, so it answers no ping.
	fmt.Println(errors.Is(<-ended, websocket.ErrNoPong))
	// Output: true
}
