package soak

import (
	"fmt"
	"sync"

	"github.com/hawser-ws/hawser/websocket"
)

// topic numbers the published messages and passes them to its members, in order.
type topic struct {
	mu      sync.Mutex
	last    int64 // number of the last message
	members map[*member]struct{}
}

// member is a connection that has joined a topic.
type member struct {
	queue  chan *websocket.PreparedMessage // closed when the member leaves
	lagged bool                            // the queue was full; set before it is closed
}

// queueSize is the capacity of a member's queue. A member whose queue is full is dropped, since it must
// neither delay the others nor use unlimited memory.
const queueSize = 256

func (t *topic) join() *member {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.members == nil {
		t.members = make(map[*member]struct{})
	}
	m := &member{queue: make(chan *websocket.PreparedMessage, queueSize)}
	t.members[m] = struct{}{}
	m.queue <- prepareNumber(topicJoin, t.last)
	return m
}

// publish passes p, a message that begins with markPublish, to all members.
func (t *topic) publish(p []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	prepared, err := websocket.Prepare(websocket.Text, appendTopic(nil, t.last, p))
	if err != nil {
		return err
	}
	for m := range t.members {
		if len(m.queue) >= queueSize-1 { // one place is reserved for #end
			m.lagged = true
			t.drop(m)
			continue
		}
		m.queue <- prepared
	}
	return nil
}

// leave sends m the number of the last message and closes its queue. It does nothing if m has left.
func (t *topic) leave(m *member) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.members[m]; ok {
		m.queue <- prepareNumber(topicEnd, t.last)
		t.drop(m)
	}
}

func (t *topic) drop(m *member) {
	delete(t.members, m)
	close(m.queue)
}

// prepareNumber returns the message that consists of prefix and n.
func prepareNumber(prefix string, n int64) *websocket.PreparedMessage {
	m, err := websocket.Prepare(websocket.Text, fmt.Appendf(nil, "%s%d", prefix, n))
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return m
}
