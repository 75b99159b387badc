package fanout_test

import (
	"context"
	"fmt"
	"log"
	"slices"
	"sync"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/fanout"
	"github.com/hawser-ws/hawser/websocket/wstest"
)

// A bus stands for NATS, Redis or similar. All subscribers get all messages in the same order.
type bus struct {
	mu          sync.Mutex
	subscribers []chan []byte
}

func (b *bus) publish(p []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, ch := range b.subscribers {
		ch <- p
	}
}

func (b *bus) subscribe() <-chan []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	ch := make(chan []byte, 16)
	b.subscribers = append(b.subscribers, ch)
	return ch
}

// A node is one process of a service. It has some of the members.
type node struct {
	bus  *bus
	room fanout.Room
}

// deliver broadcasts the messages of the bus to the members of this node.
func (n *node) deliver(ch <-chan []byte) {
	for p := range ch {
		m, err := fanout.Prepare(websocket.Text, p)
		if err != nil {
			panic(err) // Text is a valid type
		}
		n.room.Broadcast(m)
	}
}

// serve publishes the messages of a member. The bus delivers them to all members, this one
// included.
func (n *node) serve(ctx context.Context, c *websocket.Conn) error {
	q := fanout.NewQueue(c, nil)
	n.room.Join(q)
	if err := q.Send(websocket.Text, []byte("welcome")); err != nil {
		return err
	}
	for m, err := range c.Messages(ctx) {
		if err != nil {
			return err
		}
		n.bus.publish(slices.Clone(m.Data))
	}
	return nil
}

// Members that are connected to different nodes all get the messages in the order of the bus.
func ExampleRoom_Broadcast_bus() {
	const nodes, each = 3, 10
	ctx := context.Background()
	b := new(bus)
	var clients []*websocket.Conn
	for range nodes {
		n := &node{bus: b}
		go n.deliver(b.subscribe())
		dial := wstest.NetDial(websocket.Handler{Serve: n.serve})
		c, _, err := websocket.Dial(ctx, "ws://localhost", &websocket.DialOptions{NetDial: dial})
		if err != nil {
			log.Fatal(err)
		}
		defer c.CloseNow()
		if _, _, err := c.Read(ctx); err != nil { // the welcome
			log.Fatal(err)
		}
		clients = append(clients, c)
	}
	for i, c := range clients {
		go func() {
			for j := range each {
				c.Write(ctx, websocket.Text, fmt.Appendf(nil, "%d of client %d", j, i))
			}
		}()
	}
	var orders [nodes][]string
	for i, c := range clients {
		for range nodes * each {
			_, p, err := c.Read(ctx)
			if err != nil {
				log.Fatal(err)
			}
			orders[i] = append(orders[i], string(p))
		}
	}
	fmt.Println(slices.Equal(orders[0], orders[1]), slices.Equal(orders[0], orders[2]))
	// Output: true true
}
