package websocket

import (
	"context"
	"runtime"
	"testing"

	"github.com/hawser-ws/hawser/wire"
)

// A pong that waits for the turn is sent even if the turn is passed on to a writer at the moment at
// which the writer gives up.
func TestTurnGivenUpWithPongWaiting(t *testing.T) {
	onOneProcessor(t)
	for _, role := range roles {
		t.Run(role.String(), func(t *testing.T) {
			checkLeaks(t)
			ours, theirs := tcpPair(t)
			c, p := newPeerOver(t, ours, theirs, ConnOptions{Role: role})
			for range 200 {
				ctx, cancel := context.WithCancel(context.Background())
				// The sender of the last pong may still have the turn.
				if err := c.out.frames.Lock(ctx, ctx); err != nil {
					t.Fatal(err)
				}
				w := start(func() error { return c.Write(ctx, Text, []byte("w")) })
				for c.out.frames.Waiting() == 0 {
					runtime.Gosched()
				}
				cancel()
				c.unlockFrames()
				c.answerPing([]byte("p"), false)
				h, _, err := p.next()
				if err == nil && h.Opcode == wire.OpText {
					h, _, err = p.next()
				}
				if err != nil || h.Opcode != wire.OpPong {
					t.Fatalf("got a %v frame, %v, want the pong", h.Opcode, err)
				}
				<-w
			}
		})
	}
}

// onOneProcessor ensures that a goroutine that was woken does not run before the goroutine that
// woke it waits.
func onOneProcessor(t *testing.T) {
	n := runtime.GOMAXPROCS(1)
	t.Cleanup(func() { runtime.GOMAXPROCS(n) })
}
