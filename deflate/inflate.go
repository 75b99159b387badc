package deflate

import (
	"errors"
	"io"
	"math"
	"sync"
)

// How an inflater works.
//
// An Extension owns the inflaters, in a pool. A decoder borrows one at the first Append of a
// message (begin) and returns it at Release (end). The decoder owns the window that a
// connection keeps between messages. Without context takeover the inflater uses its own
// window, which matters only if a message takes several calls. The caller owns src and dst:
// the inflater refers to them only during a call of append.
//
// The path of a call:
//
//	decoder.Append   borrows an inflater if there is none
//	inflater.append  sets input, output and limit; afterwards adds the output to the window
//	run              takes steps until one does not return done
//	take             dispatches on f.step: header, storedLength, copyStored, dynamic.take,
//	                 symbols (with manySymbols, its fast path) or match
//	need, drop       move bits from src to f.bits, and from there to the step
//	room             grows the output, but never beyond the limit
//
// A step stops in one of four ways (see result). It consumes an element of the input (a
// block header, a code length, a symbol with its extra bits) completely or not at all, so
// there is no position within an element to keep. Where it resumes:
//
//   - hungry: in the same step, with what is left in f.bits. All of src is consumed.
//   - full: in copyStored with f.stored bytes left, in symbols before a literal, or in match
//     with f.length bytes left.
//
// Invariants:
//
//   - The output and the error do not depend on how input and output are cut into calls.
//   - out[kept:] is output of this call. It is added to the window only when the call ends,
//     so a reference is looked up first in out[kept:] and then in the window. No reference
//     reaches back further than window.size.
//   - f.bits has no bits set above the lowest f.n.
//
// At the end of its input, run supplies the tail that the sender removed (f.tail). A message
// ends when its input is used up between two blocks (f.ended), or with an error (f.err),
// which further calls return again.

const inflateSection = "7.2.2"

// An inflater inflates one message at a time (RFC 1951 and RFC 7692, section 7.2.2). It
// never waits: it stops where the input ends or the output is full, and resumes there in the
// next call.
type inflater struct {
	src  []byte // input not yet taken
	fin  bool   // src ends the message
	tail bool   // src is the tail that the sender removed

	bits uint64 // input taken but not used; the next bit is the least significant one
	n    uint   // number of bits in it

	step     step
	final    bool // the block is the last of a DEFLATE stream
	literals table
	distance table
	dynamic  dynamic
	stored   int // bytes left of a stored block
	length   int // bytes left of a match
	back     int // its distance

	out   []byte
	kept  int   // out[:kept] was there before this call
	limit int   // maximum length of out
	total int64 // bytes of the message before out[kept]

	window *window // the connection's window, or &own
	own    window  // without takeover, for messages that take several calls
	small  []byte  // own's buffer, saved while own uses a larger one
	ended  bool
	cause  error // why a step is broken
	err    error
}

// A step says which element of the input is next.
type step uint8

const (
	atHeader step = iota // of a block
	atStoredLength
	inStored
	atCounts // of a dynamic block
	inCodeLengths
	inLengths
	inSymbols
	inMatch
)

// A result says why a step has stopped.
type result int

const (
	done   result = iota // the step is complete; another follows
	hungry               // the input is used up
	full                 // the output is full and there is more to append
	broken               // the input is invalid
)

func newInflater() *inflater {
	return &inflater{
		dynamic: newDynamic(),
		own:     window{size: 1 << maxWindowBits},
	}
}

// begin begins a message with the window w. w is nil without context takeover.
func (f *inflater) begin(w *window) {
	if f.window = w; w == nil {
		f.own.reset()
		f.window = &f.own
	}
	f.tail, f.bits, f.n, f.step, f.ended, f.total, f.err = false, 0, 0, atHeader, false, 0, nil
}

// maxOwn is the size of the largest window, in bytes, that an inflater keeps for its next
// message, so that a peer that sends only the start of a message does not occupy 32 KiB.
// Larger windows are pooled.
const maxOwn = 4 << 10

type largestWindow [1 << maxWindowBits]byte

var largestWindows = sync.Pool{New: func() any { return new(largestWindow) }}

