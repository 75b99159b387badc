package suite

import (
	"bytes"
	"slices"
	"sync"
)

// Limits of the tapes of a run, in bytes.
const (
	maxTapes   = 128 << 20 // all tapes together
	maxOutTape = 64 << 20  // sent in a case, if it compresses to half its size
	smallTape  = 8 << 20   // sent in a case, if it does not
	maxInTape  = 16 << 20  // received in a case
)

// A tape has the compressed messages of a case, so that they are compressed and inflated only once.
// Many cases of groups 12 and 13 send the same messages, in the same order and compressed with the same
// parameters. Only the fragments differ, or the parameters for the peer. And most peers compress equal
// messages into equal data.
//
// A tape changes no verdict. Compressing and inflating depend only on the messages so far and the
// parameters, so that compressed messages that are equal from the first one on inflate to the same
// messages as before.
type tape struct {
	key  tapeKey
	z    [][]byte // by number of the message; nil if it was not compressed
	size int      // in bytes
}

// A tapeKey has everything on which compressed messages depend.
type tapeKey struct {
	body *body
	size int // of a message
	in   bool
	bits int  // the window
	keep bool // context takeover
}

// tapes are the tapes of a run. A nil pointer is valid and keeps no tape.
type tapes struct {
	mu   sync.Mutex
	size int
	all  []*tape // the most recently used one at the end
}

// get returns the tape of a key, or nil.
func (t *tapes) get(k tapeKey) *tape {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.IndexFunc(t.all, func(x *tape) bool { return x.key == k })
	if i < 0 {
		return nil
	}
	x := t.all[i]
	t.all = append(slices.Delete(t.all, i, i+1), x)
	return x
}

// put keeps a complete tape and drops the least recently used ones.
func (t *tapes) put(x *tape) {
	if t == nil || t.get(x.key) != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, x)
	for t.size += x.size; t.size > maxTapes; t.all = slices.Delete(t.all, 0, 1) {
		t.size -= t.all[0].size
	}
}

// A track is one direction of a case. It follows an existing tape or makes one.
type track struct {
	tapes *tapes
	tape  *tape // the existing tape, if any
	at    int   // the messages before this one are the same on the tape and in this case
	made  *tape // the tape made so far
	max   int   // the largest size of made, in bytes
}

// newTrack returns a track of n messages.
func newTrack(t *tapes, k tapeKey, n int) *track {
	r := &track{tapes: t, max: max(smallTape, min(maxOutTape, n*k.size/2))}
	if k.in {
		r.max = maxInTape
	}
	if r.tape = t.get(k); r.tape == nil && t != nil {
		r.made = &tape{key: k, z: make([][]byte, n)}
	}
	return r
}

// follows reports whether message i of the tape is z, and all earlier messages were equal, too.
func (t *track) follows(i int, z []byte) bool {
	if t.tape == nil {
		return false
	}
	for ; t.at < i && t.tape.z[t.at] == nil; t.at++ {
	}
	if t.at < i || t.tape.z[i] == nil || !bytes.Equal(t.tape.z[i], z) {
		t.tape = nil // the case departs from the tape
		return false
	}
	t.at++
	return true
}

// record adds message i. It gives up a tape that will become too large.
func (t *track) record(i int, z []byte) {
	if t.made == nil {
		return
	}
	t.made.z[i] = append(make([]byte, 0, len(z)), z...)
	t.made.size += len(z)
	if i >= 16 && t.made.size/(i+1) > t.max/len(t.made.z) || t.made.size > t.max {
		t.made = nil
	}
}

// done keeps the tape that was made, which is complete.
func (t *track) done() {
	if t.made != nil {
		t.tapes.put(t.made)
	}
}
