// Package inflate is a slow reader of DEFLATE data (RFC 1951). It reads bit by bit, and
// the targets compare package deflate with it. It reports how far back references reach,
// which compress/flate does not. [Craft] makes payloads from the bytes of an input.
package inflate

import (
	"errors"
	"fmt"
)

// A Stream is one direction of a connection: messages that may refer to the ones
// before them.
type Stream struct {
	// Window is the distance in bytes that a reference may reach back.
	Window int

	// Most is the number of bytes of a message to inflate. 0 means all.
	Most int

	history []byte // the last inflated bytes, up to Window or more
}

// A Message is an inflated payload.
type Message struct {
	Out     []byte // the inflated bytes, up to an error
	Longest int    // the longest distance of a reference
	Finals  int    // blocks with BFINAL
	Early   bool   // the payload ends with a block, and the tail is not needed
	Cut     bool   // inflating stopped at Most
}

// The errors of [Stream.Message].
var (
	ErrEnd      = errors.New("inflate: the payload ends within a block")
	ErrBlock    = errors.New("inflate: reserved block type")
	ErrStored   = errors.New("inflate: a length and its complement differ")
	ErrCode     = errors.New("inflate: invalid code lengths")
	ErrSymbol   = errors.New("inflate: invalid symbol")
	ErrDistance = errors.New("inflate: a reference beyond the window")
)

var errMost = errors.New("inflate: more than Most bytes")

// Tail is removed from a message by the sender and added by the receiver (RFC 7692,
// section 7.2.2).
const Tail = "\x00\x00\xff\xff"

// Message inflates the payload of a compressed message. A payload may also end with a
// whole block, as an empty one does: some senders make such payloads.
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

// Dictionary returns the dictionary for another reader: the last Window bytes or fewer.
func (s *Stream) Dictionary() []byte {
	return s.history[max(0, len(s.history)-s.Window):]
}

// A reader inflates one payload.
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

// blocks reads blocks up to the end of the data, or to the end of the payload if a block
// ends there. payload is its length in bits.
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

// block reads one block (section 3.2.3). Padding follows a final block.
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

// reference reads the rest of a reference after the symbol of its length, and copies.
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
