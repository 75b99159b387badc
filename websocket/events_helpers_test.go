package websocket_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
)

// A sized is a call of Events.Read or Events.Wrote.
type sized struct {
	typ           MessageType
	payload, wire int64
}

// An eventLog records the calls of its Events.
type eventLog struct {
	mu      sync.Mutex
	order   []string // the names of the functions
	request *http.Request
	refused []*HandshakeError
	read    []sized
	wrote   []sized
	closed  []Closure
}

// events returns Events that record their calls in l. Each function also calls the methods of the
// Conn that return at once.
func (l *eventLog) events() *Events {
	note := func(name string, c *Conn, f func()) {
		if c != nil {
			c.Closure()
			c.Stats()
			c.Unsent()
			c.RemoteAddr()
			c.SetMaxMessage(0)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.order = append(l.order, name)
		f()
	}
	return &Events{
		Refused: func(r *http.Request, err *HandshakeError) {
			note("Refused", nil, func() { l.request, l.refused = r, append(l.refused, err) })
		},
		Accepted: func(r *http.Request, c *Conn) { note("Accepted", c, func() { l.request = r }) },
		Read: func(c *Conn, t MessageType, payload, wire int64) {
			note("Read", c, func() { l.read = append(l.read, sized{t, payload, wire}) })
		},
		Wrote: func(c *Conn, t MessageType, payload, wire int64) {
			note("Wrote", c, func() { l.wrote = append(l.wrote, sized{t, payload, wire}) })
		},
		Pong: func(c *Conn, _ time.Duration) { note("Pong", c, func() {}) },
		Closed: func(c *Conn, v Closure) {
			what := "Closed"
			if now := c.Closure(); !precedes(v, now) || c.Context().Err() == nil {
				what = fmt.Sprintf("Closed with %+v, while Closure returned %+v", v, now)
			}
			note(what, c, func() { l.closed = append(l.closed, v) })
		},
	}
}

// precedes reports whether the Closure of Closed may be followed by later: it is the same, or a close
// frame that was being written is missing in it.
func precedes(closed, later Closure) bool {
	if closed.Sent.Code == 0 {
		later.Sent, later.Clean = CloseFrame{}, closed.Clean
	}
	return closed == later
}

// calls returns the names of the functions that were called, in order.
func (l *eventLog) calls() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.order)
}

// sizes returns the calls of Read and Wrote.
func (l *eventLog) sizes() (read, wrote []sized) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.read), slices.Clone(l.wrote)
}

// tallyUp returns the counts of Stats that follow from events.
func tallyUp(read, wrote []sized) (s Stats) {
	for _, m := range read {
		s.MessagesRead++
		s.BytesRead += m.wire
	}
	for _, m := range wrote {
		s.MessagesWritten++
		s.BytesWritten += m.wire
	}
	return s
}

// countable returns s without the counts that no event has.
func countable(s Stats) Stats {
	s.FramesRead, s.FramesWritten, s.ControlsRead, s.ControlsWritten, s.RoundTrip = 0, 0, 0, 0, 0
	return s
}

// readAll reads a message to its end.
func readAll(r *MessageReader) error {
	if r == nil {
		return nil
	}
	_, err := io.Copy(io.Discard, r)
	return err
}

// recovered calls f and returns its panic.
func recovered(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}
