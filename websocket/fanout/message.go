package fanout

import (
	"bytes"
	"context"

	"github.com/hawser-ws/hawser/websocket"
)

// A Message is a [websocket.PreparedMessage] along with its size, which queues count. Prepare makes
// one.
type Message struct {
	*websocket.PreparedMessage
	size int64
}

// Prepare makes a message from a copy of p; see [websocket.Prepare].
func Prepare(t websocket.MessageType, p []byte) (*Message, error) {
	m, err := websocket.Prepare(t, p)
	if err != nil {
		return nil, err
	}
	return &Message{m, int64(len(p))}, nil
}

// An item is a message in a queue: prepared, or data of its own.
type item struct {
	prepared *Message // or nil
	data     []byte
	t        websocket.MessageType
}

// newItem returns an item with a copy of p.
func newItem(t websocket.MessageType, p []byte) (item, error) {
	if t != websocket.Text && t != websocket.Binary {
		_, err := websocket.Prepare(t, nil) // fails
		return item{}, err
	}
	return item{data: bytes.Clone(p), t: t}, nil
}

func (it item) size() int64 {
	if it.prepared != nil {
		return it.prepared.size
	}
	return int64(len(it.data))
}

// writeTo writes the message to c. It waits as long as c does.
func (it item) writeTo(c *websocket.Conn) error {
	if it.prepared != nil {
		return c.WritePrepared(context.Background(), it.prepared.PreparedMessage)
	}
	return c.Write(context.Background(), it.t, it.data)
}
