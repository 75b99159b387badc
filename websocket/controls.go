package websocket

import (
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// controlTime is the time after which one more control frame may come.
const controlTime = time.Second / 50

// controls is a bucket of tokens. Each ping and each unsolicited pong takes one. A full
// bucket holds Limits.MaxControls.
type controls struct {
	max  int           // Limits.MaxControls
	full time.Duration // when the bucket will be full, on the clock of take
}

// epoch is the origin of a clock that is never set.
var epoch = time.Now()

// take takes a token at the time now, and reports whether there was one.
func (b *controls) take(now time.Duration) bool {
	if b.max < 0 {
		return true
	}
	b.full = max(b.full, now)
	if (b.full-now+controlTime-1)/controlTime >= time.Duration(b.max) {
		return false
	}
	b.full += controlTime
	return true
}

// flood is the error for a frame for which there was no token, which ends at an offset of
// the stream. As package wire does, it tells where the length was seen.
func (b *controls) flood(f wire.Frame, end int64) error {
	start := end - f.Header.Length - int64(f.Header.Size())
	return &wire.Error{
		Violation: wire.ErrControlFlood, Offset: start + 1, Size: int64(b.max) + 1, Limit: int64(b.max),
	}
}
