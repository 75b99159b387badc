// Package fanout sends messages to many connections, none of which can delay the others.
//
// A [Queue] holds the messages that wait to be sent on one connection, within limits. A [Room]
// encodes a message once and puts it into the queues of all its members, in the same order for
// each.
//
// A handler makes a Queue for its connection, joins a Room, and reads until the connection ends:
//
//	q := fanout.NewQueue(c, nil)
//	room.Join(q)
//	for m, err := range c.Messages(ctx) {
//		…
//	}
//
// When the connection ends, its Queue leaves the Room.
//
// # Slow peers
//
// The Queue of a peer that reads too slowly becomes full. By default, its connection is then closed
// with 1013 (Try Again Later), because the peer would otherwise miss messages without notice. If
// only the latest messages matter, use the policy [DropOldest]. [Queue.SendContext] waits for room
// instead.
//
// # Several nodes
//
// A Room has the connections of one process. To reach members on several nodes, publish each
// message on a message bus. Each node broadcasts every message that the bus delivers, even those
// that it published itself. All members then get the messages in the order of the bus.
//
// # Shutdown
//
// [websocket.Group.Shutdown] does not wait for queues: when it closes a connection, the messages in
// its Queue are lost. To send them first, call [Queue.Drain] for all members, and then Shutdown.
// Give Drain only part of the time: a member that reads nothing uses up all of it, and the others
// need the rest for their closing handshakes.
//
// A [websocket.Handler] closes the connection when Serve returns, so call Drain before that, too.
// If another goroutine drains the Queue, Send fails. Serve should then not return, but wait for the
// end of its context.
//
// # Memory and goroutines
//
// An idle Queue has no goroutine and takes 144 bytes. Membership takes about 570 bytes in the first
// Room of a connection and about 200 in each further one. A message that waits takes 8 to 16 bytes
// in each Queue, in addition to the message itself, which the members of a Room share.
//
// A Queue whose write waits for its peer has a goroutine, which takes about 8 KiB. If the message
// comes from [Queue.Send] or [Queue.SendContext], the write also holds a buffer of 18 or 72 KiB.
package fanout
