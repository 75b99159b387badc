// Package soak keeps a hawser server under load and checks that the server then returns to its initial
// state. Command soak runs it.
//
// The server runs in its own process, on loopback, so that its memory, goroutines and files can be
// measured separately. The parent process runs the clients, most of them good, the rest abusive.
//
//   - A good client (good.go) sends messages of every size and kind. It must receive each of them back,
//     in order and unchanged, and every message of its topic, in order, from the number at which it
//     joined to the number at which it left. From time to time it disconnects and dials again.
//   - Every tenth good client (reset.go) ends its connections with a close frame and a reset, at a moment
//     when the server may be busy or writing. A close code that has reached the server's kernel must
//     appear in Conn.Closure.
//   - An abusive client (abuse.go) commits one abuse after another: it stalls, aborts, floods, or
//     announces false lengths. For each abuse it is known how the server must react, and how long
//     the reaction may take.
//   - The server (server.go) echoes messages and forwards published ones to the members of a topic. Its
//     limits and timeouts are those of a server on the internet. It pings silent clients on half of its
//     connections. At the end it shuts down through a websocket.Group, which must have become empty.
//   - The report (findings.go) has one line for each promise.
//
// # Resets
//
// A reset discards data that the client's kernel has not sent. Therefore the client waits until SIOCOUTQ
// shows that the server's kernel has acknowledged everything. The close frame is then in the server's
// receive buffer, from which a reset does not remove it. Codes that are not acknowledged in time, or
// on a system other than Linux, are uncertain: the report counts them, but does not check them.
//
// # Memory
//
// A process that has served 2,000 connections is larger than one that has served none. The runtime keeps
// the descriptors of goroutines for reuse, pages of the program's code are loaded when they first
// execute, and tables have grown. This growth is not a leak, and happens once. So memory is compared with
// a measurement after a warm-up: the same number of connections with the same traffic and abuse, for a
// tenth of the time. Only growth after the warm-up counts. The peak of the soak may exceed that of the
// warm-up, so the server primes the runtime beforehand (prime.go).
//
// Each measurement is made after the last connection has ended. The server collects garbage three times:
// a sync.Pool releases its contents only in the second collection, and memory that a cleanup releases is
// freed after that. Then the server returns free pages with debug.FreeOSMemory. Two figures are checked.
// The live heap (runtime.MemStats.HeapAlloc) shows a leak of a few bytes per connection. The resident set
// (VmRSS, on Linux) includes memory outside of the heap: stacks, the runtime's tables, fragmentation. Each
// may grow by a tenth. With fewer than 1,000 connections the heap may grow by 64 KiB and the resident set
// by 4 MiB, if that is more. The numbers of goroutines and open files are compared with those before the
// warm-up, and must not grow at all.
//
// # Randomness
//
// Every choice follows from the seed: sizes, bytes, pauses, the order of abuses. The same seed gives
// each client the same plan. The timing, and so how much of its plan a client completes, depends on the
// machine.
package soak
