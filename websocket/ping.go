package websocket

import (
	"context"
	"encoding/binary"
	"sync"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// pings are the pings that wait for a pong.
type pings struct {
	mu      sync.Mutex
	last    uint64
	waiting map[uint64]chan struct{}
	others  int // pings of WriteControl whose pong has not arrived
}

// expect records that the pongs of n more pings of WriteControl will arrive.
func (p *pings) expect(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.others += n
}

// Ping sends a ping, waits for its pong (RFC 6455, section 5.5.2), and returns the time between
// them. Another goroutine, or CloseRead, must be reading. Otherwise the pong is not seen, and
// Ping waits for ctx to end. Any number of goroutines may ping. Each ping has its own payload of
// 8 bytes.
func (c *Conn) Ping(ctx context.Context) (time.Duration, error) {
	if err := transport.Ended(ctx); err != nil {
		return 0, c.opError("ping", err)
	}
	// IDs are assigned in the order in which pings are sent, because a pong also answers
	// the pings before its own.
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
		return 0, c.opError("ping", transport.Ended(ctx))
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

// pong wakes the goroutines whose pings a pong with this payload answers: the ping with the same
// payload, and earlier ones, because a peer may answer only the last of several pings (section
// 5.5.3). It reports whether the pong was solicited.
func (p *pings) pong(payload []byte) (asked bool) {
	var id uint64 // no ping has ID 0
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
