//go:build unix

package bench

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	gorilla "github.com/gorilla/websocket"
	"github.com/lxzan/gws"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/fanout"
	"github.com/hawser-ws/hawser/wire"
)

// A room is a server that sends messages to all its connections, each library in the way that it documents.
type room interface {
	http.Handler

	// broadcast sends p to every connection. Any number of goroutines may call it.
	broadcast(p []byte)

	// size returns the number of connections.
	size() int
}

// rooms are the servers to measure. The others are compared with the first one.
var rooms = []struct {
	name     string
	isolates bool // a connection that does not read does not delay the others
	open     func() room
}{
	{"bare", false, func() room { return &bareRoom{} }},
	{"hawser", true, newHawserRoom},
	{"gorilla", true, newGorillaHub},
	{"gws", true, newGWSRoom},
}

// A hawserRoom has a fanout.Queue for each connection, with the default options: at most 1,024 messages or
// 1 MiB wait, and the connection is closed if there are more.
type hawserRoom struct {
	fanout.Room
	http.Handler
}

func newHawserRoom() room {
	r := &hawserRoom{}
	r.Handler = websocket.Handler{Serve: func(ctx context.Context, c *websocket.Conn) error {
		q := fanout.NewQueue(c, nil)
		r.Join(q)
		defer r.Leave(q)
		_, _, err := c.Read(ctx)
		return err
	}}
	return r
}

func (r *hawserRoom) broadcast(p []byte) {
	m, err := fanout.Prepare(websocket.Binary, p)
	if err != nil {
		panic(err)
	}
	r.Broadcast(m)
}

func (r *hawserRoom) size() int { return r.Len() }

// A gorillaHub works like the hub of gorilla's chat example, with prepared messages and without pings. For
// each connection, it has a goroutine and a channel of 256 messages. When a channel is full, it closes the
// connection. A write may take 10 seconds.
type gorillaHub struct {
	joining, leaving chan *gorillaMember
	messages         chan *gorilla.PreparedMessage
	members          atomic.Int64
}

type gorillaMember struct {
	c    *gorilla.Conn
	send chan *gorilla.PreparedMessage
}

func newGorillaHub() room {
	h := &gorillaHub{
		joining:  make(chan *gorillaMember),
		leaving:  make(chan *gorillaMember),
		messages: make(chan *gorilla.PreparedMessage),
	}
	go h.run()
	return h
}

// run has the members of the hub to itself, until the process ends.
func (h *gorillaHub) run() {
	members := make(map[*gorillaMember]bool)
	remove := func(m *gorillaMember) {
		if members[m] {
			delete(members, m)
			close(m.send)
		}
	}
	for {
		select {
		case m := <-h.joining:
			members[m] = true
		case m := <-h.leaving:
			remove(m)
		case p := <-h.messages:
			for m := range members {
				select {
				case m.send <- p:
				default:
					remove(m)
				}
			}
		}
		h.members.Store(int64(len(members)))
	}
}

var gorillaUpgrader gorilla.Upgrader

func (h *gorillaHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, err := gorillaUpgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	m := &gorillaMember{c: c, send: make(chan *gorilla.PreparedMessage, 256)}
	h.joining <- m
	go m.write()
	go func() { // net/http's goroutine ends, and its memory is freed
		defer c.Close()
		_, _, _ = c.ReadMessage()
		h.leaving <- m
	}()
}

func (m *gorillaMember) write() {
	defer m.c.Close()
	for p := range m.send {
		_ = m.c.SetWriteDeadline(time.Now().Add(10 * time.Second))
		if err := m.c.WritePreparedMessage(p); err != nil {
			return
		}
	}
}

func (h *gorillaHub) broadcast(p []byte) {
	m, err := gorilla.NewPreparedMessage(gorilla.BinaryMessage, p)
	if err != nil {
		panic(err)
	}
	h.messages <- m
}

func (h *gorillaHub) size() int { return int(h.members.Load()) }

// A gwsRoom uses gws.Broadcaster. Each connection has a queue without a limit, and a goroutine while a message
// is in it. A write has no timeout.
type gwsRoom struct {
	gws.BuiltinEventHandler
	upgrader *gws.Upgrader

	mu    sync.Mutex
	conns []*gws.Conn
}

func newGWSRoom() room {
	r := &gwsRoom{}
	r.upgrader = gws.NewUpgrader(r, nil)
	return r
}

func (r *gwsRoom) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	c, err := r.upgrader.Upgrade(w, req)
	if err != nil {
		return
	}
	go c.ReadLoop() // net/http's goroutine ends, and its memory is freed
}

func (r *gwsRoom) OnOpen(c *gws.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns = append(r.conns, c)
}

func (r *gwsRoom) OnClose(c *gws.Conn, _ error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns = slices.DeleteFunc(r.conns, func(o *gws.Conn) bool { return o == c })
}

func (r *gwsRoom) broadcast(p []byte) {
	r.mu.Lock() // also keeps the order of messages the same for all connections
	defer r.mu.Unlock()
	b := gws.NewBroadcaster(gws.OpcodeBinary, p)
	defer b.Close()
	for _, c := range r.conns {
		_ = b.Broadcast(c)
	}
}

func (r *gwsRoom) size() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.conns)
}

// A bareRoom writes a frame to one connection after the other. It has no queues, so a connection that does not
// read delays all others.
type bareRoom struct {
	mu    sync.Mutex
	conns []net.Conn
}

func (r *bareRoom) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	nc, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_ = nc.SetDeadline(time.Time{})
	fmt.Fprintf(nc, "HTTP/1.1 101 Switching Protocols\r\n"+
		"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		wire.AcceptKey(req.Header.Get("Sec-WebSocket-Key")))
	r.mu.Lock()
	r.conns = append(r.conns, nc)
	r.mu.Unlock()
	go func() {
		defer nc.Close()
		_, _ = io.Copy(io.Discard, nc)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.conns = slices.DeleteFunc(r.conns, func(o net.Conn) bool { return o == nc })
	}()
}

func (r *bareRoom) broadcast(p []byte) {
	h := wire.Header{Fin: true, Opcode: wire.OpBinary, Length: int64(len(p))}
	frame := append(wire.AppendHeader(nil, h), p...)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, nc := range r.conns {
		_, _ = nc.Write(frame)
	}
}

func (r *bareRoom) size() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.conns)
}
