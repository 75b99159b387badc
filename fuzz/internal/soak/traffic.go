package soak

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// largest is the largest message that a good client sends, in bytes.
const largest = 100 << 10

// sizes are the classes that a message's size falls into: most are small, and a few
// large ones make half of the bytes.
var sizes = []struct {
	share    float64
	min, max int
}{
	{0.05, 0, 0},
	{0.60, 1, 125},
	{0.25, 126, 4 << 10},
	{0.09, 4 << 10, 32 << 10},
	{0.01, 32 << 10, largest},
}

func randomSize(rng *rand.Rand) int {
	x := rng.Float64()
	for _, s := range sizes {
		if x < s.share {
			return s.min + rng.IntN(s.max-s.min+1)
		}
		x -= s.share
	}
	return 0
}

// words are what texts are made of. Some are long in UTF-8, so that messages end
// and fragments are cut within a rune's neighbourhood.
var words = []string{"hawser ", "rope ", "ship ", "quay ", "tide ", "Trosse ", "câble ", "трос ", "ホーサー ", "⚓ ", "🚢 "}

// randomMessage makes a message that the server echoes. It never begins with one of
// the protocol's marks.
func randomMessage(rng *rand.Rand) (websocket.MessageType, []byte) {
	if rng.IntN(2) == 0 {
		return websocket.Text, randomText(rng, randomSize(rng))
	}
	p := make([]byte, randomSize(rng))
	fill(rng, p)
	return websocket.Binary, p
}

// randomText makes n bytes of UTF-8.
func randomText(rng *rand.Rand, n int) []byte {
	p := make([]byte, 0, n)
	for len(p) < n {
		w := words[rng.IntN(len(words))]
		if rng.IntN(4) == 0 {
			w = string(rune('a' + rng.IntN(26))) // no two texts alike, nor all of them compressible
		}
		if len(p)+len(w) > n {
			w = "x"
		}
		p = append(p, w...)
	}
	return p
}

func fill(rng *rand.Rand, p []byte) {
	for i := 0; i < len(p); i += 8 {
		v := rng.Uint64()
		for j := i; j < min(i+8, len(p)); j++ {
			p[j] = byte(v)
			v >>= 8
		}
	}
}

// randomPause has the mean given and is never more than three times that.
func randomPause(rng *rand.Rand, mean time.Duration) time.Duration {
	return time.Duration(min(-math.Log(1-rng.Float64()), 3) * float64(mean))
}
