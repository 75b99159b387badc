//go:build unix && !race

package websocket_test

import (
	"bufio"
	"context"
	"net/http"
	"testing"
	"time"
	"unsafe"

	. "github.com/hawser-ws/hawser/websocket"
)

// A goroutine of a Handler that waits for its first message has the smallest stack of the runtime,
// whether it waits in Messages or in Read. Everything between Serve and the system call has to fit,
// so the functions on the path of a waiting read have few variables. A stack that has grown is at
// another address.
func TestIdleStack(t *testing.T) {
	const conns, smallest = 100, 2 << 10 // bytes
	for _, row := range idleEchoes {
		t.Run(row.name, func(t *testing.T) {
			checkLeaks(t)
			depths := make(chan uintptr, 1)
			h := Handler{
				Serve: func(ctx context.Context, c *Conn) error {
					top, told := stackPointer(), false
					c.Transport().Rd.Idle = func() {
						if depth := top - stackPointer(); !told {
							told = true
							depths <- depth
						}
					}
					return row.run(ctx, c, func() {})
				},
				Options: &AcceptOptions{Limits: Limits{PingInterval: time.Hour}},
			}
			moved := 0
			for range conns {
				ours, theirs := netPair(t, "tcp")
				t.Cleanup(func() { theirs.Close() })
				brw := bufio.NewReadWriter(bufio.NewReader(ours), bufio.NewWriter(ours))
				h.ServeHTTP(&bareHijack{http.Header{}, ours, brw}, newHandshake(t))
				if depth := <-depths; depth > smallest {
					moved++
				}
			}
			if moved > conns/4 { // a read for which the pool has no block grows the stack, too
				t.Errorf("%d stacks of %d have grown, want none", moved, conns)
			}
		})
	}
}

// stackPointer returns an address on the stack of the goroutine.
//
//go:noinline
func stackPointer() uintptr {
	var b byte
	return uintptr(unsafe.Pointer(&b))
}
