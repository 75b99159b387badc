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
)

// A Group is the live connections of one or more handlers. It can limit how many there are, and
// shut them down. Set AcceptOptions.Group of all the handlers to the same Group. The zero value is
// ready to use. Set the fields before that; after that they are only read. All methods may be
// called at any time, by any number of goroutines.
//
// [http.Server.Shutdown] neither closes open WebSockets nor waits for them, and
// [http.Server.RegisterOnShutdown] does not wait for the function it calls. Call both, the Group
// first:
//
//	err := group.Shutdown(ctx) // refuses WebSockets, closes those that are open and waits for them
//	err = errors.Join(err, server.Shutdown(ctx))
//
// The program must not exit before they have returned. ListenAndServe returns earlier.
//
// A connection takes its place in the Group before [Accept] sends anything, and keeps it until its
// transport is closed and, if a [Handler] made it, Serve has returned. If the opening handshake
// fails, the place is free again.
type Group struct {
	// MaxConns is how many places there are. If all are taken, the request is refused with 503.
	// Default: no limit.
	MaxConns int

	// Spread is the time over which Shutdown distributes its close frames, so that not all clients
	// reconnect at once. Default: all at once.
	Spread time.Duration

	// RetryAfter is the value of the Retry-After field of a 503 (RFC 9110, section 10.2.3), rounded
	// up to a second. If it is negative, the field is omitted. Default: 1 s.
	RetryAfter time.Duration

	mu       sync.Mutex
	opening  int                // places of handshakes in progress
	conns    map[*Conn]hold     // the other places, and what keeps each
	draining chan struct{}      // closed when Shutdown begins; nil until it is asked for
	gone     chan struct{}      // closed when no place is taken after that
	closing  context.Context    // of the closing handshakes; nil until Shutdown begins
	stop     context.CancelFunc // ends closing
}

// A hold is a set of reasons for which a connection keeps its place.
type hold uint8

const (
	holdTransport hold = 1 << iota // it is open
	holdServe                      // the Handler serves the connection
	holdClose                      // Shutdown closes the connection
)

// dropTime is how long Shutdown waits for connections that it has dropped.
const dropTime = 250 * time.Millisecond

// Len returns how many places are taken. That includes connections that are still opening or
// closing, or that have ended while Serve has not yet returned.
func (g *Group) Len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.opening + len(g.conns)
}

