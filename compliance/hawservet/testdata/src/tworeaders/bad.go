package tworeaders

import (
	"context"
	"sync"

	"github.com/hawser-ws/hawser/websocket"
	"golang.org/x/sync/errgroup"
)

func both(ctx context.Context, c *websocket.Conn) {
	go func() {
		for {
			if _, _, err := c.Read(ctx); err != nil {
				return
			}
		}
	}()
	_, _, _ = c.Read(ctx) // want `c is read here and by the goroutine that line 12 starts, but only one goroutine may read a Conn, and another gets ErrConcurrentRead: read in one goroutine, and pass the messages to the others`
}

func loops(ctx context.Context, c *websocket.Conn, handle func([]byte)) {
	go func() {
		for m := range c.Messages(ctx) {
			handle(m.Data)
		}
	}()
	for m := range c.Messages(ctx) { // want `c is read here`
		handle(m.Data)
	}
}

func pair(ctx context.Context, c *websocket.Conn) {
	go func() {
		r, _ := c.Reader(ctx)
		r.Read(nil)
	}()
	go func() {
		select {
		case <-ctx.Done():
			return
		default:
		}
		_, _, _ = c.AppendRead(ctx, nil) // want `c is read here`
	}()
}

func groups(ctx context.Context, url string) error {
	c, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return err
	}
	defer c.CloseNow()
	var g errgroup.Group
	g.Go(func() error { return c.ReadJSON(ctx, new(int)) })
	g.Go(func() error { return c.ReadJSON(ctx, new(int)) }) // want `c is read here`
	return g.Wait()
}

func workers(ctx context.Context, c *websocket.Conn) {
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			_, _, _ = c.Read(ctx) // want `c is read by every goroutine that line 63 starts`
		})
	}
	wg.Wait()
}

func branch(ctx context.Context, c *websocket.Conn, echo bool) {
	go func() { _, _, _ = c.Read(ctx) }()
	if echo {
		_, _, _ = c.Read(ctx) // want `c is read here`
	}
}

func requests(ctx context.Context, c *websocket.Conn, in chan int) {
	for {
		var v int
		if err := c.ReadJSON(ctx, &v); err != nil { // want `c is read here`
			return
		}
		go func() {
			_ = c.ReadJSON(ctx, &v)
		}()
	}
}
