//go:build !race

package wsprom_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// A message and a pong cost no allocation.
func TestNoAllocations(t *testing.T) {
	const messages = 10_000
	e, _ := newMetrics(t)
	c := newConn(t)
	e.Accepted(nil, c)
	for name, call := range map[string]func(n int64){
		"read":  func(n int64) { e.Read(c, websocket.Text, n, n) },
		"wrote": func(n int64) { e.Wrote(c, websocket.Binary, n, n) },
		"pong":  func(n int64) { e.Pong(c, time.Duration(n)) },
	} {
		call(1)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for n := range int64(messages) {
			call(n * n)
		}
		runtime.ReadMemStats(&after)
		// The runtime itself allocates a few objects now and then.
		if n := after.Mallocs - before.Mallocs; n > messages/100 {
			t.Errorf("%s: %d allocations in %d calls", name, n, messages)
		}
	}
}
