package network

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/fanout"
	"github.com/hawser-ws/hawser/wire"
)

// A session is one side of all connections between a server and a client. The other side continues
// on a new connection with the number that this side then expects.
type session struct {
	setup  setup
	out    *reporter
	finish chan struct{} // closed when there is nothing more to send
	end    func()        // closes finish

	mu    sync.Mutex // held while a connection is in use
	in    inbox
	conns int
}

func newSession(s setup, from string) *session {
	x := &session{setup: s, out: newReporter(), finish: make(chan struct{})}
	x.end = sync.OnceFunc(func() { close(x.finish) })
	x.in = inbox{from: from, size: s.PeerSize}
	return x
}

// limits returns the limits of the connections.
func (x *session) limits() websocket.Limits {
	return websocket.Limits{
		PingInterval:     x.setup.PingInterval,
		PongTimeout:      x.setup.PongTimeout,
		HandshakeTimeout: handshakeTimeout,
		CloseTimeout:     slack,
		MaxMessage:       16 << 20,
	}
}

func (x *session) extensions() []wire.Extension {
	if !x.setup.Compress {
		return nil
	}
	return []wire.Extension{deflate.MustNew(nil)}
}

// use sends and receives on c until it ends, and reports that. It returns true if both sides have sent
// and received all.
func (x *session) use(c *websocket.Conn) (done bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.conns++
	x.out.report(event{Kind: "open", Conn: x.conns, Received: x.in.next})

	ctx := c.Context()
	s := x.newSender(ctx, c)
	s.queueLater(have, x.in.next)
	complete := false
	for m, err := range c.Messages(ctx) {
		if err != nil {
			break // Closure has it
		}
		kind, n, err := x.in.accept(m)
		if err != nil {
			x.out.report(event{Kind: "wrong", Err: err.Error()})
			c.Abort(err)
			break
		}
		switch kind {
		case have:
			s.start(n)
		case last:
			complete = true
			close(s.peerLast)
			x.end()
		case data:
			if x.setup.PeerSize > 0 || x.in.next%64 == 1 {
				x.out.report(event{Kind: "progress", Conn: x.conns, Received: x.in.next, Missing: x.in.missing})
			}
		}
	}
	e := s.ended()
	e.Conn, e.Received, e.Missing = x.conns, x.in.next, x.in.missing
	closure := c.Closure()
	e.Cause, e.Err = causeOf(closure.Err), closure.Err.Error()
	x.out.report(e)
	if done = complete && closure.Clean; done {
		e.Kind = "done"
		x.out.report(e)
	}
	return done
}

// causeOf returns the kind of an error with which a connection has ended.
func causeOf(err error) string {
	var closed *websocket.CloseError
	switch {
	case errors.As(err, &closed):
		return fmt.Sprint("close ", int(closed.Code))
	case errors.Is(err, websocket.ErrNoPong):
		return "no pong"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "reset"
	case errors.Is(err, syscall.ECONNABORTED):
		return "aborted"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "eof"
	case errors.Is(err, net.ErrClosed):
		return "closed" // by this side
	}
	return "other"
}

// A sender sends the data of a session on one connection.
type sender struct {
	x       *session
	ctx     context.Context
	q       *fanout.Queue
	running sync.WaitGroup
	queued  int64 // how many messages the queue was given, unless the connection had ended

	peerLast chan struct{} // closed when the last message of the peer has arrived
}

func (x *session) newSender(ctx context.Context, c *websocket.Conn) *sender {
	opts := &fanout.Options{MaxMessages: x.setup.Queue, MaxBytes: 4 << 20}
	switch x.setup.Policy {
	case "drop oldest":
		opts.WhenFull = fanout.DropOldest
	case "drop newest":
		opts.WhenFull = fanout.DropNewest
	case "policy violation":
		opts.WhenFull = fanout.ClosePolicyViolation
	}
	return &sender{x: x, ctx: ctx, q: fanout.NewQueue(c, opts), peerLast: make(chan struct{})}
}

// start sends all data from number n on.
func (s *sender) start(n uint64) {
	s.running.Go(func() {
		for ; s.pause(); n++ {
			if !s.queue(n) {
				return
			}
		}
		if s.ctx.Err() == nil {
			s.complete(n)
		}
	})
}

// complete sends that there is no data from number n on. A server closes the connection once it has
// got the same from its client.
func (s *sender) complete(n uint64) {
	s.queueLater(last, n)
	if s.x.setup.Role != "server" || s.q.Drain(s.ctx) != nil {
		return
	}
	select {
	case <-s.peerLast:
		s.q.Conn().Close(s.ctx, websocket.StatusNormalClosure, "")
	case <-s.ctx.Done():
	}
}

// pause waits between two messages. It reports whether there are more.
func (s *sender) pause() bool {
	t := time.NewTimer(s.x.setup.Pause)
	defer t.Stop()
	select {
	case <-s.x.finish:
		return false
	case <-s.ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// queue queues the data with number n. It reports whether the connection is still open.
func (s *sender) queue(n uint64) bool {
	typ, p := newMessage(s.x.setup.Role, data, n, s.x.setup.Size)
	if s.x.setup.Policy == "" {
		return s.count(s.q.SendContext(s.ctx, typ, p))
	}
	return s.count(s.q.Send(typ, p))
}

// queueLater queues another message, whatever the policy.
func (s *sender) queueLater(kind byte, n uint64) {
	typ, p := newMessage(s.x.setup.Role, kind, n, 0)
	s.count(s.q.SendContext(s.ctx, typ, p))
}

// count counts a message that the queue was given, and its error. It reports whether more can be
// queued.
func (s *sender) count(err error) bool {
	if err == nil || errors.Is(err, fanout.ErrFull) {
		s.queued++
	}
	return err == nil || !errors.Is(err, net.ErrClosed)
}

// ended waits until nothing more happens, and returns the event that reports the end.
func (s *sender) ended() event {
	s.running.Wait()
	s.q.Drain(context.Background()) // returns, because the connection has ended
	return event{
		Kind:    "end",
		Queued:  s.queued,
		Dropped: s.q.Dropped(),
		Written: s.q.Conn().Stats().MessagesWritten,
	}
}
