package soak

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// largest is the size of the largest message of a good client, in bytes.
const largest = 100 << 10

// sizes lists the classes of message sizes. Most messages are small. A few large ones account for half
// of the bytes.
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

// words are the parts of random texts. Some runes have several bytes, so that fragments may end inside
// a rune.
var words = []string{
	"hawser ", "rope ", "ship ", "quay ", "tide ", "Trosse ", "câble ", "трос ", "ホーサー ", "⚓ ", "🚢 ",
}

// randomMessage returns a message that the server echoes: it does not begin with a mark.
func randomMessage(rng *rand.Rand) (websocket.MessageType, []byte) {
	if rng.IntN(2) == 0 {
		return websocket.Text, randomText(rng, randomSize(rng))
	}
	p := make([]byte, randomSize(rng))
	fill(rng, p)
	return websocket.Binary, p
}

// randomText returns n bytes of UTF-8.
func randomText(rng *rand.Rand, n int) []byte {
	p := make([]byte, 0, n)
	for len(p) < n {
		w := words[rng.IntN(len(words))]
		if rng.IntN(4) == 0 {
			w = string(rune('a' + rng.IntN(26))) // varies the texts and makes them harder to compress
		}
		if len(p)+len(w) > n {
			w = "x"
		}
		p = append(p, w...)
	}
	return p
}

// fill fills p with random bytes.
func fill(rng *rand.Rand, p []byte) {
	for i := 0; i < len(p); i += 8 {
		v := rng.Uint64()
		for j := i; j < min(i+8, len(p)); j++ {
			p[j] = byte(v)
			v >>= 8
		}
	}
}

// randomPause returns a random duration of at most three times mean. The cut-off makes the actual mean
// slightly smaller than mean.
func randomPause(rng *rand.Rand, mean time.Duration) time.Duration {
	return time.Duration(min(-math.Log(1-rng.Float64()), 3) * float64(mean))
}
