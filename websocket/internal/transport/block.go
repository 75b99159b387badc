package transport

import "sync"

// BlockSize is the size of the pooled buffers, in bytes. A read takes at most this much, and a
// frame that fits with its header is sent in one write. It is the next size class of the runtime
// above 16 KiB, so that messages of 16 KiB, which are common, fit with their header.
const BlockSize = 18 << 10

// A Block is a pooled buffer.
type Block [BlockSize]byte

// blocks are shared by all connections. An idle connection holds none. Only bytes that were just
// read or written into a block are ever used.
var blocks = sync.Pool{New: func() any { return new(Block) }}

// GetBlock takes a block from the pool. It may contain old bytes.
func GetBlock() *Block { return blocks.Get().(*Block) }

// PutBlock gives b back to the pool. After a write from b, call [WriteHalf.PutBlock] instead.
func PutBlock(b *Block) { blocks.Put(b) }

// LargeSize is the size, in bytes, of the buffers for larger frames, so that up to 64 KiB are sent
// in one write: copying costs less than a second system call. Only a write in progress holds one.
// It is the size class of the runtime for 64 KiB and a header.
const LargeSize = 72 << 10

// A LargeBlock is a pooled buffer for a large frame.
type LargeBlock [LargeSize]byte

var largeBlocks = sync.Pool{New: func() any { return new(LargeBlock) }}

// GetLarge takes a large block from the pool. It may contain old bytes.
func GetLarge() *LargeBlock { return largeBlocks.Get().(*LargeBlock) }

// PutBlock gives b back to the pool after a write from it. If the transport may still read b, it is
// left to the garbage collector. smux sends from it after a timeout, and must not send bytes of
// another connection.
func (w *WriteHalf) PutBlock(b *Block) {
	if !w.Broken() {
		PutBlock(b)
	}
}

// PutLarge is PutBlock for a large block.
func (w *WriteHalf) PutLarge(b *LargeBlock) {
	if !w.Broken() {
		largeBlocks.Put(b)
	}
}
