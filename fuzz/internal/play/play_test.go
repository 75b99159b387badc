package play

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// TestRandomConn runs random scripts of all sizes. To run more than the usual number, run
// PLAY=20000 go test ./fuzz/internal/play.
func TestRandomConn(t *testing.T) { random(t, Conn) }

// TestRandomPeer runs random scripts of peers.
func TestRandomPeer(t *testing.T) { random(t, Peer) }

func random(t *testing.T, play func(*testing.T, []byte)) {
	n := 100
	if s := os.Getenv("PLAY"); s != "" {
		n, _ = strconv.Atoi(s)
	}
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 0))
	for i := range n {
		b := make([]byte, rnd.IntN(300))
		for j := range b {
			b[j] = byte(rnd.Uint32())
			if rnd.IntN(3) == 0 {
				b[j] &= 7
			}
		}
		t.Run(strconv.Itoa(i), func(t *testing.T) { play(t, b) })
		if t.Failed() {
			t.Fatalf("the bytes: %q", b)
		}
	}
}