// remember adds made, output of the message, to its window.
func (f *inflater) remember(made []byte) {
	if w := f.window; w == &f.own && cap(w.buf) <= maxOwn && len(w.buf)+len(made) > maxOwn {
		large := largestWindows.Get().(*largestWindow)
		f.small, w.buf = w.buf[:0], append(large[:0], w.buf...)
	}
	f.window.add(made)
}

// end ends the message, whether or not it is complete.
func (f *inflater) end() {
	f.src, f.out, f.window, f.literals, f.distance = nil, nil, nil, nil, nil
	if cap(f.own.buf) > maxOwn {
		largestWindows.Put((*largestWindow)(f.own.buf[:1<<maxWindowBits]))
		f.own.buf, f.own.start, f.small = f.small, 0, nil
	}
}

// append implements Append of [wire.MessageDecoder].
func (f *inflater) append(dst, src []byte, fin bool, most int) (
	out []byte, consumed int, more bool, err error,
) {
	if f.err != nil || f.ended {
		return dst, len(src), false, f.err
	}
	if !f.tail {
		f.src, f.fin = src, fin
	}
	f.out, f.kept = dst, len(dst)
	f.limit = len(dst) + min(max(most, 0), math.MaxInt-len(dst))
	more = f.run() == full
	if f.err == nil && (!f.ended || f.window != &f.own) {
		made := f.out[f.kept:]
		f.total += int64(len(made))
		f.remember(made)
	}
	consumed = len(src)
	if !f.tail {
		consumed -= len(f.src)
		f.src = nil
	}
	out, f.out = f.out, nil
	return out, consumed, more, f.err
}

// run takes steps until the message ends, the input is used up, or the output is full.
func (f *inflater) run() result {
	for {
		switch r := f.take(); r {
		case done:
		case full:
			return full
		case broken:
			f.fail(f.cause)
			return broken
		case hungry:
			switch {
			case !f.fin:
				return hungry
			case f.step == atHeader && f.n == 0:
				// With the tail, a message should end here. Without it, the message
				// is empty or lacks the byte 0x00 after its last block. Some peers
				// send such messages.
				f.ended = true
				return done
			case f.tail:
				f.fail(io.ErrUnexpectedEOF)
				return broken
			}
			f.src, f.tail = tailBytes, true
		}
	}
}

var tailBytes = []byte(tail)

// The causes of an [Error] in a message.
var (
	errBlockType    = errors.New("reserved block type")
	errStoredLength = errors.New("length of a stored block does not match its complement")
	errCounts       = errors.New("too many code lengths")
	errCode         = errors.New("invalid set of code lengths")
	errRepetition   = errors.New("invalid repetition of a code length")
	errSymbol       = errors.New("invalid symbol")
	errDistance     = errors.New("distance beyond the window")
)

// breaks is the result of a step on invalid input.
func (f *inflater) breaks(cause error) result {
	f.cause = cause
	return broken
}

func (f *inflater) fail(err error) {
	if f.tail {
		err = io.ErrUnexpectedEOF
	}
	f.err = &Error{Section: inflateSection, Offset: f.total + int64(len(f.out)-f.kept), Err: err}
}

// take performs one step.
func (f *inflater) take() result {
	switch f.step {
	case atHeader:
		return f.header()
	case atStoredLength:
		return f.storedLength()
	case inStored:
		return f.copyStored()
	case inSymbols:
		return f.symbols()
	case inMatch:
		return f.match()
	}
	return f.dynamic.take(f)
}

// need moves input to f.bits until it has n bits, at most 56. It returns false if the input
// is used up first.
func (f *inflater) need(n uint) bool {
	for f.n < n && len(f.src) > 0 {
		f.bits |= uint64(f.src[0]) << f.n
		f.n += 8
		f.src = f.src[1:]
	}
	return f.n >= n
}

// drop removes n bits from f.bits, which must have them, and returns them.
func (f *inflater) drop(n uint) uint {
	v := f.bits & (1<<n - 1)
	f.bits >>= n
	f.n -= n
	return uint(v)
}

