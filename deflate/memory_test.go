package deflate_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/hawser-ws/hawser/wire"
)

// 64 KiB that inflate to 64 MiB under a limit of 1 MiB take less than 4 MiB, and
// all of that is counted, not only what is live.
func TestBomb(t *testing.T) {
	const limit = 1 << 20
	bomb := zeros(64 << 20 / 258)
	if len(bomb) > 66_000 {
		t.Fatal(len(bomb))
	}
	for _, noTakeover := range []bool{false, true} {
		for _, piece := range []int{len(bomb), 1000, 1} {
			t.Run(fmt.Sprintf("%v,%d", noTakeover, piece), func(t *testing.T) {
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
				if grown := allocated() - before; grown >= 4<<20 || len(out) != limit+1 || cap(out) > limit+1+limit/8 {
					t.Errorf("%d bytes for %d, capacity %d", grown, len(out), cap(out))
				}
			})
		}
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// In steady state nothing is allocated for a message, with takeover or without,
// whether a connection finds its compressor again or not.
func TestAllocations(t *testing.T) {
	if slow > 0 {
		t.Skip("sync.Pool drops some of what it is given")
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
			{"encode in turns", func() { encodeNext(s); encodeNext(other) }},
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
			if row.name == "decode" { // what it decodes has to follow what it knows
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
				t.Errorf("%s, no takeover %v: %d allocations for %d messages", row.name, noTakeover, n, rounds)
			}
		}
	}
}
