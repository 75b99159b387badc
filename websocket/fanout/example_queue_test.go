package fanout_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"sync"
	"time"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/fanout"
	"github.com/hawser-ws/hawser/websocket/wstest"
	"github.com/hawser-ws/hawser/wire"
)

// Only the latest reading matters. A slow client misses some readings, but gets the last.
func ExampleOptions() {
	ctx := context.Background()
	a, b := net.Pipe()
	server := websocket.NewConn(ctx, a, nil)
	defer server.CloseNow()
	client := websocket.NewConn(ctx, b, &websocket.ConnOptions{Role: wire.Client})
	defer client.CloseNow()

	q := fanout.NewQueue(server, &fanout.Options{MaxMessages: 1, WhenFull: fanout.DropOldest})
	for reading := range 100 {
		if err := q.Send(websocket.Text, fmt.Append(nil, reading)); err != nil {
			log.Fatal(err)
		}
	}
	for range 2 {
		_, reading, err := client.Read(ctx)
		fmt.Printf("%s %v\n", reading, err)
	}
	fmt.Println(q.Dropped(), "dropped")
	// Output:
	// 0 <nil>
	// 99 <nil>
	// 98 dropped
}

// A server shuts down. It gives its clients 10 seconds to read the queued messages, and then sends
// the close frames. The other 10 seconds are for the closing handshakes, even if some clients have
// read nothing.
func ExampleQueue_Drain() {
	var room fanout.Room
	group := new(websocket.Group)
	handler := websocket.Handler{
		Options: &websocket.AcceptOptions{Group: group},
		Serve: func(ctx context.Context, c *websocket.Conn) error {
			c.CloseRead()
			q := fanout.NewQueue(c, nil)
			room.Join(q)
			if err := q.Send(websocket.Text, []byte("welcome")); err != nil {
				return err
			}
			<-ctx.Done()
			return nil
		},
	}
	shutdown := func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		half, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		var drains sync.WaitGroup
		for q := range room.Members() {
			drains.Go(func() { _ = q.Drain(half) })
		}
		drains.Wait()
		return group.Shutdown(ctx)
	}

	ctx := context.Background()
	options := &websocket.DialOptions{NetDial: wstest.NetDial(handler)}
	c, _, err := websocket.Dial(ctx, "ws://localhost", options)
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()
	_, welcome, err := c.Read(ctx)
	fmt.Printf("%s %v\n", welcome, err)
	m, err := fanout.Prepare(websocket.Binary, make([]byte, 250_000))
	if err != nil {
		log.Fatal(err)
	}
	for range 4 {
		room.Broadcast(m)
	}
	done := make(chan error)
	go func() { done <- shutdown() }()
	for err = nil; err == nil; {
		var p []byte
		if _, p, err = c.Read(ctx); err == nil {
			fmt.Println(len(p), "bytes")
		}
	}
	fmt.Println(err)
	fmt.Println(<-done)
	// Output:
	// welcome <nil>
	// 250000 bytes
	// 250000 bytes
	// 250000 bytes
	// 250000 bytes
	// websocket: peer closed with 1001 (going away)
	// <nil>
}

// SendContext waits for room, so that a producer is no faster than its client.
func ExampleQueue_SendContext() {
	server, client, err := wstest.Pair(nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer server.CloseNow()
	defer client.CloseNow()
	q := fanout.NewQueue(server, &fanout.Options{MaxMessages: 1})

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	for err == nil { // the client reads nothing
		err = q.SendContext(ctx, websocket.Binary, make([]byte, 100_000))
	}
	fmt.Println(errors.Is(err, context.DeadlineExceeded), q.Dropped())
	// Output: true 0
}
