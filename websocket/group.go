package websocket

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/transport"
)

// A Group holds the live connections of one or more handlers. It can limit how many there are, and
// shut them down. Set AcceptOptions.Group of all these handlers to the same Group. The zero value is
// ready to use. The fields must not change after the first request. Any goroutine may call the
// methods at any time.
//
// [http.Server.Shutdown] neither closes open WebSockets nor waits for them. It does not wait for
// functions of [http.Server.RegisterOnShutdown] either. Shut down both, the Group first:
//
//	err := group.Shutdown(ctx) // refuses WebSockets, closes those that are open, and waits
//	err = errors.Join(err, server.Shutdown(ctx))
//
// The program must not exit before both have returned. ListenAndServe returns earlier than that.
//
// A connection takes its place in the Group before [Accept] sends anything. It keeps the place
// until its transport is closed and, if a [Handler] serves it, Serve has returned. A handshake that
// fails gives its place back.
type Group struct {
	// MaxConns limits the number of connections that Len counts. Once there are that many, requests
	// are refused with 503. Default: no limit.
	MaxConns int

	// Spread is the time over which Shutdown distributes its close frames, so that not all clients
	// reconnect at once. Default: all at once.
	Spread time.Duration

	// RetryAfter is the value of the Retry-After field of a 503 (RFC 9110, section 10.2.3), rounded
	// up to whole seconds. If it is negative, the field is omitted. Default: 1 s.
	RetryAfter time.Duration

	mu       sync.Mutex
	opening  int                // places of handshakes in progress
	conns    map[*Conn]hold     // the other places, and why each is taken
	draining chan struct{}      // closed when Shutdown begins
	gone     chan struct{}      // closed when no place is taken after that
	closing  context.Context    // of the closing handshakes; nil until Shutdown begins
	stop     context.CancelFunc // ends closing
	late     int                // connections that were opened after closing had ended
}

// A hold is a set of reasons why a connection keeps its place.
type hold uint8

const (
	holdTransport hold = 1 << iota // it is not closed
	holdServe                      // Serve of a Handler has not returned
	holdClose                      // Close of Shutdown has not returned
)

// dropTime is how long Shutdown waits after it has dropped connections.
const dropTime = 250 * time.Millisecond

func (g *Group) lock() {
	g.mu.Lock()
	if g.conns == nil {
		g.conns, g.draining, g.gone = map[*Conn]hold{}, make(chan struct{}), make(chan struct{})
	}
}

// Len returns how many places are taken: the number of connections that are opening, open or
// closing, or that have ended while Serve has not returned.
func (g *Group) Len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.opening + len(g.conns)
}

// Conns returns an iterator over the open connections, in no particular order. A loop visits those
// that were open when it began and have not ended since. Its body may block, and may close
// connections.
func (g *Group) Conns() iter.Seq[*Conn] {
	return func(yield func(*Conn) bool) {
		for _, c := range g.members() {
			if !c.ctx.Ended() && !yield(c) {
				return
			}
		}
	}
}

func (g *Group) members() []*Conn {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.AppendSeq(make([]*Conn, 0, len(g.conns)), maps.Keys(g.conns))
}

// Draining returns a channel that is closed when Shutdown begins. A Serve function that receives
// from it may still send messages until the close frame is sent: at once, or later with Spread. If
// it returns nil, the connection is closed with 1001.
func (g *Group) Draining() <-chan struct{} {
	g.lock()
	defer g.mu.Unlock()
	return g.draining
}

// Shutdown shuts the Group down for good. It refuses new connections with 503, closes the channel
// of Draining, and then closes each connection with StatusGoingAway, over the time Spread. If ctx
// has a deadline, Spread is shortened to three quarters of the time until then. A connection whose
// opening handshake is in progress is closed as soon as it is open. Shutdown returns nil once no
// place is taken. A peer that does not answer its close frame is dropped after Limits.CloseTimeout
// and delays no other.
//
// If ctx ends earlier, Shutdown drops the remaining connections. To those that have not been sent a
// close frame, it sends one if the transport takes it at once. Shutdown then waits for Serve
// functions to return, for at most another 250 ms. The error wraps that of ctx and says how many
// connections were dropped, and how many Serve functions and opening handshakes are in progress.
//
// Concurrent and later calls wait as well. If the context of any of them ends, the remaining
// connections are dropped. A Serve function must not call Shutdown, which would wait for it.
func (g *Group) Shutdown(ctx context.Context) error {
	g.lock()
	first := g.closing == nil
	if first {
		g.closing, g.stop = context.WithCancel(context.Background())
		close(g.draining)
		g.settle()
	}
	g.mu.Unlock()
	if first {
		g.closeAll(ctx)
	}
	select {
	case <-g.gone:
		return nil
	case <-ctx.Done():
	}
	dropped, _, _, before := g.drop()
	late, gone := time.NewTimer(dropTime), false
	defer late.Stop()
	select {
	case <-g.gone:
		gone = true
	case <-late.C:
	}
	_, serving, opening, after := g.drop()
	if dropped += after - before; gone && dropped == 0 {
		return nil
	}
	for _, c := range g.members() {
		go func() {
			c.end(errClosed)   // a function of OnControl may be holding up Close
			c.closeTransport() // the teardown may be waiting for the peer
		}()
	}
	return fmt.Errorf("websocket: shutdown: %w: %d connections dropped, %d Serve functions and %d "+
		"opening handshakes in progress", contextError(ctx), dropped, serving, opening)
}

