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

// Every tenth good client ends each of its sessions with a close frame and a reset. At that moment the
// server may be busy or writing, and the client has left much of its output unread. The package comment
// says which codes are certain to have reached the server's kernel.

// One in resetEvery good clients ends its sessions with a reset.
const resetEvery = 10

// resets reports whether the client ends its sessions with a reset.
func (g *good) resets() bool { return g.id%resetEvery == resetEvery-1 }

// resetters returns the number of good clients that end their sessions with a reset.
func (c *Config) resetters() int { return (c.Conns - c.abusers()) / resetEvery }

// A closeRecord describes the close frame before a reset, as a client sent it or as the server received
// it. The reason of the frame is Session.
type closeRecord struct {
	Session    string          // the name of the client's session
	Code       wire.StatusCode // 0 if the server received no close frame
	Err        string          // why there is no code, or that the reason differs from Session
	Unanswered bool            // the server could not answer
}

// newCloseRecord returns the record of the close frame that client id sends at the end of the session.
func newCloseRecord(id int, session string) closeRecord {
	return closeRecord{Session: session, Code: 4000 + wire.StatusCode(id%1000)}
}

// query returns the query parameter that names the session to the server.
func (f closeRecord) query() string { return "&session=" + url.QueryEscape(f.Session) }

// Each of these precedes the close frame once in the given number of sessions, on average.
const (
	workEvery  = 2 // a request that the server be busy
	burstEvery = 2 // messages whose echoes the client does not read
)

// longestWork limits the time for which a client asks the server to be busy. The server's kernel
// acknowledges the close frame within some 40 ms, so most resets arrive while the server is busy.
const longestWork = 200 * time.Millisecond

// finalFrames returns the frames that end a session: random ones that keep the server busy, then the close
// frame.
func (g *good) finalFrames(f closeRecord) []byte {
	var b []byte
	if g.rng.IntN(pingEvery/10) == 0 {
		b = frame(b, wire.OpPing, true, 0, []byte("still there?"))
	}
	if g.rng.IntN(workEvery) == 0 {
		work := fmt.Appendf(nil, "%s%d", askWork, g.rng.Int64N(int64(longestWork)))
		b = frame(b, wire.OpText, true, 0, work)
	}
	if g.rng.IntN(publishEvery/10) == 0 {
		b = frame(b, wire.OpText, true, 0, appendPublish(nil, randomText(g.rng, 100)))
	}
	if g.rng.IntN(burstEvery) == 0 {
		for range 1 + g.rng.IntN(maxPendingEchoes) {
			b = frame(b, wire.OpText, true, 0, randomText(g.rng, min(randomSize(g.rng), 16<<10)))
		}
	}
	p, err := wire.AppendClose(nil, f.Code, f.Session)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return frame(b, wire.OpClose, true, 0, p)
}

// reset ends a session with a close frame and a reset. The listener's context must have ended, so that
// nothing is read any more.
func (g *good) reset(c *websocket.Conn, l *listener, p plan) *failure {
	select {
	case <-l.done:
	case <-time.After(g.cfg.Margin):
		return connFailure("reset: a read did not end within %v after its context", g.cfg.Margin)
	}
	switch {
	case l.failure != nil:
		return l.failure
	case !errors.Is(l.err, context.Canceled):
		return connFailure("the server ended the connection: %v", l.err)
	}
	nc := c.NetConn()
	tcp, ok := nc.(*net.TCPConn)
	if t, secure := nc.(*tls.Conn); secure {
		tcp, ok = t.NetConn().(*net.TCPConn)
	}
	if !ok {
		return connFailure("reset: connection is a %T, want TCP or TLS", nc)
	}
	// Stop well before the server's WriteTimeout. A server whose write has timed out need not
	// wait for a close frame.
	until := time.Now().Add(g.cfg.Server.WriteTimeout / 3)
	_ = nc.SetWriteDeadline(until)
	_, err := nc.Write(g.finalFrames(p.closeRecord))
	certain := err == nil && acknowledged(tcp, until)
	_ = tcp.SetLinger(0)
	_ = tcp.Close()
	g.tally.closes.addSent(p.closeRecord, certain)
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
