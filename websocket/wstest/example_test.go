package wstest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/wstest"
)

func ExamplePair() {
	server, client, err := wstest.Pair(
		&websocket.AcceptOptions{Subprotocols: []string{"v2", "v1"}},
		&websocket.DialOptions{Subprotocols: []string{"v1"}},
	)
	if err != nil {
		log.Fatal(err)
	}
	defer server.CloseNow()
	defer client.CloseNow()

	ctx := context.Background()
	client.Write(ctx, websocket.Text, []byte("hello"))
	_, p, err := server.Read(ctx)
	fmt.Printf("%s: %s, %v\n", server.Subprotocol(), p, err)
	// Output: v1: hello, <nil>
}

// Any handler can be dialed without a network, such as a mux with middleware.
func ExampleNetDial() {
	mux := http.NewServeMux()
	mux.Handle("/rooms/", websocket.Handler{Serve: func(ctx context.Context, c *websocket.Conn) error {
		return c.Write(ctx, websocket.Text, []byte("welcome"))
	}})
	opts := &websocket.DialOptions{NetDial: wstest.NetDial(mux)}

	ctx := context.Background()
	c, _, err := websocket.Dial(ctx, "ws://localhost/rooms/1", opts)
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()
	for m, err := range c.Messages(ctx) {
		fmt.Printf("%s, %v\n", m.Data, err)
	}

	_, _, err = websocket.Dial(ctx, "ws://localhost/other", opts)
	var refused *websocket.HandshakeError
	fmt.Println(errors.As(err, &refused) && refused.Status == http.StatusNotFound)
	// Output:
	// welcome, <nil>
	// true
}

// The connection breaks in the middle of a message.
func ExampleFaults() {
	server, client, err := wstest.Pair(nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer server.CloseNow()
	defer client.CloseNow()

	wstest.Outgoing(server.NetConn()).CutAfter(5)
	ctx := context.Background()
	err = server.Write(ctx, websocket.Text, []byte("too long"))
	fmt.Println(err != nil)
	_, p, err := client.Read(ctx)
	fmt.Printf("%q, %v\n", p, errors.Is(err, io.ErrUnexpectedEOF))
	// Output:
	// true
	// "", true
}
