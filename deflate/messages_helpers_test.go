package deflate_test

import (
	"fmt"
	"math/rand/v2"
)

// jsonMessage returns JSON of about size bytes. As in real messages, keys are the same and
// values are different.
func jsonMessage(rnd *rand.Rand, size int) []byte {
	users := []string{"alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"}
	b := fmt.Appendf(nil, `{"type":"update","seq":%d,"items":[`, rnd.IntN(1e6))
	for len(b) < size-80 {
		b = fmt.Appendf(b, `{"id":%d,"user":"%s","price":%d.%02d,"qty":%d,"active":%v},`,
			rnd.IntN(1e6), users[rnd.IntN(len(users))], rnd.IntN(1000), rnd.IntN(100), rnd.IntN(50),
			rnd.IntN(2) == 0)
	}
	b = append(b, `null]}`...)
	return b[:min(len(b), max(size, 0))]
}

// textMessage returns size bytes of made-up words, the frequent ones short.
func textMessage(rnd *rand.Rand, size int) []byte {
	const letters = "etaoinshrdlucmfwypvbgkjqxz"
	zipf := rand.NewZipf(rnd, 1.2, 3, 3000)
	b := make([]byte, 0, size+16)
	for len(b) < size {
		word := zipf.Uint64()
		shape := rand.New(rand.NewPCG(word, 7)) // a word always has the same letters
		for range 2 + word/200 + shape.Uint64N(4) {
			b = append(b, letters[min(shape.IntN(26), shape.IntN(26))])
		}
		b = append(b, " \n,."[max(0, rnd.IntN(12)-8)], ' ')
	}
	return b[:size]
}

// mixedMessage returns about size bytes of a random kind.
func mixedMessage(rnd *rand.Rand, size int) []byte {
	switch rnd.IntN(5) {
	case 0:
		return jsonMessage(rnd, size)
	case 1:
		return textMessage(rnd, size)
	case 2: // incompressible
		b := make([]byte, size)
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		return b
	case 3: // runs
		b := make([]byte, size)
		for i := 0; i < size; {
			c := byte(rnd.Uint32())
			for range 1 + rnd.IntN(600) {
				if i < size {
					b[i] = c
					i++
				}
			}
		}
		return b
	default: // bytes that repeat at a distance around a power of two
		unit := make([]byte, 1<<(7+rnd.IntN(9))-3+rnd.IntN(7))
		for i := range unit {
			unit[i] = byte(rnd.Uint32())
		}
		var b []byte
		for len(b) < size {
			b = append(b, unit...)
		}
		return b[:size]
	}
}

// lessUnderRace returns n, divided by divisor under the race detector, which makes tests slow.
func lessUnderRace(n, divisor int) int {
	if raceEnabled {
		return n / divisor
	}
	return n
}

// messages returns how many messages a test sends: n, or fewer under the race detector.
func messages(n int) int { return lessUnderRace(n, 4) }

// someSize returns a random size, often one around the threshold or a window.
func someSize(rnd *rand.Rand) int {
	edges := []int{0, 1, 31, 32, 33, 63, 64, 127, 128, 129, 255, 256, 257, 512, 4095, 4096, 4097}
	switch rnd.IntN(8) {
	case 0, 1:
		return edges[rnd.IntN(len(edges))]
	case 2:
		return rnd.IntN(20_000)
	}
	return rnd.IntN(3000)
}
