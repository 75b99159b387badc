package soak

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// crowd is what all clients of a phase share.
type crowd struct {
	cfg     *Config
	name    string // of the phase
	server  *process
	deflate *deflate.Extension
	tally   *tally
	all     context.Context // ends with the whole run, and aborts the clients
	phase   context.Context // ends with the phase; the clients then finish
	until   time.Time       // planned end of the phase
}

// good is a good client. It has one life after another. A life is a connection, from dialing to its end.
type good struct {
	*crowd
	id    int
	lives int
	rng   *rand.Rand
}

// A good client does each of these once in the given number of times, on average.
const (
	publishOne = 100 // a message goes to all members of the topic
	pingOne    = 40  // a ping precedes a message
	streamOne  = 6   // a message is written through a Writer
	slowOne    = 10  // a life reads slowly
)

// run starts new lives until the phase ends.
func (g *good) run() {
	for first := true; g.phase.Err() == nil; first = false {
		if !first {
			g.tally.reconnects.Add(1)
		}
		g.tally.open.Add(1)
		err := g.life()
		g.tally.open.Add(-1)
		if err != nil && g.all.Err() == nil {
			g.tally.fault(err.kind, "client %d: %v", g.id, err.err)
		}
		g.wait(randomPause(g.rng, time.Second))
	}
}

// wait waits for d, or until the phase ends.
func (c *crowd) wait(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.phase.Done():
	}
}

// failure is a fault that ends a life.
type failure struct {
	kind fault
	err  error
}

// lost returns a failure of messages.
func lost(format string, args ...any) *failure {
	return &failure{faultMessage, fmt.Errorf(format, args...)}
}

// broken returns a failure of the connection.
func broken(format string, args ...any) *failure {
	return &failure{faultConnection, fmt.Errorf(format, args...)}
}

// life makes one connection, exchanges messages, and ends it.
func (g *good) life() *failure {
	ctx, cancel := context.WithCancel(g.all)
	defer cancel()
	plan := g.plan()
	c, err := g.dial(ctx, plan)
	if err != nil {
		return broken("handshake: %v", err)
	}
	defer c.CloseNow()
	l := newListener(c, rand.New(rand.NewPCG(g.rng.Uint64(), 0)), plan.slow, g.tally)
	reading, stop := context.WithCancel(ctx)
	defer stop()
	go l.run(reading)
	if f := g.talk(ctx, c, l, plan); f != nil {
		over := l.over()
		if !over {
			_ = c.CloseNow() // this ends the listener's reads
			<-l.done
		}
		if l.failure != nil && (over || l.failure.kind == faultMessage) {
			return l.failure // the cause of f
		}
		return f
	}
	if g.resets() {
		l.leaving.Store(true)
		stop()
		return g.reset(c, l, plan)
	}
	return g.leave(ctx, c, l, plan)
}

// plan describes a life before it begins.
type plan struct {
	path     string
	compress bool
	slow     bool
	messages int
	serverBy bool     // the server closes first
	farewell farewell // sent before a reset
}

func (g *good) plan() plan {
	p := plan{
		compress: g.rng.Float64() < g.cfg.Compress,
		slow:     g.rng.IntN(slowOne) == 0,
		messages: 5 + g.rng.IntN(100),
		serverBy: g.rng.IntN(2) == 0,
	}
	path := "/messages"
	if g.rng.IntN(3) == 0 {
		path = "/stream"
	}
	p.path = fmt.Sprintf("%s?topic=%d", path, g.id%g.cfg.Server.Topics)
	if g.resets() {
		p.messages = 1 + g.rng.IntN(20) // short, since only the end matters
		g.lives++
		p.farewell = newFarewell(g.id, fmt.Sprintf("%s/%d/%d", g.name, g.id, g.lives))
		p.path += p.farewell.query()
	}
	return p
}

