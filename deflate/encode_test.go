package deflate_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/wire"
)

// What we send is what compress/flate reads, for every window, with and without
// takeover, whole or streamed; and a window of exactly that size is enough to read
// it. Two connections take turns, so that each finds compressors that the other has
// used.
func TestEncodedMessagesNeedNoLargerWindow(t *testing.T) {
	for bits := 8; bits <= 16; bits++ {
		for _, noTakeover := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d,%v", bits, noTakeover), func(t *testing.T) {
				o, bits := windows(bits, noTakeover), bits
				if bits == 16 { // the windows of the defaults
					o, bits = &deflate.Options{NoContextTakeover: noTakeover, Threshold: -1}, 15
				}
				server, client := deflate.MustNew(o), deflate.MustNew(o)
				rnd := rand.New(rand.NewPCG(uint64(bits), 1))
				var sessions [2]wire.Session
				var windows [2]strict
				for i := range sessions {
					answer, s := accept(t, server, render(t, client.Offer(nil)...))
					if i == 0 && !noTakeover && !strings.Contains(answer, "server_max_window_bits") && bits < 15 {
						t.Fatal(answer)
					}
					sessions[i], windows[i].size = s, 1<<bits
				}
				for n := range messages(60) {
					i := rnd.IntN(2)
					if n == 20 {
						i = 0
					}
					size := someSize(rnd)
					if n%20 == 10 {
						size = lessUnderRace(200<<10, 10)
					}
					checkEncoded(t, sessions[i], &windows[i], mixedMessage(rnd, size), rnd.IntN(3)*rnd.IntN(5000), noTakeover)
				}
				if longest := windows[0].longest; !raceEnabled && bits < 14 && longest < 1<<bits/2 {
					t.Errorf("longest distance is %d: the test sees nothing", longest)
				}
			})
		}
	}
}

func checkEncoded(t *testing.T, s wire.Session, w *strict, p []byte, piece int, noTakeover bool) {
	t.Helper()
	if noTakeover {
		w.forget()
	}
	z := encode(t, s, p, piece)
	before := w.history
	got, err := judge(z, before)
	if err != nil || !bytes.Equal(got, p) {
		t.Fatalf("compress/flate: %d bytes of %d, %v", len(got), len(p), err)
	}
	if got, err = w.message(z); err != nil || !bytes.Equal(got, p) {
		t.Fatalf("%d bytes of %d, %v", len(got), len(p), err)
	}
	if w.finals > 0 {
		t.Fatal("final block")
	}
}

// The context is taken over truly: a message that comes again is almost nothing,
// also if the connection has to find its way back from its window.
func TestEncodeTakesContextOver(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	p, other := jsonMessage(rnd, 1500), jsonMessage(rnd, 1500)
	e := deflate.MustNew(nil)
	_, a := accept(t, e, "permessage-deflate")
	_, b := accept(t, e, "permessage-deflate")
	first := len(encode(t, a, p, 0))
	if n := len(encode(t, a, p, 0)); n > first/10 {
		t.Errorf("again: %d bytes after %d", n, first)
	}
	_, _ = a.Encode(wire.MessageInfo{Size: -1}).Append(nil, nil, true)
	if n := len(encode(t, a, p, 0)); n > first/10 {
		t.Errorf("after an empty message: %d bytes after %d", n, first)
	}
	encode(t, b, other, 0)
	if n := len(encode(t, a, p, 0)); n > first/10 {
		t.Errorf("after another connection: %d bytes after %d", n, first)
	}
	encode(t, a, p[:100], 1) // forgets the context of its compressor
	if n := len(encode(t, a, p, 0)); n > first/10 {
		t.Errorf("after a short message: %d bytes after %d", n, first)
	}
	_, c := accept(t, e, "permessage-deflate; server_no_context_takeover")
	first = len(encode(t, c, p, 0))
	if n := len(encode(t, c, p, 0)); n != first {
		t.Errorf("without takeover: %d bytes after %d", n, first)
	}
}

// A connection may find a compressor that it has used, but not last.
func TestEncodeFindsOldContext(t *testing.T) {
	rnd := rand.New(rand.NewPCG(6, 6))
	for range 20 {
		e := deflate.MustNew(nil)
		_, a := accept(t, e, "permessage-deflate")
		_, b := accept(t, e, "permessage-deflate")
		w := strict{size: 4096}
		send := func() {
			p := jsonMessage(rnd, 500)
			if got, err := w.message(encode(t, a, p, 0)); err != nil || !bytes.Equal(got, p) {
				t.Fatal(err)
			}
		}
		open := b.Encode(wire.MessageInfo{Size: -1})
		_, _ = open.Append(nil, nil, false) // has the first compressor
		p := jsonMessage(rnd, 500)
		enc := a.Encode(wire.MessageInfo{Size: -1})
		z, _ := enc.Append(nil, p[:250], false) // has the second
		_, _ = open.Append(nil, nil, true)      // and the first is free
		z, _ = enc.Append(z, p[250:], true)     // now both are
		if got, err := w.message(z); err != nil || !bytes.Equal(got, p) {
			t.Fatal(err)
		}
		send()
		_, _ = open.Append(nil, nil, false) // takes one away
		send()                              // finds the other
		send()
		_, _ = open.Append(nil, nil, true)
		send()
	}
}

// Nothing of one connection goes out on another.
func TestEncodeKeepsConnectionsApart(t *testing.T) {
	e := deflate.MustNew(nil)
	secret := textMessage(rand.New(rand.NewPCG(3, 3)), 2000)
	for range 50 {
		_, a := accept(t, e, "permessage-deflate")
		encode(t, a, secret, 0)
		_, b := accept(t, e, "permessage-deflate")
		z := encode(t, b, secret, 0)
		w := strict{size: 4096}
		if got, err := w.message(z); err != nil || !bytes.Equal(got, secret) {
			t.Fatal(err)
		}
	}
}

// Encoding appends, and leaves what is in dst alone.
func TestEncodeAppends(t *testing.T) {
	s, _ := both(t, 12, false)
	p := jsonMessage(rand.New(rand.NewPCG(1, 1)), 1000)
	dst, err := s.Encode(wire.MessageInfo{Size: -1}).Append([]byte("head"), p, true)
	if err != nil || !bytes.HasPrefix(dst, []byte("head")) {
		t.Fatalf("%q, %v", dst[:10], err)
	}
	if got, err := judge(dst[4:], nil); err != nil || !bytes.Equal(got, p) {
		t.Fatal(err)
	}
	if bytes.HasSuffix(dst, []byte("\x00\x00\xff\xff")) {
		t.Error("the tail is still there")
	}
}
