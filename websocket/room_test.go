package websocket

import "testing"

// What an extension makes is given room as it comes, but at most one byte more than
// the limit: that byte tells that there is too much.
func TestRoomUnderExtension(t *testing.T) {
	for _, limit := range []int64{0, 1, 511, 512, 4096, 1 << 20} {
		in := &incoming{ext: sink{}}
		in.max.Store(limit)
		have, grown := 0, 0
		for int64(have) <= limit {
			n := in.room(have, 0)
			if n <= 0 {
				t.Fatalf("limit %d: no room behind %d bytes", limit, have)
			}
			if have += n; have > int(limit)+1 {
				t.Errorf("limit %d: room for %d bytes", limit, have)
			}
			grown += have
		}
		if grown > 2*int(limit)+1024 {
			t.Errorf("limit %d: %d bytes in all", limit, grown)
		}
	}
	in := &incoming{ext: sink{}}
	in.max.Store(-1)
	if n := in.room(1<<20, 0); n < 1<<20 {
		t.Errorf("without a limit: %d bytes", n)
	}
	if n := in.room(1<<20, 1); n != 0 {
		t.Errorf("with room left: %d bytes", n)
	}
}

// sink is a decoder that nobody calls.
type sink struct{}

func (sink) Append(dst, _ []byte, _ bool, _ int) ([]byte, int, bool, error) {
	return dst, 0, false, nil
}
func (sink) Release() {}
