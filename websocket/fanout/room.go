package fanout

import (
	"context"
	"iter"
	"slices"
	"sync"
)

// A Room sends messages to its members, in the same order to each. The zero value is ready to use.
// Any goroutine may call its methods at any time. A member may be in any number of rooms. Messages
// of different rooms have no common order: two members of both may get them in different orders.
type Room struct {
	mu      sync.Mutex
	members []*Queue
	index   map[*Queue]place
	crew    crew
}

// A place is the place of a member in a room.
type place struct {
	i    int         // its index in members
	stop func() bool // cancels leaving at the end of the connection
}

// Join adds q, unless it is a member already or its connection has ended. When the connection of a
// member ends, the member leaves automatically.
func (r *Room) Join(q *Queue) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ctx := q.c.Context()
	if _, ok := r.index[q]; ok || ctx.Err() != nil {
		return
	}
	if r.index == nil {
		r.index = make(map[*Queue]place)
	}
	r.index[q] = place{len(r.members), context.AfterFunc(ctx, func() { r.Leave(q) })}
	r.members = append(r.members, q)
}

// Leave removes q, if it is a member. Messages that it has queued are still sent.
func (r *Room) Leave(q *Queue) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, ok := r.index[q]
	if !ok {
		return
	}
	p.stop()
	delete(r.index, q)
	last := len(r.members) - 1
	if moved := r.members[last]; moved != q {
		r.members[p.i] = moved
		r.index[moved] = place{p.i, r.index[moved].stop}
	}
	r.members[last] = nil
	r.members = r.members[:last]
}

// Broadcast queues m for all members. It never waits. If a member has no room for m, its policy
// applies. A member whose MaxBytes is less than the size of m does not get m. [Queue.Dropped]
// counts the lost messages in both cases. Broadcast panics if m is not from [Prepare].
func (r *Room) Broadcast(m *Message) { r.BroadcastFunc(m, nil) }

// BroadcastFunc is Broadcast to the members for which to returns true. The function to must not wait
// or call methods of the Room. If it panics, the members for which it has returned true still get
// m.
func (r *Room) BroadcastFunc(m *Message, to func(q *Queue) bool) {
	m.check()
	r.mu.Lock()
	defer r.mu.Unlock()
	var jobs []job
	defer func() { r.crew.add(jobs) }() // also if to panics
	for _, q := range r.members {
		if to != nil && !to(q) {
			continue
		}
		if idle, _ := q.enqueue(m); idle { // the queue has dealt with an error
			jobs = append(jobs, job{q, m})
		}
	}
}

// Members returns an iterator over the members at the time of the call, in no particular order. The
// loop may call methods of the Room.
func (r *Room) Members() iter.Seq[*Queue] {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Values(slices.Clone(r.members))
}

// Len returns the number of members.
func (r *Room) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.members)
}
