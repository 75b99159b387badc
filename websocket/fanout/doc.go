// Package fanout sends messages to many connections, none of which can delay the others.
//
// A [Queue] holds the messages that wait to be sent on one connection, within limits. A [Room]
// sends a message, which is encoded once, to the queues of all its members, in the same order to
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
// The connection then leaves the Room by itself.
//
// # Slow peers
//
// A peer that reads more slowly than messages arrive fills its Queue. By default, its connection is
// then closed with 1013 (Try Again Later), because it would otherwise miss messages without notice.
// Where only the latest messages matter, use the policy DropOldest. [Queue.SendContext] waits
// instead.
//
// # Several nodes
//
// A Room has the connections of one process. To reach members on several nodes, publish each
// message on a message bus, and broadcast on each node what the bus delivers there, messages of
// that node included. All members then get the messages in the order of the bus.
//
// # Shutdown
//
// [websocket.Group.Shutdown] begins to send close frames at once, and messages that wait are lost on
// connections that it closes. To send them first, call [Queue.Drain] for all members, and then
// Shutdown.
//
// # Memory and goroutines
//
// An idle Queue has no goroutine and takes 144 bytes. Membership takes about 570 bytes in the first
// Room of a connection and about 200 in each further one. A message that waits takes 8 to 16 bytes
// in each Queue, in addition to the message itself, which the members of a Room share.
package fanout
