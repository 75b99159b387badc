package websocket

import (
	"bytes"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hawser-ws/hawser/wire"
)

// runsBit is the reserved bit of the test's extension, RSV1.
const runsBit = 4

// A runs is a session of an extension for tests: runs of equal bytes travel as
// pairs of a length, 1 to 255, and a byte, which is disguised by a state that all
// earlier bytes of all messages have moved. A message ends with a pair of length 0
// that holds the state, so that two sides that lost each other notice at once.
//
// It also checks that the Conn keeps to the contract of [wire.Session].
type runs struct {
	t        testing.TB
	minimum  int64 // messages shorter than this go out plain
	fails    bool  // at a byte 0xee
	enc, dec byte  // state of either direction

	encoding, decoding atomic.Bool // a call is in progress
	idles              atomic.Int32

	mu      sync.Mutex
	encoder *runsEncoder // of the open message
	decoder *runsDecoder
	decodes int
	closes  int
	plains  int // messages that were to go out plain
}

func nextState(state, b byte) byte { return state*31 + b + 7 }

func newRuns(t testing.TB) *runs { return &runs{t: t} }

func (s *runs) Bits() (rsv, perFrame byte) { return runsBit, 0 }

// alive checks that the session has not been closed.
func (s *runs) alive(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closes > 0 {
		s.t.Errorf("%s after Close", what)
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
		s.t.Error("Encode before the end of a message")
	}
	s.encoder = &runsEncoder{s}
	return s.encoder
}

func (s *runs) Decode(rsv byte) (wire.MessageDecoder, error) {
	s.alive("Decode")
	s.mu.Lock()
	defer s.mu.Unlock()
	if rsv != runsBit {
		s.t.Errorf("Decode of bits %d", rsv)
	}
	if s.decoder != nil {
		s.t.Error("Decode before Release")
	}
	s.decodes++
	if s.decodes == failDecode {
		return nil, errRuns
	}
	s.decoder = &runsDecoder{s: s}
	return s.decoder, nil
}

// failDecode is the message whose Decode fails.
const failDecode = 1000

func (s *runs) Idle() {
	s.alive("Idle")
	s.idles.Add(1)
}

func (s *runs) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.decoder != nil {
		s.t.Error("Close before Release")
	}
	if s.encoding.Load() || s.decoding.Load() {
		s.t.Error("Close during another call")
	}
	s.closes++
	return errors.New("an error of Close is nobody's business")
}

// wantClosed checks that the session has been closed once.
func (s *runs) wantClosed() {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closes != 1 {
		s.t.Errorf("the session was closed %d times", s.closes)
	}
}

// during marks a call in progress, of which there may be one at a time.
func during(t testing.TB, flag *atomic.Bool) (done func()) {
	if flag.Swap(true) {
		t.Error("two calls at once")
	}
	return func() { flag.Store(false) }
}

type runsEncoder struct{ s *runs }

var errRuns = errors.New("runs: cannot be coded")

func (e *runsEncoder) Append(dst, src []byte, fin bool) ([]byte, error) {
	s := e.s
	s.alive("Append")
	defer during(s.t, &s.encoding)()
	s.mu.Lock()
	if s.encoder != e {
		s.t.Error("Append to a message that has ended")
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
	half  []byte // a pair of which one byte has come
	value byte
	left  int // of the run in progress
	ended bool
}

func (d *runsDecoder) Append(dst, src []byte, fin bool, max int) (out []byte, n int, more bool, err error) {
	s := d.s
	s.alive("Append")
	defer during(s.t, &s.decoding)()
	s.mu.Lock()
	if s.decoder != d {
		s.t.Error("Append after Release")
	}
	s.mu.Unlock()
	if max < 1 {
		s.t.Errorf("Append of at most %d bytes", max)
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
		d.s.t.Error("Release of a message that is not open")
	}
	d.s.decoder = nil
}
