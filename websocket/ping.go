package websocket

import (
	"context"
	"encoding/binary"
	"sync"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// pings are the pings that wait for their pong.
type pings struct {
	mu      sync.Mutex
	last    uint64
	waiting map[uint64]chan struct{}
	others  int // pings of WriteControl whose pong has not come
}

// expect notes that the pongs of n more pings of WriteControl are to come.
func (p *pings) expect(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.others += n
}

// Ping sends a ping and waits for its pong (RFC 6455, section 5.5.2). It returns
// the time between. Another goroutine must be reading, or the pong is not seen and
// Ping waits for ctx to end. Any number of goroutines may ping; each ping has a
// payload of its own, 8 bytes.
func (c *Conn) Ping(ctx context.Context) (time.Duration, error) {
	if err := contextError(ctx); err != nil {
		return 0, c.opError("ping", err)
	}
	// The numbers have the order of the wire, because a pong answers those before
	// it too.
	if err := c.out.frames.lock(ctx, c.ctx); err != nil {
		return 0, c.opError("ping", err)
	}
	id, pong := c.pings.begin()
	defer c.pings.forget(id)
	start := time.Now()
	err := c.writeLocked(ctx, "ping", frame{
		Header:  wire.Header{Fin: true, Opcode: wire.OpPing},
		payload: binary.BigEndian.AppendUint64(nil, id),
	})
	c.unlockFrames()
	if err != nil {
		return 0, err
	}
	select {
	case <-pong:
		return time.Since(start), nil
	case <-ctx.Done():
		return 0, c.opError("ping", contextError(ctx))
	case <-c.ctx.Done():
		return 0, c.opError("ping", nil)
	}
}

func (p *pings) begin() (id uint64, pong <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting == nil {
		p.waiting = make(map[uint64]chan struct{})
	}
	p.last++
	ch := make(chan struct{})
	p.waiting[p.last] = ch
	return p.last, ch
}

func (p *pings) forget(id uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.waiting, id)
	if len(p.waiting) == 0 {
		p.waiting = nil
	}
}

// pong wakes those whose ping a pong with this payload answers: that one and, since
// a peer may answer only the last of several (section 5.5.3), those before it. It reports
// whether the pong was asked for.
func (p *pings) pong(payload []byte) (asked bool) {
	var id uint64 // is nobody's
	if len(payload) == 8 {
		id = binary.BigEndian.Uint64(payload)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.waiting[id]; !ok {
		asked = p.others > 0
		p.others = max(p.others-1, 0)
		return asked
	}
	for other, ch := range p.waiting {
		if other <= id {
			close(ch)
			delete(p.waiting, other)
		}
	}
	return true
}
