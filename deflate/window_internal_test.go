package deflate

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// A window is the end of a stream, as it is of one that is kept whole.
func TestWindow(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		size := 1 << rnd.IntN(9)
		w := window{size: size, room: size * (1 + rnd.IntN(2))}
		var stream []byte
		for range 50 {
			p := make([]byte, rnd.IntN(1+rnd.IntN(2*size)))
			for i := range p {
				p[i] = byte(rnd.Uint32())
			}
			stream = append(stream, p...)
			w.add(p)
			want := stream[max(0, len(stream)-size):]
			if !bytes.Equal(w.last(), want) || cap(w.buf) > w.room || len(w.buf) > len(stream) {
				t.Fatalf("size %d, room %d, %d bytes: %d in the window, capacity %d", w.size, w.room, len(stream), len(w.last()), cap(w.buf))
			}
		}
	}
}
