package main

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/hawser-ws/hawser/websocket"
)

// goodbye is the reason of the close frames at the end.
const goodbye = "server is shutting down"

// connections are those that are open, so that the end of the server can reach
// them.
type connections struct {
	mu     sync.Mutex
	open   map[*websocket.Conn]struct{}
	ending bool
}

// add reports whether c may be served: not once closeAll has been called.
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

// closeAll closes every connection with 1001, all at once, and waits until they are
// closed: until ctx ends, and no longer than the CloseTimeout of their Limits. A
// peer that has not answered by then loses the connection.
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
