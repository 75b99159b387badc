package websocket

import (
	"testing"

	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// The output of an extension gets room as it grows, but at most one byte more than the limit. That
// byte shows that the message is too large.
func TestRoomUnderExtension(t *testing.T) {
	for _, limit := range []int64{0, 1, 511, 512, 4096, 1 << 20} {
		in := &incoming{ext: sink{}}
		in.max.Store(limit)
		have, grown := 0, 0
		for int64(have) <= limit {
			n := in.room(have, 0)
			if n <= 0 {
				t.Fatalf("limit %d: got no room after %d bytes", limit, have)
			}
			if have += n; have > int(limit)+1 {
				t.Errorf("limit %d: got room for %d bytes, want at most one byte over the limit", limit, have)
			}
			grown += have
		}
		if grown > 2*int(limit)+1024 {
			t.Errorf("limit %d: allocated %d bytes in all, want at most %d", limit, grown, 2*limit+1024)
		}
	}
	in := &incoming{ext: sink{}}
	in.max.Store(-1)
	if n := in.room(1<<20, 0); n < 1<<20 {
		t.Errorf("without a limit: got room for %d bytes, want at least %d", n, 1<<20)
	}
	if n := in.room(1<<20, 1); n != 0 {
		t.Errorf("with room left: got room for %d bytes, want 0", n)
	}
}

// sink is a decoder that is never called.
type sink struct{}

func (sink) Append(dst, _ []byte, _ bool, _ int) ([]byte, int, bool, error) {
	return dst, 0, false, nil
}
func (sink) Release() {}

// A message of one frame gets room as its blocks arrive, at most four times the received bytes. A
// message of 64 KiB grows once, and one of 1 MiB three times.
func TestRoomForFrame(t *testing.T) {
	for _, row := range []struct{ size, growths int }{
		{transport.BlockSize - 10, 1}, {64 << 10, 1}, {1 << 20, 3}, {16 << 20, 5},
	} {
		in := &incoming{dec: wire.Decoder{Role: wire.Client, MaxMessage: -1}}
		h := wire.Header{Fin: true, Opcode: wire.OpBinary, Length: int64(row.size)}
		stream := wire.AppendHeader(nil, h)
		stream = append(stream, make([]byte, row.size)...)
		have, room, growths := 0, 0, 0
		if n := in.room(0, 0); n != 0 {
			t.Errorf("got room for %d bytes before any bytes arrived, want 0", n)
		}
		for len(stream) > 0 || len(in.piece) > 0 {
			if n := in.room(have, room-have); n > 0 {
				if room, growths = have+n, growths+1; room > min(row.size, 4*(have+len(in.piece))) {
					t.Errorf("%d bytes: got room for %d bytes after %d", row.size, room, have+len(in.piece))
				}
			}
			if n := min(len(in.piece), room-have); n > 0 {
				have, in.piece = have+n, in.piece[n:]
				continue
			}
			direct := min(room-have, len(stream))
			f, n, err := in.dec.Next(stream[:max(direct, min(transport.BlockSize, len(stream)))])
			if err != nil {
				t.Fatal(err)
			}
			if stream = stream[n:]; direct > 0 {
				have += direct
			} else {
				in.piece = f.Payload
			}
		}
		if growths > row.growths || room != row.size {
			t.Errorf("%d bytes: grew %d times to %d, want at most %d times",
				row.size, growths, room, row.growths)
		}
	}
}
