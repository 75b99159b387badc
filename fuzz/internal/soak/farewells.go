package soak

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/hawser-ws/hawser/websocket"
)

// endings are the server's notes of how connections ended, those of clients that have
// named their lives.
type endings struct {
	mu    sync.Mutex
	open  int64 // connections whose end is not noted yet
	noted []farewell
}

// watch notes how c ends, as the life of that name.
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

// seen is how a connection that has ended was closed by its client.
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

// take returns the notes and forgets them.
func (e *endings) take() []farewell {
	e.mu.Lock()
	defer e.mu.Unlock()
	noted := e.noted
	e.noted = nil
	return noted
}

func (e *endings) unnoted() int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.open
}

// farewells are what the clients that reset have said, and what of it has arrived.
type farewells struct {
	mu        sync.Mutex
	certain   map[string]farewell // by life: what has reached the server's kernel
	uncertain map[string]farewell // what may not have
	seen      map[string]farewell // by the server
}

// say notes what a client has said before its reset.
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

// arrive notes what the server has seen.
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

// farewellCount is the comparison of what was said with what was seen.
type farewellCount struct {
	sent, certain, arrived int // arrived: of those that are certain
	uncertain, luck        int // luck: of those that are uncertain, how many arrived
	cut                    int // of all that arrived, those that the server could not answer
	missing                []string
}

// arrivedAs reports whether got is what was said.
func (f farewell) arrivedAs(got farewell) bool {
	return got.Life == f.Life && got.Code == f.Code && got.Err == ""
}

func (s *farewells) count() farewellCount {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := farewellCount{sent: len(s.certain) + len(s.uncertain), certain: len(s.certain), uncertain: len(s.uncertain)}
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
			n.missing = append(n.missing, fmt.Sprintf("%s: sent %d, and the server did not see the connection end", life, said.Code))
		default:
			n.missing = append(n.missing, fmt.Sprintf("%s: sent %d, received %d: %s", life, said.Code, got.Code, got.Err))
		}
	}
	return n
}
