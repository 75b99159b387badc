package websocket

import "sync"

// blockSize is the size of the pooled buffers, in bytes. One read takes what fits;
// a frame that fits with its header leaves in one write. It is the size class of the
// runtime above 16 KiB, so that messages of this much, which are common, do fit.
const blockSize = 18 << 10

type block [blockSize]byte

// blocks are shared by all connections, and none holds one while it is idle. Only
// the bytes just read into a block, or just written, are ever looked at.
var blocks = sync.Pool{New: func() any { return new(block) }}

func getBlock() *block  { return blocks.Get().(*block) }
func putBlock(b *block) { blocks.Put(b) }

// largeSize is the size, in bytes, of the buffers in which larger frames are put
// together, so that up to 64 KiB leave in one write: to copy costs less than a second
// system call. Only a write in progress holds one. It is what the runtime makes of
// 64 KiB and a header.
const largeSize = 72 << 10

type largeBlock [largeSize]byte

var largeBlocks = sync.Pool{New: func() any { return new(largeBlock) }}
