package websocket

import (
	"context"

	"github.com/hawser-ws/hawser/websocket/internal/heartbeat"
	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// maxBatch is how many bytes of pongs are sent at a time. A close frame still fits into the same
// block.
const maxBatch = transport.BlockSize - wire.MaxHeaderSize - wire.MaxControlPayload

// pongs is the queue of pongs to write. The reader writes the pongs itself if out.frames is free
// and the transport takes bytes without waiting. Otherwise a goroutine waits for out.frames as
// every writer does, so that a peer that sends endless pings cannot starve the writers.
type pongs struct {
	heartbeat.Pongs
	sending bool // sendPongs is running
	ping    bool // a ping of the keepalive waits, too, and is sent first
}

// answerPing sends a pong and never waits, because two peers whose readers wait for each other to
// read would wait forever. If more frames have arrived with the ping, the pongs are gathered for
// one write, and the caller must call flushPongs after the last ping.
func (c *Conn) answerPing(p []byte, more bool) {
	o := &c.out
	if c.closing.sent.Load() || !c.canWrite() {
		return
	}
	o.mu.Lock()
	alone := !more && o.pongs.Empty() && c.pongsNow()
	if !alone {
		o.pongs.Push(p)
		more = more && !o.pongs.Full()
	}
	o.mu.Unlock()
	switch {
	case alone:
		f := pongFrame(p)
		_ = c.writeLocked(noWait, "write", &f) // the next call returns the error
		c.unlockFrames()
	case !more:
		c.flushPongs()
	}
}

// flushPongs starts to send the waiting pongs, and does not wait.
func (c *Conn) flushPongs() {
	o := &c.out
	o.mu.Lock()
	mine := o.pongs.any() && c.pongsNow()
	o.mu.Unlock()
	if mine {
		_ = c.writeQueued(noWait)
		c.unlockFrames()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.pongs.any() && !o.pongs.sending {
		o.pongs.sending = true
		go c.sendPongs(o.frames.Join()) // joins before the reader writes anything else
	}
}

// pongsNow takes out.frames if it is free and the transport can write without waiting. The caller
// has out.mu.
func (c *Conn) pongsNow() bool {
	return c.tr.IsRaw() && !c.out.pongs.sending && c.out.frames.TryLock()
}

// sendPongs sends the waiting pongs until there are none. It takes out.frames anew for each batch,
// after the writers that have queued before. It has joined the queue for the first batch.
func (c *Conn) sendPongs(turn chan struct{}) {
	o := &c.out
	for more := true; more; {
		if turn != nil && o.frames.Wait(context.Background(), c.Context(), 0, turn) != nil {
			o.mu.Lock()
			o.pongs = pongs{sending: true} // the connection has ended
			o.mu.Unlock()
			return
		}
		_ = c.writeQueued(context.Background())
		o.mu.Lock()
		if more = o.pongs.any(); more {
			turn = o.frames.Join()
		}
		o.pongs.sending = more
		o.mu.Unlock()
		c.unlockFrames()
	}
}

// writeQueued sends the frames that Reply holds and a batch of pongs. The caller has out.frames.
func (c *Conn) writeQueued(ctx context.Context) error {
	b, buf := c.out.held.Take()
	defer c.tr.Wr.PutBlock(b)
	before := c.out.enc
	buf, n := c.appendPongs(buf)
	if !c.canWrite() {
		return c.opError("write", nil)
	}
	if len(buf) == 0 {
		return nil
	}
	last := pongFrame(nil)
	last.pongs = n - 1
	n, err := c.tr.Write(c.watched(ctx), c.writeWithin, buf, nil)
	if err != nil {
		// The rest is kept, or the connection ends, and the next call returns the error.
		return c.interruptedWrite("write", err, &cut{frame: &last, sent: n, before: before, rest: buf[n:]})
	}
	c.stats.wrote(&last)
	c.pingLeft()
	return nil
}

// appendPongs moves a batch of waiting pongs to buf, and returns how many. The caller has
// out.frames.
func (c *Conn) appendPongs(buf []byte) (_ []byte, n int) {
	o := &c.out
	o.mu.Lock()
	if !c.canWrite() || o.enc.Closed() {
		o.pongs.Clear() // nothing more can be sent
	}
	if o.pongs.ping && c.mayPing() {
		f := frame{Header: wire.Header{Fin: true, Opcode: wire.OpPing}, payload: c.keepalive.NextPing()}
		o.setKey(&f)
		buf, _ = o.enc.AppendFrame(buf, f.Header, f.payload) // never fails; f is valid
		n++
	}
	o.pongs.ping = false
	batch := o.pongs.Pop(maxBatch-len(buf), wire.Header{Masked: o.enc.Role == wire.Client}.Size())
	o.mu.Unlock()
	for ; len(batch) > 0; n++ {
		f := pongFrame(batch[1 : 1+batch[0]])
		o.setKey(&f)
		buf, _ = o.enc.AppendFrame(buf, f.Header, f.payload) // never fails; f is valid
		batch = batch[1+len(f.payload):]
	}
	return buf, n
}

// any reports whether anything waits.
func (q *pongs) any() bool { return !q.Empty() || q.ping }

func pongFrame(p []byte) frame {
	return frame{Header: wire.Header{Fin: true, Opcode: wire.OpPong}, payload: p, keep: true}
}
