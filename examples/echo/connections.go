package main

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/hawser-ws/hawser/websocket"
)

// goodbye is the reason in the close frames of a shutdown.
const goodbye = "server is shutting down"

// connections are the open connections, which a shutdown closes.
type connections struct {
	mu     sync.Mutex
	open   map[*websocket.Conn]struct{}
	ending bool
}

// add adds c and returns true. After closeAll has been called, it returns false, and c must not be served.
func (s *connections) add(c *websocket.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending {
		return false
	}
	if s.open == nil {
		s.open = make(map[*websocket.Conn]struct{})
	}
	s.open[c] = struct{}{}
	return true
}

func (s *connections) remove(c *websocket.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
}

// closeAll closes all connections at once, with status 1001, and waits until they are closed. It waits at
// most until ctx ends, or for Limits.CloseTimeout. Connections whose peers have not answered by then are
// dropped.
func (s *connections) closeAll(ctx context.Context) {
	s.mu.Lock()
	s.ending = true
	open := slices.Collect(maps.Keys(s.open))
	s.mu.Unlock()
	var wg sync.WaitGroup
	for _, c := range open {
		wg.Go(func() { _ = c.Close(ctx, websocket.StatusGoingAway, goodbye) })
	}
	wg.Wait()
}
