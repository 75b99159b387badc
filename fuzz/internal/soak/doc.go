// Package soak keeps a hawser server under load for a while and judges whether it
// is afterwards what it was before. Command soak runs it.
//
// The server runs in a process of its own, on loopback, so that its memory, its
// goroutines and its files are its alone. This process holds the clients: most of
// them good, the rest abusive.
//
//   - A good client (good.go) sends messages of every size and kind, and knows what
//     it must see: each of its messages back, in order and unchanged, and every
//     message of its topic, in the topic's order, from the number at which it joined
//     to the number at which it left. It leaves from time to time and comes back.
//   - Every tenth good client (reset.go) ends its connections with a close frame,
//     whose code is its own, and a reset, while the server may be at work or writing
//     to it. A code that has reached the server's kernel must reach Conn.Closure.
//   - An abusive client (abuse.go) does one thing of a table after another: it
//     stalls, aborts, floods, lies about lengths. Each abuse knows what the server
//     must answer, and within which bounds.
//   - The server (server.go) echoes, and sends what is published on to a topic's
//     members. It has the limits and timeouts that a server needs.
//   - The judge (findings.go) has one line for each promise, and an error if one is
//     broken.
//
// # Resets
//
// A reset discards what the client's kernel still holds. So the client waits until
// SIOCOUTQ tells that the server's kernel has acknowledged everything: then the close
// frame is in the server's receive buffer, and a reset does not remove it. Codes that
// are not acknowledged in time, or on a system other than Linux, are uncertain. They
// are counted, but not judged.
//
// # Memory
//
// A process that has served 2,000 connections is larger than one that has served
// none: the runtime keeps the descriptors of goroutines for the next ones, pages
// of the program's code come in when they are first executed, tables have grown.
// None of it is a leak, and all of it comes once. So the start is measured after
// a warm-up: the same number of connections with the same traffic and abuse, for a
// tenth of the time, all of them ended. What the soak adds to that is growth. And
// because the warm-up need not have met the busiest moment of all, the server has
// primed the runtime before it (prime.go).
//
// A measurement comes when the last connection has ended. The server collects its
// garbage three times, because a sync.Pool lets go of what it holds only in the
// second collection and what is freed with a cleanup goes after that, and returns
// free pages with debug.FreeOSMemory. Two numbers are judged: the live heap
// (runtime.MemStats.HeapAlloc) sees a leak of a few bytes a connection, and the
// resident set (VmRSS, on Linux) also what lies outside of the heap: stacks, the
// runtime's own tables and fragments. Each may end at most a tenth above its start;
// with fewer than 1,000 connections 64 KiB of heap, or 4 MiB of the resident set, if that
// is more. Goroutines and open files have no tolerance, and are compared with their
// numbers before the warm-up.
//
// # Chance
//
// Every choice comes from the seed: sizes, bytes, pauses, the order of abuses. The
// same seed gives each client the same plan. When things happen, and so how much of
// its plan a client gets done, is up to the machine.
package soak
