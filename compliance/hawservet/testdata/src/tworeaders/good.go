package tworeaders

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"

	"github.com/hawser-ws/hawser/websocket"
)

// One goroutine reads, and the others write.
func pump(ctx context.Context, c *websocket.Conn, out chan []byte) error {
	go func() {
		for p := range out {
			if err := c.Write(ctx, websocket.Text, p); err != nil {
				return
			}
		}
	}()
	go func() { _, _ = c.Ping(ctx) }()
	for {
		if _, _, err := c.Read(ctx); err != nil {
			return err
		}
	}
}

func reader(ctx context.Context, c *websocket.Conn, in chan []byte) {
	_, hello, err := c.Read(ctx) // before the goroutine
	if err != nil {
		return
	}
	in <- hello
	go func() {
		defer close(in)
		for {
			_, p, err := c.Read(ctx)
			if err != nil {
				return
			}
			in <- p
		}
	}()
	for p := range in {
		_ = c.Write(ctx, websocket.Text, p)
	}
}

func inTurn(ctx context.Context, c *websocket.Conn) {
	done := make(chan error)
	go func() {
		_, _, err := c.Read(ctx)
		done <- err
	}()
	if <-done != nil {
		return
	}
	_, _, _ = c.Read(ctx)
	go func() {
		_, _, err := c.Read(ctx)
		done <- err
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
	_, _, _ = c.Read(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { _, _, _ = c.Read(ctx) })
	wg.Wait()
	wg.Go(func() { _, _, _ = c.Read(ctx) })
	wg.Wait()
	for m := range c.Messages(ctx) {
		go func() { println(m.Type) }()
	}
}

func fromChannel(ctx context.Context, c *websocket.Conn) {
	turns := make(chan int)
	go func() {
		_, _, _ = c.Read(ctx)
		close(turns)
	}()
	for range turns {
	}
	_, _, _ = c.Read(ctx)
}

func started(ctx context.Context, c *websocket.Conn, start chan bool) {
	go func() {
		<-start
		_, _, _ = c.Read(ctx)
	}()
	_, _, _ = c.Read(ctx)
	close(start)
}

func locked(ctx context.Context, c *websocket.Conn, mu *sync.Mutex) {
	go func() {
		mu.Lock()
		defer mu.Unlock()
		_, _, _ = c.Read(ctx)
	}()
	mu.Lock()
	defer mu.Unlock()
	_, _, _ = c.Read(ctx)
}

func either(ctx context.Context, c *websocket.Conn, later bool) error {
	if later {
		go func() { _, _, _ = c.Read(ctx) }()
	} else {
		_, _, err := c.Read(ctx)
		return err
	}
	return nil
}

func returned(ctx context.Context, c *websocket.Conn, later bool) error {
	if later {
		go func() { _, _, _ = c.Read(ctx) }()
		return nil
	}
	_, _, err := c.Read(ctx)
	return err
}

// Each iteration has its own Conn.
func many(ctx context.Context, url string, conns []*websocket.Conn) {
	for range 3 {
		c, _, err := websocket.Dial(ctx, url, nil)
		if err != nil {
			return
		}
		go func() {
			defer c.CloseNow()
			_, _, _ = c.Read(ctx)
		}()
	}
	for _, c := range conns {
		go func() { _, _, _ = c.Read(ctx) }()
	}
	for i := 0; i < len(conns); i++ {
		c := conns[i]
		go func() { _, _, _ = c.Read(ctx) }()
	}
	for _, c := range conns {
		if _, _, err := c.Read(ctx); err != nil {
			continue
		}
		go func() { _, _, _ = c.Read(ctx) }()
	}
}

func twoConns(ctx context.Context, a, b *websocket.Conn) {
	go func() { _, _, _ = a.Read(ctx) }()
	_, _, _ = b.Read(ctx)
}

func again(ctx context.Context, url string, c *websocket.Conn) {
	go func() { _, _, _ = c.Read(ctx) }()
	c, _, _ = websocket.Dial(ctx, url, nil)
	defer c.CloseNow()
	_, _, _ = c.Read(ctx)
}

func adapters(c *websocket.Conn) {
	nc := c.ByteStream(websocket.Binary)
	go func() { nc.Read(nil) }()
	nc.Read(nil)
	var other net.Conn = nc
	other.Read(nil)
}

func expected(ctx context.Context, c *websocket.Conn) bool {
	go func() { _, _, _ = c.Read(ctx) }()
	_, _, err := c.Read(ctx)
	return errors.Is(err, websocket.ErrConcurrentRead)
}

func handlers(ctx context.Context, mux *http.ServeMux) {
	serve := func(ctx context.Context, c *websocket.Conn) error {
		_, _, err := c.Read(ctx)
		return err
	}
	mux.Handle("/a", websocket.Handler{Serve: serve})
	mux.Handle("/b", websocket.Handler{Serve: serve})
}

func callback(ctx context.Context, c *websocket.Conn, onEach func(func())) {
	onEach(func() { _, _, _ = c.Read(ctx) })
	_, _, _ = c.Read(ctx)
}
