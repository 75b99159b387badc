package websocket_test

import (
	"context"
	"fmt"
	"log"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/wstest"
)

// A server closes the connections of clients that still speak an old version of its protocol. To
// broadcast messages, use a Room of package fanout instead.
func ExampleGroup_Conns() {
	group := new(websocket.Group)
	dial := wstest.NetDial(websocket.Handler{
		Serve: func(ctx context.Context, c *websocket.Conn) error {
			if err := c.Write(ctx, websocket.Text, []byte("welcome")); err != nil {
				return err
			}
			_, _, err := c.Read(ctx)
			return err
		},
		Options: &websocket.AcceptOptions{Group: group, Subprotocols: []string{"v2", "v1"}},
	})

	ctx := context.Background()
	var clients []*websocket.Conn
	for _, version := range []string{"v1", "v2", "v1"} {
		c, _, err := websocket.Dial(ctx, "ws://localhost", &websocket.DialOptions{
			NetDial: dial, Subprotocols: []string{version},
		})
		if err != nil {
			log.Fatal(err)
		}
		defer c.CloseNow()
		if _, _, err := c.Read(ctx); err != nil { // the welcome: the Group has the connection by now
			log.Fatal(err)
		}
		c.CloseRead()
		clients = append(clients, c)
	}

	for c := range group.Conns() {
		if c.Subprotocol() == "v1" {
			_ = c.Close(ctx, websocket.StatusPolicyViolation, "v1 has ended")
		}
	}
	for _, c := range clients {
		if c.Subprotocol() == "v1" {
			<-c.Context().Done()
		}
		fmt.Println(c.Subprotocol(), context.Cause(c.Context()))
	}
	// Output:
	// v1 websocket: peer closed with 1008 (policy violation): "v1 has ended"
	// v2 <nil>
	// v1 websocket: peer closed with 1008 (policy violation): "v1 has ended"
}
