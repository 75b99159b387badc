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
}

// Ping sends a ping and waits for its pong (RFC 6455, section 5.5.2). It returns
// the time between. Another goroutine must be reading, or the pong is not seen and
// Ping waits for ctx to end. Any number of goroutines may ping; each ping has a
// payload of its own, 8 bytes.
func (c *Conn) Ping(ctx context.Context) (time.Duration, error) {
	if err := contextError(ctx); err != nil {
		return 0, c.fault("ping", err)
	}
	// The numbers have the order of the wire, because a pong answers those before
	// it too.
	if err := c.out.frames.lock(ctx, c.ctx); err != nil {
		return 0, c.fault("ping", err)
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
		return 0, c.fault("ping", contextError(ctx))
	case <-c.ctx.Done():
		return 0, c.fault("ping", nil)
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
// a peer may answer only the last of several (section 5.5.3), those before it. A
// pong that nobody asked for is ignored.
func (p *pings) pong(payload []byte) (asked bool) {
	if len(payload) != 8 {
		return false
	}
	id := binary.BigEndian.Uint64(payload)
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.waiting[id]; !ok {
		return false
	}
	for other, ch := range p.waiting {
		if other <= id {
			close(ch)
			delete(p.waiting, other)
		}
	}
	return true
}
