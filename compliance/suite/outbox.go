package suite

import (
	"bytes"
	"net"
	"slices"
	"sync"
	"time"
)

// An outbox writes parcels in order on its own goroutine, so that a peer that does not read blocks
// nothing. Its queue is limited by what a case sends.
type outbox struct {
	conn  net.Conn
	mu    sync.Mutex
	wake  sync.Cond
	queue []parcel
	ended bool // no more parcels are added
	flush bool // write what is queued, then drop TCP
	lost  bool // a write failed
	done  chan struct{}
}

// A parcel is the data of one write.
type parcel struct {
	data   []byte
	alone  bool          // neither it nor what follows is joined with other parcels
	gap    time.Duration // pause before the write
	before func()        // if set, called before the write
	after  func()        // if set, called after the write, even if it failed
}

// join joins the parcels before the first one that is alone. They then share a write, as in Autobahn,
// which writes once per event.
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

// drop ends TCP: at once if limit is 0, else once everything is written or limit has passed.
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

// end drops TCP, unless drop was called, and waits for the goroutine.
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
			if _, err := o.conn.Write(p.data); err != nil { // the reader gets an error, too
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
