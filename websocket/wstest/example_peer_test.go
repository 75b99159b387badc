package wstest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/wstest"
	"github.com/hawser-ws/hawser/wire"
)

// A client that does not mask its frames breaks RFC 6455, and a server must close the connection.
// In a test, pass its *testing.T to NewPeer.
func ExamplePeer() {
	ours, theirs := wstest.Pipe()
	c := websocket.NewConn(context.Background(), ours, &websocket.ConnOptions{Role: wire.Server})
	defer c.CloseNow()
	client := wstest.NewPeer(nil, theirs, wire.Client)

	client.Send(wire.OpText, true, "masked")
	client.SendHeader(wire.Header{Fin: true, Opcode: wire.OpText, Length: 8}, "unmasked")
	for m, err := range c.Messages(context.Background()) {
		if err != nil {
			fmt.Println("broke the rule:", errors.Is(err, wire.ErrUnmasked))
			break
		}
		fmt.Printf("%s\n", m.Data)
	}
	fmt.Println("reason:", client.ExpectClose(websocket.StatusProtocolError))
	// Output:
	// masked
	// broke the rule: true
	// reason: frame from a client is not masked
}

// A client must refuse a subprotocol that it has not offered.
func ExamplePeer_Accept() {
	ours, theirs := wstest.Pipe()
	defer theirs.Close()
	server := wstest.NewPeer(nil, theirs, wire.Server)
	dialed := make(chan error)
	go func() { // not Accept, which a test must call on its own goroutine
		_, _, err := websocket.Dial(context.Background(), "ws://localhost/", &websocket.DialOptions{
			Subprotocols: []string{"chat.v1"},
			NetDial:      func(context.Context, string, string) (net.Conn, error) { return ours, nil },
		})
		dialed <- err
	}()
	server.Accept(http.Header{"Sec-Websocket-Protocol": {"chat.v9"}})
	fmt.Println(<-dialed)
	// Output:
	// websocket: handshake (status 101): server chose subprotocol "chat.v9", not one of those offered, ["chat.v1"] (RFC 6455, section 4.1)
}

// A Peer can test any handler with a client that breaks the rules. This one marks a message as
// compressed without having negotiated an extension.
func ExamplePeer_Dial() {
	handler := websocket.Handler{Serve: func(ctx context.Context, c *websocket.Conn) error {
		_, _, err := c.Read(ctx)
		return err
	}}
	nc, err := wstest.NetDial(handler)(context.Background(), "tcp", "localhost:80")
	if err != nil {
		log.Fatal(err)
	}
	defer nc.Close()
	client := wstest.NewPeer(nil, nc, wire.Client)

	fmt.Println(client.Dial("/", nil).Status)
	client.SendHeader(wire.Header{
		Fin: true, RSV: wire.RSV1, Opcode: wire.OpText, Masked: true, Key: [4]byte{1}, Length: 2,
	}, "hi")
	fmt.Println(client.ExpectClose(websocket.StatusProtocolError))
	// Output:
	// 101 Switching Protocols
	// reserved bit set that no extension negotiated
}
