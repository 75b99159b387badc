package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A flood of control frames fails the connection once the bucket of MaxControls is empty.
func TestMaxControls(t *testing.T) {
	for _, row := range []struct {
		name  string
		op    wire.Opcode
		max   int
		every time.Duration
		want  int64 // accepted frames; 0: all
	}{
		{"pings", wire.OpPing, 0, 0, DefaultMaxControls},
		{"pongs", wire.OpPong, 0, 0, DefaultMaxControls},
		{"ten", wire.OpPing, 10, 0, 10},
		{"none", wire.OpPing, -1, 0, 0},
		{"one in 10 ms", wire.OpPing, 0, 10 * time.Millisecond, 1999},
		{"one in 15 ms", wire.OpPong, 0, 15 * time.Millisecond, 3997},
		{"ten, one in 19 ms", wire.OpPong, 10, 19 * time.Millisecond, 181},
		{"one in 20 ms", wire.OpPing, 0, 20 * time.Millisecond, 0},
		{"one, one in 20 ms", wire.OpPong, 1, 20 * time.Millisecond, 0},
		{"one in a second", wire.OpPing, 0, time.Second, 0},
		{"one in an hour", wire.OpPing, 10, time.Hour, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newPeer(t, role, Limits{MaxControls: row.max})
				got := startRead(context.Background(), c)
				frames := p.collect()
				sent := 0
				frame := p.Frame(row.op, true, "p")
				for ; sent < 5000; sent++ {
					if _, err := p.nc.Write(frame); err != nil {
						break
					}
					time.Sleep(row.every)
				}
				if row.want == 0 {
					p.Send(wire.OpText, true, "still here")
					if g := <-got; g != (received{Text, "still here", nil}) {
						t.Errorf(`got %+v, want "still here"`, g)
					}
					synctest.Wait() // the last pong may follow the message
					c.CloseNow()
					if n := (<-frames).count[wire.OpPong]; row.op == wire.OpPing && n != sent {
						t.Errorf("got %d pongs, want %d", n, sent)
					}
					return
				}
				f := <-frames
				code, reason, err := wire.ConsumeClose(f.payload)
				if f.last.Opcode != wire.OpClose || err != nil || code != StatusPolicyViolation {
					t.Fatalf("got %v %v, %v as the last frame; want a close frame with 1008",
						f.last.Opcode, code, err)
				}
				if n := f.count[wire.OpPong]; row.op == wire.OpPing && int64(n) != row.want {
					t.Errorf("got %d pongs before the close frame, want %d", n, row.want)
				}
				limit := int64(c.Controls().Max)
				g := <-got
				wantLimit(t, g.err, wire.ErrControlFlood, "MaxControls", limit+1, limit, string(reason))
				var w *wire.Error
				if errors.As(g.err, &w) && w.Offset != row.want*int64(len(frame))+1 {
					t.Errorf("failed at byte %d, in frame %d; want frame %d",
						w.Offset, w.Offset/int64(len(frame)), row.want)
				}
				wantClosed(t, c)
			})
		})
	}
}

// Messages between control frames do not refill the bucket.
func TestMaxControlsBetweenData(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		frames := p.collect()
		got := start(func() (n int) {
			for _, err := range c.Messages(context.Background()) {
				if err != nil {
					return n
				}
				n++
			}
			return n
		})
		few := append(bytes.Repeat(p.Frame(wire.OpPing, true, ""), 90), p.Frame(wire.OpText, true, "")...)
		<-p.sendAll(bytes.Repeat(few, 20))
		defer time.AfterFunc(time.Second, func() { p.nc.Close() }).Stop() // in case it is not refused
		if n := <-got; n != 11 {
			t.Errorf("read %d messages, want 11", n)
		}
		f := <-frames
		code, _, _ := wire.ConsumeClose(f.payload)
		if f.last.Opcode != wire.OpClose || code != StatusPolicyViolation {
			t.Errorf("got %v %v as the last frame, want a close frame with 1008", f.last.Opcode, code)
		}
		if n := f.count[wire.OpPong]; n != DefaultMaxControls {
			t.Errorf("got %d pongs, want %d", n, DefaultMaxControls)
		}
	})
}
