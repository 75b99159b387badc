package websocket_test

import (
	"context"
	"fmt"
	"log"
	"net"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// NewConn speaks WebSocket over any stream, without an opening handshake. Instead of a pipe,
// a program would use a stream of HTTP/2 or a channel of SSH.
func ExampleNewConn() {
	ctx := context.Background()
	a, b := net.Pipe()
	server := websocket.NewConn(ctx, a, nil)
	client := websocket.NewConn(ctx, b, &websocket.ConnOptions{Role: wire.Client, Subprotocol: "chat"})

	go func() {
		defer server.CloseNow()
		for m, err := range server.Messages(ctx) {
			if err != nil {
				log.Print(err)
				return
			}
			if err := server.Write(ctx, m.Type, m.Data); err != nil {
				log.Print(err)
				return
			}
		}
	}()

	if err := client.Write(ctx, websocket.Text, []byte("ahoy")); err != nil {
		log.Fatal(err)
	}
	_, data, err := client.Read(ctx)
	fmt.Printf("%s %v\n", data, err)
	fmt.Println(client.Close(ctx, websocket.StatusNormalClosure, ""))
	// Output:
	// ahoy <nil>
	// <nil>
}
