package deflate_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/wire"
)

// sharer returns s as a wire.SharedSession.
func sharer(t testing.TB, s wire.Session) wire.SharedSession {
	t.Helper()
	shared, ok := s.(wire.SharedSession)
	if !ok {
		t.Fatalf("%T is not a wire.SharedSession", s)
	}
	return shared
}

// appendShared returns the shared form of a message, and checks that it refers to nothing
// outside the message.
func appendShared(t testing.TB, s wire.Session, bits int, p []byte) []byte {
	t.Helper()
	z, err := sharer(t, s).AppendShared(nil, p)
	if err != nil {
		t.Fatal(err)
	}
	alone := strict{size: 1 << bits}
	if got, err := alone.message(z); err != nil || !bytes.Equal(got, p) {
		t.Errorf("shared form alone: read %d bytes of %d, %v", len(got), len(p), err)
	}
	return z
}

// A receiver reads the messages of a session with an inflater whose window has exactly the
// agreed size, and with a session of ours.
type receiver struct {
	window     strict
	session    wire.Session
	noTakeover bool
}

// take reads z and checks that it is want.
func (r *receiver) take(t testing.TB, z, want []byte) {
	t.Helper()
	if r.noTakeover {
		r.window.forget()
	}
	if got, err := r.window.message(z); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("the strict inflater reads %d bytes of %d, %v", len(got), len(want), err)
	}
	if got, err := decode(t, r.session, z, feeding{}); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("our session reads %d bytes of %d, %v", len(got), len(want), err)
	}
}

// Shared, streamed and other messages are sent in any order, on connections that take turns.
// Each can be read with a window of exactly the agreed size.
func TestSharedAmongOwn(t *testing.T) {
	for bits := 8; bits <= 15; bits++ {
		for _, noTakeover := range []bool{false, true} {
			t.Run(fmt.Sprintf("bits=%d,noTakeover=%v", bits, noTakeover), func(t *testing.T) {
				o := windows(bits, noTakeover)
				server, client := deflate.MustNew(o), deflate.MustNew(o)
				var from [3]wire.Session
				var to [3]receiver
				for i := range from {
					var answer string
					answer, from[i] = accept(t, server, render(t, client.Offer(nil)...))
					s, err := confirm(t, client, answer)
					if err != nil {
						t.Fatal(err)
					}
					to[i] = receiver{strict{size: 1 << bits}, s, noTakeover}
				}
				rnd := rand.New(rand.NewPCG(uint64(bits), 2))
				type broadcast struct{ message, encoded []byte }
				var sent []broadcast
				for n := range messages(120) {
					size := someSize(rnd)
					if n%30 == 10 {
						size = lessUnderRace(100<<10, 5)
					}
					p, i := mixedMessage(rnd, size), rnd.IntN(3)
					switch rnd.IntN(5) {
					case 0, 1: // a broadcast, new or old, to some of the connections
						if len(sent) == 0 || rnd.IntN(2) == 0 {
							sent = append(sent, broadcast{p, appendShared(t, from[i], bits, p)})
						}
						b := sent[rnd.IntN(len(sent))]
						for j := range from {
							if rnd.IntN(4) > 0 {
								sharer(t, from[j]).SharedSent(b.message)
								to[j].take(t, b.encoded, b.message)
							}
						}
					case 2: // streamed
						to[i].take(t, encode(t, from[i], p, 1+rnd.IntN(5000)), p)
					default:
						to[i].take(t, encode(t, from[i], p, 0), p)
					}
				}
				if longest := to[0].window.longest; !raceEnabled && bits < 14 && longest < 1<<bits/2 {
					t.Errorf("the longest distance is %d, too short to test the window", longest)
				}
			})
		}
	}
}

// With takeover, later messages may refer to a message that was sent in its shared form.
func TestSharedIsContext(t *testing.T) {
	p := textMessage(rand.New(rand.NewPCG(9, 9)), 2000)
	for _, noTakeover := range []bool{false, true} {
		s, _ := both(t, 12, noTakeover)
		first := len(encode(t, s, p[:100], 0)) + len(appendShared(t, s, 12, p))
		sharer(t, s).SharedSent(p)
		if again := len(encode(t, s, p, 0)); (again < first/10) == noTakeover {
			t.Errorf("takeover %v: %d bytes after %d", !noTakeover, again, first)
		}
	}
}

