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

// Every tenth good client ends each of its lives with a close frame and a reset. At that moment the
// server may be working or writing, and much of its output is unread. The package comment says which
// codes are certain to have reached the server's kernel.

// One in resetOne good clients ends its lives with a reset.
const resetOne = 10

// resets reports whether the client ends its lives with a reset.
func (g *good) resets() bool { return g.id%resetOne == resetOne-1 }

// resetters returns the number of good clients that end their lives with a reset.
func (c *Config) resetters() int { return (c.Conns - c.abusers()) / resetOne }

// A farewell is the close frame before a reset, as a client sends it or as the server received it. Its
// reason is the name of the client's life.
type farewell struct {
	Life string
	Code wire.StatusCode // 0 if the server received no close frame
	Err  string          // the server's error then, or its complaint about the reason
	Cut  bool            // the server could not answer
}

// newFarewell returns the farewell that the client sends at the end of the life.
func newFarewell(id int, life string) farewell {
	return farewell{Life: life, Code: 4000 + wire.StatusCode(id%1000)}
}

// query returns the query parameter that names the life to the server.
func (f farewell) query() string { return "&life=" + url.QueryEscape(f.Life) }

// Each of these precedes the close frame once in the given number of times, on average.
const (
	workOne  = 2 // a request to be busy
	burstOne = 2 // messages whose echoes the client does not read
)

// longestWork limits how long a client asks the server to be busy. The server's kernel acknowledges the
// close frame within some 40 ms, so most resets arrive while the server is busy.
const longestWork = 200 * time.Millisecond

// lastWords returns the frames that end a life: random ones that keep the server busy, then the close
// frame.
func (g *good) lastWords(f farewell) []byte {
	var b []byte
	if g.rng.IntN(pingOne/10) == 0 {
		b = frame(b, wire.OpPing, true, 0, []byte("still there?"))
	}
	if g.rng.IntN(workOne) == 0 {
		work := fmt.Appendf(nil, "%s%d", askWork, g.rng.Int64N(int64(longestWork)))
		b = frame(b, wire.OpText, true, 0, work)
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

// reset ends a life with a close frame and a reset. The listener's context must have ended, so that
// nothing is read any more.
func (g *good) reset(c *websocket.Conn, l *listener, p plan) *failure {
	select {
	case <-l.done:
	case <-time.After(g.cfg.Margin):
		return broken("reset: a read did not end within %v after its context", g.cfg.Margin)
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
		return broken("reset: connection is a %T, want TCP or TLS", nc)
	}
	// Stop well before the server's WriteTimeout. A server whose write has timed out need not
	// wait for a close frame.
	until := time.Now().Add(g.cfg.Server.WriteTimeout / 3)
	_ = nc.SetWriteDeadline(until)
	_, err := nc.Write(g.lastWords(p.farewell))
	certain := err == nil && acknowledged(tcp, until)
	_ = tcp.SetLinger(0)
	_ = tcp.Close()
	g.tally.farewells.say(p.farewell, certain)
	return nil
}

// acknowledged waits until the peer's kernel has acknowledged everything sent on c, and reports whether
// it has.
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
