package fuzz

import (
	"math/rand/v2"
	"testing"

	"github.com/hawser-ws/hawser/fuzz/internal/play"
)

// FuzzConn performs scripts on the two ends of a connection: writes of every kind,
// reads of every kind, cancels, pings, limits, compression, closes and breaks, over a
// transport that cuts and stalls. Messages arrive equal and in order, the close is
// clean unless the script has spoilt it, and nothing is left.
func FuzzConn(f *testing.F) {
	addScripts(f, 40)
	f.Fuzz(play.Conn)
}

// FuzzPeer has a Conn of either role meet a hostile peer: frames right and wrong,
// garbage, floods, claims, pauses, half a close and a break, in any chops. What the
// Conn returns, answers and closes with is what the slow model makes of the same bytes,
// what it sends is legal for its role, and it ends in time, with bounded allocations.
func FuzzPeer(f *testing.F) {
	addScripts(f, 40)
	f.Fuzz(play.Peer)
}

// addScripts adds n scripts, the same each time: some short, some long, with bytes of
// which every third is small.
func addScripts(f *testing.F, n int) {
	f.Add([]byte{})
	rnd := rand.New(rand.NewPCG(6455, 7692))
	for i := range n {
		b := make([]byte, 12+i*6)
		for j := range b {
			b[j] = byte(rnd.Uint32())
			if rnd.IntN(3) == 0 {
				b[j] &= 7
			}
		}
		f.Add(b)
	}
}
