package websocket_test

import (
	"bytes"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hawser-ws/hawser/wire"
)

// runsBit is the reserved bit of the extension runs, RSV1.
const runsBit = 4

// A runs is the session of an extension for tests. The extension encodes runs of equal bytes as
// pairs of a length, 1 to 255, and the byte XOR a state. The state depends on all earlier bytes of
// all messages. A message ends with a pair of length 0 and the state, so that two sides whose states
// differ notice at once.
//
// A runs also checks that the Conn follows the contract of [wire.Session].
type runs struct {
	t        testing.TB
	minimum  int64 // shorter messages are sent plain
	fails    bool  // encoding the byte 0xee fails
	enc, dec byte  // the states of the two directions

	encoding, decoding atomic.Bool // a call is in progress
	idles              atomic.Int32

	mu      sync.Mutex
	encoder *runsEncoder // of the open message
	decoder *runsDecoder
	decodes int
	closes  int
	plains  int // calls of Encode with Plain set
}

func nextState(state, b byte) byte { return state*31 + b + 7 }

func newRuns(t testing.TB) *runs { return &runs{t: t} }

func (s *runs) Bits() (rsv, perFrame byte) { return runsBit, 0 }

// alive checks that the session has not been closed. what names the call.
func (s *runs) alive(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closes > 0 {
		s.t.Errorf("the Conn called %s after Close", what)
	}
}

func (s *runs) Encode(m wire.MessageInfo) wire.MessageEncoder {
	s.alive("Encode")
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.Plain {
		s.plains++
	}
	if m.Plain || m.Size >= 0 && m.Size < s.minimum {
		return nil
	}
	if s.encoder != nil {
		s.t.Error("the Conn called Encode before the end of a message")
	}
	s.encoder = &runsEncoder{s}
	return s.encoder
}

func (s *runs) Decode(rsv byte) (wire.MessageDecoder, error) {
	s.alive("Decode")
	s.mu.Lock()
	defer s.mu.Unlock()
	if rsv != runsBit {
		s.t.Errorf("the Conn called Decode with bits %d, want %d", rsv, runsBit)
	}
	if s.decoder != nil {
		s.t.Error("the Conn called Decode before Release")
	}
	s.decodes++
	if s.decodes == failDecode {
		return nil, errRuns
	}
	s.decoder = &runsDecoder{s: s}
	return s.decoder, nil
}

// failDecode is the number of the message whose Decode fails.
const failDecode = 1000

func (s *runs) Idle() {
	s.alive("Idle")
	s.idles.Add(1)
}

func (s *runs) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.decoder != nil {
		s.t.Error("the Conn called Close before Release")
	}
	if s.encoding.Load() || s.decoding.Load() {
		s.t.Error("the Conn called Close during another call")
	}
	s.closes++
	return errors.New("an error of Close is ignored")
}

// wantClosed checks that the session has been closed once.
func (s *runs) wantClosed() {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closes != 1 {
		s.t.Errorf("the session was closed %d times, want once", s.closes)
	}
}

// during marks a call as in progress and checks that there is no other.
func during(t testing.TB, flag *atomic.Bool) (done func()) {
	if flag.Swap(true) {
		t.Error("the Conn made two calls of the session at once")
	}
	return func() { flag.Store(false) }
}

type runsEncoder struct{ s *runs }

var errRuns = errors.New("runs: invalid message")

func (e *runsEncoder) Append(dst, src []byte, fin bool) ([]byte, error) {
	s := e.s
	s.alive("Append")
	defer during(s.t, &s.encoding)()
	s.mu.Lock()
	if s.encoder != e {
		s.t.Error("the Conn called Append for a message that has ended")
	}
	if fin {
		s.encoder = nil
	}
	s.mu.Unlock()
	state := s.enc
	for len(src) > 0 {
		if src[0] == 0xee && s.fails {
			return dst, errRuns
		}
		n := 1
		for n < len(src) && n < 255 && src[n] == src[0] {
			n++
		}
		dst = append(dst, byte(n), src[0]^state)
		state = nextState(state, src[0])
		src = src[n:]
	}
	if s.enc = state; fin {
		dst = append(dst, 0, state)
	}
	return dst, nil
}

type runsDecoder struct {
	s     *runs
	half  []byte // the received part of a pair
	value byte
	left  int // bytes that are left of the run in progress
	ended bool
}

func (d *runsDecoder) Append(dst, src []byte, fin bool, max int) (out []byte, n int, more bool, err error) {
	s := d.s
	s.alive("Append")
	defer during(s.t, &s.decoding)()
	s.mu.Lock()
	if s.decoder != d {
		s.t.Error("the Conn called Append after Release")
	}
	s.mu.Unlock()
	if max < 1 {
		s.t.Errorf("the Conn called Append with a maximum of %d bytes, want at least 1", max)
	}
	for {
		m := min(d.left, max)
		dst = append(dst, bytes.Repeat([]byte{d.value}, m)...)
		max -= m
		if d.left -= m; d.left > 0 {
			return dst, n, true, nil
		}
		if n == len(src) {
			if fin && (!d.ended || len(d.half) > 0) {
				return dst, n, false, errRuns
			}
			return dst, n, false, nil
		}
		d.half = append(d.half, src[n])
		n++
		if len(d.half) < 2 {
			continue
		}
		d.value, d.left = d.half[1]^s.dec, int(d.half[0])
		if d.ended || d.left == 0 && d.value != 0 {
			return dst, n, false, errRuns
		}
		if d.half = d.half[:0]; d.left > 0 {
			s.dec = nextState(s.dec, d.value)
		} else {
			d.ended = true
		}
	}
}

func (d *runsDecoder) Release() {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	if d.s.decoder != d {
		d.s.t.Error("the Conn called Release for a message that is not open")
	}
	d.s.decoder = nil
}
