package suite

import (
	"bytes"
	"slices"
	"sync"
)

// The bounds of what a run remembers, in octets.
const (
	maxTapes   = 128 << 20 // together
	maxOutTape = 64 << 20  // what we send in a case, if it shrinks by half
	smallTape  = 8 << 20   // what we send in a case, if it does not
	maxInTape  = 16 << 20  // what comes back in a case
)

// Many cases of groups 12 and 13 send the same messages, in the same order and
// compressed with the same parameters: only the fragments differ, or what we asked
// of the peer. And most peers compress what is the same into what is the same. To
// compress and inflate them once is enough: a tape has the compressed messages.
//
// That changes no verdict. Compressing and inflating depend on nothing but the
// messages so far and the parameters, so compressed messages that are equal from
// the first one on inflate to what they have inflated to before.
type tape struct {
	key  tapeKey
	z    [][]byte // by the number of the message; nil: it was not compressed
	size int      // in octets
}

// A tapeKey is all that compressed messages depend on.
type tapeKey struct {
	body *body
	size int // of a message
	in   bool
	bits int  // the window
	keep bool // context takeover
}

// tapes are those of a run. A nil pointer is valid, and remembers nothing.
type tapes struct {
	mu   sync.Mutex
	size int
	all  []*tape // the one used last at the end
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

// put keeps a tape that is complete, and forgets those not used for the longest time.
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

// A track is one direction of a case: it follows a tape that there is, or makes one.
type track struct {
	tapes *tapes
	tape  *tape // that there is
	at    int   // of the tape: the messages before are those of this case
	made  *tape // so far
	max   int   // octets of what is made
}

// newTrack makes a track of n messages.
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

// follows reports whether message i is z on the tape, as were all before.
func (t *track) follows(i int, z []byte) bool {
	if t.tape == nil {
		return false
	}
	for ; t.at < i && t.tape.z[t.at] == nil; t.at++ {
	}
	if t.at < i || t.tape.z[i] == nil || !bytes.Equal(t.tape.z[i], z) {
		t.tape = nil // they have parted
		return false
	}
	t.at++
	return true
}

// record adds message i, and gives up what will become too long.
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

// done keeps what was recorded, which is complete.
func (t *track) done() {
	if t.made != nil {
		t.tapes.put(t.made)
	}
}
