package deflate_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/wire"
)

// A message of 64 KiB that would become 64 MiB allocates less than 4 MiB in all under a limit
// of 1 MiB.
func TestBomb(t *testing.T) {
	const limit = 1 << 20
	bomb := zeros(64 << 20 / 258)
	if len(bomb) > 66_000 {
		t.Fatal(len(bomb))
	}
	for _, noTakeover := range []bool{false, true} {
		for _, piece := range []int{len(bomb), 1000, 1} {
			t.Run(fmt.Sprintf("noTakeover=%v,piece=%d", noTakeover, piece), func(t *testing.T) {
				_, s := both(t, 15, noTakeover)
				dec, _ := s.Decode(wire.RSV1)
				defer dec.Release()
				before := allocated()
				var out []byte
				for in := bomb; len(out) <= limit; {
					n := min(piece, len(in))
					var took int
					var err error
					out, took, _, err = dec.Append(out, in[:n], n == len(in), limit+1-len(out))
					if err != nil {
						t.Fatal(err)
					}
					in = in[took:]
				}
				grown := allocated() - before
				if grown >= 4<<20 || len(out) != limit+1 || cap(out) > limit+1+limit/8 {
					t.Errorf("%d bytes allocated for an output of %d, capacity %d", grown, len(out), cap(out))
				}
			})
		}
	}
}

// In steady state, messages allocate nothing, with and without takeover, whether or not a
// connection gets its last compressor again.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("under the race detector, sync.Pool drops some of what it is given")
	}
	const rounds = 10_000
	p := jsonMessage(rand.New(rand.NewPCG(1, 1)), 1024)
	largeFrom, large := both(t, 12, true)
	largeZ := encode(t, largeFrom, textMessage(rand.New(rand.NewPCG(1, 1)), 40_000), 0)
	for _, noTakeover := range []bool{false, true} {
		s, c := both(t, 12, noTakeover)
		other, _ := both(t, 12, noTakeover)
		var z, out []byte
		encodeNext := func(s wire.Session) {
			z, _ = s.Encode(wire.MessageInfo{Size: int64(len(p))}).Append(z[:0], p, true)
		}
		decode := func() {
			dec, _ := c.Decode(wire.RSV1)
			var err error
			if out, _, _, err = dec.Append(out[:0], z, true, 1<<20); err != nil || len(out) != len(p) {
				t.Fatal(err)
			}
			dec.Release()
		}
		for _, row := range []struct {
			name string
			once func()
		}{
			{"encode", func() { encodeNext(s) }},
			{"encode in turns", func() { encodeNext(s); encodeNext(other) }}, // on two connections
			{"decode", decode},
			{"decode a large message in pieces", func() {
				dec, _ := large.Decode(wire.RSV1)
				for in, more := largeZ, true; more; {
					var took int
					out, took, more, _ = dec.Append(out[:0], in, true, 4096)
					in = in[took:]
				}
				dec.Release()
			}},
			{"decode with little room", func() {
				dec, _ := c.Decode(wire.RSV1)
				for in, more := z, true; more; {
					var took int
					out, took, more, _ = dec.Append(out[:0], in, true, 100)
					in = in[took:]
				}
				dec.Release()
			}},
		} {
			if row.name == "decode" { // begin with new sessions whose windows match
				s, c = both(t, 12, noTakeover)
				encodeNext(s)
				decode()
				encodeNext(s)
			}
			for range 10 {
				row.once()
			}
			before := mallocs()
			for range rounds {
				row.once()
			}
			if n := mallocs() - before; n > rounds/100 {
				t.Errorf("%s, no takeover %v: %d allocations for %d messages", row.name, noTakeover, n,
					rounds)
			}
		}
	}
}

// A session keeps little more than its windows, which are no larger than what it has received
// and sent.
func TestIdleMemory(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates too")
	}
	for _, row := range []struct {
		name        string
		opts        *deflate.Options
		messages    int
		least, most uint64 // bytes
	}{
		{"default", &deflate.Options{}, 1, 2 << 10, 2<<10 + 250},
		{"default", &deflate.Options{}, 4, 6 << 10, 6<<10 + 250},
		{"default", &deflate.Options{}, 64, 34 << 10, 34<<10 + 250},
		{"small", &deflate.Options{MaxReceiveWindowBits: 11}, 4, 4 << 10, 4<<10 + 250},
		{"small", &deflate.Options{MaxReceiveWindowBits: 11}, 64, 4 << 10, 4<<10 + 250},
		{"smallest", windows(8, false), 64, 768, 1000},
		{"large", windows(15, false), 64, 64 << 10, 64<<10 + 250},
		{"no takeover", &deflate.Options{NoContextTakeover: true}, 64, 0, 250},
	} {
		t.Run(fmt.Sprintf("%s,messages=%d", row.name, row.messages), func(t *testing.T) {
			var each uint64
			for range 5 { // other code may allocate at the same time
				each = sessionBytes(t, row.opts, row.messages)
				t.Logf("%d bytes for each session", each)
				if row.least <= each && each <= row.most {
					return
				}
			}
			t.Errorf("%d bytes for each session, want %d to %d", each, row.least, row.most)
		})
	}
}

// sessionBytes returns how many bytes a session keeps after messages of 1 KiB in both
// directions.
func sessionBytes(t *testing.T, o *deflate.Options, messages int) uint64 {
	t.Helper()
	server, client := deflate.MustNew(o), deflate.MustNew(o)
	answer, _ := accept(t, server, render(t, client.Offer(nil)...))
	sessions := make([]wire.Session, 40)
	rnd := rand.New(rand.NewPCG(1, 1))
	before := heap()
	for i := range sessions {
		c, err := confirm(t, client, answer)
		if err != nil {
			t.Fatal(err)
		}
		_, sessions[i] = accept(t, server, render(t, client.Offer(nil)...))
		for range messages {
			exchange(t, sessions[i], c, textMessage(rnd, 1024))
			exchange(t, c, sessions[i], textMessage(rnd, 1024))
		}
	}
	each := (heap() - before) / uint64(len(sessions))
	runtime.KeepAlive(sessions)
	return each
}

// A message of empty blocks takes no memory, however long it is. No limit applies to it.
func TestBlocksOfNothingCostNothing(t *testing.T) {
	for name, block := range map[string][]byte{
		"stored": new(crafter).stored(0, "").out,
		"fixed":  new(crafter).fixed(0).end().fixed(0).end().fixed(0).end().fixed(0).end().out, // 40 bits
		"final":  new(crafter).stored(1, "").out,
	} {
		for _, noTakeover := range []bool{false, true} {
			for _, piece := range []int{1, 5, 4000} {
				t.Run(fmt.Sprintf("%s,noTakeover=%v,piece=%d", name, noTakeover, piece), func(t *testing.T) {
					_, s := both(t, 15, noTakeover)
					p := bytes.Repeat(block, piece)
					dec, _ := s.Decode(wire.RSV1)
					defer dec.Release()
					before := allocated()
					for range 20_000 / piece {
						out, took, more, err := dec.Append(nil, p, false, 1)
						if len(out) > 0 || took != len(p) || more || err != nil {
							t.Fatalf("%q, %d of %d, %v, %v", out, took, len(p), more, err)
						}
					}
					if grown := allocated() - before; grown > 64<<10 {
						t.Errorf("%d bytes allocated", grown)
					}
					out, _, _, err := dec.Append(nil, hello, true, 100)
					if string(out) != "Hello" || err != nil {
						t.Errorf("the end of the message: %q, %v, want Hello", out, err)
					}
				})
			}
		}
	}
}
