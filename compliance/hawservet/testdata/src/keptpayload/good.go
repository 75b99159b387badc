package keptpayload

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// The slice of Read belongs to the caller.
func owned(ctx context.Context, c *websocket.Conn, out chan []byte) ([]byte, error) {
	for range 3 {
		_, p, err := c.Read(ctx)
		if err != nil {
			return nil, err
		}
		latest = p
		out <- p
		go func() { out <- p }()
	}
	_, p, err := c.AppendRead(ctx, nil)
	return p, err
}

func echo(ctx context.Context, c *websocket.Conn) error {
	for m, err := range c.Messages(ctx) {
		if err != nil {
			return err
		}
		if err := c.Write(ctx, m.Type, m.Data); err != nil {
			return err
		}
	}
	return nil
}

func copied(ctx context.Context, c *websocket.Conn, out chan []byte, texts chan string, all chan websocket.Message, s *session) {
	var kept [][]byte
	var whole, last []byte
	counts := make(map[string]int)
	for m := range c.Messages(ctx) {
		out <- bytes.Clone(m.Data)
		out <- slices.Clone(m.Data)
		out <- append([]byte(nil), m.Data...)
		out <- bytes.ToUpper(m.Data)
		texts <- string(m.Data)
		kept = append(kept, append([]byte{}, m.Data...))
		whole = append(whole, m.Data...)
		s.last = append(s.last[:0], m.Data...)
		s.last = []byte(string(m.Data))
		counts[string(m.Data)]++
		counts["length"] = len(m.Data)
		last = bytes.Clone(m.Data)
		go func() { println(len(m.Data), m.Type) }()
		go func(p []byte) { println(p) }(bytes.Clone(m.Data))
		p := bytes.Clone(m.Data)
		go func() { println(p) }()
		all <- websocket.Message{Type: m.Type, Data: p}
	}
	println(last, whole, kept)
}

func replaced(ctx context.Context, c *websocket.Conn, all chan websocket.Message, out chan []byte) {
	for m := range c.Messages(ctx) {
		m.Data = bytes.Clone(m.Data)
		all <- m
	}
	for m := range c.Messages(ctx) {
		p := m.Data
		if m.Type == websocket.Text {
			p = bytes.Clone(p)
			out <- p
		}
	}
	for m := range c.Messages(ctx) {
		e := event{from: "a", payload: m.Data}
		e.payload = bytes.Clone(e.payload)
		go func() { println(e.payload) }()
	}
}

func decoded(ctx context.Context, c *websocket.Conn, requests chan event, bodies chan *bytes.Reader) {
	for m := range c.Messages(ctx) {
		var e event
		if json.Unmarshal(m.Data, &e) != nil {
			continue
		}
		requests <- e
		var body map[string]any
		if json.NewDecoder(bytes.NewReader(m.Data)).Decode(&body) == nil {
			requests <- event{from: body["from"].(string)}
		}
		b, _ := io.ReadAll(bytes.NewReader(m.Data))
		bodies <- bytes.NewReader(b)
		code := m.Data[0]
		go func() { println(code) }()
	}
}

// The loop waits until the receiver has finished.
func acknowledged(ctx context.Context, c *websocket.Conn, out chan []byte, done chan bool) {
	for m := range c.Messages(ctx) {
		out <- m.Data
		<-done
	}
	for m := range c.Messages(ctx) {
		select {
		case out <- m.Data:
		case <-ctx.Done():
			return
		}
		select {
		case <-done:
		case <-ctx.Done():
			return
		}
	}
	for m := range c.Messages(ctx) {
		var wg sync.WaitGroup
		for range 3 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				println(string(m.Data))
			}()
		}
		wg.Wait()
	}
	for m := range c.Messages(ctx) {
		failed := make(chan error, 1)
		go func() { _, err := os.Stdout.Write(m.Data); failed <- err }()
		if err := <-failed; err != nil {
			return
		}
	}
}

// A variable that outlives the iteration drops the bytes in it.
func (s *session) letGo(ctx context.Context, c *websocket.Conn, handle func(*session)) {
	var batch [][]byte
	pending := make(map[string][]byte)
	for m := range c.Messages(ctx) {
		s.last = m.Data
		handle(s)
		s.last = nil
		batch = append(batch, m.Data)
		println(len(batch))
		batch = batch[:0]
		pending["a"] = m.Data
		delete(pending, "a")
	}
}

