package websocket

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
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
				if r := <-shutdown(&g, 0); r.took > dropTime {
					t.Errorf("Shutdown took %v, want at most %v", r.took, dropTime)
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
