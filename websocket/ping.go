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
	waiting map[uint64]waitingPing
	others  int // pings of WriteControl and of the keepalive whose pong has not arrived
}

// A waitingPing is a ping for whose pong a call of Ping waits.
type waitingPing struct {
	at   time.Duration      // when it was sent, since epoch
	pong chan time.Duration // gets the round trip; has room for it
}

// expect records that the pongs of n more pings of WriteControl will arrive.
func (p *pings) expect(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.others += n
}

// Ping sends a ping, waits for its pong (RFC 6455, section 5.5.2), and returns the time between
// them. Another goroutine must be reading. Otherwise the pong is not seen, and Ping waits for ctx
// to end. Any number of goroutines may ping. Each ping has its own payload of 8 bytes.
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
	err := c.writeLocked(ctx, "ping", frame{
		Header:  wire.Header{Fin: true, Opcode: wire.OpPing},
		payload: binary.BigEndian.AppendUint64(nil, id),
	})
	c.unlockFrames()
	if err != nil {
		return 0, err
	}
	select {
	case roundTrip := <-pong:
		return roundTrip, nil
	case <-ctx.Done():
		return 0, c.opError("ping", transport.Ended(ctx))
	case <-c.ctx.Done():
		return 0, c.opError("ping", nil)
	}
}

func (p *pings) begin() (id uint64, pong <-chan time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting == nil {
		p.waiting = make(map[uint64]waitingPing)
	}
	p.last++
	ch := make(chan time.Duration, 1)
	p.waiting[p.last] = waitingPing{time.Since(epoch), ch}
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

// takePong handles a pong with this payload: it answers the ping with the same payload, and earlier
// ones, because a peer may answer only the last of several pings (section 5.5.3). It reports
// whether the pong was solicited.
func (c *Conn) takePong(payload []byte) (asked bool) {
	var id uint64 // no ping has ID 0
	if len(payload) == 8 {
		id = binary.BigEndian.Uint64(payload)
	}
	roundTrip, asked := c.answered(id)
	if e := c.events; roundTrip >= 0 && e != nil && e.Pong != nil {
		e.Pong(c, roundTrip)
	}
	return asked
}

// answered records that a pong with this ID has arrived, and wakes the goroutines whose pings it
// answers. It returns the round trip, or a negative number if the ID is unknown. asked is whether
// the pong was solicited.
func (c *Conn) answered(id uint64) (roundTrip time.Duration, asked bool) {
	p, k := &c.pings, c.keepalive
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Since(epoch)
	ping, known := p.waiting[id]
	if k != nil && k.ping != nil && k.ping.id == id && id != 0 {
		ping.at, known = k.ping.at, true
		p.others--
	}
	if !known {
		asked = p.others > 0
		p.others = max(p.others-1, 0)
		return -1, asked
	}
	c.stats.roundTrip.Store(int64(now - ping.at)) // before Ping returns
	for other, w := range p.waiting {
		if other <= id {
			w.pong <- now - w.at
			delete(p.waiting, other)
		}
	}
	if k != nil {
		k.answered(id, now)
	}
	return now - ping.at, true
}
