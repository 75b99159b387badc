//go:build !race

package websocket_test

import (
	"bufio"
	"context"
	"log"
	"net"
	"net/http"
	"testing"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
)

// A connection that its peer opens and closes costs few allocations, apart from those of net/http.
func TestConnectionAllocations(t *testing.T) {
	for _, row := range []struct {
		name           string
		opts           *AcceptOptions
		accept, served uint64 // allocations in Accept, and from Serve to the end
	}{
		{"default", nil, 5, 3},
		{"keepalive and group", &AcceptOptions{
			Group:  new(Group),
			Limits: Limits{PingInterval: 30 * time.Second},
		}, 9, 3},
	} {
		t.Run(row.name, func(t *testing.T) {
			checkLeaks(t)
			const warmUp, conns = 10, 1000
			var accept, served uint64
			for i := range warmUp + conns {
				a, s := connectionAllocations(t, row.opts)
				if i >= warmUp {
					accept, served = accept+a, served+s
				}
			}
			// The runtime itself allocates a little.
			if accept > conns*row.accept+conns/10 {
				t.Errorf("%d allocations in %d calls of Accept, want %d each", accept, conns, row.accept)
			}
			if served > conns*row.served+conns/10 {
				t.Errorf("%d allocations to serve %d connections, want %d each", served, conns, row.served)
			}
			t.Logf("%.3f and %.3f allocations", float64(accept)/conns, float64(served)/conns)
		})
	}
}

// connectionAllocations opens a connection, which its peer closes at once, and counts.
func connectionAllocations(t *testing.T, opts *AcceptOptions) (accept, served uint64) {
	ours, theirs := netPair(t, "tcp")
	defer theirs.Close()
	r := newHandshake(t)
	w := &bareHijack{http.Header{}, ours, bufio.NewReadWriter(bufio.NewReader(ours), bufio.NewWriter(ours))}
	before := mallocs()
	c, err := Accept(w, r, opts)
	accept = mallocs() - before
	if err != nil {
		t.Fatal(err)
	}
	writeAll(t, theirs, []byte{0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8})
	before = mallocs()
	Serve(discardMessages, c, log.Printf)
	served = mallocs() - before
	if v := c.Closure(); !v.Clean || !v.ByPeer {
		t.Fatalf("got %+v, want a clean close by the peer", v)
	}
	return accept, served
}

// discardMessages serves a connection by reading to its end.
func discardMessages(ctx context.Context, c *Conn) error {
	for _, err := range c.Messages(ctx) {
		if err != nil {
			return err
		}
	}
	return nil
}

func writeAll(t *testing.T, nc net.Conn, p []byte) {
	t.Helper()
	if _, err := nc.Write(p); err != nil {
		t.Fatal(err)
	}
}
