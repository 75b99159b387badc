// Package order checks that a reader got the messages that the writers at the other end
// sent: each whole, each once, in the order of the writes.
package order

import (
	"bytes"
	"fmt"
)

// An Outcome says whether the message of a write arrives, as far as the result of the write
// promises.
type Outcome uint8

// The outcomes of a write.
const (
	Never  Outcome = iota // the write failed, and nothing is sent
	Cut                   // the message was abandoned: a part may arrive, and nothing after it
	Maybe                 // the connection ended: it arrives whole, in part at the very end, or not at all
	Always                // it arrives, unless the connection breaks
)

func (f Outcome) String() string { return [...]string{"never", "cut", "maybe", "always"}[f] }

// A Sent is a message as it was written.
type Sent struct {
	Type    byte
	Data    []byte
	Outcome Outcome

	// Begin and End are numbers of events of the run. Of two writes that did not
	// overlap, they show which was first.
	Begin, End int64
}

// A Got is a message as it was read.
type Got struct {
	Type byte
	Data []byte
	Part bool // the message was not read to its end
}

func (g Got) String() string {
	s := fmt.Sprintf("type %d, %d bytes %.24q", g.Type, len(g.Data), g.Data)
	if g.Part {
		s += " (part)"
	}
	return s
}

// A state holds the number of messages of each writer that were received or skipped.
type state [2]int

// Check returns an error if the writers cannot have sent the messages got. Each writer sends
// its messages one after the other. If complete is set, every message whose outcome is
// Always must have been received. Otherwise some may be missing at the end.
func Check(writers [2][]Sent, got []Got, complete bool) error {
	now := map[state]bool{{}: true}
	for i, g := range got {
		next := make(map[state]bool)
		last := i == len(got)-1
		for s := range now {
			for w := range writers {
				take(writers, s, w, g, last, next)
			}
		}
		if len(next) == 0 {
			return fmt.Errorf("message %d of %d received, %v, is not one of the possible ones:%s",
				i, len(got), g, candidates(writers, now))
		}
		now = next
	}
	if !complete {
		return nil
	}
	for s := range now {
		if _, ok := skip(writers[0], s[0], len(writers[0])); !ok {
			continue
		}
		if _, ok := skip(writers[1], s[1], len(writers[1])); ok {
			return nil
		}
	}
	return fmt.Errorf("after the %d messages received, others are missing, among them one of:%s",
		len(got), candidates(writers, now))
}

// take adds to next the states in which g is a message of writer w.
func take(writers [2][]Sent, s state, w int, g Got, last bool, next map[state]bool) {
	mine, others := writers[w], writers[1-w]
	for at := s[w]; at < len(mine); at++ {
		m := &mine[at]
		if matches(m, g, last) {
			// The messages that the other writer had finished before this write began
			// can no longer arrive.
			over := s[1-w]
			for over < len(others) && others[over].End < m.Begin {
				over++
			}
			if n, ok := skip(others, s[1-w], over); ok {
				to := state{}
				to[w], to[1-w] = at+1, n
				next[to] = true
			}
		}
		if m.Outcome == Always {
			return
		}
	}
}

// skip moves from message at to message to of one writer. It returns false if
// a message between them must arrive.
func skip(sent []Sent, at, to int) (int, bool) {
	for ; at < to; at++ {
		if sent[at].Outcome == Always {
			return at, false
		}
	}
	return at, true
}

func matches(m *Sent, g Got, last bool) bool {
	switch {
	case m.Type != g.Type || m.Outcome == Never:
		return false
	case !g.Part:
		return m.Outcome != Cut && bytes.Equal(m.Data, g.Data)
	case m.Outcome == Cut && !last:
		return false
	}
	return bytes.HasPrefix(m.Data, g.Data)
}

func candidates(writers [2][]Sent, now map[state]bool) string {
	var first *state
	for s := range now {
		if first == nil || s[0]+s[1] < first[0]+first[1] {
			first = &s
		}
	}
	text := ""
	for w, sent := range writers {
		for i := first[w]; i < len(sent) && i < first[w]+3; i++ {
			m := sent[i]
			text += fmt.Sprintf("\n\twriter %d, message %d: type %d, %d bytes %.24q, %v",
				w, i, m.Type, len(m.Data), m.Data, m.Outcome)
		}
	}
	return text
}
