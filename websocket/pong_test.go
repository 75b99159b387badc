package websocket_test

import (
	"context"
	"encoding/binary"
	"testing"
	"testing/synctest"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A peer that sends pings and does not read for a while does not hold up the reader. If both
// sides waited, over a transport without a buffer, each would wait for the other.
func TestPongDoesNotHoldUpReader(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		got := startRead(t.Context(), c)
		for _, payload := range []string{"1", "2", "3"} {
			p.Send(wire.OpPing, true, payload)
		}
		p.Send(wire.OpText, true, "more")
		if g := <-got; g != (received{Text, "more", nil}) {
			t.Fatalf("got %+v, want the text message", g)
		}
		for _, payload := range []string{"1", "2", "3"} {
			p.Expect(wire.OpPong, true, payload)
		}
	})
}

// A pong that a Ping waits for does not count toward MaxControls.
func TestSolicitedPongsAreNoFlood(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{MaxControls: 10})
		got := startRead(t.Context(), c)
		pinged := start(func() error {
			for range 100 {
				if _, err := c.Ping(t.Context()); err != nil {
					return err
				}
			}
			return nil
		})
		for range 100 {
			_, payload := p.mustNext()
			p.Send(wire.OpPong, true, string(payload))
		}
		noError(t, <-pinged)
		p.Send(wire.OpText, true, "still here")
		if g := <-got; g != (received{Text, "still here", nil}) {
			t.Errorf("got %+v, want the text message", g)
		}
	})
}

// Waiting pongs are sent a block at a time, and other writers write between the blocks.
func TestPongsTakeTurns(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{MaxControls: -1})
		read := startRead(context.Background(), c)
		first := stallWriter(c, "first")
		const pings = 8000
		var stream []byte
		for i := range pings {
			stream = append(stream, p.Frame(wire.OpPing, true, string([]byte{byte(i)}))...)
		}
		p.Write(stream)
		synctest.Wait()
		next := start(func() error { return c.Write(context.Background(), Text, []byte("next")) })
		synctest.Wait()
		p.Expect(wire.OpText, true, "first")
		before, pongs := 0, 0
		for pongs < pings {
			h, payload := p.mustNext()
			if h.Opcode == wire.OpText {
				before = pongs * wire.Header{Masked: h.Masked, Length: 1}.Size()
				continue
			}
			if h.Opcode != wire.OpPong || string(payload) != string([]byte{byte(pongs)}) {
				t.Fatalf("pong %d: got a %v frame with payload %x, want this pong", pongs, h.Opcode, payload)
			}
			pongs++
		}
		if before == 0 || before > blockSize {
			t.Errorf("the next message arrived after %d bytes of pongs, want 1 to %d", before, blockSize)
		}
		synctest.Wait()
		if n := c.Stats().ControlsWritten; n != pings {
			t.Errorf("ControlsWritten = %d, want %d", n, pings)
		}
		p.Send(wire.OpText, true, "")
		<-read
		if c.HasPongs() || <-first != nil || <-next != nil {
			t.Error("pongs are left")
		}
	})
}

// A pong is sent before anything that is written after the message following its ping was read.
func TestPongBeforeEcho(t *testing.T) {
	for _, kind := range transports {
		for _, role := range roles {
			t.Run(kind+"/"+role.String(), func(t *testing.T) {
				checkLeaks(t)
				c, p := newPeerWith(t, kind, role)
				echoed := start(func() error {
					for m, err := range c.Messages(bounded(t)) {
						if err != nil || c.Write(bounded(t), m.Type, m.Data) != nil {
							break
						}
					}
					return nil
				})
				stream := p.Frame(wire.OpPing, true, "ping")
				stream = append(stream, p.Frame(wire.OpText, true, "echo")...)
				for range 100 {
					p.Write(stream)
					p.Expect(wire.OpPong, true, "ping")
					p.Expect(wire.OpText, true, "echo")
				}
				c.CloseNow()
				<-echoed
			})
		}
	}
}

// Pongs that are due are sent before a close frame, and none is sent after it.
func TestPongsBeforeClose(t *testing.T) {
	for _, kind := range transports {
		for _, role := range roles {
			t.Run(kind+"/"+role.String(), func(t *testing.T) {
				checkLeaks(t)
				c, p := newPeerWith(t, kind, role)
				read := startRead(bounded(t), c)
				var stream []byte
				for i := range 200 {
					stream = append(stream, p.Frame(wire.OpPing, true, string([]byte{byte(i)}))...)
				}
				stream = append(stream, p.Frame(wire.OpClose, true, "")...)
				p.Write(append(stream, p.Frame(wire.OpPing, true, "")...))
				for i := range 200 {
					p.Expect(wire.OpPong, true, string([]byte{byte(i)}))
				}
				p.Expect(wire.OpClose, true, "")
				p.nc.Close()
				<-read
				if n := c.Stats().ControlsWritten; n != 201 {
					t.Errorf("ControlsWritten = %d, want 201", n)
				}
			})
		}
	}
}

// A peer that does not read the pongs of its flood for a while receives the last ones, whole and
// in order, and the message that is written after them.
func TestPongsUnread(t *testing.T) {
	for _, kind := range []string{"tcp", "unix", "tls", "wrapped"} {
		for _, role := range roles {
			t.Run(kind+"/"+role.String(), func(t *testing.T) {
				checkLeaks(t)
				c, p := newPeerWith(t, kind, role)
				c.Controls().Max = -1
				read := startRead(bounded(t), c)
				const pings = 40_000
				payload := make([]byte, wire.MaxControlPayload)
				var stream []byte
				for i := range pings {
					binary.BigEndian.PutUint32(payload, uint32(i))
					stream = append(stream, p.Frame(wire.OpPing, true, string(payload))...)
				}
				p.Write(append(stream, p.Frame(wire.OpText, true, "all are read")...))
				if g := <-read; g.err != nil {
					t.Fatal(g.err)
				}
				wrote := start(func() error { return c.Write(bounded(t), Text, []byte("after")) })
				last, texts := -1, 0
				for last < pings-1 || texts == 0 {
					h, got := p.mustNext()
					if h.Opcode == wire.OpText {
						texts++
						continue
					}
					i := int(binary.BigEndian.Uint32(got))
					if h.Opcode != wire.OpPong || len(got) != len(payload) || i <= last {
						t.Fatalf("got a %v frame of %d bytes, number %d after %d, want whole pongs in order",
							h.Opcode, len(got), i, last)
					}
					last = i
				}
				noError(t, <-wrote)
			})
		}
	}
}
