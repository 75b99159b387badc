package lostconn

import (
	"context"
	"errors"
	"net/http"

	"github.com/hawser-ws/hawser/websocket"
)

func handler(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil) // want `c, the Conn of Accept, is never closed, but Close or CloseNow must be called: defer c.CloseNow\(\)`
	if err != nil {
		return
	}
	for m, err := range c.Messages(r.Context()) {
		if err != nil {
			return
		}
		if err := c.Write(r.Context(), m.Type, m.Data); err != nil {
			return
		}
	}
}

func probe(ctx context.Context, url string) error {
	_, _, err := websocket.Dial(ctx, url, nil) // want `the Conn of Dial is discarded`
	return err
}

func thrown(ctx context.Context, url string) {
	websocket.Dial(ctx, url, nil) // want `the Conn of Dial is discarded`
}

func early(ctx context.Context, url string) error {
	c, _, err := websocket.Dial(ctx, url, nil) // want `c, the Conn of Dial, is not closed on the path to the return at line 41, but Close`
	if err != nil {
		return err
	}
	if err := c.Write(ctx, websocket.Text, nil); err != nil {
		return err
	}
	defer c.CloseNow()
	_, _, err = c.Read(ctx)
	return err
}

func inGoroutine(ctx context.Context, url string) {
	var c, _, err = websocket.Dial(ctx, url, nil) // want `never closed`
	if err != nil {
		panic(err)
	}
	go func() {
		for {
			if _, _, err := c.Read(ctx); err != nil {
				return
			}
		}
	}()
	_ = c.Write(ctx, websocket.Text, nil)
}

func branches(ctx context.Context, url string) error {
	c, _, err := websocket.Dial(ctx, url, nil) // want `not closed on the path to the return at line 69`
	switch {
	case err != nil:
		return err
	case c.Write(ctx, websocket.Text, nil) != nil:
		return errors.New("write")
	}
	return c.Close(ctx, websocket.StatusNormalClosure, "")
}

func inLiteral(url string) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		c, _, err := websocket.Dial(ctx, url, nil) // want `never closed`
		if c == nil {
			return err
		}
		return c.WriteJSON(ctx, 1)
	}
}
