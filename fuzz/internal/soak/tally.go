package soak

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// A fault is a kind of failure that a client observes.
type fault int

const (
	faultMessage    fault = iota // a message was lost, changed, repeated or out of order
	faultConnection              // a good client was refused, dropped or not closed properly
	faultAbuse                   // an abuse was not handled as required
	faults
)

// tally counts what the clients see. Its methods may be called concurrently.
type tally struct {
	open              atomic.Int64 // open connections of good clients
	connections       atomic.Int64 // opened by good clients
	reconnects        atomic.Int64 // connections that were not the first of their client
	sent, received    atomic.Int64 // messages of good clients; received: echoes
	topic             atomic.Int64 // messages received from topics
	bytesOut, bytesIn atomic.Int64 // payload of all of these
	streams, pings    atomic.Int64
	abused            []atomic.Int64 // by index into abuses: handled as required

	minMessages int64         // messages that must be sent
	enough      chan struct{} // closed once least messages have been sent

	closes closeRecords

	mu       sync.Mutex
	counts   [faults]int64
	examples [faults][]string
	bad      []int64 // by index into abuses: not handled as required
}

func newTally(least int64) *tally {
	t := &tally{
		abused: make([]atomic.Int64, len(abuses)), bad: make([]int64, len(abuses)),
		minMessages: least, enough: make(chan struct{}),
	}
	if least == 0 {
		close(t.enough)
	}
	return t
}

// send counts a message of n bytes from a good client.
func (t *tally) send(n int) {
	t.bytesOut.Add(int64(n))
	if t.sent.Add(1) == t.minMessages {
		close(t.enough)
	}
}

// await waits until enough messages have been sent, for at most limit.
func (t *tally) await(limit time.Duration) {
	select {
	case <-t.enough:
	case <-time.After(limit):
	}
}

// examplesKept is how many faults of a kind the report describes.
const examplesKept = 5

// fault counts a fault and keeps its description as an example.
func (t *tally) fault(f fault, format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts[f]++
	if len(t.examples[f]) < examplesKept {
		t.examples[f] = append(t.examples[f], fmt.Sprintf(format, args...))
	}
}

// abuse counts an abuse. err is nil if the server handled it as required.
func (t *tally) abuse(kind int, err error) {
	if err == nil {
		t.abused[kind].Add(1)
		return
	}
	t.fault(faultAbuse, "%s: %v", abuses[kind].name, err)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bad[kind]++
}

func (t *tally) faulted(f fault) (int64, []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.counts[f], t.examples[f]
}

// allFaults returns the number of faults of all kinds.
func (t *tally) allFaults() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := int64(0)
	for _, c := range t.counts {
		n += c
	}
	return n
}

// allAbuses returns the number of abuses that have ended.
func (t *tally) allAbuses() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := int64(0)
	for i := range t.abused {
		n += t.abused[i].Load() + t.bad[i]
	}
	return n
}
