package websocket_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A slowReader is a net.Conn whose reads take a millisecond each.
type slowReader struct{ net.Conn }

func (s slowReader) Read(p []byte) (int, error) {
	time.Sleep(time.Millisecond)
	return s.Conn.Read(p)
}

// floodPings makes p send pings faster than it reads their pongs, until it receives a close
// frame. The peer answers the close frame, and pings too. The result lists the frames of the
// Conn other than pongs.
func (p *peer) floodPings(payload string) <-chan []string {
	p.over(slowReader{p.nc})
	stop := make(chan struct{})
	go func() {
		var pings []byte
		for range 100 {
			pings = append(pings, p.Frame(wire.OpPing, true, payload)...)
		}
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				_, _ = p.nc.Write(pings) // fails once the connection is closed
			}
		}
	}()
	return start(func() (heard []string) {
		defer close(stop)
		for {
			h, got, err := p.nextFrame()
			switch {
			case err != nil:
				return heard
			case h.Opcode == wire.OpPong && string(got) == payload:
				continue
			case h.Opcode == wire.OpPing:
				go p.Send(wire.OpPong, true, string(got))
				heard = append(heard, "ping")
			case h.Opcode == wire.OpClose:
				p.Send(wire.OpClose, true, string(got))
				p.nc.Close()
				return append(heard, "close")
			default:
				heard = append(heard, string(got))
			}
		}
	})
}

// During an endless flood of pings, every Write and every Ping completes before its context
// ends, and the close frame is sent.
func TestPingFloodHoldsNobodyUp(t *testing.T) {
	for _, payload := range []string{"", string(pattern(wire.MaxControlPayload, 0))} {
		t.Run(fmt.Sprint(len(payload)), func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newPeer(t, role, Limits{MaxControls: -1})
				heard := p.floodPings(payload)
				read := startRead(context.Background(), c)
				time.Sleep(time.Second)
				const writers = 5
				var all []<-chan timedResult
				var want []string
				for i := range writers {
					ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
					defer cancel()
					all = append(all, timed(func() error { return c.Write(ctx, Text, fmt.Append(nil, i)) }),
						timed(func() error { _, err := c.Ping(ctx); return err }))
					want = append(want, fmt.Sprint(i), "ping")
				}
				for _, done := range all {
					if r := <-done; r.err != nil || r.took >= 100*time.Millisecond {
						t.Errorf("got error %v after %v, want nil in less than 100ms", r.err, r.took)
					}
				}
				closed := <-timed(func() error {
					return c.Close(context.Background(), StatusNormalClosure, "")
				})
				if closed.err != nil || closed.took >= 100*time.Millisecond {
					t.Errorf("Close: got error %v after %v, want nil in less than 100ms",
						closed.err, closed.took)
				}
				got := <-heard
				slices.Sort(got)
				want = append(want, "close")
				slices.Sort(want)
				if !slices.Equal(got, want) {
					t.Errorf("the peer received %q, want %q", got, want)
				}
				<-read
			})
		})
	}
}
