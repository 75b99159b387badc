package websocket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A manyClients counts what happens to the clients of a Shutdown.
type manyClients struct {
	told   atomic.Int64 // got a close frame with 1001
	ended  atomic.Int64 // and then EOF
	wg     sync.WaitGroup
	left   chan struct{} // closed when the stalled clients may leave
	closed atomic.Int64  // transports of the server
}

// A countedClose counts the calls of Close.
type countedClose struct {
	net.Conn
	closed *atomic.Int64
}

func (c countedClose) Close() error {
	c.closed.Add(1)
	return c.Conn.Close()
}

// run is client i of many, after its handshake. A tenth of them are stalled: one half of these does
// not read, and the other half does not answer.
func (m *manyClients) run(t *testing.T, i int, nc net.Conn) {
	defer nc.Close()
	p := peerOver(t, nc, wire.Client)
	if i%20 == 0 {
		<-m.left
		return
	}
	h, payload, err := p.Next()
	code, _, _ := wire.ConsumeClose(payload)
	if err != nil || h.Opcode != wire.OpClose || code != StatusGoingAway {
		t.Errorf("client %d: got a %v frame %q, %v, want close code 1001", i, h.Opcode, payload, err)
		return
	}
	m.told.Add(1)
	if i%20 == 10 {
		<-m.left
		return
	}
	p.SendClose(code, "")
	if _, _, err := p.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("client %d: got %v after the close frame, want EOF", i, err)
		return
	}
	m.ended.Add(1)
}

// check checks the result of Shutdown of n connections, and waits for the clients.
func (m *manyClients) check(t *testing.T, g *Group, n int, err error, dropped bool) {
	t.Helper()
	if dropped != errors.Is(err, context.DeadlineExceeded) || (err != nil) != dropped {
		t.Errorf("Shutdown: got %v, want a timeout: %v", err, dropped)
	}
	if left := g.Len(); left != 0 {
		t.Errorf("Len is %d after Shutdown, want 0", left)
	}
	select {
	case <-m.left:
	default:
		close(m.left)
	}
	m.wg.Wait()
	if told, ended := m.told.Load(), m.ended.Load(); told != int64(n*19/20) || ended != int64(n*9/10) {
		t.Errorf("%d of %d clients got 1001, and %d EOF, want %d and %d", told, n, ended, n*19/20, n*9/10)
	}
}

// manySize returns the number of connections, and how often to shut them down.
func manySize() (n, rounds int) {
	if os.Getenv("HAWSER_FULL") != "" {
		return 10000, 100
	}
	return 200, 3
}

// Shutdown of many connections, of which a tenth is stalled: all clients that read get 1001, the
// stalled ones cost CloseTimeout or the time until the end of ctx, and no transport or goroutine is
// left.
func TestShutdownMany(t *testing.T) {
	n, rounds := manySize()
	for round := range rounds {
		for _, limit := range []time.Duration{DefaultCloseTimeout - time.Second, time.Minute} {
			bubble(t, func(t *testing.T) {
				g := &Group{Spread: time.Duration(round%2) * time.Second}
				m := &manyClients{left: make(chan struct{})}
				h := Handler{Options: &AcceptOptions{Group: g}, Serve: untilEnd}
				for i := range n {
					ours, theirs := net.Pipe()
					w := scriptedHijack{httptest.NewRecorder(), countedClose{ours, &m.closed}}
					go h.ServeHTTP(w, newHandshake(t))
					readResponse(t, theirs)
					m.wg.Go(func() { m.run(t, i, theirs) })
				}
				synctest.Wait()
				if g.Len() != n {
					t.Errorf("Len is %d, want %d", g.Len(), n)
				}
				r := <-shutdown(g, limit)
				if closed := m.closed.Load(); closed != int64(n) {
					t.Errorf("%d transports are closed, want %d", closed, n)
				}
				dropped := limit < DefaultCloseTimeout+g.Spread
				want := limit
				if !dropped {
					want = DefaultCloseTimeout
				}
				if r.took < want || r.took > want+g.Spread || dropped && r.took != limit {
					t.Errorf("Shutdown took %v, want %v", r.took, want)
				}
				m.check(t, g, n, r.err, dropped)
			})
		}
	}
}

// readResponse reads the 101.
func readResponse(t *testing.T, nc net.Conn) {
	buf := make([]byte, 1024)
	n, err := nc.Read(buf)
	if s := string(buf[:n]); !strings.HasPrefix(s, "HTTP/1.1 101") || !strings.HasSuffix(s, "\r\n\r\n") {
		t.Errorf("got %q, %v, want a 101", s, err)
	}
}

// The same over TCP, with a server of net/http. Without HAWSER_FULL, the stalled clients leave once
// the others are gone, so that the test does not depend on the machine's speed.
func TestShutdownManyTCP(t *testing.T) {
	n, rounds := manySize()
	full, limit := n == 10000, 10*time.Minute
	if full {
		n, limit = 9000, 15*time.Second // many systems open at most 20,000 files
	}
	for range min(rounds, 10) {
		checkLeaks(t)
		g := new(Group)
		m := &manyClients{left: make(chan struct{})}
		addr, _ := serveRaw(t, Handler{Serve: untilEnd, Options: &AcceptOptions{
			Group: g, Limits: Limits{CloseTimeout: limit},
		}}, nil)
		for i := range n {
			nc, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := nc.Write([]byte(handshake())); err != nil {
				t.Fatal(err)
			}
			readResponse(t, nc)
			m.wg.Go(func() { m.run(t, i, nc) })
		}
		var before, during runtime.MemStats
		runtime.ReadMemStats(&before)
		done := shutdown(g, 10*time.Minute)
		begun := time.Now()
		for g.Len() > n/10 {
			time.Sleep(time.Millisecond)
		}
		answered := time.Since(begun)
		runtime.ReadMemStats(&during)
		if !full {
			close(m.left)
		}
		r := <-done
		t.Logf("%d connections: answered after %v, all gone after %v; memory %d to %d KiB",
			n, answered, r.took, before.Sys>>10, during.Sys>>10)
		m.check(t, g, n, r.err, false)
	}
}
