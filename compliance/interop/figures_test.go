package interop

import (
	"testing"

	"github.com/hawser-ws/hawser/deflate"
)

// figures are the sizes of the 64 similar messages, in bytes: their payloads, and what was
// received and sent on the wire.
type figures struct{ payload, in, out int64 }

// A result is a row and its figures.
type result struct {
	handshake
	figures
	traits traits
}

// bits returns the size of the window with which a side compresses. It is the size in the answer,
// or less if our options say so, or if the peer is a client that uses the window of its offer.
func (r result) bits(side string) int {
	bits := windowOf(side, r.answer)
	switch ours := r.options().WindowBits; {
	case side != r.role && ours == 0:
		bits = min(bits, deflate.DefaultWindowBits)
	case side != r.role:
		bits = min(bits, ours)
	case side == "client" && r.traits.ownWindow:
		bits = min(bits, windowOf(side, r.offer))
	}
	return bits
}

// sides returns how many bytes each role has sent.
func (r result) sides() map[string]int64 {
	if r.role == "client" {
		return map[string]int64{"client": r.in, "server": r.out}
	}
	return map[string]int64{"client": r.out, "server": r.in}
}

// checkCompressed requires that each side has compressed to two fifths or less.
func (r result) checkCompressed(t *testing.T) {
	t.Helper()
	t.Logf("%d bytes of JSON were sent as %d and received as %d bytes", r.payload, r.out, r.in)
	if most := r.payload * 2 / 5; r.out > most || r.in > most {
		t.Errorf("%d or %d is more than %d bytes", r.out, r.in, most)
	}
}

// checkTakeover requires that the same messages take fewer bytes with takeover than without,
// in rows that differ in nothing else. If the window has room for a few messages, they must
// take at most three quarters of those bytes.
func checkTakeover(t *testing.T, results []result) {
	t.Helper()
	without := map[string]result{}
	for _, r := range results {
		if r.noTakeover {
			without[r.String()] = r
		}
	}
	for _, r := range results {
		twin := r.handshake
		twin.noTakeover = true
		plain, found := without[twin.String()]
		if r.noTakeover || !found {
			continue
		}
		bytes := plain.sides()
		for side, n := range r.sides() {
			most := bytes[side] - 1
			if r.bits(side) >= 12 {
				most = bytes[side] * 3 / 4
			}
			if r.takesOver(side) && !plain.takesOver(side) && n > most {
				t.Errorf("%v: the %s sent %d bytes, and %d without takeover", r, side, n, bytes[side])
			}
		}
	}
}

// checkWindows requires that each side sends fewer bytes with a larger window, which proves
// that it uses the window that was agreed on. With zlib, 8 bits are the same as 9. Windows of
// 15 bits are not compared, since a peer may use another compressor for them.
func checkWindows(t *testing.T, results []result) {
	t.Helper()
	type key struct{ role, side string }
	sent := map[key]map[int]int64{} // by bits
	zlib := false
	for _, r := range results {
		zlib = r.traits.zlib // the same in all rows of a peer
		for side, n := range r.sides() {
			if !r.takesOver(side) {
				continue
			}
			if side != r.role && r.options().WindowBits == 0 {
				continue // the compressor in the pool decides the size
			}
			k := key{r.role, side}
			if sent[k] == nil {
				sent[k] = map[int]int64{}
			}
			if before := sent[k][r.bits(side)]; before != 0 && abs(n-before) > slack {
				t.Errorf("%v: %d bytes, and %d in another row with the same window", r, n, before)
			}
			sent[k][r.bits(side)] = n
		}
	}
	for k, byBits := range sent {
		for _, pair := range [][2]int{{8, 9}, {9, 10}, {10, 12}} {
			small, large := byBits[pair[0]], byBits[pair[1]]
			switch {
			case small == 0 || large == 0: // not tested in this run
			case zlib && k.role == k.side && pair[0] == 8:
				if abs(small-large) > slack {
					t.Errorf("%v: %d bytes with 8 bits and %d with 9, want the same with zlib",
						k, small, large)
				}
			case small <= large+slack:
				t.Errorf("%v: %d bytes with %d bits, %d with %d", k, small, pair[0], large, pair[1])
			}
		}
	}
}

// slack is the number of bytes by which the sizes of the same messages may differ, because
// compressors from a pool have different histories.
const slack = 64

func abs(n int64) int64 { return max(n, -n) }
