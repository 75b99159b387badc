package websocket

import (
	"bytes"

	"github.com/hawser-ws/hawser/websocket/internal/transport"
)

// bufferSizes are the sizes of the pooled buffers up to a little over 1 MiB.
var bufferSizes = []int{1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20}

// UseBuffers calls f with a buffer of each size from its pool, as if another connection used it.
func UseBuffers(f func([]byte)) {
	for _, n := range bufferSizes {
		b := transport.GetBuffer(n)
		f(b.Bytes)
		b.Free()
	}
}

// PoisonBuffers takes buffers out of their pools, as other connections would, and overwrites them.
func PoisonBuffers() {
	for _, n := range bufferSizes {
		for range 20 {
			b := transport.GetBuffer(n).Bytes
			copy(b, bytes.Repeat([]byte("!"), len(b)))
		}
	}
}

// LargeBuffers puts n buffers of a little over 1 MiB into their pool.
func LargeBuffers(n int) {
	var all []*transport.Buffer
	for range n {
		all = append(all, transport.GetBuffer(1<<20))
	}
	for _, b := range all {
		b.Free()
	}
}
