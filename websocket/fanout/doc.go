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
// Shutdown. Give Drain only part of the time. A member that reads nothing uses up all of that part,
// and the others need the rest for their closing handshakes.
//
// A [websocket.Handler] closes the connection when Serve returns. Call Drain before that, too. Once
// Drain has been called, the methods that send fail. If another goroutine called it, Serve should
// not return then, but wait for the end of its context.
//
// # Memory and goroutines
//
// An idle Queue has no goroutine and takes 144 bytes. Membership takes about 570 bytes in the first
// Room of a connection and about 200 in each further one. A message that waits takes 8 to 16 bytes
// in each Queue, in addition to the message itself, which the members of a Room share.
//
// A Queue whose peer is slow has a goroutine, which takes about 8 KiB. While it writes a message of
// [Queue.Send], which is not prepared, it also has a buffer of 18 or 72 KiB.
package fanout
