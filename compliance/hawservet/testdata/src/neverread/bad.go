package neverread

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

func ticker(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil) // want `c, the Conn of Accept, is written but never read, so pings are not answered and the peer's close goes unnoticed: call c.CloseRead\(\)`
	if err != nil {
		return
	}
	defer c.CloseNow()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := c.WriteJSON(r.Context(), time.Now()); err != nil {
				return
			}
		case <-c.Context().Done():
			return
		}
	}
}

func sleeps(ctx context.Context, url string) error {
	conn, _, err := websocket.Dial(ctx, url, nil) // want `conn, the Conn of Dial, is written but never read`
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	for range 10 {
		if err := conn.Write(ctx, websocket.Text, nil); err != nil {
			return err
		}
		time.Sleep(time.Second)
	}
	return conn.Close(ctx, websocket.StatusNormalClosure, "")
}

func endless(ctx context.Context, nc net.Conn, next func() []byte) error {
	c := websocket.NewConn(ctx, nc, nil) // want `c, the Conn of NewConn, is written but never read`
	defer c.CloseNow()
	for {
		if err := c.Write(ctx, websocket.Binary, next()); err != nil {
			return err
		}
	}
}

func waitsOnce(ctx context.Context, url string, ready chan []byte) error {
	c, _, err := websocket.Dial(ctx, url, nil) // want `c, the Conn of Dial, is written but never read`
	if err != nil {
		return err
	}
	defer func() { c.CloseNow() }()
	if err := c.Write(ctx, websocket.Text, <-ready); err != nil {
		c.CloseNow()
		return err
	}
	return c.Close(ctx, websocket.StatusNormalClosure, "")
}

func pings(ctx context.Context, url string) error {
	c, _, err := websocket.Dial(ctx, url, nil) // want `c, the Conn of Dial, is written but never read`
	if err != nil {
		return err
	}
	defer c.CloseNow()
	_, err = c.Ping(ctx) // waits for a pong that is never read
	return err
}

func timer(ctx context.Context, url string) error {
	c, _, err := websocket.Dial(ctx, url, nil) // want `c, the Conn of Dial, is written but never read`
	if err != nil {
		return err
	}
	defer c.CloseNow()
	for t := range time.Tick(time.Second) {
		if t.Hour() == 23 {
			return c.WriteJSON(ctx, t)
		}
	}
	return nil
}

func ranges(ctx context.Context, url string, until chan int) error {
	c, _, err := websocket.Dial(ctx, url, nil) // want `c, the Conn of Dial, is written but never read`
	if err != nil {
		return err
	}
	defer c.CloseNow()
	for range until {
	}
	return c.Write(ctx, websocket.Text, nil)
}

type hub struct {
	mu   sync.Mutex
	subs []func([]byte) error
}

func (h *hub) subscribe(f func([]byte) error) { h.subs = append(h.subs, f) }

// The hub gets a function that can only write.
func (h *hub) serve(ctx context.Context, c *websocket.Conn) error { // want `c, the Conn of a Handler, is written but never read`
	h.subscribe(func(p []byte) error { return c.Write(ctx, websocket.Text, p) })
	<-ctx.Done()
	return nil
}

func push(ctx context.Context, c *websocket.Conn, news chan []byte) error {
	defer c.CloseNow()
	for p := range news {
		if err := send(ctx, c, p); err != nil {
			return err
		}
	}
	return nil
}

func send(ctx context.Context, c *websocket.Conn, p []byte) error {
	return c.Write(ctx, websocket.Text, p)
}

func handlers(mux *http.ServeMux, h *hub, news chan []byte) {
	mux.Handle("/hub", websocket.Handler{Serve: h.serve})
	mux.Handle("/again", websocket.Handler{Serve: h.serve})
	mux.Handle("/news", websocket.Handler{
		Serve: func(ctx context.Context, c *websocket.Conn) error { // want `c, the Conn of a Handler, is written`
			return push(ctx, c, news)
		},
	})
	local := func(ctx context.Context, c *websocket.Conn) error { // want `c, the Conn of a Handler, is written`
		var wg sync.WaitGroup
		wg.Go(func() { _ = c.Write(ctx, websocket.Text, nil) })
		wg.Wait()
		return nil
	}
	mux.Handle("/local", &websocket.Handler{Serve: local})
	mux.Handle("/plain", websocket.Handler{Serve: plain})
}

func plain(ctx context.Context, c *websocket.Conn) error { // want `c, the Conn of a Handler, is written`
	done := make(chan error)
	go func(conn *websocket.Conn) {
		w, err := conn.Writer(ctx, websocket.Text)
		if err == nil {
			err = w.Close()
		}
		done <- err
	}(c)
	return <-done
}
