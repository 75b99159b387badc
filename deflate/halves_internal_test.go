package deflate

import (
	"bytes"
	"sync"
	"testing"
)

// Windows that are made at the same time are each other's business in nothing.
func TestHalves(t *testing.T) {
	var h halves
	windows := make([]window, 200)
	var wg sync.WaitGroup
	for i := range windows {
		windows[i] = window{size: halfBlock, room: halfBlock, halves: &h}
		wg.Go(func() {
			for n := range 50 {
				windows[i].add(bytes.Repeat([]byte{byte(i)}, 7*n))
			}
		})
	}
	wg.Wait()
	for i := range windows {
		if b := windows[i].last(); len(b) != halfBlock || !bytes.Equal(b, bytes.Repeat([]byte{byte(i)}, halfBlock)) {
			t.Fatalf("window %d has %d bytes, and others' among them", i, len(b))
		}
		if c := cap(windows[i].buf); c != halfBlock {
			t.Errorf("window %d has room for %d bytes", i, c)
		}
	}
	if h.spare != nil {
		t.Error("an even number of windows was made, and half a block is left")
	}
}

// A small window, and one that is not yet full, take no block.
func TestHalvesNotTaken(t *testing.T) {
	var h halves
	for _, size := range []int{halfBlock / 2, halfBlock, 2 * halfBlock} {
		w := window{size: size, room: size, halves: &h}
		for n := 300; n < size; n += n {
			w.add(make([]byte, n))
		}
		if cap(w.buf) < size && h.spare != nil {
			t.Errorf("a window of %d that is not full took a block", size)
		}
		w.add(make([]byte, size))
		if taken := h.spare != nil; taken != (size == halfBlock) {
			t.Errorf("window of %d: a block was taken: %t", size, taken)
		}
		h.spare = nil
	}
}