// A shared message that is not sent changes no state.
func TestSharedNotSent(t *testing.T) {
	s, c := both(t, 10, false)
	to := receiver{strict{size: 1 << 10}, c, false}
	rnd := rand.New(rand.NewPCG(4, 4))
	for range 20 {
		p := jsonMessage(rnd, 700)
		appendShared(t, s, 10, textMessage(rnd, 3000))
		to.take(t, encode(t, s, p, 0), p)
	}
}

// A message has a shared form if it would be compressed. The key depends only on the window.
func TestSharedKey(t *testing.T) {
	key := func(o deflate.Options, m wire.MessageInfo) any {
		s, _ := agree(t, &o, &o)
		k, ok := sharer(t, s).SharedKey(m)
		if !ok && k != nil {
			t.Errorf("%+v, %+v: not shared, with key %v", o, m, k)
		}
		return k
	}
	large := wire.MessageInfo{Text: true, Size: 1000}
	for m, plain := range map[wire.MessageInfo]bool{
		{Size: deflate.DefaultThreshold - 1}: true, {Size: deflate.DefaultThreshold}: false,
		{Size: 1000, Plain: true}: true, large: false,
	} {
		if k := key(deflate.Options{}, m); (k == nil) != plain {
			t.Errorf("%+v has key %v", m, k)
		}
	}
	seen := map[any]bool{}
	for bits := 8; bits <= 15; bits++ {
		k := key(deflate.Options{WindowBits: bits}, large)
		if k != key(deflate.Options{WindowBits: bits, NoContextTakeover: true}, large) || seen[k] {
			t.Errorf("windows of %d bits: key %v, seen before: %v", bits, k, seen[k])
		}
		if kind := reflect.TypeOf(k).Kind(); kind != reflect.Uint8 {
			t.Errorf("the key is a %v, which may refer to memory or cause an allocation", kind)
		}
		seen[k] = true
	}
}

func TestSharedAppends(t *testing.T) {
	s, _ := both(t, 12, false)
	p := jsonMessage(rand.New(rand.NewPCG(1, 1)), 1000)
	z, err := sharer(t, s).AppendShared([]byte("head"), p)
	w := strict{size: 1 << 12}
	if err != nil || !bytes.HasPrefix(z, []byte("head")) || bytes.HasSuffix(z, []byte("\x00\x00\xff\xff")) {
		t.Fatalf("%q, %v", z[:10], err)
	}
	if got, err := w.message(z[4:]); err != nil || !bytes.Equal(got, p) {
		t.Error(err)
	}
}

// Sessions of one Extension may encode shared messages concurrently.
func TestSharedConcurrently(t *testing.T) {
	e := deflate.MustNew(nil)
	var all sync.WaitGroup
	for i := range 8 {
		_, s := accept(t, e, "permessage-deflate; client_max_window_bits")
		all.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(i), 1))
			w := strict{size: 1 << 15}
			for range messages(40) {
				p := jsonMessage(rnd, 900)
				z := appendShared(t, s, 12, p)
				if rnd.IntN(2) == 0 {
					sharer(t, s).SharedSent(p)
				} else {
					z = encode(t, s, p, 0)
				}
				if got, err := w.message(z); err != nil || !bytes.Equal(got, p) {
					t.Errorf("read %d bytes of %d, %v", len(got), len(p), err)
				}
			}
		})
	}
	all.Wait()
}

// A shared message does not depend on earlier messages of its compressor.
func TestSharedKeepsConnectionsApart(t *testing.T) {
	e := deflate.MustNew(nil)
	_, a := accept(t, e, "permessage-deflate")
	_, b := accept(t, e, "permessage-deflate")
	secret := textMessage(rand.New(rand.NewPCG(3, 3)), 2000)
	want := len(appendShared(t, b, 12, secret))
	encode(t, a, secret, 0)
	if got := len(appendShared(t, b, 12, secret)); got != want {
		t.Errorf("%d bytes after a message of another connection, want %d", got, want)
	}
}
