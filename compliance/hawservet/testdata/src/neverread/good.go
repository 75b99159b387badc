package neverread

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

func closesRead(ctx context.Context, c *websocket.Conn) error {
	c.CloseRead()
	for {
		time.Sleep(time.Second)
		if err := c.Write(ctx, websocket.Text, nil); err != nil {
			return err
		}
	}
}

func readsInGoroutine(ctx context.Context, c *websocket.Conn) error {
	go func() {
		for range c.Messages(ctx) {
		}
	}()
	for {
		time.Sleep(time.Second)
		if err := c.Write(ctx, websocket.Text, nil); err != nil {
			return err
		}
	}
}

func readsInFunction(ctx context.Context, c *websocket.Conn) error {
	go discard(ctx, c)
	<-ctx.Done()
	return c.Write(ctx, websocket.Text, nil)
}

func discard(ctx context.Context, c *websocket.Conn) {
	if _, _, err := c.Read(ctx); err == nil {
		discard(ctx, c)
	}
}

// The connection ends before anybody could miss a read: the Handler closes it.
func oneMessage(ctx context.Context, c *websocket.Conn) error {
	return c.Write(ctx, websocket.Text, nil)
}

func fewMessages(ctx context.Context, c *websocket.Conn) error {
	for i := range 3 {
		if err := c.WriteJSON(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

func waitsOnly(ctx context.Context, _ *websocket.Conn) error {
	<-ctx.Done()
	return nil
}

func writesNothing(ctx context.Context, c *websocket.Conn) error {
	<-c.Context().Done()
	return nil
}

type reader interface{ serve(c *websocket.Conn) }

func passesOn(ctx context.Context, c *websocket.Conn, r reader) error {
	go r.serve(c)
	<-ctx.Done()
	return c.Write(ctx, websocket.Text, nil)
}

func toOtherPackage(ctx context.Context, c *websocket.Conn) error {
	fmt.Println(c)
	<-ctx.Done()
	return c.Write(ctx, websocket.Text, nil)
}

func stream(ctx context.Context, c *websocket.Conn) error {
	go io.Copy(io.Discard, c.ByteStream(websocket.Binary))
	<-ctx.Done()
	return c.Write(ctx, websocket.Text, nil)
}

func methodValue(ctx context.Context, c *websocket.Conn) error {
	read := c.Read
	go read(ctx)
	<-ctx.Done()
	return c.Write(ctx, websocket.Text, nil)
}

func methodExpr(ctx context.Context, c *websocket.Conn) error {
	go (*websocket.Conn).Read(c, ctx)
	<-ctx.Done()
	return c.Write(ctx, websocket.Text, nil)
}

func methodExprOfPackage(ctx context.Context, c *websocket.Conn) error {
	go (*pair).copy(nil, c, nil)
	<-ctx.Done()
	return c.Write(ctx, websocket.Text, nil)
}

type pair struct{}

func (*pair) copy(src, dst *websocket.Conn) {
	for m := range src.Messages(src.Context()) {
		_ = dst.Write(dst.Context(), m.Type, m.Data)
	}
}

func variadic(ctx context.Context, c *websocket.Conn) error {
	go readAll(ctx, nil, c)
	<-ctx.Done()
	return c.Write(ctx, websocket.Text, nil)
}

func readAll(ctx context.Context, conns ...*websocket.Conn) {
	for _, c := range conns {
		_, _, _ = c.Read(ctx)
	}
}

type session struct{ c *websocket.Conn }

func stored(ctx context.Context, c *websocket.Conn) error {
	s := &session{c}
	go s.read(ctx)
	<-ctx.Done()
	return c.Write(ctx, websocket.Text, nil)
}

func (s *session) read(ctx context.Context) { _, _, _ = s.c.Read(ctx) }

func assigned(ctx context.Context, c *websocket.Conn) error {
	d := c
	go d.Read(ctx)
	_ = c
	<-ctx.Done()
	return c.Write(ctx, websocket.Text, nil)
}

func sent(ctx context.Context, c *websocket.Conn) error {
	conns <- c
	<-ctx.Done()
	return c.Write(ctx, websocket.Text, nil)
}

var conns = make(chan *websocket.Conn)

func handlersOfGood(mux *http.ServeMux) {
	for i, serve := range []websocket.Handler{
		{Serve: closesRead}, {Serve: readsInGoroutine}, {Serve: readsInFunction}, {Serve: oneMessage},
		{Serve: fewMessages}, {Serve: waitsOnly}, {Serve: writesNothing}, {Serve: passesOn2}, {Serve: toOtherPackage},
		{Serve: stream}, {Serve: methodValue}, {Serve: methodExpr}, {Serve: variadic}, {Serve: stored},
		{Serve: assigned}, {Serve: sent}, {Serve: sendsToAll}, {Serve: methodExprOfPackage},
	} {
		mux.Handle(fmt.Sprint("/", i), serve)
	}
}

func passesOn2(ctx context.Context, c *websocket.Conn) error { return passesOn(ctx, c, nil) }

// Other types may have a field named Serve.
var _ = struct {
	Serve func(context.Context, *websocket.Conn) error
}{Serve: func(ctx context.Context, c *websocket.Conn) error {
	<-ctx.Done()
	return c.Write(ctx, websocket.Text, nil)
}}

// A Conn for each message is open only for a moment.
func oneConnEach(ctx context.Context, url string, tick chan int) {
	for {
		n := <-tick
		c, _, err := websocket.Dial(ctx, url, nil)
		if err != nil {
			time.Sleep(time.Second)
			continue
		}
		if err := c.WriteJSON(ctx, n); err != nil {
			c.CloseNow()
			continue
		}
		c.Close(ctx, websocket.StatusNormalClosure, "")
		<-tick
	}
}

func waitsAround(ctx context.Context, url string, before, after chan int) error {
	<-before
	c, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return err
	}
	defer c.CloseNow()
	go func() {
		<-ctx.Done()
		c.CloseNow()
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	default:
	}
	if err := c.Write(ctx, websocket.Text, nil); err != nil {
		return err
	}
	err = c.Close(ctx, websocket.StatusNormalClosure, "")
	<-after
	return err
}

// The goroutines close their Conns, and may do so before the function waits.
func inGoroutines(ctx context.Context, urls []string) {
	var all sync.WaitGroup
	for _, url := range urls {
		c, _, err := websocket.Dial(ctx, url, nil)
		if err != nil {
			continue
		}
		all.Go(func() {
			_ = c.Write(ctx, websocket.Text, nil)
			c.Close(ctx, websocket.StatusNormalClosure, "")
		})
		d, _, err := websocket.Dial(ctx, url, nil)
		if err != nil {
			continue
		}
		all.Go(func() { writeAndClose(ctx, d) })
	}
	all.Wait()
}

func writeAndClose(ctx context.Context, c *websocket.Conn) {
	_ = c.Write(ctx, websocket.Text, nil)
	c.Close(ctx, websocket.StatusNormalClosure, "")
}

func sendsToAll(ctx context.Context, c *websocket.Conn) error {
	for i, ch := range numbers {
		select {
		case ch <- i:
		case n := <-ch:
			if err := c.WriteJSON(ctx, n); err != nil {
				return err
			}
		default:
		}
	}
	return nil
}

var numbers []chan int

// A file may be short.
func upload(ctx context.Context, url string, lines *bufio.Scanner) error {
	c, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return err
	}
	defer c.CloseNow()
	for lines.Scan() {
		if err := c.Write(ctx, websocket.Text, lines.Bytes()); err != nil {
			return err
		}
	}
	return c.Close(ctx, websocket.StatusNormalClosure, "")
}

func returned(ctx context.Context, url string) (*websocket.Conn, error) {
	c, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return nil, err
	}
	time.Sleep(time.Second)
	if err := c.Write(ctx, websocket.Text, nil); err != nil {
		c.CloseNow()
		return nil, err
	}
	return c, nil
}

func allowed(ctx context.Context, url string) error {
	c, _, err := websocket.Dial(ctx, url, nil) //hawservet:allow neverread the peer is a test device
	if err != nil {
		return err
	}
	defer c.CloseNow()
	time.Sleep(time.Second)
	return c.Write(ctx, websocket.Text, nil)
}
