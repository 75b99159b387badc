package soak

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// Every tenth good client ends each of its lives with a close frame and a reset. The
// server may be at work or writing then, and much of what it wrote is unread. The
// package comment says which codes are certain to have reached the server's kernel.

// resetOne of so many good clients ends its lives with a reset.
const resetOne = 10

// resets reports whether this is such a client.
func (g *good) resets() bool { return g.id%resetOne == resetOne-1 }

// resetters is how many of the good clients end with a reset.
func (c *Config) resetters() int { return (c.Conns - c.abusers()) / resetOne }

// A farewell is a close frame that a client sends before a reset, and as the server
// saw it. Its reason is the name of the client's life.
type farewell struct {
	Life string
	Code wire.StatusCode // 0: none was seen
	Err  string          // what the server says of a connection without one
	Cut  bool            // the reset came before the server's answer
}

// newFarewell returns what the client says at the end of the life.
func newFarewell(id int, life string) farewell {
	return farewell{Life: life, Code: 4000 + wire.StatusCode(id%1000)}
}

// query is the part of a path that tells the server which life this is.
func (f farewell) query() string { return "&life=" + url.QueryEscape(f.Life) }

// Chances of what comes before the close frame, one in so many.
const (
	workOne  = 2 // the server is kept at work
	burstOne = 2 // messages whose echoes nobody reads
)

// longestWork is how long a client asks the server to work at most. The server's
// kernel acknowledges within some 40 ms, so that most resets come in the middle.
const longestWork = 200 * time.Millisecond

// lastWords are the frames that end a life: the close frame, and what the server is
// to be busy with.
func (g *good) lastWords(f farewell) []byte {
	var b []byte
	if g.rng.IntN(pingOne/10) == 0 {
		b = frame(b, wire.OpPing, true, 0, []byte("still there?"))
	}
	if g.rng.IntN(workOne) == 0 {
		b = frame(b, wire.OpText, true, 0, fmt.Appendf(nil, "%s%d", askWork, g.rng.Int64N(int64(longestWork))))
	}
	if g.rng.IntN(publishOne/10) == 0 {
		b = frame(b, wire.OpText, true, 0, appendPublish(nil, randomText(g.rng, 100)))
	}
	if g.rng.IntN(burstOne) == 0 {
		for range 1 + g.rng.IntN(unanswered) {
			b = frame(b, wire.OpText, true, 0, randomText(g.rng, min(randomSize(g.rng), 16<<10)))
		}
	}
	p, err := wire.AppendClose(nil, f.Code, f.Life)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return frame(b, wire.OpClose, true, 0, p)
}

// reset ends a life with a close frame and a reset. The listener has been told to
// stop, so nobody reads from here on.
func (g *good) reset(c *websocket.Conn, l *listener, p plan) *failure {
	select {
	case <-l.done:
	case <-time.After(g.cfg.Margin):
		return broken("reset: a read did not end with its context in %v", g.cfg.Margin)
	}
	switch {
	case l.failure != nil:
		return l.failure
	case !errors.Is(l.err, context.Canceled):
		return broken("the server ended the connection: %v", l.err)
	}
	nc := c.NetConn()
	tcp, ok := nc.(*net.TCPConn)
	if t, secure := nc.(*tls.Conn); secure {
		tcp, ok = t.NetConn().(*net.TCPConn)
	}
	if !ok {
		return broken("reset: a connection of type %T", nc)
	}
	// By then the server has not given up a write that nobody reads. It need not
	// wait for a close frame that comes after that.
	until := time.Now().Add(g.cfg.Server.WriteTimeout / 3)
	_ = nc.SetWriteDeadline(until)
	_, err := nc.Write(g.lastWords(p.farewell))
	certain := err == nil && acknowledged(tcp, until)
	_ = tcp.SetLinger(0)
	_ = tcp.Close()
	g.tally.farewells.say(p.farewell, certain)
	return nil
}

// acknowledged waits until the peer's kernel has acknowledged all that was sent.
func acknowledged(c *net.TCPConn, until time.Time) bool {
	for {
		n, ok := unacknowledged(c)
		switch {
		case !ok:
			return false
		case n == 0:
			return !time.Now().After(until)
		case time.Now().After(until):
			return false
		}
		time.Sleep(time.Millisecond)
	}
}
