package websocket_test

import (
	"context"
	"runtime"
	"testing"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A pong that waits for the turn is sent even if the turn is passed on to a writer at the moment at
// which the writer gives up.
func TestTurnGivenUpWithPongWaiting(t *testing.T) {
	onOneProcessor(t)
	for _, role := range roles {
		t.Run(role.String(), func(t *testing.T) {
			checkLeaks(t)
			ours, theirs := netPair(t, "tcp")
			c, p := newPeerOver(t, ours, theirs, ConnOptions{Role: role})
			for range 200 {
				ctx, cancel := context.WithCancel(context.Background())
				// The sender of the last pong may still have the turn.
				if err := c.FrameTurn().Lock(ctx, ctx); err != nil {
					t.Fatal(err)
				}
				w := start(func() error { return c.Write(ctx, Text, []byte("w")) })
				for c.FrameTurn().Waiting() == 0 {
					runtime.Gosched()
				}
				cancel()
				c.UnlockFrames()
				c.AnswerPing([]byte("p"), false)
				h, _, err := p.Next()
				if err == nil && h.Opcode == wire.OpText {
					h, _, err = p.Next()
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