// Conns returns an iterator over the open connections, in no particular order. A loop over it sees
// the connections that were open when it began, except those that have ended since. The body of the
// loop may take its time, and may close connections.
func (g *Group) Conns() iter.Seq[*Conn] {
	return func(yield func(*Conn) bool) {
		for _, c := range g.members() {
			if c.ctx.Err() == nil && !yield(c) {
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
// from it can still send, until its connection gets its close frame: with Spread that is a little
// later. It may return nil, which then closes the connection with 1001.
func (g *Group) Draining() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.drainingLocked()
}

func (g *Group) drainingLocked() chan struct{} {
	if g.draining == nil {
		g.draining = make(chan struct{})
	}
	return g.draining
}

// Shutdown shuts the Group down for good, and returns nil once no place is taken. It refuses new
// connections with 503, closes the channel of Draining, and closes each connection with 1001 (RFC
// 6455, section 7.4.1), over the time Spread. If ctx has a deadline, the last close frame is sent
// after three quarters of the time until then at the latest. A peer that does not answer is dropped
// after Limits.CloseTimeout and delays no other. A connection whose opening handshake is in
// progress is closed as soon as it is open.
//
// If ctx ends before that, Shutdown drops the connections that are left, with a close frame if the
// transport takes it at once. It then waits for Serve functions for at most another 250 ms. It
// returns an error that wraps that of ctx and says how many connections were dropped, and how many
// Serve functions and opening handshakes are still in progress.
//
// Any number of calls may be made. They all wait, and the first context that ends counts for the
// connections. Shutdown waits for all Serve functions, so that none of them may call it.
func (g *Group) Shutdown(ctx context.Context) error {
	g.mu.Lock()
	first := g.closing == nil
	if first {
		g.closing, g.stop = context.WithCancel(context.Background())
		g.gone = make(chan struct{})
		close(g.drainingLocked())
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
	dropped, _ := g.left()
	g.stop()
	late := time.NewTimer(dropTime)
	defer late.Stop()
	select {
	case <-g.gone:
		if dropped == 0 {
			return nil
		}
	case <-late.C:
	}
	for _, c := range g.members() {
		if c.ctx.Err() != nil {
			go c.closeTransport() // it waits for the peer to close
		}
	}
	_, serving := g.left()
	g.mu.Lock()
	defer g.mu.Unlock()
	return fmt.Errorf("websocket: shutdown: %w: %d connections dropped, %d Serve functions and "+
		"%d opening handshakes in progress", bare(contextError(ctx)), dropped, serving, g.opening)
}

// closeAll begins to close all connections. It returns early if ctx or g.closing ends.
func (g *Group) closeAll(ctx context.Context) {
	begun, spread := time.Now(), g.Spread
	if deadline, ok := ctx.Deadline(); ok {
		spread = min(spread, time.Until(deadline)/4*3)
	}
	all := g.members()
	for i, c := range all {
		due := time.Duration(float64(spread) * float64(i) / float64(len(all)))
		if wait := due - time.Since(begun); wait > 0 && ctx.Err() == nil && g.closing.Err() == nil {
			select {
			case <-time.After(wait):
			case <-ctx.Done():
			case <-g.closing.Done():
			}
		}
		g.mu.Lock()
		g.closeLocked(c)
		g.mu.Unlock()
	}
}

// closeLocked closes c, if it is still there, on a goroutine that ends with g.closing at the
// latest.
func (g *Group) closeLocked(c *Conn) {
	why := g.conns[c]
	if why == 0 || c.ctx.Err() != nil {
		return
	}
	g.conns[c] = why | holdClose
	go func() {
		defer g.leave(c, holdClose)
		defer func() {
			if v := recover(); v != nil { // of OnControl's function, which Close calls
				logPanic(errorLog(c.ctx), c, v)
				_ = c.CloseNow()
			}
		}()
		_ = c.Close(g.closing, StatusGoingAway, "")
	}()
}

// left returns how many transports are open and how many Serve functions have not returned.
func (g *Group) left() (transports, serving int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, why := range g.conns {
		transports += int(why & holdTransport / holdTransport)
		serving += int(why & holdServe / holdServe)
	}
	return transports, serving
}

// settle records that no place is taken any more, if that is so. The caller has mu, and has just
// given a place back or begun to shut down.
func (g *Group) settle() {
	if g.closing != nil && g.opening+len(g.conns) == 0 {
		close(g.gone)
		g.stop()
	}
}

// shuttingDown reports whether Shutdown has begun and has not yet dropped all connections.
func (g *Group) shuttingDown() bool {
	if g == nil {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closing != nil && g.closing.Err() == nil
}

// enter takes a place for an opening handshake. Without an error, the caller must call join or
// abandon.
func (g *Group) enter() *HandshakeError {
	if g == nil {
		return nil
	}
	g.mu.Lock()
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

// A busyError refuses a request for now (RFC 9110, section 15.6.4).
type busyError struct{ text, retryAfter string }

func (e *busyError) Error() string { return e.text }

// abandon gives back the place of a handshake that has failed.
func (g *Group) abandon() {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.opening--
	g.settle()
}

// join passes the place of a handshake to c, which then belongs to a Handler.
func (g *Group) join(c *Conn) {
	if g == nil {
		return
	}
	c.group = g
	g.mu.Lock()
	defer g.mu.Unlock()
	g.opening--
	if g.conns == nil {
		g.conns = make(map[*Conn]hold)
	}
	g.conns[c] = holdTransport | holdServe
	if g.closing != nil {
		g.closeLocked(c)
	}
}

// leave removes a reason for which c keeps its place.
func (g *Group) leave(c *Conn, why hold) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	before := g.conns[c]
	switch after := before &^ why; {
	case after != 0:
		g.conns[c] = after
	case before != 0:
		delete(g.conns, c)
		g.settle()
	}
}
