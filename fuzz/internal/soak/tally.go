package soak

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// A fault is a kind of thing that must not happen.
type fault int

const (
	faultMessage    fault = iota // a message lost, changed, twice or out of order
	faultConnection              // a good client refused, dropped or not closed as it should be
	faultAbuse                   // an abuse that was not answered as it must be
	faults
)

// tally is what the clients have seen. Its methods may be called by all of them at
// once.
type tally struct {
	open              atomic.Int64 // connections of good clients
	connections       atomic.Int64 // opened by good clients
	reconnects        atomic.Int64 // of these, not the first of their client
	sent, received    atomic.Int64 // messages of good clients; received: echoes
	topic             atomic.Int64 // messages of topics received
	bytesOut, bytesIn atomic.Int64 // payload of all of these
	streams, pings    atomic.Int64
	abused            []atomic.Int64 // by index into abuses: those answered as they must be

	least  int64         // messages to be sent, at least
	enough chan struct{} // closed when they are

	farewells farewells

	mu       sync.Mutex
	counts   [faults]int64
	examples [faults][]string
	bad      []int64 // abuses answered wrongly, by index into abuses
}

func newTally(least int64) *tally {
	t := &tally{
		abused: make([]atomic.Int64, len(abuses)), bad: make([]int64, len(abuses)),
		least: least, enough: make(chan struct{}),
	}
	if least == 0 {
		close(t.enough)
	}
	return t
}

// send notes a message of n bytes from a good client.
func (t *tally) send(n int) {
	t.bytesOut.Add(int64(n))
	if t.sent.Add(1) == t.least {
		close(t.enough)
	}
}

// await waits until enough messages are sent, for at most limit.
func (t *tally) await(limit time.Duration) {
	select {
	case <-t.enough:
	case <-time.After(limit):
	}
}

// examplesKept is how many faults of a kind are told in full.
const examplesKept = 5

// fault notes something that must not happen.
func (t *tally) fault(f fault, format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts[f]++
	if len(t.examples[f]) < examplesKept {
		t.examples[f] = append(t.examples[f], fmt.Sprintf(format, args...))
	}
}

// abuse notes how an abuse went.
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

// allFaults is how many faults there are of any kind.
func (t *tally) allFaults() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := int64(0)
	for _, c := range t.counts {
		n += c
	}
	return n
}

// allAbuses is how many abuses have come to their end.
func (t *tally) allAbuses() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := int64(0)
	for i := range t.abused {
		n += t.abused[i].Load() + t.bad[i]
	}
	return n
}
