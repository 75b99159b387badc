package websocket_test

import (
	"bytes"
	"context"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// poison takes buffers out of their pools, as other connections would, and overwrites them.
func poison() {
	PoisonBuffers()
	for range 50 {
		b := transport.GetBlock()
		for i := range b {
			b[i] = '!'
		}
	}
}

// lentEvents may happen while the data of a message is in use.
var lentEvents = []struct {
	name string
	do   func(t *testing.T, c *Conn, p *peer)
}{
	{"nothing", func(t *testing.T, c *Conn, p *peer) {}},
	{"CloseNow", func(t *testing.T, c *Conn, p *peer) { c.CloseNow() }},
	{"Close", func(t *testing.T, c *Conn, p *peer) {
		go func() {
			p.ExpectClose(StatusNormalClosure)
			p.answer()
			p.nc.Close()
		}()
		noError(t, c.Close(context.Background(), StatusNormalClosure, ""))
	}},
	{"the next messages of the same buffer", func(t *testing.T, c *Conn, p *peer) {
		for _, style := range readStyles[:2] {
			if got := style.make(c)(context.Background()); got.data != "next" {
				t.Errorf(`%s: got %+v, want "next"`, style.name, got)
			}
		}
	}},
	{"a nested loop", func(t *testing.T, c *Conn, p *peer) {
		n := 0
		for m, err := range c.Messages(context.Background()) {
			if err != nil || string(m.Data) != "next" {
				t.Errorf(`got %q, %v; want "next"`, m.Data, err)
			}
			if n++; n == 2 {
				break
			}
		}
	}},
	{"a message that arrives later", func(t *testing.T, c *Conn, p *peer) {
		for range 2 {
			c.Read(context.Background())
		}
		go p.Send(wire.OpText, true, "later")
		if got := readStyles[0].make(c)(context.Background()); got.data != "later" {
			t.Errorf(`got %+v, want "later"`, got)
		}
	}},
	{"another reader waits", func(t *testing.T, c *Conn, p *peer) {
		for range 2 {
			c.Read(context.Background())
		}
		startRead(context.Background(), c)
		synctest.Wait()
	}},
	{"a loop on another goroutine", func(t *testing.T, c *Conn, p *peer) {
		<-start(func() error {
			for range 2 {
				for range c.Messages(context.Background()) {
					break
				}
			}
			return nil
		})
	}},
}

// The data that Messages yields stays intact during its iteration, whatever other connections do
// and whatever happens to this one, and whether it or the next messages came in fragments.
func TestLentMessageIsSafe(t *testing.T) {
	for _, row := range lentEvents {
		t.Run(row.name, func(t *testing.T) {
			for forms := range 4 {
				eachRole(t, func(t *testing.T, role wire.Role) {
					c, p := newPeer(t, role, Limits{})
					stream, next := p.Frame(wire.OpText, true, "first"), p.Frame(wire.OpText, true, "next")
					if forms&1 == 1 {
						stream = append(p.Frame(wire.OpText, false, "fi"), p.Frame(wire.OpContinuation, true, "rst")...)
					}
					if forms&2 == 2 {
						next = append(p.Frame(wire.OpText, false, "ne"), p.Frame(wire.OpContinuation, true, "xt")...)
					}
					stream = append(stream, bytes.Repeat(next, 2)...)
					go p.Write(stream)
					for m, err := range c.Messages(context.Background()) {
						if err != nil || string(m.Data) != "first" {
							t.Fatalf(`got %q, %v; want "first"`, m.Data, err)
						}
						row.do(t, c, p)
						poison()
						if string(m.Data) != "first" {
							t.Errorf(`forms %d: the message is now %q, want "first"`, forms, m.Data)
						}
						break
					}
					c.CloseNow()
				})
			}
		})
	}
}

// However a loop over Messages ends, the Conn gives back the block of the last message.
func TestBlockAfterLoop(t *testing.T) {
	for name, leave := range map[string]func(){
		"break":  func() {},
		"panic":  func() { panic("leave") },
		"Goexit": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newPeer(t, role, Limits{})
				go p.Send(wire.OpText, true, "last")
				left := make(chan struct{})
				go func() {
					defer close(left)
					defer func() { recover() }()
					for range c.Messages(context.Background()) {
						leave()
						break
					}
				}()
				<-left
				if c.HoldsBlock() || c.ReadTurn().Busy() {
					t.Errorf("the Conn holds a block: %v, or the turn: %v; want neither",
						c.HoldsBlock(), c.ReadTurn().Busy())
				}
				c.CloseNow()
			})
		})
	}
}

