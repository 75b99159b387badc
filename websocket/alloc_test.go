//go:build !race

package websocket_test

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"sync/atomic"
	"testing"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// mallocs returns the number of objects that the process has allocated.
func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// In steady state, a message costs no allocation on either side, whatever the context of
// the calls. One side reads with AppendRead, the other with Messages. testing.AllocsPerRun
// would round down rare allocations, and the race detector makes sync.Pool drop items.
func TestNoAllocations(t *testing.T) {
	cancellable, cancel := context.WithCancel(context.Background())
	defer cancel()
	// The runtime itself allocates a little. Without deadlines, a slow machine does, too: the pools
	// are empty when more buffers than usual are in use.
	for _, row := range []struct {
		name  string
		kind  string
		ctx   context.Context
		sizes []int
		in    uint64 // one allocation in so many messages is accepted
	}{
		{"background", "tcp", context.Background(), []int{0, 125, FragmentSize, 64 << 10}, 500},
		{"cancellable", "tcp", cancellable, []int{125, 64 << 10}, 500},
		{"no deadlines", "undeadlined", context.Background(), []int{125, 64 << 10}, 100},
	} {
		for _, size := range row.sizes {
			for _, role := range roles {
				t.Run(fmt.Sprintf("%s/%d/%v", row.name, size, role), func(t *testing.T) {
					checkLeaks(t)
					client, server := connPair(t, row.kind, Limits{})
					if role == wire.Client {
						testNoAllocations(t, row.ctx, size, messages, messages/row.in, client, server)
					} else {
						testNoAllocations(t, row.ctx, size, messages, messages/row.in, server, client)
					}
				})
			}
		}
	}
}

// A large message costs no allocation either. It does not arrive all at once.
func TestNoAllocationsForLargeMessages(t *testing.T) {
	for _, size := range []int{100_000, 1<<20 + 1} {
		for _, role := range roles {
			t.Run(fmt.Sprintf("%d/%v", size, role), func(t *testing.T) {
				checkLeaks(t)
				client, server := connPair(t, "tcp", Limits{MaxMessage: -1})
				near, far := client, server
				if role == wire.Server {
					near, far = server, client
				}
				testNoAllocations(t, context.Background(), size, 500, 10, near, far)
			})
		}
	}
}

// How many messages tests of allocations send, and how many before they count.
const warmUp, messages = 500, 10_000

func testNoAllocations(
	t *testing.T, ctx context.Context, size, messages int, most uint64, near, far *Conn,
) {
	echoed := start(func() error {
		left := warmUp + messages
		for m, err := range far.Messages(ctx) {
			if err != nil {
				return err
			}
			if err := far.Write(ctx, m.Type, m.Data); err != nil {
				return err
			}
			if left--; left == 0 {
				break
			}
		}
		return nil
	})
	out, in := make([]byte, size), make([]byte, 0, size)
	var before uint64
	for i := range warmUp + messages {
		if i == warmUp {
			before = mallocs()
		}
		if err := near.Write(ctx, Binary, out); err != nil {
			t.Fatal(err)
		}
		_, b, err := near.AppendRead(ctx, in)
		if err != nil || len(b) != size {
			t.Fatal(len(b), err)
		}
	}
	if n := mallocs() - before; n > most {
		t.Errorf("%d allocations in %d round trips, want %d at most", n, messages, most)
	} else {
		t.Logf("%d allocations", n)
	}
	noError(t, <-echoed)
}

// Messages that are fragmented, gathered from buffers or prepared cost no allocation
// either, on any of many connections.
func TestNoAllocationsOtherWays(t *testing.T) {
	ctx := context.Background()
	var shared atomic.Int64
	for _, role := range roles {
		for _, size := range []int{125, 20_000} {
			data := make([]byte, size)
			m := prepare(t, Binary, data)
			write := func(c *Conn) error { return c.Write(ctx, Binary, data) }
			buffers := func(c *Conn) error { return c.WriteBuffers(ctx, Binary, data[:100], data[100:]) }
			prepared := func(c *Conn) error { return c.WritePrepared(ctx, m) }
			for name, row := range map[string]struct {
				limits  Limits
				session wire.Session
				send    func(c *Conn) error
			}{
				"fragments":           {Limits{MaxWriteFrame: 1000}, nil, write},
				"buffers":             {Limits{}, nil, buffers},
				"prepared":            {Limits{}, nil, prepared},
				"prepared, fragments": {Limits{MaxWriteFrame: 1000}, nil, prepared},
				"shared":              {Limits{}, newTally(t, 1, &shared), prepared},
			} {
				t.Run(fmt.Sprintf("%s/%d/%v", name, size, role), func(t *testing.T) {
					cfg := ConnOptions{Role: role, Session: row.session, Limits: row.limits}
					const warmUp, messages = 100, 10_000
					var conns [10]*Conn
					for i := range conns {
						conns[i] = NewConn(ctx, &tape{bytes: []byte{0}}, &cfg)
					}
					var before uint64
					for i := range warmUp + messages {
						if i == warmUp {
							before = mallocs()
						}
						if err := row.send(conns[i%len(conns)]); err != nil {
							t.Fatal(err)
						}
					}
					if n := mallocs() - before; n > messages/500 {
						t.Errorf("%d allocations in %d messages, want %d at most", n, messages, messages/500)
					}
				})
			}
		}
	}
	if n := shared.Load(); n != 4 {
		t.Errorf("%d messages were encoded, want 4", n)
	}
}

// A reply costs no allocation, whether it is held or not.
func TestNoAllocationsForReplies(t *testing.T) {
	ctx := context.Background()
	for _, role := range roles {
		for _, copies := range []int{1, 2, 32} {
			t.Run(fmt.Sprintf("%v/%d", role, copies), func(t *testing.T) {
				c := newTape(role, Binary, make([]byte, 64), copies)
				var before uint64
				left := warmUp + messages
				noError(t, loop(c, ctx, func(c *Conn, m Message) error {
					if left--; left == messages {
						before = mallocs()
					} else if left == 0 {
						return c.CloseNow() // ends the loop
					}
					return m.Reply(ctx, m.Type, m.Data)
				}))
				if n := mallocs() - before; n > messages/500 {
					t.Errorf("%d allocations in %d replies, want %d at most", n, messages, messages/500)
				}
			})
		}
	}
}

// The answer to a ping costs no allocation.
func TestNoAllocationsForPings(t *testing.T) {
	for _, role := range roles {
		t.Run(role.String(), func(t *testing.T) {
			checkLeaks(t)
			c, p := newPeerWith(t, "tcp", role)
			c.Controls().Max = -1
			startRead(bounded(t), c)
			ping := p.Frame(wire.OpPing, true, string(make([]byte, wire.MaxControlPayload)))
			pong := make([]byte, len(ping)+4)
			if pong = pong[:len(ping)-4]; role == wire.Client {
				pong = pong[:cap(pong)]
			}
			const warmUp, pings = 100, 10_000
			var before uint64
			for i := range warmUp + pings {
				if i == warmUp {
					before = mallocs()
				}
				if _, err := p.nc.Write(ping); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(p.nc, pong); err != nil {
					t.Fatal(err)
				}
			}
			if n := mallocs() - before; n > pings/500 {
				t.Errorf("%d allocations for %d pings, want %d at most", n, pings, pings/500)
			}
		})
	}
}