// A variable is used only in the iteration.
func reused(ctx context.Context, c *websocket.Conn, nc net.Conn, handle func(*event)) {
	var (
		data    []byte
		request event
		head    [2]byte
	)
	e := &event{}
	bufs := make(net.Buffers, 2)
	var list net.Buffers
	for m := range c.Messages(ctx) {
		data = m.Data
		request.payload = data
		handle(&request)
		e.payload = m.Data
		handle(e)
		bufs[0], bufs[1] = head[:], m.Data
		bufs.WriteTo(nc)
		list = append(list[:0], head[:], m.Data)
		list.WriteTo(nc)
		local := map[string][]byte{}
		local["a"] = m.Data
		fields := bytes.Fields(m.Data)
		fields[0] = m.Data
		var parts [][]byte
		parts = append(parts, m.Data, m.Data)
		println(local, parts)
	}
	println(request.from)
}

func closures(ctx context.Context, c *websocket.Conn, mu *sync.Mutex, locked func(func())) error {
	for m, err := range c.Messages(ctx) {
		if err != nil {
			return err
		}
		locked(func() { println(string(m.Data)) })
		print := func() string { return string(m.Data) }
		println(print())
		func() {
			defer println(string(m.Data))
			defer func() { println(m.Data) }()
		}()
		part := func() []byte { return m.Data[1:] }
		println(part())
	}
	return nil
}

func text(ctx context.Context, c *websocket.Conn) (string, int, error) {
	for m, err := range c.Messages(ctx) {
		return strings.ToUpper(string(m.Data)), len(m.Data), err
	}
	return "", 0, io.EOF
}

func pooled(ctx context.Context, c *websocket.Conn, pool *sync.Pool, handle func(*event)) {
	for m := range c.Messages(ctx) {
		e := pool.Get().(*event)
		e.payload = m.Data
		handle(e)
		pool.Put(e)
	}
}

// A Message that is not from Messages is not lent.
func made(in []websocket.Message, out chan []byte) {
	for _, m := range in {
		out <- m.Data
	}
}

// A reader like bufio.Scanner keeps the bytes in its own field, for its caller.
type scanner struct {
	dec   wire.Decoder
	in    []byte
	frame wire.Frame
	piece []byte
	all   []byte
}

func (s *scanner) next() ([]byte, error) {
	for len(s.in) > 0 {
		f, n, err := s.dec.Next(s.in)
		s.in = s.in[n:]
		if err != nil {
			return nil, err
		}
		s.frame = f
		s.piece = f.Payload
		s.all = append(s.all, f.Payload...)
		if f.EndsMessage() {
			return f.Payload, nil
		}
	}
	return nil, io.EOF
}

type other struct{ frame wire.Frame }

func (o *other) one(d *wire.Decoder, b []byte) (f wire.Frame, err error) {
	f, _, err = d.Next(b)
	o.frame = f
	return f, err
}

type cursor struct {
	in, piece []byte
	frame     wire.Frame
}

// The bytes are passed to the caller, and nothing is decoded before the next call.
func (r *cursor) next(d *wire.Decoder, in []byte, last *wire.Frame) bool {
	for len(in) > 0 {
		f, n, err := d.Next(in)
		in = in[n:]
		if err != nil {
			return false
		}
		if f.EndsMessage() {
			r.piece = f.Payload
			*last = f
			return true
		}
	}
	for len(r.in) > 0 {
		f, n, err := d.Next(r.in)
		r.in = r.in[n:]
		if err == nil {
			r.frame = f // valid as long as r.in
		}
	}
	return false
}

// Each iteration has its own buffer.
func buffers(ctx context.Context, c *websocket.Conn, free, out chan []byte) {
	for {
		buf := <-free
		_, p, err := c.AppendRead(ctx, buf[:0])
		if err != nil {
			return
		}
		out <- p
	}
}

func exchanged(ctx context.Context, c *websocket.Conn, free, out chan []byte) {
	var buf []byte
	for {
		buf = <-free
		_, p, err := c.AppendRead(ctx, buf[:0])
		if err != nil {
			return
		}
		out <- p
	}
}

func grown(ctx context.Context, c *websocket.Conn) (all []byte, err error) {
	for range 3 {
		if _, all, err = c.AppendRead(ctx, all); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func used(ctx context.Context, c *websocket.Conn, handle func([]byte)) error {
	var buf []byte
	for {
		_, p, err := c.AppendRead(ctx, buf[:0])
		if err != nil {
			return err
		}
		handle(p)
		buf = p
	}
}

func allowed(ctx context.Context, c *websocket.Conn, out chan []byte) {
	for m := range c.Messages(ctx) {
		//hawservet:allow keptpayload the receiver has copied it when this returns: out has no buffer
		out <- m.Data
	}
}
