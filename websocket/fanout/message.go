package fanout

import (
	"bytes"
	"context"

	"github.com/hawser-ws/hawser/websocket"
)

// A Message is a [websocket.PreparedMessage] with its size, which counts toward Options.MaxBytes.
// It must come from [Prepare]. It may be sent any number of times.
type Message struct {
	size     int64
	t        websocket.MessageType      // 0 only if Prepare has not made the message
	prepared *websocket.PreparedMessage // nil for a message that Send has copied
	data     []byte                     // of a message that Send has copied
}

// Prepare makes a message of type t from a copy of p; see [websocket.Prepare].
func Prepare(t websocket.MessageType, p []byte) (*Message, error) {
	m, err := websocket.Prepare(t, p)
	if err != nil {
		return nil, err
	}
	return &Message{prepared: m, size: int64(len(p)), t: t}, nil
}

// check panics if m does not come from Prepare, and thus has no size.
func (m *Message) check() {
	if m.t == 0 {
		panic("fanout: Message must come from Prepare")
	}
}

// copyMessage returns a message with a copy of p, for one queue.
func copyMessage(t websocket.MessageType, p []byte) (*Message, error) {
	if t != websocket.Text && t != websocket.Binary {
		_, err := websocket.Prepare(t, nil) // fails
		return nil, err
	}
	return &Message{size: int64(len(p)), t: t, data: bytes.Clone(p)}, nil
}

// writeTo writes the message to c. It waits as long as c does.
func (m *Message) writeTo(c *websocket.Conn) error {
	if m.prepared != nil {
		return c.WritePrepared(context.Background(), m.prepared)
	}
	return c.Write(context.Background(), m.t, m.data)
}
