package interop

import (
	"testing"

	"github.com/hawser-ws/hawser/deflate"
)

// figures are bytes: what 64 messages alike hold, and what they were on the wire.
type figures struct{ payload, in, out int64 }

// A result is a row with its figures.
type result struct {
	handshake
	figures
	traits traits
}

// bits returns the window that the messages from that side are compressed with: that
// of the answer, or less if our side looks back less, or a client keeps to its offer.
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

// sides returns our role and the peer's, with what each has sent.
func (r result) sides() map[string]int64 {
	if r.role == "client" {
		return map[string]int64{"client": r.in, "server": r.out}
	}
	return map[string]int64{"client": r.out, "server": r.in}
}

// checkCompressed requires that either side has saved two thirds, nearly.
func (r result) checkCompressed(t *testing.T) {
	t.Helper()
	t.Logf("%d bytes of JSON: sent as %d, received as %d", r.payload, r.out, r.in)
	if most := r.payload * 2 / 5; r.out > most || r.in > most {
		t.Errorf("more than %d bytes", most)
	}
}

// checkTakeover requires of rows that differ in nothing else that the same messages
// take fewer bytes with takeover than without; three quarters at most where the window
// holds a few of them.
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
				t.Errorf("%v: the %s has sent %d bytes, %d without takeover", r, side, n, bytes[side])
			}
		}
	}
}

// checkWindows requires that a larger window means fewer bytes, for either side: that
// the windows agreed on are those in use. zlib's 8 is its 9. 15 is left out, because
// a peer may use another compressor for it.
func checkWindows(t *testing.T, results []result) {
	t.Helper()
	type key struct{ role, side string }
	sent := map[key]map[int]int64{} // by bits
	zlib := false
	for _, r := range results {
		zlib = r.traits.zlib // all of one peer
		for side, n := range r.sides() {
			if !r.takesOver(side) {
				continue
			}
			if side != r.role && r.options().WindowBits == 0 {
				continue // it looks back as far as the compressor that it finds
			}
			k := key{r.role, side}
			if sent[k] == nil {
				sent[k] = map[int]int64{}
			}
			if before := sent[k][r.bits(side)]; before != 0 && abs(n-before) > slack {
				t.Errorf("%v: %d bytes, and %d in another row with the same windows", r, n, before)
			}
			sent[k][r.bits(side)] = n
		}
	}
	for k, byBits := range sent {
		for _, pair := range [][2]int{{8, 9}, {9, 10}, {10, 12}} {
			small, large := byBits[pair[0]], byBits[pair[1]]
			switch {
			case small == 0 || large == 0: // not in this run
			case zlib && k.role == k.side && pair[0] == 8:
				if abs(small-large) > slack {
					t.Errorf("%v: %d bytes with 8 bits and %d with 9: are they not the same to zlib?", k, small, large)
				}
			case small <= large+slack:
				t.Errorf("%v: %d bytes with %d bits, %d with %d", k, small, pair[0], large, pair[1])
			}
		}
	}
}

// slack is by how many bytes the same messages may differ: a compressor that comes
// from a pool may have forgotten what another remembers.
const slack = 64

func abs(n int64) int64 { return max(n, -n) }
