package fanout

import "iter"

// A Room sends messages to its members, in the same order to each. The zero value is ready to use.
// Any goroutine may call its methods at any time. A member may be in any number of rooms.
type Room struct{}

// Join adds q. It leaves by itself when its connection ends.
func (r *Room) Join(q *Queue) { panic("not yet") }

// Leave removes q. Messages that are in its queue are still sent.
func (r *Room) Leave(q *Queue) { panic("not yet") }

// Broadcast queues m for all members. It never waits. A member whose queue is full is treated by the
// policy of that queue.
func (r *Room) Broadcast(m *Message) { panic("not yet") }

// BroadcastFunc is Broadcast to those members for which to returns true. to must not call methods of
// the Room.
func (r *Room) BroadcastFunc(m *Message, to func(q *Queue) bool) { panic("not yet") }

// Members returns an iterator over the members at the time of the call.
func (r *Room) Members() iter.Seq[*Queue] { panic("not yet") }

// Len returns the number of members.
func (r *Room) Len() int { panic("not yet") }
