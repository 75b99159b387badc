// Package inflate reads DEFLATE data (RFC 1951) slowly and by the letter, bit by
// bit, to judge what package deflate makes and takes. It knows how far back each
// reference reaches, which compress/flate does not tell.
package inflate

import (
	"errors"
	"fmt"
)

// A Stream is one direction of a connection: messages that may refer to the ones
// before them.
type Stream struct {
	// Window is how far back a reference may reach, in bytes.
	Window int

	// Most is how many bytes of a message are inflated; 0 means all.
	Most int

	history []byte // the end of what was inflated, at least Window bytes if there are so many
}

// A Message is what has become of a payload.
type Message struct {
	Out     []byte // all that was inflated, up to an error
	Longest int    // the distance of the reference that reaches back furthest
	Finals  int    // blocks with BFINAL
	Early   bool   // the payload ends with a block, without an octet for the tail
	Cut     bool   // inflating has stopped at Most
}

// The errors of [Stream.Message].
var (
	ErrEnd      = errors.New("inflate: the payload ends within a block")
	ErrBlock    = errors.New("inflate: reserved block type")
	ErrStored   = errors.New("inflate: a length and its complement differ")
	ErrCode     = errors.New("inflate: these lengths are of no code")
	ErrSymbol   = errors.New("inflate: no such symbol")
	ErrDistance = errors.New("inflate: a reference to before the window")
)

var errMost = errors.New("inflate: no more is wanted")

// Tail is what a sender cuts from a message and a receiver adds (RFC 7692, section
// 7.2.2).
const Tail = "\x00\x00\xff\xff"

// Message inflates the payload of a compressed message. A payload may also end with
// its last block, to the octet, as an empty one does: there are senders of both.
func (s *Stream) Message(payload []byte) (Message, error) {
	r := reader{s: s, data: append(payload[:len(payload):len(payload)], Tail...)}
	err := r.blocks(8 * len(payload))
	s.history = s.history[max(0, len(s.history)-1<<15):]
	if err == errMost {
		r.m.Cut, err = true, nil
	}
	return r.m, err
}

// Forget empties the window, as between messages without context takeover.
func (s *Stream) Forget() { s.history = nil }

// Add appends plain bytes to the window, as those of a message that went out in a
// form which refers to nothing.
func (s *Stream) Add(p []byte) { s.history = append(s.history, p...) }

// Dictionary returns what a reader without a window of its own must be given: at
// most the last Window bytes.
func (s *Stream) Dictionary() []byte {
	return s.history[max(0, len(s.history)-s.Window):]
}

// A reader takes one payload apart.
type reader struct {
	s    *Stream
	data []byte
	at   int // the next bit
	m    Message
}

// bits returns the next n bits as a number (section 3.1.1).
func (r *reader) bits(n int) (v int, err error) {
	for i := range n {
		if r.at == 8*len(r.data) {
			return 0, ErrEnd
		}
		v |= int(r.data[r.at/8]>>(r.at%8)&1) << i
		r.at++
	}
	return v, nil
}

// blocks reads blocks up to the end of the data. A payload of that many bits may
// also end behind a block.
func (r *reader) blocks(payload int) error {
	for r.at < 8*len(r.data) {
		if r.at == payload {
			r.m.Early = true
			return nil
		}
		if err := r.block(); err != nil {
			return fmt.Errorf("%w, at bit %d", err, r.at)
		}
		if r.m.Cut {
			return errMost
		}
	}
	return nil
}

// block reads one block (section 3.2.3). Behind a final one the data is padded.
func (r *reader) block() error {
	head, err := r.bits(3)
	if err != nil {
		return err
	}
	switch head >> 1 {
	case 0:
		err = r.stored()
	case 1:
		err = r.symbols(fixedLiterals, fixedDistances)
	case 2:
		var literals, distances *code
		if literals, distances, err = r.codes(); err == nil {
			err = r.symbols(literals, distances)
		}
	default:
		err = ErrBlock
	}
	if err == nil && head&1 == 1 {
		r.m.Finals++
		r.at = (r.at + 7) / 8 * 8
	}
	return err
}

func (r *reader) stored() error {
	r.at = (r.at + 7) / 8 * 8
	n, err := r.bits(16)
	if err != nil {
		return err
	}
	complement, err := r.bits(16)
	if err != nil {
		return err
	}
	if n^complement != 0xffff {
		return ErrStored
	}
	for range n {
		b, err := r.bits(8)
		if err != nil {
			return err
		}
		if !r.put(byte(b)) {
			return nil
		}
	}
	return nil
}

// put appends an inflated byte, or sets Cut and returns false.
func (r *reader) put(b byte) bool {
	if r.s.Most > 0 && len(r.m.Out) == r.s.Most {
		r.m.Cut = true
		return false
	}
	r.s.history = append(r.s.history, b)
	r.m.Out = append(r.m.Out, b)
	return true
}

// symbols reads the symbols of a block up to its end (section 3.2.5).
func (r *reader) symbols(literals, distances *code) error {
	for {
		symbol, err := literals.next(r)
		if err != nil {
			return err
		}
		switch {
		case symbol < 256:
			if !r.put(byte(symbol)) {
				return nil
			}
			continue
		case symbol == 256:
			return nil
		case symbol > 285:
			return ErrSymbol
		}
		if err := r.reference(symbol, distances); err != nil || r.m.Cut {
			return err
		}
	}
}

// reference reads what follows the symbol of a length, and copies.
func (r *reader) reference(symbol int, distances *code) error {
	extra, err := r.bits(lengthExtra[symbol-257])
	if err != nil {
		return err
	}
	length := lengthBase[symbol-257] + extra
	if symbol, err = distances.next(r); err != nil {
		return err
	}
	if symbol > 29 {
		return ErrSymbol
	}
	if extra, err = r.bits(distanceExtra[symbol]); err != nil {
		return err
	}
	distance := distanceBase[symbol] + extra
	if distance > min(r.s.Window, len(r.s.history)) {
		return ErrDistance
	}
	r.m.Longest = max(r.m.Longest, distance)
	for range length {
		if !r.put(r.s.history[len(r.s.history)-distance]) {
			return nil
		}
	}
	return nil
}
