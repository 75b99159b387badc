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

// compress/flate can read what we send, for every window, with and without takeover, whole and
// streamed, and so can an inflater with a window of exactly the agreed size. Two connections
// take turns, so that each gets compressors that the other has used.
func TestEncodedMessagesNeedNoLargerWindow(t *testing.T) {
	for bits := 8; bits <= 16; bits++ {
		for _, noTakeover := range []bool{false, true} {
			t.Run(fmt.Sprintf("bits=%d,noTakeover=%v", bits, noTakeover), func(t *testing.T) {
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
					sized := strings.Contains(answer, "server_max_window_bits")
					if i == 0 && !noTakeover && bits < 15 && !sized {
						t.Fatalf("%q lacks server_max_window_bits", answer)
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
					p, piece := mixedMessage(rnd, size), rnd.IntN(3)*rnd.IntN(5000)
					checkEncoded(t, sessions[i], &windows[i], p, piece, noTakeover)
				}
				if longest := windows[0].longest; !raceEnabled && bits < 14 && longest < 1<<bits/2 {
					t.Errorf("the longest distance is %d, too short to test the window", longest)
				}
			})
		}
	}
}

// checkEncoded encodes p on s, in pieces of piece bytes, and checks that compress/flate and w
// can read the result.
func checkEncoded(t *testing.T, s wire.Session, w *strict, p []byte, piece int, noTakeover bool) {
	t.Helper()
	if noTakeover {
		w.forget()
	}
	z := encode(t, s, p, piece)
	before := w.history
	got, err := inflateStd(z, before)
	if err != nil || !bytes.Equal(got, p) {
		t.Fatalf("compress/flate reads %d bytes of %d, %v", len(got), len(p), err)
	}
	if got, err = w.message(z); err != nil || !bytes.Equal(got, p) {
		t.Fatalf("the strict inflater reads %d bytes of %d, %v", len(got), len(p), err)
	}
	if w.finals > 0 {
		t.Fatal("the message has a final block")
	}
}

// With context takeover, a repeated message becomes very small, even if the compressor has
// lost its context and gets the connection's window.
func TestEncodeTakesContextOver(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	p, other := jsonMessage(rnd, 1500), jsonMessage(rnd, 1500)
	e := deflate.MustNew(nil)
	_, a := accept(t, e, "permessage-deflate")
	_, b := accept(t, e, "permessage-deflate")
	first := len(encode(t, a, p, 0))
	if n := len(encode(t, a, p, 0)); n > first/10 {
		t.Errorf("repeated message: %d bytes after %d", n, first)
	}
	_, _ = a.Encode(wire.MessageInfo{Size: -1}).Append(nil, nil, true)
	if n := len(encode(t, a, p, 0)); n > first/10 {
		t.Errorf("after an empty message: %d bytes after %d", n, first)
	}
	encode(t, b, other, 0)
	if n := len(encode(t, a, p, 0)); n > first/10 {
		t.Errorf("after another connection: %d bytes after %d", n, first)
	}
	encode(t, a, p[:100], 1) // its compressor loses the context
	if n := len(encode(t, a, p, 0)); n > first/10 {
		t.Errorf("after a short message: %d bytes after %d", n, first)
	}
	_, c := accept(t, e, "permessage-deflate; server_no_context_takeover")
	first = len(encode(t, c, p, 0))
	if n := len(encode(t, c, p, 0)); n != first {
		t.Errorf("without takeover: %d bytes after %d", n, first)
	}
}

// A connection may get a compressor that it has used, but whose context is outdated.
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
		_, _ = open.Append(nil, nil, false) // takes the first compressor
		p := jsonMessage(rnd, 500)
		enc := a.Encode(wire.MessageInfo{Size: -1})
		z, _ := enc.Append(nil, p[:250], false) // takes the second
		_, _ = open.Append(nil, nil, true)      // returns the first
		z, _ = enc.Append(z, p[250:], true)     // returns the second
		if got, err := w.message(z); err != nil || !bytes.Equal(got, p) {
			t.Fatal(err)
		}
		send()
		_, _ = open.Append(nil, nil, false) // takes one of them
		send()                              // takes the other
		send()
		_, _ = open.Append(nil, nil, true)
		send()
	}
}

// A message does not refer to messages of other connections.
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

// Append keeps the bytes that are in dst.
func TestEncodeAppends(t *testing.T) {
	s, _ := both(t, 12, false)
	p := jsonMessage(rand.New(rand.NewPCG(1, 1)), 1000)
	dst, err := s.Encode(wire.MessageInfo{Size: -1}).Append([]byte("head"), p, true)
	if err != nil || !bytes.HasPrefix(dst, []byte("head")) {
		t.Fatalf("%q, %v", dst[:10], err)
	}
	if got, err := inflateStd(dst[4:], nil); err != nil || !bytes.Equal(got, p) {
		t.Fatal(err)
	}
	if bytes.HasSuffix(dst, []byte("\x00\x00\xff\xff")) {
		t.Error("the tail was not removed")
	}
}