// closeAll begins to close all connections, over the time Spread or until ctx or g.closing ends.
func (g *Group) closeAll(ctx context.Context) {
	all, begun, spread := g.members(), time.Now(), g.Spread
	if deadline, ok := ctx.Deadline(); ok {
		spread = min(spread, time.Until(deadline)/4*3)
	}
	for i, c := range all {
		due := time.Duration(float64(spread) * float64(i) / float64(len(all)))
		if wait := due - time.Since(begun); wait > 0 && ctx.Err() == nil {
			select {
			case <-time.After(wait):
			case <-g.gone:
				return
			case <-ctx.Done():
			case <-g.closing.Done(): // by another call
				spread = 0
			}
		}
		g.mu.Lock()
		g.close(c)
		g.mu.Unlock()
	}
}

// close closes c, if it is open, on a goroutine that ends with g.closing at the latest. The caller
// has mu.
func (g *Group) close(c *Conn) {
	if g.conns[c] == 0 || c.ctx.Ended() {
		return
	}
	g.conns[c] |= holdClose
	go func() {
		defer func() {
			if v := recover(); v != nil { // of OnControl's function, which Close calls
				logPanic(errorLog(c.Context()), c, v)
				_ = c.CloseNow()
			}
			g.leave(c, holdClose)
		}()
		_ = c.Close(g.closing, StatusGoingAway, "")
	}()
}

// drop ends closing. It counts what has not ended, and the connections that were opened after
// closing had ended.
func (g *Group) drop() (transports, serving, opening, late int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stop()
	for _, why := range g.conns {
		transports += int(why & holdTransport / holdTransport)
		serving += int(why & holdServe / holdServe)
	}
	return transports, serving, g.opening, g.late
}

// settle is called with mu when a place was given back or Shutdown begins.
func (g *Group) settle() {
	if g.closing != nil && g.opening+len(g.conns) == 0 {
		close(g.gone)
		g.stop()
	}
}

// patience returns how long a close frame may take once the connection must end at once: 0 until
// Shutdown begins, and less once it drops the connections. g may be nil.
func (g *Group) patience() time.Duration {
	if g == nil {
		return 0
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.closing == nil:
		return 0
	case g.closing.Err() == nil:
		return lingerTime
	}
	return transport.ProbeTime
}

// A busyError refuses a request for now (RFC 9110, section 15.6.4).
type busyError struct{ text, retryAfter string }

func (e *busyError) Error() string { return e.text }

// enter takes a place for an opening handshake. The caller must then call join. g may be nil.
func (g *Group) enter() *HandshakeError {
	if g == nil {
		return nil
	}
	g.lock()
	defer g.mu.Unlock()
	text := "server is shutting down"
	if g.closing == nil {
		if g.MaxConns <= 0 || g.opening+len(g.conns) < g.MaxConns {
			g.opening++
			return nil
		}
		text = "server has too many connections"
	}
	busy := &busyError{text: text}
	if after := g.RetryAfter; after >= 0 {
		setDefault(&after, time.Second)
		busy.retryAfter = strconv.FormatInt(int64((after+time.Second-1)/time.Second), 10)
	}
	return &HandshakeError{Status: http.StatusServiceUnavailable, Err: busy}
}

// join passes the place of a handshake to c, as if a Handler served it. If the handshake has
// failed, c is nil, and the place is free. g may be nil.
func (g *Group) join(c *Conn) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.opening--
	if c != nil {
		g.conns[c] = holdServe
		if !c.tr.IsClosed() { // otherwise closeTransport may have called leave already
			g.conns[c] |= holdTransport
		}
		if g.closing != nil && g.closing.Err() != nil {
			g.late++
		}
	}
	if g.closing != nil {
		g.close(c)
		g.settle()
	}
}

// leave removes a reason why c keeps its place. g may be nil.
func (g *Group) leave(c *Conn, why hold) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch had := g.conns[c]; {
	case had&^why != 0:
		g.conns[c] = had &^ why
	case had != 0:
		delete(g.conns, c)
		g.settle()
	}
}