// header reads the header of a block (RFC 1951, section 3.2.3).
func (f *inflater) header() result {
	if !f.need(3) {
		return hungry
	}
	f.final = f.drop(1) == 1
	switch f.drop(2) {
	case 0:
		f.drop(f.n % 8)
		f.step = atStoredLength
	case 1:
		f.literals, f.distance, f.step = fixedLiterals, fixedDistances, inSymbols
	case 2:
		f.step = atCounts
	default:
		return f.breaks(errBlockType)
	}
	return done
}

// endBlock goes on to the next block. A final block is padded to a byte boundary, and other
// blocks may follow it (RFC 7692, section 7.2.1).
func (f *inflater) endBlock() {
	f.step = atHeader
	if f.final {
		f.drop(f.n % 8)
	}
}

func (f *inflater) storedLength() result {
	if !f.need(32) {
		return hungry
	}
	if f.stored = int(f.drop(16)); f.stored != int(f.drop(16)^0xffff) {
		return f.breaks(errStoredLength)
	}
	f.step = inStored
	return done
}

func (f *inflater) copyStored() result {
	for f.stored > 0 {
		switch {
		case f.n == 0 && len(f.src) == 0:
			return hungry
		case !f.room():
			return full
		case f.n > 0:
			f.out = append(f.out, byte(f.drop(8)))
			f.stored--
		default:
			n := min(f.stored, len(f.src), min(cap(f.out), f.limit)-len(f.out))
			f.out = append(f.out, f.src[:n]...)
			f.src = f.src[n:]
			f.stored -= n
		}
	}
	f.endBlock()
	return done
}

// room makes room for at least one byte. It reports false if the limit is reached.
func (f *inflater) room() bool {
	if len(f.out) == f.limit {
		return false
	}
	if len(f.out) == cap(f.out) {
		size := max(512, 2*cap(f.out))
		if f.limit-size < size/8 {
			size = f.limit
		}
		grown := make([]byte, len(f.out), size)
		copy(grown, f.out)
		f.out = grown
	}
	return true
}

// symbols reads the data of a block (RFC 1951, section 3.2.3) up to its end, or to a symbol
// for which there is no room.
func (f *inflater) symbols() result {
	for {
		f.manySymbols()
		f.need(48) // the largest size of a match, in bits
		e := f.literals.find(f.bits, literalBits)
		switch {
		case e.bits() > f.n:
			return hungry
		case e&isLiteral != 0:
			if !f.room() {
				return full
			}
			f.drop(e.bits())
			f.out = append(f.out, byte(e.value()))
		case e&isEnd != 0:
			f.drop(e.bits())
			f.endBlock()
			return done
		case e.bits() == 0 || e&isBad != 0:
			return f.breaks(errSymbol)
		default:
			if r := f.beginMatch(e); r != done {
				return r
			}
			if r := f.match(); r != done {
				return r
			}
		}
	}
}

// beginMatch reads a match. e is the entry of its length.
func (f *inflater) beginMatch(e entry) result {
	n := e.bits() + e.extra()
	length := e.value() + int(f.bits>>e.bits()&(1<<e.extra()-1))
	d := f.distance.find(f.bits>>n, distanceBits)
	switch {
	case d.bits() == 0 || d&isBad != 0 && n+d.bits() <= f.n:
		return f.breaks(errSymbol)
	case n+d.bits()+d.extra() > f.n:
		return hungry
	}
	n += d.bits()
	back := d.value() + int(f.bits>>n&(1<<d.extra()-1))
	if back > min(len(f.out)-f.kept+len(f.window.buf), f.window.size) {
		return f.breaks(errDistance)
	}
	f.drop(n + d.extra())
	f.length, f.back, f.step = length, back, inMatch
	return done
}

// match copies the bytes that a match refers to (RFC 1951, section 3.2.3), as far as there
// is room.
func (f *inflater) match() result {
	for f.length > 0 {
		if !f.room() {
			return full
		}
		at := len(f.out)
		to := f.out[at:min(at+f.length, cap(f.out), f.limit)]
		n := 0
		if beyond := f.back - (at - f.kept); beyond > 0 {
			n = f.window.copyTo(to, beyond)
		} else {
			for n < len(to) { // an overlapping match repeats: each copy doubles it
				n += copy(to[n:], f.out[at-f.back:at+n])
			}
		}
		f.out = f.out[:at+n]
		f.length -= n
	}
	f.step = inSymbols
	return done
}
