package transports

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"
)

// A kind is one way to connect a client to a server.
type kind struct {
	name    string
	reads   bool // the end of a context ends a read in progress, but not the connection
	writes  bool // the end of a context ends a write in progress, and a later call sends the rest
	failing bool // setting a deadline fails
	memory  bool // it runs in a synctest bubble
	pools   bool // it leaves timers or channels in pools, which another bubble must not use
	secure  bool // Dial does TLS over it
	open    openFunc

	dialTLS func(context.Context, net.Conn) (net.Conn, error) // if set, DialOptions.DialTLS after a dial

	fails []string // the names of rows that are known to fail
	why   string   // why they fail
}

// An openFunc makes a listener, which closes with the test, and a function that connects to it.
type openFunc func(t testing.TB) (net.Listener, dialFunc)

type dialFunc func(ctx context.Context) (net.Conn, error)

var kinds = slices.Concat(pipeKinds, muxKinds, socketKinds, tlsKinds)

// check stops the test if err is not nil.
func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A memoryListener accepts connections that have no socket.
type memoryListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

// newMemoryListener returns a listener that closes with the test.
func newMemoryListener(t testing.TB) *memoryListener {
	l := &memoryListener{conns: make(chan net.Conn), done: make(chan struct{})}
	t.Cleanup(func() { l.Close() })
	return l
}

// offer passes c to Accept.
func (l *memoryListener) offer(ctx context.Context, c net.Conn) error {
	select {
	case l.conns <- c:
		return nil
	case <-l.done:
		return net.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *memoryListener) Addr() net.Addr { return memoryAddr{} }

type memoryAddr struct{}

func (memoryAddr) Network() string { return "memory" }
func (memoryAddr) String() string  { return "memory" }
