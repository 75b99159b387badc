package websocket_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// If ctx has ended before Shutdown is called, each client that reads still gets a close frame,
// however Serve ends.
func TestShutdownAtOnce(t *testing.T) {
	for name, row := range shutdownEnds {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var g Group
				serve := func(ctx context.Context, c *Conn) error {
					<-g.Draining()
					return row.end(ctx, c)
				}
				h := Handler{Serve: serve, Options: &AcceptOptions{Group: &g}}
				var wg sync.WaitGroup
				for range 20 {
					c := joinGroup(t, h).opened()
					wg.Go(func() { wantOneClose(c, StatusGoingAway, row.code) })
				}
				synctest.Wait()
				if r := <-shutdown(&g, 0); r.took > DropTime {
					t.Errorf("Shutdown took %v, want at most %v", r.took, DropTime)
				}
				wg.Wait()
				synctest.Wait()
				if n := g.Len(); n != 0 {
					t.Errorf("Len is %d, want 0", n)
				}
			})
		})
	}
}

// A connection that opens after ctx has ended is dropped, and counted.
func TestShutdownCountsLateConns(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var g Group
		h := Handler{Serve: untilEnd, Options: &AcceptOptions{Group: &g}}
		opens, fails := joinGroup(t, h), joinGroup(t, h)
		synctest.Wait() // the 101 waits for the client
		done := shutdown(&g, time.Second)
		time.Sleep(time.Second + DropTime/2)
		fails.nc.Close()
		opens.opened().ExpectClose(StatusGoingAway) // it has no time left to answer
		opens.ExpectEOF()
		r := <-done
		wantShutdown(t, r, "1 connections dropped, 0 Serve functions and 0 opening handshakes", r.took)
		wantShutdown(t, <-shutdown(&g, 0), "", 0)
	})
}

// A connection is dropped although a function of OnControl, which Close of Shutdown has called, does
// not return.
func TestShutdownBlockedControl(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var g Group
		goOn := make(chan struct{})
		serve := func(ctx context.Context, c *Conn) error {
			c.OnControl(func(wire.Opcode, []byte) bool { <-goOn; return false })
			<-ctx.Done()
			return nil
		}
		c := joinGroup(t, Handler{Serve: serve, Options: &AcceptOptions{Group: &g}}).opened()
		synctest.Wait()
		done := shutdown(&g, time.Second)
		c.ExpectClose(StatusGoingAway)
		c.Send(wire.OpPing, true, "")
		wantShutdown(t, <-done, "1 connections dropped", time.Second+DropTime)
		c.ExpectEOF()
		for c := range g.Conns() {
			t.Errorf("the connection is open: %+v", c.Closure())
		}
		close(goOn)
		synctest.Wait()
		if n := g.Len(); n != 0 {
			t.Errorf("Len is %d, want 0", n)
		}
	})
}

// A connection keeps its place until its transport is closed, also if Accepted panics while it is
// being closed.
func TestGroupAcceptedPanics(t *testing.T) {
	bubble(t, func(t *testing.T) {
		g := &Group{MaxConns: 1}
		ours, theirs := duplexPair()
		goOn := make(chan struct{})
		opts := &AcceptOptions{Group: g, Events: &Events{Accepted: func(_ *http.Request, c *Conn) {
			go c.Close(context.Background(), StatusNormalClosure, "")
			<-goOn
			panic("bad day")
		}}}
		panicked := start(func() any {
			return recovered(func() {
				_, err := Accept(scriptedHijack{httptest.NewRecorder(), ours}, newHandshake(t), opts)
				t.Errorf("Accept returned %v", err)
			})
		})
		c := peerOver(t, theirs, wire.Client).opened()
		c.ExpectClose(StatusNormalClosure)
		synctest.Wait()
		close(goOn)
		if v := <-panicked; v != "bad day" {
			t.Errorf("panicked with %v", v)
		}
		if w := refused(t, g); w.Code != http.StatusServiceUnavailable || g.Len() != 1 {
			t.Errorf("answered %d with Len %d while the transport is drained, want 503 and 1", w.Code, g.Len())
		}
		c.nc.Close()
		synctest.Wait()
		if n := g.Len(); n != 0 {
			t.Errorf("Len is %d in the end, want 0", n)
		}
	})
}
