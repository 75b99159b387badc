package transport

import "sync"

// sizes has the size, in bytes, of the buffers of each class. It is about four times that of the
// class before. From BlockSize on, it is a power of two plus room for headers.
var sizes = [...]int{
	MinBuffer, 4 << 10, BlockSize, LargeSize, 256<<10 + headRoom, 1<<20 + headRoom, 4<<20 + headRoom,
	16<<20 + headRoom,
}

const (
	MinBuffer  = 1 << 10 // the size of the smallest buffers
	headRoom   = 8 << 10 // a page of the runtime's allocator
	blockClass = 2       // the class of BlockSize
)

// pools are the buffers of each class that are not in use, until the garbage collector takes them.
var pools = newPools()

func newPools() *[len(sizes)]sync.Pool {
	var all [len(sizes)]sync.Pool
	for class := range all {
		all[class].New = func() any { return &Buffer{make([]byte, sizes[class]), &all[class]} }
	}
	return &all
}

// A Buffer is a pooled buffer for bytes that are read, or for a message in pieces. An idle
// connection holds none.
type Buffer struct {
	Bytes []byte // all of the buffer, with old contents
	pool  *sync.Pool
}

// classOf returns the class of the smallest buffers of n bytes or more, or len(sizes).
func classOf(n int) (class uint8) {
	for int(class) < len(sizes) && sizes[class] < n {
		class++
	}
	return class
}

// GetBuffer returns a buffer of n bytes or more. It comes from a pool unless n is very large.
func GetBuffer(n int) *Buffer {
	class := classOf(n)
	if int(class) == len(sizes) {
		return &Buffer{Bytes: make([]byte, n)}
	}
	return getBuffer(class)
}

// getBuffer and Free are inlined, because the stack of a goroutine that waits has to be small.
func getBuffer(class uint8) *Buffer { return pools[class].Get().(*Buffer) }

// Free gives b back to its pool. b may be nil.
func (b *Buffer) Free() {
	if b != nil && b.pool != nil {
		b.pool.Put(b)
	}
}

// Size returns the size of b, or 0 if b is nil.
func (b *Buffer) Size() int {
	if b == nil {
		return 0
	}
	return len(b.Bytes)
}

// RoomFor returns the size of a buffer for a message of which have bytes have arrived and total
// bytes have been announced. It is at most maxRoom, and no larger than the message needs, except
// that a buffer beyond the classes has room for a few more fragments.
func RoomFor(have, total int) int {
	class := classOf(min(have+1, total))
	for int(class)+1 < len(sizes) && sizes[class] < total && sizes[class+1] <= maxRoom(have) {
		class++
	}
	if int(class) == len(sizes) {
		return max(min(total, 2*have), have+have/4)
	}
	return sizes[class]
}

// maxRoom returns the size of the largest buffer in which a connection waits for the rest of a
// message of which have bytes have arrived, unless even the smallest buffer is larger. It is a
// little over four times have, because of the room for headers.
func maxRoom(have int) int { return 4*have + have/8 }
