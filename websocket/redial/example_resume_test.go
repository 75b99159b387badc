package redial_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"time"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/redial"
	"github.com/hawser-ws/hawser/websocket/wstest"
)

type event struct {
	ID   int
	Text string
}

type resumption struct {
	Topic string
	After int // ID of the last event that the client has seen
}

// follow handles each event of a topic once, until ctx ends or the server refuses for good. On each
// connection, it resumes after the last event that it has seen.
func follow(ctx context.Context, url, topic string, opts *redial.Options, handle func(event)) error {
	last := 0
	for c, err := range redial.Conns(ctx, url, opts) {
		if err != nil {
			return err
		}
		err = c.WriteJSON(ctx, resumption{topic, last})
		for err == nil {
			var e event
			if err = c.ReadJSON(ctx, &e); err == nil {
				handle(e)
				last = e.ID
			}
		}
		if !errors.Is(err, net.ErrClosed) {
			return err // such as an event that is not valid JSON
		}
	}
	return nil
}

// A client that resumes after it has reconnected. The server of this example drops each connection
// after three events.
func ExampleConns_resume() {
	server := websocket.Handler{Serve: func(ctx context.Context, c *websocket.Conn) error {
		var r resumption
		if err := c.ReadJSON(ctx, &r); err != nil {
			return err
		}
		for id := r.After + 1; id <= r.After+3; id++ {
			if err := c.WriteJSON(ctx, event{id, "news about " + r.Topic}); err != nil {
				return err
			}
		}
		return c.CloseNow()
	}}

	ctx, cancel := context.WithCancel(context.Background())
	err := follow(ctx, "ws://localhost/", "boats", &redial.Options{
		MinWait: time.Millisecond, // for the example; leave it at 1 s
		Dial:    &websocket.DialOptions{NetDial: wstest.NetDial(server)},
	}, func(e event) {
		fmt.Println(e.ID, e.Text)
		if e.ID == 7 {
			cancel()
		}
	})
	log.Print(err) // redial: context canceled
	// Output:
	// 1 news about boats
	// 2 news about boats
	// 3 news about boats
	// 4 news about boats
	// 5 news about boats
	// 6 news about boats
	// 7 news about boats
}
