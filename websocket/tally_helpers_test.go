package websocket

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hawser-ws/hawser/wire"
)

// A tally is a session of an extension for tests, which can share what it sends. A
// message travels as its kind, a byte, and its own bytes, all of which a byte
// disguises: in kind 'o' the state of the connection, which all earlier messages have
// moved; in kind 's' the parameter.
//
// It checks that the Conn keeps to the contract of [wire.SharedSession].
type tally struct {
	t         testing.TB
	parameter byte
	unique    bool          // every message has a key of its own
	fails     bool          // AppendShared does
	minimum   int64         // messages shorter than this go out plain
	shared    *atomic.Int64 // how many messages were encoded in shared form, over all
	enc, dec  byte          // state of either direction

	mu     sync.Mutex // held by calls for what is sent, which come one at a time
	closed bool
}

func newTally(t testing.TB, parameter byte, shared *atomic.Int64) *tally {
	return &tally{t: t, parameter: parameter, shared: shared}
}

// begin checks that the session is open and no other call is in progress.
func (s *tally) begin() {
	if !s.mu.TryLock() {
		s.t.Error("two calls at once")
		s.mu.Lock()
	}
	if s.closed {
		s.t.Error("a call after Close")
	}
}

func (s *tally) Bits() (rsv, perFrame byte) { return runsBit, 0 }

func (s *tally) Close() error {
	s.begin()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

func (s *tally) SharedKey(m wire.MessageInfo) (any, bool) {
	s.begin()
	defer s.mu.Unlock()
	if s.unique {
		return new(int), true
	}
	return s.parameter, m.Size >= s.minimum
}

var errTally = errors.New("tally: cannot be encoded")

func (s *tally) AppendShared(dst, src []byte) ([]byte, error) {
	s.begin()
	defer s.mu.Unlock()
	if s.shared.Add(1); s.fails {
		return dst, errTally
	}
	return disguise(append(dst, 's'), src, s.parameter), nil
}

func (s *tally) SharedSent(src []byte) {
	s.begin()
	defer s.mu.Unlock()
	s.enc = tallied(s.enc, src)
}

func (s *tally) Encode(m wire.MessageInfo) wire.MessageEncoder {
	s.begin()
	defer s.mu.Unlock()
	if m.Plain || m.Size >= 0 && m.Size < s.minimum {
		return nil
	}
	return tallyEncoder{s}
}

type tallyEncoder struct{ s *tally }

func (e tallyEncoder) Append(dst, src []byte, fin bool) ([]byte, error) {
	e.s.begin()
	defer e.s.mu.Unlock()
	if !fin {
		e.s.t.Error("no test of this extension streams")
	}
	dst = disguise(append(dst, 'o'), src, e.s.enc)
	e.s.enc = tallied(e.s.enc, src)
	return dst, nil
}

// disguise appends p, each byte of it changed.
func disguise(dst, p []byte, by byte) []byte {
	for _, b := range p {
		dst = append(dst, b^by)
	}
	return dst
}

// tallied is the state after a message.
func tallied(state byte, p []byte) byte {
	for _, b := range p {
		state = nextState(state, b)
	}
	return nextState(state, 'm')
}

func (s *tally) Decode(byte) (wire.MessageDecoder, error) { return &tallyDecoder{s: s}, nil }

type tallyDecoder struct {
	s    *tally
	got  []byte // the message as it came
	done int    // bytes of it that were given out
}

// Append gives out nothing before the message is whole.
func (d *tallyDecoder) Append(dst, src []byte, fin bool, max int) (out []byte, n int, more bool, err error) {
	d.got = append(d.got, src...)
	if !fin {
		return dst, len(src), false, nil
	}
	if d.done == 0 {
		if len(d.got) == 0 {
			return dst, len(src), false, errTally
		}
		by := d.s.dec
		if d.got[0] == 's' {
			by = d.s.parameter
		}
		d.got = disguise(d.got[:1], d.got[1:], by)
		d.s.dec = tallied(d.s.dec, d.got[1:])
		d.done = 1
	}
	m := min(max, len(d.got)-d.done)
	dst = append(dst, d.got[d.done:d.done+m]...)
	d.done += m
	return dst, len(src), d.done < len(d.got), nil
}

func (d *tallyDecoder) Release() {}

// unsharing is a session without the methods that share.
type unsharing struct{ wire.Session }
