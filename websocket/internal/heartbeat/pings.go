// Package heartbeat keeps track of the pings and pongs of a connection, and pings a peer that is silent.
package heartbeat

import (
	"encoding/binary"
	"sync"
	"time"
)

// epoch is the origin of a monotonic clock.
var epoch = time.Now()

// Pings are the pings of a connection whose pongs have not arrived. Its methods do not wait, and may
// be called at any time by any goroutine.
type Pings struct {
	mu        sync.Mutex
	last      uint64
	waiting   map[uint64]waitingPing
	others    int           // pings of Expect and of the keepalive
	roundTrip time.Duration // of the last ping that was answered
	keepalive *Keepalive
}

// A waitingPing is a ping of Begin.
type waitingPing struct {
	at   time.Duration      // when it was sent, since epoch
	pong chan time.Duration // gets the round trip; has room for it
}

// Expect records that the pongs of n more pings, with any payloads, will arrive.
func (p *Pings) Expect(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.others += n
}

// Begin returns the payload of a ping that is about to be sent, and a channel that gets its round
// trip. IDs are assigned in the order in which pings are sent, because a pong also answers the pings
// before its own. The caller must call Forget.
func (p *Pings) Begin() (id uint64, payload []byte, pong <-chan time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting == nil {
		p.waiting = make(map[uint64]waitingPing)
	}
	id, payload = p.next()
	ch := make(chan time.Duration, 1)
	p.waiting[id] = waitingPing{time.Since(epoch), ch}
	return id, payload, ch
}

// next returns the ID of the next ping and its payload. The caller has mu.
func (p *Pings) next() (id uint64, payload []byte) {
	p.last++
	return p.last, binary.BigEndian.AppendUint64(nil, p.last)
}

// Forget discards a ping of Begin, for whose pong no call waits any longer.
func (p *Pings) Forget(id uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.waiting, id)
	if len(p.waiting) == 0 {
		p.waiting = nil
	}
}

// Waiting returns how many pings of Begin wait, and how many others.
func (p *Pings) Waiting() (begun, others int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting), p.others
}

// Pong handles a pong with this payload: it answers the ping with the same payload, and earlier
// ones, because a peer may answer only the last of several pings (RFC 6455, section 5.5.3). It
// returns the round trip, or a negative number if it knows no such ping. asked is whether the pong
// was solicited.
func (p *Pings) Pong(payload []byte) (roundTrip time.Duration, asked bool) {
	var id uint64 // no ping has ID 0
	if len(payload) == 8 {
		id = binary.BigEndian.Uint64(payload)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Since(epoch)
	ping, known := p.waiting[id]
	k := p.keepalive
	if k != nil && k.ping != nil && k.ping.id == id && id != 0 {
		ping.at, known = k.ping.at, true
		p.others--
	}
	if !known {
		asked = p.others > 0
		p.others = max(p.others-1, 0)
		return -1, asked
	}
	p.roundTrip = now - ping.at // before a waiting goroutine looks at it
	for other, w := range p.waiting {
		if other <= id {
			w.pong <- now - w.at
			delete(p.waiting, other)
		}
	}
	if k != nil {
		k.answered(id, now)
	}
	return p.roundTrip, true
}

// RoundTrip returns the round trip of the last ping that was answered, or 0.
func (p *Pings) RoundTrip() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.roundTrip
}
