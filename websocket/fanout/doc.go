// Package fanout sends messages to many connections, none of which can delay the others.
//
// A [Queue] holds the messages that wait to be sent on one connection, within limits. A [Room] sends
// a message, which is encoded once, to the queues of all its members, in the same order to each.
//
// # Several nodes
//
// A Room has the connections of one process. To send a message to the members on all nodes, publish
// it on a message bus. On each node, one goroutine subscribes to the bus and calls Broadcast for each
// message, those of its own node included. The members on all nodes then get the messages in the
// order of the bus.
//
// # Memory and goroutines
//
// An idle Queue is less than 200 bytes, and has no goroutine. The first message that is sent starts
// one, which ends when no more messages wait.
package fanout
