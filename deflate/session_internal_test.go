package deflate

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/hawser-ws/hawser/wire"
)

// agreed returns the two sessions of a connection with windows of 32 KiB.
func agreed(t *testing.T) (server, client *session) {
	t.Helper()
	e := MustNew(&Options{WindowBits: 15})
	var offers []wire.ExtensionSpec
	offers = e.Offer(offers)
	answer, s, ok := e.Accept(func(yield func(wire.ExtensionSpec) bool) { yield(offers[0]) })
	if !ok {
		t.Fatal("declined")
	}
	c, err := e.Confirm(answer)
	if err != nil {
		t.Fatal(err)
	}
	return s.(*session), c.(*session)
}

// A session that is closed in the middle of messages keeps no window, compressor or inflater.
func TestCloseLetsGo(t *testing.T) {
	s, c := agreed(t)
	p := bytes.Repeat([]byte("0123456789"), 100)
	for _, s := range []*session{s, c} {
		z, err := s.Encode(wire.MessageInfo{Size: -1}).Append(nil, p, true)
		if err != nil {
			t.Fatal(err)
		}
		dec, _ := s.Decode(wire.RSV1)
		if _, _, _, err := dec.Append(nil, z, true, 2*len(p)); err != nil {
			t.Fatal(err)
		}
		dec.Release()
		_, _ = s.Encode(wire.MessageInfo{Size: -1}).Append(nil, p, false)
		dec, _ = s.Decode(wire.RSV1)
		_, _, _, _ = dec.Append(nil, z[:len(z)/2], false, 10)
		if s.enc.window.buf == nil || s.dec.window.buf == nil || s.enc.c == nil || s.dec.inf == nil {
			t.Fatal("the session has nothing to release")
		}
		_ = s.Close()
		if s.enc.window.buf != nil || s.dec.window.buf != nil {
			t.Error("a window is kept")
		}
		if s.enc.c != nil || s.dec.inf != nil {
			t.Error("a compressor or an inflater is kept")
		}
	}
}

// Between calls, an inflater does not refer to slices of its caller.
func TestInflaterKeepsNothing(t *testing.T) {
	src := []byte("\x00\x05\x00\xfa\xffHello\x00") // stored
	for _, most := range []int{0, 2, 5, 100} {
		for _, fin := range []bool{false, true} {
			f := newInflater()
			f.begin(nil)
			if _, _, _, err := f.append(make([]byte, 3), src, fin, most); err != nil {
				t.Fatal(err)
			}
			if f.out != nil || f.src != nil && !f.tail {
				t.Errorf("most %d, fin %v: keeps %q and %q", most, fin, f.src, f.out)
			}
		}
	}
}

// Without takeover, an inflater keeps a window while a message is open, and does not keep a
// large one for the next message.
func TestInflaterWindow(t *testing.T) {
	f := newInflater()
	stored := func(n int) []byte {
		return append([]byte{0, byte(n), byte(n >> 8), ^byte(n), ^byte(n >> 8)}, make([]byte, n)...)
	}
	for _, n := range []int{100, maxOwn, maxOwn + 1, 40_000, 100} {
		f.begin(nil)
		if _, _, _, err := f.append(nil, stored(n), false, 1<<20); err != nil {
			t.Fatal(err)
		}
		most := maxOwn
		if n > maxOwn {
			most = 1 << 15
		}
		if held := cap(f.own.buf); held < min(n, 1<<15) || held > most {
			t.Errorf("within a message, after %d bytes: a window of %d", n, held)
		}
		f.end()
		if held := cap(f.own.buf); held > maxOwn {
			t.Errorf("after a message of %d bytes: a window of %d", n, held)
		}
	}
}

// A compressor that serves the same connection again keeps its context, unless the last block
// of the message was so short that the context was lost. Only then is the window loaded again.
func TestContextOfCompressor(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for _, test := range []struct {
		size int
		kept bool
	}{
		{0, false}, {1, false}, {minMatch - 1, false}, {minMatch, true}, {minMatch + 1, true}, {maxBlock,
			true},
		{maxBlock + 1, false}, {maxBlock + minMatch - 1, false}, {maxBlock + minMatch, true},
	} {
		s, _ := agreed(t)
		msg := make([]byte, test.size)
		for i := range msg {
			msg[i] = "0123456789abcdef"[rnd.IntN(16)]
		}
		enc := s.Encode(wire.MessageInfo{Size: -1})
		z, _ := enc.Append(nil, nil, false)
		c := s.enc.c
		_, _ = enc.Append(z, msg, true)
		if c == nil {
			t.Fatal("no compressor")
		}
		if kept := c.ctx == s.enc.done; kept != test.kept || !kept && c.ctx != (mark{}) {
			t.Errorf("%d bytes: context kept: %v, want %v", test.size, kept, test.kept)
		}
		// In either case, the next message refers to this one, if it is long enough.
		again := msg[max(0, len(msg)-1000):]
		if len(again) < minMatch {
			continue
		}
		if z, _ := s.Encode(wire.MessageInfo{Size: -1}).Append(nil, again, true); len(z) > len(again)/4 {
			t.Errorf("%d bytes, then the last %d of them again: compressed to %d",
				test.size, len(again), len(z))
		}
	}
}
