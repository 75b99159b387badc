package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/hawser-ws/hawser/websocket"
)

// A client dials a server and reads a message.
func ExampleDial() {
	server := httptest.NewServer(websocket.Handler{
		Serve: func(ctx context.Context, c *websocket.Conn) error {
			return c.Write(ctx, websocket.Text, []byte("hello, "+c.Subprotocol()))
		},
		Options: &websocket.AcceptOptions{Subprotocols: []string{"greeting"}},
	})
	defer server.Close()

	ctx := context.Background()
	c, _, err := websocket.Dial(ctx, server.URL, &websocket.DialOptions{
		Subprotocols: []string{"greeting"},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()

	_, message, err := c.Read(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", message)
	// Output: hello, greeting
}

// If the server refuses the handshake, Dial returns its response, here that of a server
// without WebSockets.
func ExampleHandshakeError() {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()

	_, response, err := websocket.Dial(context.Background(), server.URL, nil)
	var refused *websocket.HandshakeError
	if errors.As(err, &refused) {
		body, _ := io.ReadAll(response.Body)
		fmt.Printf("%d: %s", refused.Status, body)
	}
	// Output: 404: 404 page not found
}
