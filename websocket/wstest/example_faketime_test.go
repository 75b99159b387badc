package wstest_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/wstest"
)

// follow passes each message from the server at url to receive, until ctx ends. It pings a silent
// server, and dials again 5 seconds after it has lost a connection.
func follow(ctx context.Context, url string, opts websocket.DialOptions, receive func(string)) {
	opts.Limits.PingInterval, opts.Limits.PongTimeout = 30*time.Second, 10*time.Second
	for ctx.Err() == nil {
		c, _, err := websocket.Dial(ctx, url, &opts)
		if err == nil {
			for m, err := range c.Messages(ctx) {
				if err != nil {
					break
				}
				receive(string(m.Data))
			}
			c.CloseNow()
		}
		select {
		case <-ctx.Done():
		case <-time.After(5 * time.Second):
		}
	}
}

// TestFollow is in the package documentation, too.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := websocket.Handler{
			Options: &websocket.AcceptOptions{Limits: websocket.Limits{PingInterval: 30 * time.Second}},
			Serve: func(ctx context.Context, c *websocket.Conn) error {
				time.AfterFunc(10*time.Minute, func() { // cuts the cable
					wstest.Incoming(c.NetConn()).Stall()
					wstest.Outgoing(c.NetConn()).Stall()
				})
				c.Write(ctx, websocket.Text, []byte("hello"))
				_, _, err := c.Read(ctx)
				return err
			},
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		var received []string
		follow(ctx, "ws://localhost/", websocket.DialOptions{NetDial: wstest.NetDial(server)},
			func(m string) { received = append(received, m) })
		// A connection lasts 10 minutes. Then follow notices the cut within 47.5 seconds, and dials
		// again 5 seconds later.
		if len(received) != 6 {
			t.Errorf("%d connections in an hour", len(received))
		}
	})
}
