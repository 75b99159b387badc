package transport

import "testing"

// A buffer for a message of which a part has arrived has room for that part, and for more unless
// that is all. It is as large as the announced size if that is at most about four times the part.
// Otherwise it has the largest size that is at most about four times the part.
func TestRoomFor(t *testing.T) {
	smallest := func(n int) int { // buffer for n bytes
		if class := classOf(n); int(class) < len(sizes) {
			return sizes[class]
		}
		return n
	}
	for have := 0; have < 100<<20; have += 1 + have/7 {
		for _, total := range []int{have, have + 1, 2*have + 10, 3*have + 1, 5 * have, 1 << 20, 1 << 30} {
			if total < have {
				continue
			}
			n := RoomFor(have, total)
			switch {
			case n < min(have+1, total):
				t.Errorf("got %d bytes for %d of %d, want more", n, have, total)
			case n > max(4*have+have/8, smallest(min(have+1, total))):
				t.Errorf("got %d bytes for %d of %d, want at most about four times what has arrived", n, have, total)
			case n > smallest(max(total, have+have/4)):
				t.Errorf("got %d bytes for %d of %d, more than is announced", n, have, total)
			case have >= BlockSize && n < min(total, 2*have) && n != smallest(have+1):
				t.Errorf("got %d bytes for %d of %d, so that it must grow soon", n, have, total)
			}
		}
	}
	// A message whose reads bring as much as the buffer holds grows in few steps.
	for _, row := range []struct{ have, total, want int }{
		{BlockSize - 14, 64 << 10, LargeSize},
		{64 << 10, 1 << 20, 256<<10 + headRoom},
		{256 << 10, 1 << 20, 1<<20 + headRoom},
	} {
		if n := RoomFor(row.have, row.total); n != row.want {
			t.Errorf("got %d bytes for %d of %d, want %d", n, row.have, row.total, row.want)
		}
	}
}

// A buffer is the smallest one that is large enough, and comes from a pool unless it is very large.
func TestBuffers(t *testing.T) {
	for n := 1; n < 40<<20; n += 1 + n/5 {
		b := GetBuffer(n)
		class := classOf(n)
		pooled := int(class) < len(sizes)
		if pooled && b.Size() != sizes[class] || class > 0 && sizes[class-1] >= n || b.Size() < n {
			t.Errorf("got a buffer of %d bytes for %d, want the smallest that is large enough", b.Size(), n)
		}
		if (b.pool != nil) != pooled || !pooled && b.Size() != n {
			t.Errorf("got a buffer of %d bytes for %d, pooled: %v", b.Size(), n, b.pool != nil)
		}
		b.Free()
	}
	var none *Buffer
	none.Free()
	if n := none.Size(); n != 0 {
		t.Errorf("no buffer: got size %d, want 0", n)
	}
}
