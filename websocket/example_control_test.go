package websocket_test

import (
	"context"
	"fmt"
	"log"
	"net"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A server observes the pings and the close frame of its client. It answers the close frame
// itself, after a last message.
func ExampleConn_OnControl() {
	ctx := context.Background()
	a, b := net.Pipe()
	server := websocket.NewConn(ctx, a, nil)
	client := websocket.NewConn(ctx, b, &websocket.ConnOptions{Role: wire.Client})
	defer client.CloseNow()

	server.OnControl(func(op wire.Opcode, payload []byte) (handled bool) {
		fmt.Printf("server: %v %q\n", op, payload)
		return op == wire.OpClose
	})
	go func() {
		_, _, err := server.Read(ctx) // returns when the close frame arrives
		fmt.Println("server:", err)
		if err := server.Write(ctx, websocket.Text, []byte("goodbye")); err != nil {
			log.Print(err)
		}
		server.Close(ctx, websocket.StatusNormalClosure, "")
	}()

	if err := client.WriteControl(ctx, wire.OpPing, []byte("are you there")); err != nil {
		log.Fatal(err)
	}
	payload, err := wire.AppendClose(nil, websocket.StatusGoingAway, "")
	if err != nil {
		log.Fatal(err)
	}
	if err := client.WriteControl(ctx, wire.OpClose, payload); err != nil {
		log.Fatal(err)
	}
	_, data, err := client.Read(ctx)
	fmt.Printf("client: %s %v\n", data, err)
	// Output:
	// server: ping "are you there"
	// server: close "\x03\xe9"
	// server: websocket: peer closed with 1001 (going away)
	// client: goodbye <nil>
}
