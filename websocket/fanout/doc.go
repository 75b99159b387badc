// Package fanout sends messages to many connections, none of which can delay the others.
//
// A [Queue] holds the messages that wait to be sent on one connection, within limits. A [Room] sends
// a message, which is encoded once, to the queues of all its members, in the same order to each.
package fanout
