package lostconn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

func deferred(ctx context.Context, url string) error {
	c, resp, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", resp.Status, err)
	}
	defer c.CloseNow()
	return c.Write(ctx, websocket.Text, nil)
}

func deferredFirst(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	defer func() {
		if c != nil {
			c.CloseNow()
		}
	}()
	if err != nil {
		return
	}
	if _, _, err := c.Read(r.Context()); err != nil {
		return
	}
}

func everyPath(ctx context.Context, url string) error {
	c, _, err := websocket.Dial(ctx, url, nil)
	if err == nil {
		if err = c.Write(ctx, websocket.Text, nil); err != nil {
			c.CloseNow()
			return err
		}
		return c.Close(ctx, websocket.StatusNormalClosure, "")
	}
	return err
}

func returned(ctx context.Context, url string) (*websocket.Conn, error) {
	c, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return nil, err
	}
	if err := c.Write(ctx, websocket.Text, nil); err != nil {
		c.CloseNow()
		return nil, err
	}
	return c, nil
}

func closedByOthers(ctx context.Context, url string, conns chan *websocket.Conn) (_ *websocket.Conn, err error) {
	c, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			c.CloseNow()
		}
	}()
	if err := c.Write(ctx, websocket.Text, nil); err != nil {
		return nil, err
	}
	d, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return nil, err
	}
	select {
	case conns <- d:
	case <-ctx.Done():
		d.CloseNow()
		return nil, ctx.Err()
	}
	e, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		err = fmt.Errorf("e: %w", err)
		return nil, err
	}
	defer finish(ctx, e, 3)
	f, _, err := websocket.Dial(ctx, url, nil)
	if err == nil {
		err = useAndClose(ctx, f)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

func aborts(ctx context.Context, url string) error {
	c, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return err
	}
	err = c.Write(ctx, websocket.Text, nil)
	c.Abort(err)
	return err
}

func judged(w http.ResponseWriter, r *http.Request, faults int) {
	c, err := websocket.Accept(w, r, nil)
	if faults > 0 {
		refuses(c, err)
		return
	}
	if err != nil {
		return
	}
	c.CloseNow()
}

func refuses(c *websocket.Conn, err error) bool { return c == nil && err != nil }

func finish(ctx context.Context, c *websocket.Conn, tries int) {
	if tries == 0 {
		c.CloseNow()
		return
	}
	if c.Close(ctx, websocket.StatusNormalClosure, "") != nil {
		finish(ctx, c, tries-1)
	}
}

func useAndClose(ctx context.Context, c *websocket.Conn) error {
	defer finish(ctx, c, 1)
	return c.WriteJSON(ctx, 1)
}

func result(ctx context.Context, url string) (c *websocket.Conn, err error) {
	c, _, err = websocket.Dial(ctx, url, nil)
	return
}

func directly(ctx context.Context, url string) (*websocket.Conn, *http.Response, error) {
	return websocket.Dial(ctx, url, nil)
}

type client struct {
	mu sync.Mutex
	c  *websocket.Conn
}

func (cl *client) connect(ctx context.Context, url string) (err error) {
	cl.c, _, err = websocket.Dial(ctx, url, nil)
	return err
}

func (cl *client) connectLater(ctx context.Context, url string) error {
	c, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return err
	}
	cl.mu.Lock()
	defer cl.mu.Unlock()
	cl.c = c
	return nil
}

func passedOn(ctx context.Context, url string, conns chan *websocket.Conn, serve func(*websocket.Conn)) {
	a, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return
	}
	conns <- a
	b, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return
	}
	go serve(b)
	d, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return
	}
	cl := &client{c: d}
	cl.mu.Lock()
	e, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return
	}
	nc := e.ByteStream(websocket.Binary)
	defer nc.Close()
	f, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return
	}
	stop := f.CloseNow
	defer stop()
	g, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return
	}
	context.AfterFunc(ctx, func() { g.CloseNow() })
	_ = g.Write(ctx, websocket.Text, nil)
}

func retried(ctx context.Context, url string) error {
	var c *websocket.Conn
	var err error
	for range 3 {
		c, _, err = websocket.Dial(ctx, url, nil)
		if err == nil {
			break
		}
		time.Sleep(time.Second)
	}
	if err != nil {
		return err
	}
	defer c.CloseNow()
	return nil
}

func reconnecting(ctx context.Context, url string) error {
	for {
		c, _, err := websocket.Dial(ctx, url, nil)
		if err != nil {
			select {
			case <-time.After(time.Second):
				continue
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		for {
			if _, _, err := c.Read(ctx); err != nil {
				break
			}
		}
		c.CloseNow()
	}
}

func refused(ctx context.Context, url string) error {
	c, _, err := websocket.Dial(ctx, url, nil)
	ok := err == nil
	if !ok {
		return err
	}
	var e *os.PathError
	if errors.As(err, &e) {
		return e
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	defer c.CloseNow()
	return nil
}

func responded(ctx context.Context, url string) error {
	c, resp, err := websocket.Dial(ctx, url, nil)
	if resp == nil || resp.StatusCode != http.StatusSwitchingProtocols {
		return err
	}
	defer c.CloseNow()
	return nil
}

func conditional(ctx context.Context, url string, dial bool) error {
	var c *websocket.Conn
	if dial {
		var err error
		if c, _, err = websocket.Dial(ctx, url, nil); err != nil {
			return err
		}
	}
	if dial {
		if err := c.Write(ctx, websocket.Text, nil); err != nil {
			c.CloseNow()
			return err
		}
	}
	if dial {
		c.CloseNow()
	}
	return nil
}

func scoped(ctx context.Context, url string) {
	if c, _, err := websocket.Dial(ctx, url, nil); err == nil {
		defer c.CloseNow()
	} else {
		log.Print(err)
	}
}

func fatal(ctx context.Context, url string) {
	c, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := c.Write(ctx, websocket.Text, nil); err != nil {
		log.Fatal(err)
	}
	if err := c.Close(ctx, websocket.StatusNormalClosure, ""); err != nil {
		os.Exit(1)
	}
}

func forEver(ctx context.Context, url string) {
	c, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		panic(err)
	}
	c.CloseRead()
	for {
		_ = c.Write(ctx, websocket.Text, nil)
		time.Sleep(time.Second)
	}
}

func captured(ctx context.Context, url string) *websocket.Conn {
	var c *websocket.Conn
	var once sync.Once
	once.Do(func() { c, _, _ = websocket.Dial(ctx, url, nil) })
	return c
}

// A Handler closes its Conn.
var handlerOf = websocket.Handler{Serve: func(ctx context.Context, c *websocket.Conn) error {
	_, _, err := c.Read(ctx)
	return err
}}

func allowed(ctx context.Context, url string) {
	//hawservet:allow lostconn the process ends right after this
	c, _, err := websocket.Dial(ctx, url, nil)
	if err == nil {
		_ = c.Write(ctx, websocket.Text, nil)
	}
}
