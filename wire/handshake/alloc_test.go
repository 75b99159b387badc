//go:build !race

package handshake_test

import (
	"io"
	"runtime"
	"testing"

	"github.com/hawser-ws/hawser/wire/handshake"
)

// Reading and checking a request allocates nothing unless the client offers subprotocols or
// extensions. Because the rest of the process may allocate at the same time, one attempt of ten
// without allocations is enough.
func TestAllocations(t *testing.T) {
	head := []byte(opening + "Origin: https://example.com\r\nAccess-Control-Request-Private-Network-X: true\r\n" +
		"User-Agent: an agent with a name of more than 32 bytes\r\n\r\n")
	var mallocs uint64
	for range 10 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 10_000 {
			var r handshake.Request
			if _, err := r.Consume(head[:100]); err != io.ErrUnexpectedEOF {
				t.Fatal(err)
			}
			if _, err := r.Consume(head); err != nil {
				t.Fatal(err)
			}
			if err := r.Check(anyOrigin); err != nil {
				t.Fatal(err)
			}
		}
		runtime.ReadMemStats(&after)
		if mallocs = after.Mallocs - before.Mallocs; mallocs == 0 {
			return
		}
	}
	t.Errorf("%d allocations in 10,000 requests, want none", mallocs)
}
