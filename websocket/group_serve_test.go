package websocket_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// shutdownEnds are ways in which Serve ends, and the codes of the close frames that it may cause
// instead of Shutdown's own.
var shutdownEnds = map[string]struct {
	end  serveFunc
	code StatusCode
}{
	"nil":       {returns(nil), 0},
	"error":     {returns(errors.New("no disk")), 1011},
	"canceled":  {returns(context.Canceled), 0},
	"CloseWith": {returns(CloseWith(1012, "soon back")), 1012},
	"panic":     {panics("bad day"), 1011},
	"abort":     {panics(http.ErrAbortHandler), 0},
	"CloseNow": {func(_ context.Context, c *Conn) error {
		defer c.CloseNow()
		return nil
	}, 0},
	"Abort": {func(_ context.Context, c *Conn) error {
		c.Abort(errAborted)
		return nil
	}, 0},
	"Close": {func(ctx context.Context, c *Conn) error {
		return c.Close(context.Background(), StatusServiceRestart, "")
	}, 1012},
	"Close with the connection's context": {func(ctx context.Context, c *Conn) error {
		return c.Close(ctx, StatusServiceRestart, "")
	}, 1012},
	"Close without waiting": {func(ctx context.Context, c *Conn) error {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		return c.Close(ctx, StatusServiceRestart, "")
	}, 1012},
	"CloseNow twice": {func(_ context.Context, c *Conn) error {
		go c.CloseNow()
		c.CloseNow()
		return nil
	}, 0},
}

// shutdownSigns are what Serve waits for before it ends. No goroutine reads while it waits, except
// in Close.
var shutdownSigns = map[string]func(g *Group, c *Conn){
	"Draining": func(g *Group, _ *Conn) { <-g.Draining() },
	"context":  func(_ *Group, c *Conn) { <-c.Context().Done() },
	"close frame": func(_ *Group, c *Conn) { // being sent by Shutdown
		for !c.CloseFrameBegun() {
			runtime.Gosched()
		}
	},
}

// However Serve ends during Shutdown, each client gets exactly one close frame and then the end of
// the stream, not a reset, although the server has not read all that the client sent.
func TestShutdownServeEnds(t *testing.T) {
	for sign, wait := range shutdownSigns {
		for name, row := range shutdownEnds {
			t.Run(sign+"/"+name, func(t *testing.T) {
				checkLeaks(t)
				var g Group
				serve := func(ctx context.Context, c *Conn) error {
					wait(&g, c)
					return row.end(ctx, c)
				}
				addr, _ := serveRaw(t, Handler{Serve: serve, Options: &AcceptOptions{Group: &g}}, nil)
				n := 40
				if sign == "close frame" && os.Getenv("HAWSER_FULL") == "" {
					n = 4 // waiting for it keeps a processor busy
				}
				var wg sync.WaitGroup
				for range n {
					c := dialRaw(t, addr)
					c.Write([]byte(handshake()))
					c.opened()
					for range 10 {
						c.Send(wire.OpBinary, true, string(pattern(1000, 0)))
					}
					wg.Go(func() { wantOneClose(c, StatusGoingAway, row.code) })
				}
				noError(t, g.Shutdown(bounded(t)))
				wg.Wait()
			})
		}
	}
}

// wantOneClose reads one close frame with one of the codes, answers it, and reads the end of the
// stream.
func wantOneClose(c *peer, codes ...StatusCode) {
	h, p, err := c.Next()
	code, _, _ := wire.ConsumeClose(p)
	if err != nil || h.Opcode != wire.OpClose || code != codes[0] && code != codes[1] {
		c.t.Errorf("got a %v frame %.60q, %v, want a close frame with one of %v", h.Opcode, p, err, codes)
		return
	}
	answer := c.Frame(wire.OpClose, true, string(p))
	_, _ = c.nc.Write(answer) // the server may no longer wait for it
	if h, p, err := c.Next(); !errors.Is(err, io.EOF) {
		c.t.Errorf("after the close frame: got %v %.60q, %v, want EOF", h.Opcode, p, err)
	}
	c.nc.Close()
}

// A Serve function that ends while Shutdown's close frame is being written does not cut it off.
func TestShutdownFrameInProgress(t *testing.T) {
	for name, row := range shutdownEnds {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var g Group
				conns, goOn := make(chan *Conn, 1), make(chan struct{})
				serve := func(ctx context.Context, c *Conn) error {
					conns <- c
					<-goOn
					return row.end(ctx, c)
				}
				h := Handler{Options: &AcceptOptions{Group: &g}, Serve: serve}
				ours, theirs := duplexPair()
				client := joinGroupOver(t, h, ours, theirs).opened()
				c := <-conns
				if !c.FrameTurn().TryLock() {
					t.Fatal("the turn to write is taken")
				}
				done := shutdown(&g, time.Minute)
				synctest.Wait() // Shutdown waits for the turn
				close(goOn)
				time.Sleep(LingerTime / 2)
				c.FrameTurn().Unlock()
				if code := client.answerTo(); code != StatusGoingAway {
					t.Errorf("got code %d, want 1001", code)
				}
				client.nc.Close()
				wantShutdown(t, <-done, "", LingerTime/2)
			})
		})
	}
}
