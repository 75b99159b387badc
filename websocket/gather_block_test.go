package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"
	"testing/synctest"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// fragmented returns a message in frames of each bytes, with a ping before each frame but the
// first.
func (p *peer) fragmented(data []byte, each int) (stream []byte) {
	op := wire.OpBinary
	for {
		n := min(len(data), each)
		stream = append(stream, p.Frame(op, n == len(data), string(data[:n]))...)
		if data = data[n:]; len(data) == 0 {
			return stream
		}
		stream = append(stream, p.Frame(wire.OpPing, true, "p")...)
		op = wire.OpContinuation
	}
}

// address returns the address of the first byte of b.
func address(b []byte) uintptr { return reflect.ValueOf(b).Pointer() }

// Fragments that arrive at once are joined in the block in which they arrived, and neither the
// message nor what follows it is changed until the next iteration.
func TestFragmentsAreJoinedInPlace(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		want := pattern(1000, 1)
		stream := append(p.fragmented(want, 64), p.Frame(wire.OpText, true, "next")...)
		go p.Write(stream)
		go p.drain()
		n := 0
		for m, err := range c.Messages(context.Background()) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == 2 {
				if string(m.Data) != "next" {
					t.Errorf(`got %q, want "next"`, m.Data)
				}
				break
			}
			poison()
			_ = append(m.Data, "more than there is room for"...)
			if !bytes.Equal(m.Data, want) {
				t.Error("the joined message differs from the fragments sent")
			}
			if d := address(c.Unread()) - address(m.Data); d < 1000 || d > blockSize {
				t.Errorf("the next frame is %d bytes after the message, want it in the same block", int(d))
			}
			shred(m.Data)
		}
		if c.HoldsBlock() {
			t.Error("the block is held after the loop")
		}
	})
}

// Messages of any size follow one another in one loop, sent in pieces of any size. Each is intact
// until the end of its iteration.
func TestLoopOverMixedSizes(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for _, kind := range []string{"tcp", "unix", "pipe"} {
		for _, role := range roles {
			checkLeaks(t)
			random := rand.New(rand.NewPCG(seed, uint64(role)))
			ours, theirs := netPair(t, kind)
			c, p := newPeerOver(t, ours, theirs, ConnOptions{Role: role, Limits: Limits{MaxMessage: -1}})
			var s script
			for i := range uint32(40) {
				scale := []int{100, blockSize, largeSize, 300_000, 1_100_000}[random.IntN(5)]
				data := pattern(random.IntN(scale), i)
				s.want = append(s.want, Message{Type: Binary, Data: data})
				if random.IntN(3) == 0 {
					s.wire = append(s.wire, p.fragmented(data, 1+len(data)/(1+random.IntN(40)))...)
				} else {
					s.appendMessage(p, random, wire.OpBinary, data)
				}
			}
			go p.drain()
			go s.send(p, rand.New(rand.NewPCG(seed, 2)))
			for i := 0; i < len(s.want); i++ {
				ctx, cancel := context.WithCancel(bounded(t))
				if random.IntN(4) == 0 {
					go cancel() // at any moment
				}
				for m, err := range c.Messages(ctx) {
					if errors.Is(err, context.Canceled) {
						i--
						break
					}
					if random.IntN(4) == 0 {
						UseBuffers(shred)
					}
					if err != nil || !bytes.Equal(m.Data, s.want[i].Data) {
						t.Fatalf("seed %d, %s, %v: message %d: got %d bytes, %v, want the %d bytes sent",
							seed, kind, role, i, len(m.Data), err, len(s.want[i].Data))
					}
					shred(m.Data)
					if i++; i == len(s.want) || random.IntN(5) == 0 {
						i--
						break
					}
				}
				cancel()
			}
			c.CloseNow()
		}
	}
}

// send is play with larger pieces.
func (s *script) send(p *peer, random *rand.Rand) {
	for b := s.wire; len(b) > 0; {
		n := min(len(b), 1+random.IntN([]int{50, 5000, 300_000}[random.IntN(3)]))
		if _, err := p.nc.Write(b[:n]); err != nil {
			return // the test has failed
		}
		b = b[n:]
	}
}

// Fragments that the Conn has read ahead after a failed write are joined, although they are not in
// a block.
func TestFragmentsReadAhead(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newWornPeer(t, role, Limits{}, 0)
		want := pattern(1000, 1)
		go func() {
			p.Write(append(p.Frame(wire.OpText, true, "first"), p.fragmented(want, 300)...))
			p.Write(p.fragmented(want, 300))
			p.SendClose(StatusNormalClosure, "")
		}()
		if got := readStyles[0].make(c)(context.Background()); got.data != "first" {
			t.Errorf(`got %+v, want "first"`, got)
		}
		failWrite(t, c)
		synctest.Wait()
		n := 0
		for m, err := range c.Messages(context.Background()) {
			if poison(); err != nil || !bytes.Equal(m.Data, want) {
				t.Fatalf("got %d bytes, %v, want the %d bytes sent", len(m.Data), err, len(want))
			}
			n++
		}
		if n != 2 {
			t.Errorf("got %d messages, want 2", n)
		}
	})
}

// If a function of OnControl panics between two fragments, the bytes that have arrived after them
// stay in memory that no other connection uses.
func TestPanicBetweenFragments(t *testing.T) {
	c, p := newPeer(t, wire.Server, Limits{})
	c.OnControl(func(wire.Opcode, []byte) bool { panic(t) })
	go p.Write(append(p.fragmented(pattern(100, 1), 50), p.Frame(wire.OpText, true, "next")...))
	go p.drain()
	func() {
		defer func() { recover() }()
		for range c.Messages(context.Background()) {
			t.Error("got a message, want a panic")
		}
	}()
	UseBuffers(shred)
	for m, err := range c.Messages(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		if m.Type == Text {
			if string(m.Data) != "next" {
				t.Errorf(`got %q, want "next"`, m.Data)
			}
			break
		}
	}
}
