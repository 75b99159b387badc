//go:build unix

package websocket_test

import (
	"strings"
	"testing"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A connection that waits for its peer over a socket holds no buffer.
func TestIdleHoldsNoBuffer(t *testing.T) {
	for _, kind := range []string{"tcp", "unix"} {
		for _, role := range roles {
			t.Run(kind+"/"+role.String(), func(t *testing.T) {
				checkLeaks(t)
				c, p := newPeerWith(t, kind, role)
				waits := make(chan bool, 100)
				c.Transport().Rd.Idle = func() { waits <- !c.HoldsBlock() && isNil(&c.Transport().Rd, "blk") && c.Unread() == nil }
				for _, style := range readStyles {
					read := style.make(c)
					for _, n := range []int{0, 10, 3 * blockSize} {
						want := strings.Repeat("a", n)
						done := start(func() received { return read(bounded(t)) })
						<-waits
						p.Write(p.Frame(wire.OpText, true, want))
						if g := <-done; g != (received{Text, want, nil}) {
							t.Fatalf("got %d bytes, %v, want %d", len(g.data), g.err, n)
						}
						for len(waits) > 0 {
							if !<-waits {
								t.Errorf("%s: the waiting connection holds a buffer", style.name)
							}
						}
					}
				}
			})
		}
	}
}
