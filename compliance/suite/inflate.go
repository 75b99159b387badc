package suite

import (
	"encoding/binary"
	"fmt"

	"github.com/hawser-ws/hawser/compliance/report"
)

// An inflater inflates compressed messages (RFC 7692, section 7.2.2). It rejects data that other
// inflaters accept: distances beyond the negotiated window, references to earlier messages without
// context takeover, and messages that end within a block.
type inflater struct {
	bits   int    // the largest distance is 1<<bits
	keep   bool   // context takeover: messages may refer to earlier ones
	window []byte // the end of the earlier messages, at most 32 KiB

	src  []byte // the payload of the message and its tail
	pos  int    // in src
	acc  uint32 // bits of src before pos that are not used yet
	have uint   // the number of those bits

	out      []byte
	limit    int
	farthest int // the largest distance so far
	finals   int // blocks with the final bit
}

// newInflater returns an inflater for the messages of the peer.
func newInflater(d deflateParams, peerIsServer bool) *inflater {
	f := &inflater{bits: d.ClientBits, keep: !d.ClientNoContext}
	if peerIsServer {
		f.bits, f.keep = d.ServerBits, !d.ServerNoContext
	}
	if f.bits <= 0 {
		f.bits = 15
	}
	return f
}

// An inflateError says what is wrong with a payload, and at which byte.
type inflateError struct {
	at   int
	what string
	rule report.Rule // as worded for servers
}

func (f *inflater) bad(format string, args ...any) { f.breaks(ruleCompressed, format, args...) }

func (f *inflater) breaks(r report.Rule, format string, args ...any) {
	panic(&inflateError{f.pos - 1, fmt.Sprintf(format, args...), r})
}

// message inflates the payload of a message to at most limit bytes.
func (f *inflater) message(payload []byte, limit int) (data []byte, err *inflateError) {
	defer func() {
		if e := recover(); e != nil {
			var ok bool
			if err, ok = e.(*inflateError); !ok {
				panic(e)
			}
			err.at = max(0, min(err.at, len(payload)-1))
		}
	}()
	f.src = append(append(f.src[:0], payload...), tail...)
	f.pos, f.acc, f.have, f.limit = 0, 0, 0, limit
	if !f.keep {
		f.window = f.window[:0]
	}
	f.out = append([]byte(nil), f.window...)
	before := len(f.out)
	for f.pos < len(f.src) || f.have > 0 {
		f.block(before)
	}
	data = f.out[before:]
	f.window = append(f.window[:0], f.out[max(0, len(f.out)-1<<15):]...)
	return data, nil
}

// bitsOf consumes n bits, at most 16.
func (f *inflater) bitsOf(n uint) int {
	for f.have < n {
		if f.pos == len(f.src) {
			f.bad("it ends within a block")
		}
		f.acc |= uint32(f.src[f.pos]) << f.have
		f.pos++
		f.have += 8
	}
	v := f.acc & (1<<n - 1)
	f.acc >>= n
	f.have -= n
	return int(v)
}

// block inflates a block (RFC 1951, section 3.2.3).
func (f *inflater) block(before int) {
	final := f.bitsOf(1) == 1
	switch f.bitsOf(2) {
	case 0:
		f.stored(before)
	case 1:
		f.codes(&fixedLiterals, &fixedDistances, before)
	case 2:
		l, d := f.tables()
		f.codes(l, d, before)
	default:
		f.bad("block of reserved type 3")
	}
	if final { // the next block begins at a byte boundary (RFC 7692, section 7.2.1)
		f.finals++
		f.acc, f.have = 0, 0
	}
}

func (f *inflater) stored(before int) {
	f.acc, f.have = 0, 0
	if len(f.src)-f.pos < 4 {
		f.pos = len(f.src)
		f.bad("it ends within a block")
	}
	n, not := binary.LittleEndian.Uint16(f.src[f.pos:]), binary.LittleEndian.Uint16(f.src[f.pos+2:])
	f.pos += 4
	if n != ^not {
		f.bad("stored block whose two lengths do not match")
	}
	if int(n) > len(f.src)-f.pos {
		f.pos = len(f.src)
		f.bad("it ends within a block")
	}
	f.out = append(f.out, f.src[f.pos:f.pos+int(n)]...)
	f.pos += int(n)
	f.bounded(before)
}

func (f *inflater) bounded(before int) {
	if len(f.out)-before > f.limit {
		f.bad("it inflates to more than %d bytes", f.limit)
	}
}

// codes inflates the symbols of a block.
func (f *inflater) codes(literals, distances *huffman, before int) {
	for {
		sym := f.symbol(literals)
		switch {
		case sym < 256:
			f.out = append(f.out, byte(sym))
		case sym == 256:
			return
		case sym > 285:
			f.bad("length with reserved code %d", sym)
		default:
			length := lengthBase[sym-257] + f.bitsOf(lengthExtra[sym-257])
			d := f.symbol(distances)
			if d > 29 {
				f.bad("distance with reserved code %d", d)
			}
			f.copy(distBase[d]+f.bitsOf(distExtra(d)), length)
		}
		f.bounded(before)
	}
}

func (f *inflater) copy(dist, length int) {
	f.farthest = max(f.farthest, dist)
	switch {
	case dist > 1<<f.bits:
		f.breaks(ruleWindow, "distance %d beyond a window of %d bytes", dist, 1<<f.bits)
	case dist > len(f.out) && !f.keep:
		f.breaks(ruleEmptyWindow, "distance %d after only %d bytes of the message, without context takeover",
			dist, len(f.out))
	case dist > len(f.out):
		f.bad("distance %d after only %d bytes", dist, len(f.out))
	}
	for range length {
		f.out = append(f.out, f.out[len(f.out)-dist])
	}
}
