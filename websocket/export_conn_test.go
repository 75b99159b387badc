package websocket

import (
	"context"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/bucket"
	"github.com/hawser-ws/hawser/websocket/internal/heartbeat"
	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/websocket/internal/turn"
)

// The parts of a Conn.

func (c *Conn) Transport() *transport.Transport { return &c.tr }
func (c *Conn) Keepalive() *heartbeat.Keepalive { return c.keepalive }
func (c *Conn) Pings() *heartbeat.Pings         { return &c.pings }
func (c *Conn) PingedPeer() heartbeat.Peer      { return (*pingedPeer)(c) }
func (c *Conn) Controls() *bucket.Bucket        { return &c.in.controls }
func (c *Conn) ReadTurn() *turn.Turn            { return &c.in.turn }
func (c *Conn) MessageTurn() *turn.Turn         { return &c.out.messages }
func (c *Conn) FrameTurn() *turn.Turn           { return &c.out.frames }

// What it has read.

func (c *Conn) MaxMessage() int64 { return c.in.max.Load() }
func (c *Conn) ReadOffset() int64 { return c.in.dec.Offset() }
func (c *Conn) HoldsBlock() bool  { return c.in.blk != nil }
func (c *Conn) Unread() []byte    { return c.in.unread }
func (c *Conn) Kept() []byte      { return c.in.kept }
func (c *Conn) InMessage() bool   { return c.in.open }
func (c *Conn) InStream() bool    { return c.in.stream != nil }
func (c *Conn) Leftover() bool    { return c.leftover() }

// The frames left to write. The caller of the first four must have the turn, or be alone.

func (c *Conn) HasRest() bool      { return c.out.rest != nil }
func (c *Conn) HasPostponed() bool { return c.out.late != nil }
func (c *Conn) HasPongs() bool     { return !c.out.pongs.Empty() || c.out.pongs.sending }
func (c *Conn) Held() int          { return c.out.held.Len() }
func (c *Conn) UnlockFrames()      { c.unlockFrames() }

// How it ends.

func (c *Conn) SetClosing()            { c.closing.local.Store(true) } // as Close does
func (c *Conn) CloseFrameBegun() bool  { return c.closing.sent.Load() }
func (c *Conn) CloseFrameSent() bool   { return c.closing.out.Load() }
func (c *Conn) TearingDown() bool      { return c.closing.tearingDown.Load() }
func (c *Conn) Ended() <-chan struct{} { return c.ended() }
func (c *Conn) EndLastReads()          { c.ending.last.wait = 0 }

func (c *Conn) SetCloseTimeout(d time.Duration) { c.closeWithin = d }

func (c *Conn) IsReleased() bool {
	c.releasing.Lock()
	defer c.releasing.Unlock()
	return c.closing.released
}

// Its steps.

func (c *Conn) AnswerPing(p []byte, more bool)                   { c.answerPing(p, more) }
func (c *Conn) AwaitClose(ctx context.Context) error             { return c.awaitClose(ctx) }
func (c *Conn) AbortWrite(op string, err error, lost bool) error { return c.abortWrite(op, err, lost) }
func (c *Conn) End(last error)                                   { c.end(last) }
func (c *Conn) EndRead()                                         { c.endRead() }
func (c *Conn) OpError(op string, err error) error               { return c.opError(op, err) }
func (c *Conn) KeepAlive(interval, timeout time.Duration) {
	c.keepalive = c.pings.KeepAlive((*pingedPeer)(c), interval, timeout)
}

func (c *Conn) SendCloseFrame(ctx context.Context, payload []byte) (ours bool, err error) {
	return c.sendClose(ctx, payload)
}
