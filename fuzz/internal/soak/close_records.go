package soak

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/hawser-ws/hawser/websocket"
)

// endings records how connections ended, as the server saw it. Only connections whose clients name their
// session are recorded.
type endings struct {
	mu      sync.Mutex
	open    int64 // connections whose end is not recorded yet
	records []closeRecord
}

// watch records the end of c under the name of its session. If change is not nil, it may alter the record.
func (e *endings) watch(c *websocket.Conn, session string, change func(closeRecord) closeRecord) {
	e.mu.Lock()
	e.open++
	e.mu.Unlock()
	context.AfterFunc(c.Context(), func() {
		f := recordOf(c, session)
		if change != nil {
			f = change(f)
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		e.open--
		e.records = append(e.records, f)
	})
}

// recordOf returns the record of the close frame that c received. The connection must have ended.
func recordOf(c *websocket.Conn, session string) closeRecord {
	v := c.Closure()
	f := closeRecord{Session: session, Code: v.Received.Code, Unanswered: v.Sent.Code == 0}
	switch {
	case f.Code == 0:
		f.Err = fmt.Sprint(v.Err)
	case v.Received.Reason != session:
		f.Err = fmt.Sprintf("reason %q", v.Received.Reason)
	}
	return f
}

// take returns all records and removes them.
func (e *endings) take() []closeRecord {
	e.mu.Lock()
	defer e.mu.Unlock()
	records := e.records
	e.records = nil
	return records
}

// unrecorded returns the number of connections whose end is not recorded yet.
func (e *endings) unrecorded() int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.open
}

// closeRecords compares the close frames that the clients sent with those that the server received. The
// maps are keyed by session.
type closeRecords struct {
	mu        sync.Mutex
	certain   map[string]closeRecord // sent, and received by the server's kernel
	uncertain map[string]closeRecord // sent, but perhaps lost
	received  map[string]closeRecord // received by the server
}

// addSent records a close frame that a client sent before its reset.
func (s *closeRecords) addSent(f closeRecord, certain bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	to := &s.uncertain
	if certain {
		to = &s.certain
	}
	if *to == nil {
		*to = make(map[string]closeRecord)
	}
	(*to)[f.Session] = f
}

// addReceived adds the server's records of connections that have ended.
func (s *closeRecords) addReceived(records []closeRecord) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.received == nil {
		s.received = make(map[string]closeRecord)
	}
	for _, f := range records {
		s.received[f.Session] = f
	}
}

// closeCounts is the result of the comparison.
type closeCounts struct {
	sent, certain, arrived      int      // arrived counts only certain ones
	uncertain, uncertainArrived int      // uncertainArrived is included in uncertain
	unanswered                  int      // arrived, but could not be answered
	missing                     []string // descriptions of the certain ones that did not arrive
}

// arrivedAs reports whether the server received f as got.
func (f closeRecord) arrivedAs(got closeRecord) bool {
	return got.Session == f.Session && got.Code == f.Code && got.Err == ""
}

func (s *closeRecords) count() closeCounts {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := closeCounts{certain: len(s.certain), uncertain: len(s.uncertain)}
	n.sent = n.certain + n.uncertain
	for session, sent := range s.uncertain {
		if sent.arrivedAs(s.received[session]) {
			n.uncertainArrived++
		}
	}
	for _, f := range s.received {
		if f.Code != 0 && f.Unanswered {
			n.unanswered++
		}
	}
	for _, session := range slices.Sorted(maps.Keys(s.certain)) {
		sent := s.certain[session]
		got, ended := s.received[session]
		switch {
		case sent.arrivedAs(got):
			n.arrived++
		case !ended:
			n.missing = append(n.missing, fmt.Sprintf(
				"%s: sent %d, but the connection has not ended on the server", session, sent.Code))
		default:
			n.missing = append(n.missing, fmt.Sprintf(
				"%s: sent %d, received %d: %s", session, sent.Code, got.Code, got.Err))
		}
	}
	return n
}