// The old bytes of a pooled block appear neither in messages nor on the wire.
func TestBlocksDoNotLeak(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		for range 50 {
			b, large := new(transport.Block), new(transport.LargeBlock)
			copy(b[:], strings.Repeat("!", blockSize))
			copy(large[:], strings.Repeat("!", largeSize))
			transport.PutBlock(b)
			new(transport.WriteHalf).PutLarge(large)
		}
		c, p := newPeer(t, role, Limits{})
		for _, style := range readStyles {
			read := style.make(c)
			for _, n := range []int{
				0, 1, 125, 126, 1000, blockSize - 20, blockSize, blockSize + 1, 3 * blockSize,
				largeSize, 2 * largeSize,
			} {
				want := strings.Repeat("a", n)
				done := start(func() received { return read(context.Background()) })
				p.Write(p.Frame(wire.OpText, true, want))
				if got := <-done; got != (received{Text, want, nil}) {
					t.Fatalf("%s: got %d bytes, %v; want the %d bytes sent",
						style.name, len(got.data), got.err, n)
				}
				written := start(func() error { return c.Write(context.Background(), Text, []byte(want)) })
				p.Expect(wire.OpText, true, want)
				if err := <-written; err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// Concurrent connections do not see each other's bytes.
func TestBlocksOfManyConnections(t *testing.T) {
	checkLeaks(t)
	var all sync.WaitGroup
	for i := range 12 {
		kind := transports[i%len(transports)]
		client, server := connPair(t, kind, Limits{})
		all.Go(func() {
			for m, err := range server.Messages(bounded(t)) {
				if err != nil {
					t.Errorf("%s: server: %v", kind, err)
					return
				}
				if err := server.Write(context.Background(), m.Type, m.Data); err != nil {
					t.Errorf("%s: server: %v", kind, err)
				}
			}
		})
		all.Go(func() {
			var buf []byte
			for j := range 50 {
				want := pattern(j*997%(3*blockSize), uint32(i))
				sent := start(func() error { return client.Write(context.Background(), Binary, want) })
				_, got, err := client.AppendRead(bounded(t), buf[:0])
				if buf = got; err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s: got an echo of %d bytes, %v; want the %d bytes sent",
						kind, len(got), err, len(want))
				}
				noError(t, <-sent)
			}
			if err := client.Close(bounded(t), StatusNormalClosure, ""); err != nil {
				t.Errorf("%s: Close: %v", kind, err)
			}
		})
	}
	all.Wait()
}

// A message of 16 KiB is read in one call of the transport, header included. Messages of
// 16, 32 and 64 KiB are written in one call each. Programs often send such powers of two.
func TestBlocksFitPowersOfTwo(t *testing.T) {
	for _, role := range roles {
		data := pattern(16<<10, 0)
		masked := role == wire.Server
		h := wire.Header{Fin: true, Opcode: wire.OpBinary, Length: int64(len(data)), Masked: masked}
		nc := &countingTape{tape: tape{bytes: append(wire.AppendHeader(nil, h), data...)}}
		c := NewConn(context.Background(), nc, &ConnOptions{Role: role, Limits: Limits{}})
		defer c.CloseNow()
		ctx := context.Background()
		if _, got, err := c.Read(ctx); err != nil || !bytes.Equal(got, data) {
			t.Fatalf("%v: got %d bytes, %v; want the %d bytes sent", role, len(got), err, len(data))
		}
		for _, n := range []int{16 << 10, 32 << 10, 64 << 10} {
			if err := c.Write(ctx, Binary, pattern(n, 0)); err != nil {
				t.Fatal(err)
			}
		}
		if nc.reads != 1 || nc.writes != 3 {
			t.Errorf("%v: %d reads and %d writes, want 1 and 3", role, nc.reads, nc.writes)
		}
	}
}

// Messages that just fit into a buffer, or just exceed it, arrive intact.
func TestBlockBoundaries(t *testing.T) {
	for _, role := range roles {
		checkLeaks(t)
		ours, theirs := netPair(t, "tcp")
		c, p := newPeerOver(t, ours, theirs, ConnOptions{Role: role, Limits: Limits{}})
		for _, size := range []int{blockSize, largeSize, 2 * largeSize} {
			for n := size - wire.MaxHeaderSize - 1; n <= size+1; n++ {
				data := pattern(n, uint32(n))
				wrote := start(func() error { return c.Write(bounded(t), Binary, data) })
				if _, got := p.message(); !bytes.Equal(got, data) {
					t.Errorf("%v: a message of %d bytes arrived with other bytes", role, n)
				}
				if err := <-wrote; err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
