package keptpayload

import (
	"bytes"
	"container/list"
	"context"
	"encoding/json"
	"io"
	"iter"
	"net"
	"sync"
	"time"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
	"golang.org/x/sync/errgroup"
)

type event struct {
	from    string
	payload []byte
}

type session struct {
	last  []byte
	event *event
	dec   wire.Decoder
	out   chan []byte
}

var latest []byte

func sent(ctx context.Context, c *websocket.Conn, out chan []byte, all chan any, events chan *event) {
	for m, err := range c.Messages(ctx) {
		if err != nil {
			return
		}
		out <- m.Data                  // want `m.Data is sent on a channel, but its bytes are valid only until the loop over Messages reads the next message or ends: keep bytes.Clone\(m.Data\)`
		out <- m.Data[1:]              // want `sent on a channel`
		out <- json.RawMessage(m.Data) // want `sent on a channel`
		all <- m                       // want `m is sent on a channel.*copy the bytes first`
		events <- &event{"a", m.Data}  // want `^m.Data is sent on a channel`
		e := &event{from: "b", payload: m.Data}
		events <- e // want `e is sent on a channel`
		e2 := new(event)
		e2.payload = m.Data
		events <- e2 // want `e2 is sent on a channel`
		p := bytes.TrimSpace(m.Data)
		p = p[1:]
		p = bytes.TrimPrefix(p, []byte("x"))
		select {
		case out <- p: // want `p is sent on a channel`
		case <-ctx.Done():
		}
		before, _, found := bytes.Cut(p, nil)
		_ = found
		out <- before // want `sent on a channel`
		for _, line := range bytes.Split(p, nil) {
			out <- line // want `line is sent`
		}
		all <- func() { println(string(p)) } // want `sent on a channel`
	}
}

func goroutines(ctx context.Context, c *websocket.Conn, handle func([]byte), g *errgroup.Group) {
	var wg sync.WaitGroup
	for m, err := range c.Messages(ctx) {
		if err != nil {
			break
		}
		go handle(m.Data) // want `m.Data is used by a goroutine`
		go func() {
			handle(m.Data) // want `m.Data is used by a goroutine`
		}()
		go func() {
			println(string(m.Data)) // want `used by a goroutine`
		}()
		go func(m websocket.Message) {}(m) // want `m is used by a goroutine`
		g.Go(func() error {
			handle(m.Data) // want `used by a goroutine`
			return nil
		})
		wg.Go(func() { handle(m.Data) })                       // want `used by a goroutine`
		time.AfterFunc(time.Second, func() { handle(m.Data) }) // want `used by a goroutine`
		context.AfterFunc(ctx, func() { handle(m.Data) })      // want `used by a goroutine`
		defer handle(m.Data)                                   // want `used by a deferred call`
		defer func() { handle(m.Data) }()                      // want `used by a deferred call`
	}
	wg.Wait() // too late
}

func (s *session) stored(ctx context.Context, c *websocket.Conn, others map[string]*session) (err error) {
	cache := make(map[string][]byte)
	var queue list.List
	var shared sync.Map
	var batch [][]byte
	for m, err := range c.Messages(ctx) {
		if err != nil {
			return err
		}
		s.last = m.Data                   // want `m.Data is stored in a field`
		s.event = &event{payload: m.Data} // want `^m.Data is stored in a field`
		s.event.payload = m.Data          // want `^m.Data is stored in a field`
		latest = m.Data                   // want `stored in a package variable`
		cache["k"] = m.Data               // want `stored in a map`
		queue.PushBack(m.Data)            // want `stored by PushBack`
		shared.Store("k", m.Data)         // want `stored by Store`
		batch = append(batch, m.Data)     // want `stored in batch`
		other := others["a"]
		other.last = m.Data // want `stored in a field`
		for _, o := range others {
			o.last = m.Data // want `stored in a field`
		}
	}
	return nil
}

func returned(ctx context.Context, c *websocket.Conn) ([]byte, error) {
	for m, err := range c.Messages(ctx) {
		if err != nil {
			return nil, err
		}
		if m.Type == websocket.Text {
			return m.Data, nil // want `m.Data is returned`
		}
	}
	return nil, io.EOF
}

func named(ctx context.Context, c *websocket.Conn) (p []byte, err error) {
	for m, e := range c.Messages(ctx) {
		p, err = m.Data, e // want `m.Data is stored in p`
		return
	}
	return
}

func pointed(ctx context.Context, c *websocket.Conn, p *[]byte) bool {
	for m := range c.Messages(ctx) {
		*p = m.Data // want `m.Data is stored in \*p`
		return true
	}
	return false
}

func usedLater(ctx context.Context, c *websocket.Conn) {
	var first []byte
	for m := range c.Messages(ctx) {
		first = m.Data // want `m.Data is stored in first, which is used later`
		break
	}
	println(string(first))
}

func carriedOver(ctx context.Context, c *websocket.Conn) {
	var previous []byte
	for m := range c.Messages(ctx) {
		if bytes.Equal(previous, m.Data) {
			continue
		}
		previous = m.Data // want `m.Data is stored in previous`
	}
}

func handed(ctx context.Context, done chan bool) func(c *websocket.Conn) []byte {
	var got []byte
	serve := func(c *websocket.Conn) {
		for m := range c.Messages(ctx) {
			got = m.Data // want `m.Data is stored in got`
		}
		close(done)
	}
	return func(c *websocket.Conn) []byte {
		serve(c)
		return got
	}
}

func pulled(ctx context.Context, c *websocket.Conn, out chan []byte) {
	next, stop := iter.Pull2(c.Messages(ctx))
	defer stop()
	for {
		m, err, ok := next()
		if err != nil || !ok {
			return
		}
		out <- m.Data // want `m.Data is sent on a channel.*until the next message is read`
	}
}

func variable(ctx context.Context, c *websocket.Conn, out chan []byte) {
	messages := c.Messages(ctx)
	for m := range messages {
		out <- m.Data // want `m.Data is sent on a channel`
	}
}

func (s *session) frames(nc net.Conn) error {
	var d wire.Decoder
	var parts [][]byte
	b := make([]byte, 4096)
	for {
		n, err := nc.Read(b)
		if err != nil {
			return err
		}
		for rest := b[:n]; len(rest) > 0; {
			f, n, err := d.Next(rest)
			rest = rest[n:]
			if err != nil {
				return err
			}
			parts = append(parts, f.Payload) // want `f.Payload is stored in parts`
			s.last = f.Payload               // want `f.Payload is stored in a field.*until the next call of Next`
			s.out <- f.Payload               // want `f.Payload is sent on a channel`
			if _, reason, err := wire.ConsumeClose(f.Payload); err == nil {
				s.out <- reason // want `reason is sent`
			}
		}
	}
}

// The function is called for each read.
func (s *session) feed(b []byte) error {
	f, _, err := s.dec.Next(b)
	if err == nil {
		s.out <- f.Payload // want `f.Payload is sent on a channel`
	}
	return err
}

func buffer(ctx context.Context, c *websocket.Conn, out chan []byte) {
	var buf []byte
	var err error
	for {
		if _, buf, err = c.AppendRead(ctx, buf[:0]); err != nil {
			return
		}
		out <- buf // want `buf is sent on a channel.*until the next AppendRead overwrites the buffer`
	}
}

func buffer2(ctx context.Context, c *websocket.Conn, handle func([]byte)) {
	buf := make([]byte, 0, 4096)
	for {
		_, p, err := c.AppendRead(ctx, buf[:0])
		if err != nil {
			return
		}
		go handle(p) // want `p is used by a goroutine`
	}
}
