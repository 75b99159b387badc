package fanout_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/fanout"
)

// A chat is a chat server. A new member first gets the last messages.
type chat struct {
	room    fanout.Room
	mu      sync.Mutex // keeps history in the order of room
	history []*fanout.Message
}

const maxHistory = 100

// say sends a line to all members.
func (c *chat) say(name, what string) {
	m, err := fanout.Prepare(websocket.Text, []byte(name+what))
	if err != nil {
		panic(err) // Text is a valid type
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.history = append(c.history, m)
	c.history = c.history[max(len(c.history)-maxHistory, 0):]
	c.room.Broadcast(m)
}

// join makes q a member. It misses no line and gets none twice.
func (c *chat) join(q *fanout.Queue) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.history {
		if q.SendPrepared(m) != nil {
			return // the connection has ended
		}
	}
	c.room.Join(q)
}

func (c *chat) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.FormValue("name")
	serve := func(ctx context.Context, conn *websocket.Conn) error {
		// A member that is 200 messages behind is disconnected with 1013, and may come back later.
		q := fanout.NewQueue(conn, &fanout.Options{MaxMessages: 200})
		c.join(q)
		c.say(name, " joined")
		defer c.say(name, " left")
		defer c.room.Leave(q)
		for m, err := range conn.Messages(ctx) {
			if err != nil {
				return err
			}
			c.say(name, ": "+string(m.Data))
		}
		return nil
	}
	websocket.Handler{Serve: serve}.ServeHTTP(w, r)
}

// A chat server with a history. Members join and leave, and all see the same lines in the same
// order. A member that is too slow is disconnected, and delays nobody else.
func Example() {
	server := httptest.NewServer(new(chat))
	defer server.Close()
	ctx := context.Background()
	dial := func(name string) *websocket.Conn {
		c, _, err := websocket.Dial(ctx, server.URL+"?name="+name, nil)
		if err != nil {
			log.Fatal(err)
		}
		return c
	}
	read := func(c *websocket.Conn, lines int) {
		for range lines {
			_, p, err := c.Read(ctx)
			if err != nil {
				log.Fatal(err)
			}
			fmt.Printf("%s\n", p)
		}
	}
	write := func(c *websocket.Conn, text string) {
		if err := c.Write(ctx, websocket.Text, []byte(text)); err != nil {
			log.Fatal(err)
		}
	}

	alice := dial("alice")
	defer alice.CloseNow()
	write(alice, "hello")
	read(alice, 2)
	fmt.Println("--- Bob's view")
	bob := dial("bob")
	read(bob, 3)
	write(bob, "hi")
	read(bob, 1)
	bob.Close(ctx, websocket.StatusNormalClosure, "")
	fmt.Println("--- Alice's view, continued")
	read(alice, 3)
	// Output:
	// alice joined
	// alice: hello
	// --- Bob's view
	// alice joined
	// alice: hello
	// bob joined
	// bob: hi
	// --- Alice's view, continued
	// bob joined
	// bob: hi
	// bob left
}
