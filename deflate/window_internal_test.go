package deflate

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// A window is the end of a stream, as it is of one that is kept whole, and takes no
// more than four times the memory.
func TestWindow(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		w := window{size: 1 << rnd.IntN(15)}
		var stream []byte
		for range 50 {
			p := make([]byte, rnd.IntN(1+rnd.IntN(2*w.size)))
			for i := range p {
				p[i] = byte(rnd.Uint32())
			}
			stream = append(stream, p...)
			w.add(p)
			want := stream[max(0, len(stream)-w.size):]
			last := want[max(0, len(want)-rnd.IntN(w.size+2)):]
			if got := w.appendTo([]byte("x"), len(last)); string(got[1:]) != string(last) || got[0] != 'x' {
				t.Fatalf("size %d, %d bytes: %d of the last %d", w.size, len(stream), len(got)-1, len(last))
			}
			if got := w.appendTo(nil, w.size+1); string(got) != string(want) {
				t.Fatalf("size %d, %d bytes: %d in the window", w.size, len(stream), len(got))
			}
			if cap(w.buf) > max(min(256, w.size), 4*len(want)) || cap(w.buf) > w.size {
				t.Fatalf("size %d, %d bytes: capacity %d", w.size, len(stream), cap(w.buf))
			}
			if cap(w.buf) == 1<<DefaultWindowBits && cap(w.buf) < w.size {
				t.Fatalf("size %d: a buffer of the size that connections keep", w.size)
			}
			if len(want) == 0 {
				continue
			}
			back := 1 + rnd.IntN(len(want))
			dst := make([]byte, rnd.IntN(2*w.size))
			n := w.copyTo(dst, back)
			if tail := want[len(want)-back:]; n != min(back, len(dst)) || !bytes.Equal(dst[:n], tail[:n]) || !bytes.Equal(dst[n:], make([]byte, len(dst)-n)) {
				t.Fatalf("size %d, %d bytes, %d of %d back: %d bytes", w.size, len(stream), len(dst), back, n)
			}
		}
	}
}
