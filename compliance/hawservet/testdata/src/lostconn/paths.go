package lostconn

import (
	"context"
	"net/http"
	"os"

	"github.com/hawser-ws/hawser/websocket"
)

func login(ctx context.Context, url string) (*websocket.Conn, error) {
	c, _, err := websocket.Dial(ctx, url, nil) // want `c, the Conn of Dial, is not closed on the path to the return at line 17, but Close or CloseNow must be called: call c.CloseNow\(\) before that return`
	if err != nil {
		return nil, err
	}
	if err := c.Write(ctx, websocket.Text, nil); err != nil {
		return nil, err
	}
	return c, nil
}

func newClient(ctx context.Context, url string) (*client, error) {
	c, _, err := websocket.Dial(ctx, url, nil) // want `not closed on the path to the return at line 28`
	if err != nil {
		return nil, err
	}
	if err = c.Write(ctx, websocket.Text, nil); err != nil {
		return nil, err // err is no longer the error of Dial
	}
	return &client{c: c}, nil
}

func another(ctx context.Context, url string) error {
	c, _, err := websocket.Dial(ctx, url, nil) // want `not closed on the path to the return at line 40, .* defer c.CloseNow`
	if err != nil {
		return err
	}
	f, err := os.Open("f")
	if err != nil {
		return err
	}
	defer f.Close()
	defer c.CloseNow()
	return c.WriteJSON(ctx, f.Name())
}

func again(ctx context.Context, url string) {
	for {
		c, _, err := websocket.Dial(ctx, url, nil) // want `never closed`
		if err != nil {
			continue
		}
		for c.WriteJSON(ctx, 1) == nil {
		}
	}
}

func lent(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil) // want `never closed`
	if err == nil {
		echo(r.Context(), c, 1)
	}
}

func echo(ctx context.Context, c *websocket.Conn, n int) {
	if c == nil {
		return
	}
	for m := range c.Messages(ctx) {
		_ = c.Write(ctx, m.Type, m.Data)
	}
	echo(ctx, c, n-1)
}
