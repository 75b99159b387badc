package keptpayload

import (
	"bytes"
	"context"
	"sync"
	"time"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

type hub struct {
	mu      sync.Mutex
	out     chan []byte
	done    chan bool
	history []websocket.Message
	byUser  map[string][]byte
	names   []string
	buf     []byte
}

func (h *hub) send(p []byte)                { h.out <- p }
func (h *hub) sendAll(p []byte)             { h.send(p[1:]) }
func (h *hub) remember(m websocket.Message) { h.history = append(h.history, m) }
func (h *hub) set(name string, p []byte)    { h.byUser[name] = p }
func (h *hub) wait()                        { <-h.done }
func (h *hub) note(p []byte)                { h.names = append(h.names, string(p)) }
func (h *hub) reset(p []byte)               { h.buf = p }
func (h *hub) flush()                       { clear(h.byUser) }
func later(p []byte)                        { go println(p) }
func global(f wire.Frame)                   { latest = f.Payload }
func ends(f wire.Frame, done chan bool)     { done <- f.EndsMessage() }
func (h *hub) setAndFlush(p []byte) {
	h.byUser["a"] = p
	h.flush()
}
func sendAll(out chan any, ps ...[]byte) { out <- ps }
func joined(ps ...[]byte)                { later(bytes.Join(ps, nil)) }
func (h *hub) sendCopy(p []byte, really bool) {
	if really {
		p = bytes.Clone(p)
	}
	h.out <- p
}

func (h *hub) sendAndWait(p []byte) {
	h.out <- p
	<-h.done
}

func put[T any](ctx context.Context, to chan<- T, v T) bool {
	select {
	case to <- v:
		return true
	case <-ctx.Done():
		return false
	}
}

type queue[T any] struct{ items []T }

func (q *queue[T]) push(v T) { q.items = append(q.items, v) }

func (h *hub) passed(ctx context.Context, c *websocket.Conn) {
	for m := range c.Messages(ctx) {
		h.send(m.Data) // want `m.Data is passed to h.send, where it is sent on a channel, but its bytes are valid only .*: keep bytes.Clone\(m.Data\)`
	}
	for m := range c.Messages(ctx) {
		h.sendAll(m.Data) // want `passed to h.sendAll, where it is passed to h.send, where it is sent on a channel`
	}
	for m := range c.Messages(ctx) {
		h.mu.Lock()
		h.remember(m) // want `m is passed to h.remember, where it is added to h.history`
		h.mu.Unlock()
	}
	for m := range c.Messages(ctx) {
		h.set("a", m.Data) // want `passed to h.set, where it is stored in a map`
	}
	for m := range c.Messages(ctx) {
		later(m.Data) // want `passed to later, where it is used by a goroutine`
		put := func(p []byte) { h.out <- p }
		put(m.Data)
	}
	for m := range c.Messages(ctx) {
		h.byUser["a"] = m.Data // want `stored in a map`
		defer delete(h.byUser, "a")
	}
}

func generic(ctx context.Context, c *websocket.Conn, out chan []byte, q *queue[websocket.Message]) {
	for m := range c.Messages(ctx) {
		if !put(ctx, out, m.Data) { // want `m.Data is passed to put, where it is sent`
			return
		}
		q.push(m) // want `m is passed to q.push, where it is added to q.items`
	}
}

func (h *hub) frame(d *wire.Decoder, b []byte) {
	f, _, _ := d.Next(b)
	global(f) // want `f is passed to global, where it is stored in a package variable`
	ends(f, h.done)
}

func lists(ctx context.Context, c *websocket.Conn, out chan any) {
	for m := range c.Messages(ctx) {
		sendAll(out, nil, nil, m.Data) // want `m.Data is passed to sendAll`
	}
	for m := range c.Messages(ctx) {
		sendAll(out)
		println(m.Type)
	}
}

func closureSends(ctx context.Context, c *websocket.Conn, out chan []byte) {
	send := func(p []byte) { out <- p }
	for m := range c.Messages(ctx) {
		send(m.Data) // want `m.Data is passed to send`
	}
}

// The called functions drop the bytes in the same iteration, or copy them.
func (h *hub) settled(ctx context.Context, c *websocket.Conn) {
	for m := range c.Messages(ctx) {
		h.send(m.Data)
		h.wait()
	}
	for m := range c.Messages(ctx) {
		h.setAndFlush(m.Data)
	}
	for m := range c.Messages(ctx) {
		h.set("a", m.Data)
		h.flush()
	}
	for m := range c.Messages(ctx) {
		h.send(m.Data)
		<-h.done
	}
	for m := range c.Messages(ctx) {
		h.sendAndWait(m.Data)
		h.sendCopy(m.Data, true)
		h.note(m.Data)
		h.reset(m.Data)
		joined(m.Data)
		h.setAndFlush(m.Data)
		(*hub).send(h, m.Data) // not analyzed
	}
	for m := range c.Messages(ctx) {
		turn := &queue[[]byte]{}
		turn.push(m.Data)
		println(len(turn.items))
	}
	for m := range c.Messages(ctx) {
		m = websocket.Message{Type: m.Type, Data: bytes.Clone(m.Data)}
		h.remember(m)
		latest = m.Data
	}
	for m := range c.Messages(ctx) {
		func() {
			h.byUser["a"] = m.Data
			defer delete(h.byUser, "a")
			h.flush()
		}()
	}
}

// The buffer may be a field, and the result of AppendRead replaces it.
func (h *hub) buffers(ctx context.Context, c *websocket.Conn) (err error) {
	for {
		if _, h.buf, err = c.AppendRead(ctx, h.buf[:0]); err != nil {
			return err
		}
		h.out <- h.buf // want `h.buf is sent on a channel.*the next AppendRead`
		p := h.buf[1:]
		go println(p) // want `p is used by a goroutine`
		println(string(h.buf))
	}
}

func grownBuffer(ctx context.Context, c *websocket.Conn, out chan []byte) {
	var buf []byte
	for {
		_, p, err := c.AppendRead(ctx, buf[:0])
		if err != nil {
			return
		}
		buf = p
		out <- p   // want `p is sent on a channel`
		out <- buf // want `buf is sent on a channel`
	}
}

func (h *hub) newBuffers(ctx context.Context, c *websocket.Conn) (err error) {
	for {
		if _, h.buf, err = c.AppendRead(ctx, h.buf[:0]); err != nil {
			return err
		}
		h.out <- h.buf
		h.buf = nil
	}
}

func (h *hub) swapped(ctx context.Context, c *websocket.Conn) (err error) {
	for {
		if _, h.buf, err = c.AppendRead(ctx, h.buf[:0]); err != nil {
			return err
		}
		h.out <- h.buf
		h.swap()
	}
}

func (h *hub) swap() { h.buf = nil }

// A timer does not tell that the receiver has finished.
func ticks(ctx context.Context, c *websocket.Conn, out chan []byte, t *time.Ticker) {
	for m := range c.Messages(ctx) {
		out <- m.Data // want `sent on a channel`
		<-t.C
	}
}
