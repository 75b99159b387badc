package websocket

import "sync"

// blockSize is the size of the pooled buffers, in bytes. A read takes at most this much, and a
// frame that fits with its header is sent in one write. It is the next size class of the runtime
// above 16 KiB, so that messages of 16 KiB, which are common, fit with their header.
const blockSize = 18 << 10

type block [blockSize]byte

// blocks are shared by all connections. An idle connection holds none. Only bytes that were just
// read or written into a block are ever used.
var blocks = sync.Pool{New: func() any { return new(block) }}

func getBlock() *block  { return blocks.Get().(*block) }
func putBlock(b *block) { blocks.Put(b) }

// largeSize is the size, in bytes, of the buffers for larger frames, so that up to 64 KiB are sent
// in one write: copying costs less than a second system call. Only a write in progress holds one.
// It is the size class of the runtime for 64 KiB and a header.
const largeSize = 72 << 10

type largeBlock [largeSize]byte

var largeBlocks = sync.Pool{New: func() any { return new(largeBlock) }}
