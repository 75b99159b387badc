package websocket_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hawser-ws/hawser/wire"
)

// A tally is the session of an extension for tests that can share its encoded messages. It encodes
// a message as a byte, the kind, and the bytes of the message XOR one byte. For the kind 'o' (own)
// that byte is the state of the connection, which depends on all earlier messages. For the kind 's'
// (shared) it is the parameter.
//
// A tally also checks that the Conn follows the contract of [wire.SharedSession].
type tally struct {
	t         testing.TB
	parameter byte
	unique    bool          // SharedKey never returns the same key twice
	fails     bool          // AppendShared fails
	minimum   int64         // shorter messages are sent plain
	shared    *atomic.Int64 // the number of calls of AppendShared, over all sessions
	enc, dec  byte          // the states of the two directions

	mu     sync.Mutex // held during the calls for sending, of which only one may be in progress
	closed bool
}

func newTally(t testing.TB, parameter byte, shared *atomic.Int64) *tally {
	return &tally{t: t, parameter: parameter, shared: shared}
}

// begin checks that the session is open and no other call is in progress.
func (s *tally) begin() {
	if !s.mu.TryLock() {
		s.t.Error("the Conn made two calls of the session at once")
		s.mu.Lock()
	}
	if s.closed {
		s.t.Error("the Conn called the session after Close")
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
		e.s.t.Error("got a part of a message, want whole messages only")
	}
	dst = disguise(append(dst, 'o'), src, e.s.enc)
	e.s.enc = tallied(e.s.enc, src)
	return dst, nil
}

// disguise appends the bytes of p XOR by to dst.
func disguise(dst, p []byte, by byte) []byte {
	for _, b := range p {
		dst = append(dst, b^by)
	}
	return dst
}

// tallied returns the state after a message.
func tallied(state byte, p []byte) byte {
	for _, b := range p {
		state = nextState(state, b)
	}
	return nextState(state, 'm')
}

func (s *tally) Decode(byte) (wire.MessageDecoder, error) { return &tallyDecoder{s: s}, nil }

type tallyDecoder struct {
	s    *tally
	got  []byte // the received bytes of the message
	done int    // the number of bytes of it that were returned
}

// Append returns no bytes before the message is whole.
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

// unsharing hides the methods of wire.SharedSession.
type unsharing struct{ wire.Session }
