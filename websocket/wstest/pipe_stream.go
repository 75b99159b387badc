package wstest

import "math"

// noCut is the value of stream.cut without a cut. No test sends so many bytes.
const noCut = math.MaxInt64

// A stream is one direction of a Pipe. The mutex of the link guards it.
type stream struct {
	bytes   ring
	cut     int64 // how many more bytes may be sent
	ended   bool  // no more bytes follow
	reset   bool  // the bytes are lost, and none follow
	stalled bool  // nothing arrives: no bytes, no end and no reset
}

// send takes as many bytes of p as there is room for, and returns their number. The stream must not
// have ended.
func (s *stream) send(p []byte) int {
	n := int(min(int64(len(p)), int64(pipeRoom-s.bytes.len()), s.cut))
	s.cut -= int64(n)
	s.ended = s.cut == 0
	s.bytes.write(p[:n])
	return n
}

// breakOff resets the stream, and drops the bytes that were not read.
func (s *stream) breakOff() {
	s.bytes.drop()
	s.reset = true
}

// A ring is a queue of at most pipeRoom bytes. Its memory grows with its length, and is freed when
// it is empty.
type ring struct {
	buf  []byte
	from int // index in buf of the first byte
	n    int
}

func (r *ring) len() int { return r.n }

func (r *ring) drop() { *r = ring{} }

// write appends p. The caller checks that there is room.
func (r *ring) write(p []byte) {
	if need := r.n + len(p); need > len(r.buf) {
		buf := make([]byte, min(max(need, 2*len(r.buf)), pipeRoom))
		n := r.peek(buf)
		*r = ring{buf: buf, n: n}
	}
	to := r.from + r.n
	if to >= len(r.buf) {
		to -= len(r.buf)
	}
	copy(r.buf, p[copy(r.buf[to:], p):])
	r.n += len(p)
}

// read moves bytes from the front of the queue into p, and returns their number.
func (r *ring) read(p []byte) int {
	n := r.peek(p)
	r.from += n
	if r.from >= len(r.buf) {
		r.from -= len(r.buf)
	}
	if r.n -= n; r.n == 0 {
		r.drop()
	}
	return n
}

// peek copies bytes from the front of the queue into p, and returns their number.
func (r *ring) peek(p []byte) int {
	p = p[:min(len(p), r.n)]
	n := copy(p, r.buf[r.from:])
	copy(p[n:], r.buf)
	return len(p)
}
