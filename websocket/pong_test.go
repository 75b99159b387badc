package websocket

import (
	"bytes"
	"testing"

	"github.com/hawser-ws/hawser/wire"
)

// A peer that pings and does not read for now does not hold up the reader: if both
// sides did, over a transport without a buffer, each would wait for the other.
func TestPongDoesNotHoldUpReader(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		got := startRead(t.Context(), c)
		for _, payload := range []string{"1", "2", "3"} {
			p.send(wire.OpPing, true, payload)
		}
		p.send(wire.OpText, true, "more")
		if g := <-got; g != (received{Text, "more", nil}) {
			t.Fatalf("%+v", g)
		}
		for _, payload := range []string{"1", "2", "3"} {
			p.expect(wire.OpPong, true, payload)
		}
	})
}

// A pong that a Ping waits for is no part of a flood.
func TestPongsAskedForAreNoFlood(t *testing.T) {
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
			_, payload, err := p.next()
			if err != nil {
				t.Fatal(err)
			}
			p.send(wire.OpPong, true, string(payload))
		}
		if err := <-pinged; err != nil {
			t.Error(err)
		}
		p.send(wire.OpText, true, "still here")
		if g := <-got; g != (received{Text, "still here", nil}) {
			t.Errorf("%+v", g)
		}
	})
}

// Pongs that wait for a peer that does not read take no more memory than maxPongs;
// the last ones are kept, and whole.
func TestPongQueue(t *testing.T) {
	var q pongs
	payload := bytes.Repeat([]byte("p"), wire.MaxControlPayload)
	for i := range 1000 {
		payload[0] = byte(i)
		q.push(payload)
		if len(q.payloads) > maxPongs {
			t.Fatalf("%d bytes of pongs wait", len(q.payloads))
		}
	}
	n := 0
	for q := q.payloads; len(q) > 0; n++ {
		last := q[1 : 1+q[0]]
		if len(last) != wire.MaxControlPayload || last[0] != byte(1000-len(q)/126) {
			t.Fatalf("pong %d: %d bytes, the first %d", n, len(last), last[0])
		}
		q = q[1+q[0]:]
	}
	if n != maxPongs/126 {
		t.Errorf("%d pongs wait, want %d", n, maxPongs/126)
	}
}
