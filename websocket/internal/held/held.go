// Package held keeps encoded frames in a pooled block until they are sent.
package held

import (
	"sync/atomic"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

const (
	// Max is how many bytes are held at most.
	Max = 16 << 10

	// Time is how long bytes are held at most.
	Time = time.Millisecond
)

// Frames holds frames. It has a block only while it holds any. A nil *Frames holds none. Frames
// belongs to the goroutine that may write.
type Frames struct {
	blk  *transport.Block
	n    int // bytes of blk
	late *time.Timer
}

// New returns Frames that hold none. late is called on its own goroutine when the first frame has
// been held for Time. It may also be called when there is no reason to.
func New(late func()) *Frames { return &Frames{late: time.AfterFunc(Time, late)} }

// Len returns how many bytes are held.
func (f *Frames) Len() int {
	if f == nil {
		return 0
	}
	return f.n
}

// Fits reports whether a frame with a payload of n bytes may be held, too.
func (f *Frames) Fits(n int) bool { return f.Len()+wire.MaxHeaderSize+n <= Max }

// Begin returns the held bytes. Append a frame to them, and pass the result to Hold.
func (f *Frames) Begin() []byte {
	if f.blk == nil {
		f.blk = transport.GetBlock()
		f.late.Reset(Time)
	}
	return f.blk[:f.n]
}

// Hold holds b, the result of Begin with a frame that fits.
func (f *Frames) Hold(b []byte) { f.n = len(b) }

// Take returns a block, which is then the caller's, and the bytes at its beginning that were held.
func (f *Frames) Take() (*transport.Block, []byte) {
	if f == nil || f.blk == nil {
		b := transport.GetBlock()
		return b, b[:0]
	}
	f.late.Stop()
	b, held := f.blk, f.blk[:f.n]
	f.blk, f.n = nil, 0
	return b, held
}

// AppendTo moves the held bytes to the end of dst.
func (f *Frames) AppendTo(dst []byte) []byte {
	if f.Len() > 0 {
		b, held := f.Take()
		dst = append(dst, held...)
		transport.PutBlock(b)
	}
	return dst
}

// A Batch knows which messages have arrived together. It belongs to the goroutine that reads them,
// except for More.
type Batch struct {
	more atomic.Bool // another whole message follows
	some bool        // one has followed since Over
}

// Next is called for each message with the bytes that have arrived after it.
func (b *Batch) Next(unread []byte) {
	more := HasMessage(unread)
	if b.more.Load() != more {
		b.more.Store(more)
	}
	b.some = b.some || more
}

// More reports whether another whole message has arrived. Any goroutine may call it.
func (b *Batch) More() bool { return b.more.Load() }

// Over reports, once, whether the last of several messages has been read.
func (b *Batch) Over() bool {
	over := b.some && !b.more.Load()
	if over {
		b.some = false
	}
	return over
}

// HasMessage reports whether p, which begins with a frame, contains the end of a message. Control
// frames before that do not matter.
func HasMessage(p []byte) bool {
	for len(p) > 0 {
		h, n, err := wire.ConsumeHeader(p)
		if err != nil || h.Length > int64(len(p)-n) {
			return false
		}
		if h.Fin && !h.Opcode.IsControl() {
			return true
		}
		p = p[n+int(h.Length):]
	}
	return false
}
