package suite

import (
	"bytes"
	"net"
	"slices"
	"sync"
	"time"
)

// An outbox writes in the order in which it was asked to, on a goroutine of its own,
// so that a peer that does not read holds up nobody. What waits is bounded by what a
// script sends.
type outbox struct {
	conn  net.Conn
	mu    sync.Mutex
	wake  sync.Cond
	queue []parcel
	ended bool // nothing follows
	flush bool // write what is queued, then drop
	lost  bool // a write failed
	done  chan struct{}
}

// A parcel is what one write sends.
type parcel struct {
	data   []byte
	alone  bool          // it is not joined with others, nor is what follows
	gap    time.Duration // to wait before
	before func()        // called before it is written; may be nil
	after  func()        // called once it is written, or cannot be; may be nil
}

// join makes one parcel of those with no gap between them, so that they travel
// together as with the original, which writes once an event is worked on. What
// follows a parcel that travels alone does so too.
func join(parcels []parcel) []parcel {
	plain := slices.IndexFunc(parcels, func(p parcel) bool { return p.alone })
	if plain < 0 {
		plain = len(parcels)
	}
	if plain < 2 {
		return parcels
	}
	var data [][]byte
	for _, p := range parcels[:plain] {
		data = append(data, p.data)
	}
	return append([]parcel{{data: bytes.Join(data, nil)}}, parcels[plain:]...)
}

func newOutbox(conn net.Conn) *outbox {
	o := &outbox{conn: conn, done: make(chan struct{})}
	o.wake.L = &o.mu
	go o.run()
	return o
}

func (o *outbox) put(p ...parcel) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.ended {
		o.queue = append(o.queue, p...)
		o.wake.Signal()
	}
}

// drop ends TCP: at once if limit is 0, else when all is written, for which a peer
// that does not read has no longer than limit.
func (o *outbox) drop(limit time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended, o.flush = true, limit > 0
	if o.flush {
		_ = o.conn.SetWriteDeadline(time.Now().Add(limit))
	} else {
		o.conn.Close()
	}
	o.wake.Signal()
}

// end drops TCP, unless that is under way, and waits for the goroutine.
func (o *outbox) end() {
	o.mu.Lock()
	flushing := o.flush
	o.mu.Unlock()
	if !flushing {
		o.drop(0)
	}
	<-o.done
}

func (o *outbox) run() {
	defer close(o.done)
	for {
		o.mu.Lock()
		for len(o.queue) == 0 && !o.ended {
			o.wake.Wait()
		}
		if len(o.queue) == 0 || o.ended && !o.flush {
			o.mu.Unlock()
			o.conn.Close()
			return
		}
		p := o.queue[0]
		o.queue = o.queue[1:]
		o.mu.Unlock()
		if p.gap > 0 {
			time.Sleep(p.gap) // milliseconds at most
		}
		if p.before != nil {
			p.before()
		}
		if len(p.data) > 0 {
			if _, err := o.conn.Write(p.data); err != nil { // whoever reads sees it too
				o.mu.Lock()
				o.lost = true
				o.mu.Unlock()
			}
		}
		if p.after != nil {
			p.after()
		}
	}
}
