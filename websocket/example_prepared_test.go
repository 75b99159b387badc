package websocket_test

import (
	"context"
	"fmt"
	"log"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/wstest"
)

// A message is framed once for all connections. If they have a compression extension, it is also
// compressed once. This loop waits for each connection in turn. A Room of package fanout waits for
// none.
func ExampleConn_WritePrepared() {
	var servers, clients []*websocket.Conn
	for range 3 {
		server, client, err := wstest.Pair(nil, nil)
		if err != nil {
			log.Fatal(err)
		}
		defer server.CloseNow()
		defer client.CloseNow()
		servers, clients = append(servers, server), append(clients, client)
	}

	ctx := context.Background()
	m, err := websocket.Prepare(websocket.Text, []byte("hello, everybody"))
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range servers {
		if err := c.WritePrepared(ctx, m); err != nil {
			log.Print(err)
		}
	}
	for i, c := range clients {
		_, p, err := c.Read(ctx)
		fmt.Println(i, string(p), err)
	}
	// Output:
	// 0 hello, everybody <nil>
	// 1 hello, everybody <nil>
	// 2 hello, everybody <nil>
}

// A prepared message has its own copy of the data.
func ExamplePrepare() {
	c, end := connect(echo)
	defer end()
	ctx := context.Background()

	b := []byte("tick")
	m, err := websocket.Prepare(websocket.Text, b)
	if err != nil {
		log.Fatal(err)
	}
	copy(b, "tock")
	for range 2 {
		if err := c.WritePrepared(ctx, m); err != nil {
			log.Fatal(err)
		}
		_, p, err := c.Read(ctx)
		fmt.Println(string(p), err)
	}
	// Output:
	// tick <nil>
	// tick <nil>
}
