package websocket

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/hawser/wire"
)

// poison takes blocks out of the pool, as other connections would, and fills them.
func poison() {
	for range 50 {
		b := getBlock()
		for i := range b {
			b[i] = '!'
		}
	}
}

// A message that Messages has lent is safe from other connections as long as its
// turn of the loop lasts, whatever happens to the connection meanwhile.
func TestLentMessageIsSafe(t *testing.T) {
	ctx := context.Background()
	for _, row := range []struct {
		name string
		do   func(t *testing.T, c *Conn, p *peer)
	}{
		{"nothing", func(t *testing.T, c *Conn, p *peer) {}},
		{"CloseNow", func(t *testing.T, c *Conn, p *peer) { c.CloseNow() }},
		{"Close", func(t *testing.T, c *Conn, p *peer) {
			go func() {
				p.expectClose(StatusNormalClosure)
				p.answer()
				p.nc.Close()
			}()
			if err := c.Close(ctx, StatusNormalClosure, ""); err != nil {
				t.Error(err)
			}
		}},
		{"the next of the same buffer", func(t *testing.T, c *Conn, p *peer) {
			for _, style := range readStyles[:2] {
				if got := style.make(c)(ctx); got.data != "next" {
					t.Errorf("%+v", got)
				}
			}
		}},
		{"a loop within", func(t *testing.T, c *Conn, p *peer) {
			n := 0
			for m, err := range c.Messages(ctx) {
				if err != nil || string(m.Data) != "next" {
					t.Errorf("%q, %v", m.Data, err)
				}
				if n++; n == 2 {
					break
				}
			}
		}},
		{"one that comes later", func(t *testing.T, c *Conn, p *peer) {
			for range 2 {
				c.Read(ctx)
			}
			go p.send(wire.OpText, true, "later")
			if got := readStyles[0].make(c)(ctx); got.data != "later" {
				t.Errorf("%+v", got)
			}
		}},
		{"another reader waits", func(t *testing.T, c *Conn, p *peer) {
			for range 2 {
				c.Read(ctx)
			}
			startRead(ctx, c)
			synctest.Wait()
		}},
		{"a loop elsewhere", func(t *testing.T, c *Conn, p *peer) {
			<-start(func() error {
				for range 2 {
					for range c.Messages(ctx) {
						break
					}
				}
				return nil
			})
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newPeer(t, role, Limits{})
				stream := p.frame(wire.OpText, true, []byte("first"))
				stream = append(stream, bytes.Repeat(p.frame(wire.OpText, true, []byte("next")), 2)...)
				go p.write(stream)
				for m, err := range c.Messages(ctx) {
					if err != nil || string(m.Data) != "first" {
						t.Fatalf("%q, %v", m.Data, err)
					}
					row.do(t, c, p)
					poison()
					if string(m.Data) != "first" {
						t.Errorf("the message has become %q", m.Data)
					}
					break
				}
				c.CloseNow()
			})
		})
	}
}

// Old bytes of a pooled block are never seen: not in a message, not on the wire.
func TestBlocksDoNotLeak(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		for range 50 {
			b, large := new(block), new(largeBlock)
			copy(b[:], strings.Repeat("!", blockSize))
			copy(large[:], strings.Repeat("!", largeSize))
			putBlock(b)
			largeBlocks.Put(large)
		}
		c, p := newPeer(t, role, Limits{})
		for _, style := range readStyles {
			read := style.make(c)
			for _, n := range []int{0, 1, 125, 126, 1000, blockSize - 20, blockSize, blockSize + 1, 3 * blockSize, largeSize, 2 * largeSize} {
				want := strings.Repeat("a", n)
				done := start(func() received { return read(context.Background()) })
				p.write(p.frame(wire.OpText, true, []byte(want)))
				if got := <-done; got != (received{Text, want, nil}) {
					t.Fatalf("%s, %d bytes: %d bytes, %v", style.name, n, len(got.data), got.err)
				}
				written := start(func() error { return c.Write(context.Background(), Text, []byte(want)) })
				p.expect(wire.OpText, true, want)
				if err := <-written; err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// Connections that run side by side do not see each other's bytes.
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
					t.Errorf("%s: echo of %d bytes: %d bytes, %v", kind, len(want), len(got), err)
				}
				if err := <-sent; err != nil {
					t.Error(err)
				}
			}
			if err := client.Close(bounded(t), StatusNormalClosure, ""); err != nil {
				t.Errorf("%s: Close: %v", kind, err)
			}
		})
	}
	all.Wait()
}

// A message of 16 KiB is read and written in one call each, header included, and one
// of 64 KiB written: such powers of two are what programs like to send.
func TestBlocksFitPowersOfTwo(t *testing.T) {
	for _, role := range roles {
		data := pattern(16<<10, 0)
		h := wire.Header{Fin: true, Opcode: wire.OpBinary, Length: int64(len(data)), Masked: role == wire.Server}
		nc := &countingTape{tape: tape{bytes: append(wire.AppendHeader(nil, h), data...)}}
		c := NewConn(context.Background(), nc, &ConnOptions{Role: role, Limits: Limits{}})
		defer c.CloseNow()
		ctx := context.Background()
		if _, got, err := c.Read(ctx); err != nil || !bytes.Equal(got, data) {
			t.Fatalf("%v: %d bytes, %v", role, len(got), err)
		}
		for _, n := range []int{16 << 10, 32 << 10, 64 << 10} {
			if err := c.Write(ctx, Binary, pattern(n, 0)); err != nil {
				t.Fatal(err)
			}
		}
		if nc.reads != 1 || nc.writes != 3 {
			t.Errorf("%v: %d reads of one message, %d writes of three", role, nc.reads, nc.writes)
		}
	}
}

// Messages that just fit into a buffer, or just do not, arrive as they were.
func TestBlockBoundaries(t *testing.T) {
	for _, role := range roles {
		checkLeaks(t)
		ours, theirs := tcpPair(t)
		c, p := newPeerOver(t, ours, theirs, ConnOptions{Role: role, Limits: Limits{}})
		for _, size := range []int{blockSize, largeSize, 2 * largeSize} {
			for n := size - wire.MaxHeaderSize - 1; n <= size+1; n++ {
				data := pattern(n, uint32(n))
				wrote := start(func() error { return c.Write(bounded(t), Binary, data) })
				if _, got := p.message(); !bytes.Equal(got, data) {
					t.Errorf("%v: %d bytes do not arrive as they were", role, n)
				}
				if err := <-wrote; err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
