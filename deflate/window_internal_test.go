package deflate

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// A window has the last bytes of a stream, and no more than four times as much memory.
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
				t.Fatalf("size %d, after %d bytes: appendTo appends %d bytes, want the last %d",
					w.size, len(stream), len(got)-1, len(last))
			}
			if got := w.appendTo(nil, w.size+1); string(got) != string(want) {
				t.Fatalf("size %d, after %d bytes: the window has %d bytes", w.size, len(stream), len(got))
			}
			if cap(w.buf) > max(min(256, w.size), 4*len(want)) || cap(w.buf) > w.size {
				t.Fatalf("size %d, after %d bytes: capacity %d", w.size, len(stream), cap(w.buf))
			}
			if cap(w.buf) == 1<<DefaultWindowBits && cap(w.buf) < w.size {
				t.Fatalf("size %d: a temporary buffer has the size of windows that are kept", w.size)
			}
			if len(want) == 0 {
				continue
			}
			back := 1 + rnd.IntN(len(want))
			dst := make([]byte, rnd.IntN(2*w.size))
			n := w.copyTo(dst, back)
			tail := want[len(want)-back:]
			if n != min(back, len(dst)) || !bytes.Equal(dst[:n], tail[:n]) ||
				!bytes.Equal(dst[n:], make([]byte, len(dst)-n)) {
				t.Fatalf("size %d, after %d bytes: copyTo from %d bytes back to %d copies %d, or wrong ones",
					w.size, len(stream), back, len(dst), n)
			}
		}
	}
}
