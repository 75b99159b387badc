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

// clientEnv holds the values that all clients of a phase share.
type clientEnv struct {
	cfg     *Config
	name    string // of the phase
	server  *process
	deflate *deflate.Extension
	tally   *tally
	all     context.Context // canceled at the end of the run, which aborts the clients
	phase   context.Context // canceled at the end of the phase; the clients then finish
	until   time.Time       // planned end of the phase
}

// good is a good client. It runs one session after another. A session is a connection, from dialing to its
// end.
type good struct {
	*clientEnv
	id       int
	sessions int
	rng      *rand.Rand
}

// A good client does each of these once in the given number of messages or sessions, on average.
const (
	publishEvery = 100 // a message goes to all members of the topic
	pingEvery    = 40  // a ping precedes a message
	streamEvery  = 6   // a message is written through a Writer
	slowEvery    = 10  // a session whose client reads slowly
)

// run starts sessions until the phase ends.
func (g *good) run() {
	for first := true; g.phase.Err() == nil; first = false {
		if !first {
			g.tally.reconnects.Add(1)
		}
		g.tally.open.Add(1)
		err := g.session()
		g.tally.open.Add(-1)
		if err != nil && g.all.Err() == nil {
			g.tally.fault(err.kind, "client %d: %v", g.id, err.err)
		}
		g.wait(randomPause(g.rng, time.Second))
	}
}

// wait waits for d, or until the phase ends.
func (c *clientEnv) wait(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.phase.Done():
	}
}

// failure is a fault that ends a session.
type failure struct {
	kind fault
	err  error
}

// messageFailure returns a failure of the kind faultMessage.
func messageFailure(format string, args ...any) *failure {
	return &failure{faultMessage, fmt.Errorf(format, args...)}
}

// connFailure returns a failure of the kind faultConnection.
func connFailure(format string, args ...any) *failure {
	return &failure{faultConnection, fmt.Errorf(format, args...)}
}

// session opens a connection, exchanges messages, and ends the connection.
func (g *good) session() *failure {
	ctx, cancel := context.WithCancel(g.all)
	defer cancel()
	plan := g.plan()
	c, err := g.dial(ctx, plan)
	if err != nil {
		return connFailure("handshake: %v", err)
	}
	defer c.CloseNow()
	l := newListener(c, rand.New(rand.NewPCG(g.rng.Uint64(), 0)), plan.slow, g.tally)
	reading, stop := context.WithCancel(ctx)
	defer stop()
	go l.run(reading)
	if f := g.exchange(ctx, c, l, plan); f != nil {
		over := l.finished()
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

// plan describes a session before it begins.
type plan struct {
	path        string
	compress    bool
	slow        bool
	messages    int
	serverBy    bool        // the server closes first
	closeRecord closeRecord // sent before a reset
}

func (g *good) plan() plan {
	p := plan{
		compress: g.rng.Float64() < g.cfg.Compress,
		slow:     g.rng.IntN(slowEvery) == 0,
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
		g.sessions++
		p.closeRecord = newCloseRecord(g.id, fmt.Sprintf("%s/%d/%d", g.name, g.id, g.sessions))
		p.path += p.closeRecord.query()
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

// exchange sends the messages of a session, with a pause before each. The listener receives the echoes.
func (g *good) exchange(ctx context.Context, c *websocket.Conn, l *listener, p plan) *failure {
	for range p.messages {
		g.wait(randomPause(g.rng, g.cfg.meanPause()))
		if g.phase.Err() != nil {
			return nil
		}
		if err := g.sendOne(ctx, c, l); err != nil {
			return connFailure("write: %v", err)
		}
		if l.finished() {
			return connFailure("the server ended the connection")
		}
	}
	return nil
}

// sendOne sends one message, and sometimes a ping before it.
func (g *good) sendOne(ctx context.Context, c *websocket.Conn, l *listener) error {
	if g.rng.IntN(pingEvery) == 0 {
		ctx, cancel := context.WithTimeout(ctx, g.cfg.Margin)
		defer cancel()
		if _, err := c.Ping(ctx); err != nil {
			return fmt.Errorf("ping: %w", err)
		}
		g.tally.pings.Add(1)
	}
	if g.rng.IntN(publishEvery) == 0 {
		p := appendPublish(nil, randomText(g.rng, min(randomSize(g.rng), 4<<10)))
		return g.write(ctx, c, websocket.Text, p)
	}
	t, p := randomMessage(g.rng)
	if err := g.expect(ctx, l, t, p); err != nil {
		return err
	}
	if g.rng.IntN(streamEvery) == 0 {
		g.tally.streams.Add(1)
		return g.stream(ctx, c, t, p)
	}
	return g.write(ctx, c, t, p)
}

// expect registers an echo. While maxPendingEchoes echoes are due, it waits, but at most for Margin.
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

// leave ends a session. The client asks to leave its topic. All echoes must arrive before the topic's last
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
		return connFailure("end: %v", err)
	case !limit.Stop():
		return connFailure("end: the server did not answer in %v", 2*g.cfg.Margin)
	}
	return l.closed(p.serverBy)
}
