package websocket

import (
	"sync/atomic"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/tally"
)

// Stats counts the traffic of a connection since its opening handshake.
type Stats struct {
	MessagesRead, MessagesWritten int64 // whole messages
	FramesRead, FramesWritten     int64 // whole data frames
	BytesRead, BytesWritten       int64 // payloads of data frames as on the wire, after compression
	ControlsRead, ControlsWritten int64 // close, ping and pong frames

	// RoundTrip is the time between the last ping that was answered and its pong, or 0 before the
	// first such pong. Pings of [Conn.Ping] and of Limits.PingInterval count.
	RoundTrip time.Duration
}

type stats struct {
	read, written                 tally.Counter
	controlsRead, controlsWritten atomic.Int64
}

// Stats returns the connection's counts. It may be called at any time. Each count is exact, but two
// counts may be a frame apart.
func (c *Conn) Stats() Stats {
	r, w := c.stats.read.Load(), c.stats.written.Load()
	return Stats{
		MessagesRead: r.Messages, MessagesWritten: w.Messages,
		FramesRead: r.Frames, FramesWritten: w.Frames,
		BytesRead: r.Bytes, BytesWritten: w.Bytes,
		ControlsRead: c.stats.controlsRead.Load(), ControlsWritten: c.stats.controlsWritten.Load(),
		RoundTrip: c.pings.RoundTrip(),
	}
}

// Unsent returns how many bytes of messages wait to be written: the rest of the message that the
// transport has not yet taken, and all messages after it. It grows while the peer reads more slowly
// than this side writes, and is 0 once the connection has ended. Like the bufferedAmount of
// browsers, it does not count bytes that the system has taken but not yet sent. Nor does it count
// those that [Message.Reply] holds. It may count headers and control frames. Call it at any time.
func (c *Conn) Unsent() int64 {
	if c.ctx.Ended() {
		return 0
	}
	return c.out.waiting.Load() + c.tr.Wr.Unsent()
}

// wrote counts a frame that was accepted.
func (s *stats) wrote(f *frame) {
	if f.Opcode.IsControl() {
		s.controlsWritten.Add(1 + int64(f.pongs))
		return
	}
	step := tally.Frame
	if f.Fin {
		step += tally.Message
	}
	s.written.Add(int64(len(f.payload)), step)
}