func (g *good) dial(ctx context.Context, p plan) (*websocket.Conn, error) {
	o := &websocket.DialOptions{Limits: websocket.Limits{
		HandshakeTimeout: g.cfg.Margin, WriteTimeout: g.cfg.Margin, CloseTimeout: g.cfg.Margin,
	}}
	if p.compress {
		o.Extensions = []wire.Extension{g.deflate}
	}
	scheme := "ws://"
	if g.server.tls != nil {
		scheme, o.TLSConfig = "wss://", g.server.tls
	}
	c, _, err := websocket.Dial(ctx, scheme+g.server.addr+p.path, o)
	if err == nil {
		g.tally.connections.Add(1)
	}
	return c, err
}

// talk sends the messages of a life, with a pause before each.
func (g *good) talk(ctx context.Context, c *websocket.Conn, l *listener, p plan) *failure {
	for range p.messages {
		g.wait(randomPause(g.rng, g.cfg.think()))
		if g.phase.Err() != nil {
			return nil
		}
		if err := g.say(ctx, c, l); err != nil {
			return broken("write: %v", err)
		}
		if l.over() {
			return broken("the server ended the connection")
		}
	}
	return nil
}

// say sends one message, and sometimes a ping before it.
func (g *good) say(ctx context.Context, c *websocket.Conn, l *listener) error {
	if g.rng.IntN(pingOne) == 0 {
		ctx, cancel := context.WithTimeout(ctx, g.cfg.Margin)
		defer cancel()
		if _, err := c.Ping(ctx); err != nil {
			return fmt.Errorf("ping: %w", err)
		}
		g.tally.pings.Add(1)
	}
	if g.rng.IntN(publishOne) == 0 {
		p := appendPublish(nil, randomText(g.rng, min(randomSize(g.rng), 4<<10)))
		return g.write(ctx, c, websocket.Text, p)
	}
	t, p := randomMessage(g.rng)
	if err := g.expect(ctx, l, t, p); err != nil {
		return err
	}
	if g.rng.IntN(streamOne) == 0 {
		g.tally.streams.Add(1)
		return g.stream(ctx, c, t, p)
	}
	return g.write(ctx, c, t, p)
}

// expect waits until fewer than the maximum of echoes are due, for as long as an echo may take.
func (g *good) expect(ctx context.Context, l *listener, t websocket.MessageType, p []byte) error {
	ctx, cancel := context.WithTimeoutCause(ctx, g.cfg.Margin, fmt.Errorf("no echo in %v", g.cfg.Margin))
	defer cancel()
	return l.expect(ctx, t, p)
}

func (g *good) write(ctx context.Context, c *websocket.Conn, t websocket.MessageType, p []byte) error {
	g.tally.send(len(p))
	return c.Write(ctx, t, p)
}

// stream sends p through a Writer, in pieces of any size, and flushes after some of them.
func (g *good) stream(ctx context.Context, c *websocket.Conn, t websocket.MessageType, p []byte) error {
	g.tally.send(len(p))
	w, err := c.Writer(ctx, t)
	if err != nil {
		return err
	}
	for len(p) > 0 {
		n := 1 + g.rng.IntN(len(p))
		if _, err := w.Write(p[:n]); err != nil {
			return err
		}
		p = p[n:]
		if g.rng.IntN(2) == 0 {
			if err := w.Flush(); err != nil {
				return err
			}
		}
	}
	return w.Close()
}

// leave ends a life. The client asks to leave its topic. All echoes must arrive before the topic's last
// message. Then one side closes the connection.
func (g *good) leave(ctx context.Context, c *websocket.Conn, l *listener, p plan) *failure {
	ask := askLeave
	if p.serverBy {
		ask = askClose
	}
	l.leaving.Store(true)
	limit := time.AfterFunc(2*g.cfg.Margin, func() { _ = c.CloseNow() })
	defer limit.Stop()
	err := g.write(ctx, c, websocket.Text, []byte(ask))
	if err == nil && !p.serverBy {
		select {
		case <-l.ended:
			err = c.Close(ctx, websocket.StatusNormalClosure, "")
		case <-l.done:
		}
	}
	<-l.done
	switch {
	case l.failure != nil:
		return l.failure
	case err != nil:
		return broken("end: %v", err)
	case !limit.Stop():
		return broken("end: the server did not answer in %v", 2*g.cfg.Margin)
	}
	return l.closed(p.serverBy)
}
