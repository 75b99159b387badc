package soak

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/hawser-ws/hawser/websocket"
)

// endings records how connections ended, as the server saw it. Only clients that name their lives are
// recorded.
type endings struct {
	mu    sync.Mutex
	open  int64 // connections whose end is not recorded yet
	noted []farewell
}

// watch records the end of c under the name of its life. change may alter the record; it may be nil.
func (e *endings) watch(c *websocket.Conn, life string, change func(farewell) farewell) {
	e.mu.Lock()
	e.open++
	e.mu.Unlock()
	context.AfterFunc(c.Context(), func() {
		f := seen(c, life)
		if change != nil {
			f = change(f)
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		e.open--
		e.noted = append(e.noted, f)
	})
}

// seen returns the farewell that a connection received. The connection must have ended.
func seen(c *websocket.Conn, life string) farewell {
	v := c.Closure()
	f := farewell{Life: life, Code: v.Received.Code, Cut: v.Sent.Code == 0}
	switch {
	case f.Code == 0:
		f.Err = fmt.Sprint(v.Err)
	case v.Received.Reason != life:
		f.Err = fmt.Sprintf("reason %q", v.Received.Reason)
	}
	return f
}

// take returns the records and removes them.
func (e *endings) take() []farewell {
	e.mu.Lock()
	defer e.mu.Unlock()
	noted := e.noted
	e.noted = nil
	return noted
}

// unnoted returns the number of connections whose end is not recorded yet.
func (e *endings) unnoted() int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.open
}

// farewells compares the farewells of the clients with those that the server received. The maps are
// keyed by life.
type farewells struct {
	mu        sync.Mutex
	certain   map[string]farewell // sent, and received by the server's kernel
	uncertain map[string]farewell // sent, but perhaps lost
	seen      map[string]farewell // received by the server
}

// say records a farewell that a client sent before its reset.
func (s *farewells) say(f farewell, certain bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	to := &s.uncertain
	if certain {
		to = &s.certain
	}
	if *to == nil {
		*to = make(map[string]farewell)
	}
	(*to)[f.Life] = f
}

// arrive records the farewells that the server received.
func (s *farewells) arrive(noted []farewell) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = make(map[string]farewell)
	}
	for _, f := range noted {
		s.seen[f.Life] = f
	}
}

// farewellCount is the result of the comparison.
type farewellCount struct {
	sent, certain, arrived int      // arrived: certain ones that arrived
	uncertain, luck        int      // luck: uncertain ones that arrived
	cut                    int      // arrived, but could not be answered
	missing                []string // descriptions of the certain ones that did not arrive
}

// arrivedAs reports whether the server received f as got.
func (f farewell) arrivedAs(got farewell) bool {
	return got.Life == f.Life && got.Code == f.Code && got.Err == ""
}

func (s *farewells) count() farewellCount {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := farewellCount{certain: len(s.certain), uncertain: len(s.uncertain)}
	n.sent = n.certain + n.uncertain
	for life, said := range s.uncertain {
		if said.arrivedAs(s.seen[life]) {
			n.luck++
		}
	}
	for _, f := range s.seen {
		if f.Code != 0 && f.Cut {
			n.cut++
		}
	}
	for _, life := range slices.Sorted(maps.Keys(s.certain)) {
		said := s.certain[life]
		got, ended := s.seen[life]
		switch {
		case said.arrivedAs(got):
			n.arrived++
		case !ended:
			n.missing = append(n.missing, fmt.Sprintf(
				"%s: sent %d, but the connection has not ended on the server", life, said.Code))
		default:
			n.missing = append(n.missing, fmt.Sprintf(
				"%s: sent %d, received %d: %s", life, said.Code, got.Code, got.Err))
		}
	}
	return n
}
