package gather

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// The output of an extension gets room as it grows, but at most one byte more than the limit. That
// byte shows that the message is too large.
func TestRoomDecoded(t *testing.T) {
	for _, limit := range []int64{0, 1, 511, 512, 4096, 1 << 20} {
		have, grown := 0, 0
		for int64(have) <= limit {
			n := RoomDecoded(have, 0, 0, limit)
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
	if n := RoomDecoded(1<<20, 0, 0, -1); n < 1<<20 {
		t.Errorf("without a limit: got room for %d bytes, want at least %d", n, 1<<20)
	}
	if n := RoomDecoded(1<<20, 1, 0, -1); n != 0 {
		t.Errorf("with room left: got room for %d bytes, want 0", n)
	}
}

// A message of one frame gets room as its blocks arrive, at most four times the received bytes. A
// message of 64 KiB grows once, and one of 1 MiB three times.
func TestRoomForFrame(t *testing.T) {
	for _, row := range []struct{ size, growths int }{
		{transport.BlockSize - 10, 1}, {64 << 10, 1}, {1 << 20, 3}, {16 << 20, 5},
	} {
		dec := wire.Decoder{Role: wire.Client, MaxMessage: -1}
		h := wire.Header{Fin: true, Opcode: wire.OpBinary, Length: int64(row.size)}
		stream := wire.AppendHeader(nil, h)
		stream = append(stream, make([]byte, row.size)...)
		have, room, growths, piece := 0, 0, 0, 0
		if n := Room(0, 0, 0, 0); n != 0 {
			t.Errorf("got room for %d bytes before any bytes arrived, want 0", n)
		}
		for len(stream) > 0 || piece > 0 {
			if n := Room(have, room-have, piece, dec.Remaining()); n > 0 {
				if room, growths = have+n, growths+1; room > min(row.size, 4*(have+piece)) {
					t.Errorf("%d bytes: got room for %d bytes after %d", row.size, room, have+piece)
				}
			}
			if n := min(piece, room-have); n > 0 {
				have, piece = have+n, piece-n
				continue
			}
			direct := min(room-have, len(stream))
			f, n, err := dec.Next(stream[:max(direct, min(transport.BlockSize, len(stream)))])
			if err != nil {
				t.Fatal(err)
			}
			if stream = stream[n:]; direct > 0 {
				have += direct
			} else {
				piece = len(f.Payload)
			}
		}
		if growths > row.growths || room != row.size {
			t.Errorf("%d bytes: grew %d times to %d, want at most %d times",
				row.size, growths, room, row.growths)
		}
	}
}

// The buffer of a message grows rarely, however large the message and however small its fragments.
func TestRoomForFragments(t *testing.T) {
	const piece, total = 4 << 10, 100 << 20
	growths, size := 0, 0
	for have := 0; have < total; have += piece {
		if n := Room(have, size-have, piece, 0); n > 0 {
			growths, size = growths+1, transport.RoomFor(have+piece, have+n)
		}
	}
	if growths > 20 || size < total || size > 2*total {
		t.Errorf("grew %d times to %d bytes, want at most 20 times to 1 or 2 times %d", growths, size, total)
	}
}

// While a message waits for its peer, its buffer is at most about four times as large as the part
// that has arrived. A buffer that is larger than a block stays.
func TestSizeToWait(t *testing.T) {
	var m Memory
	for _, n := range []int{transport.BlockSize, transport.LargeSize, 1 << 20} {
		block := transport.GetBuffer(n)
		m.Begin(block, 1, n-1)
		for have := 1; have < n; have += 1 + have/10 {
			for _, left := range []int64{0, 1, 1 << 62} {
				size := m.Size(have, left)
				if n > transport.BlockSize && size != block.Size() {
					t.Errorf("got %d bytes in place of a buffer of %d, want the same", size, block.Size())
				}
				if n == transport.BlockSize && (size < have || size > max(5*have, transport.MinBuffer)) {
					t.Errorf("got %d bytes to wait with %d, want at most five times as many", size, have)
				}
			}
		}
	}
}

// A message is joined in its block, and moves to another buffer if the block becomes too small. Its
// bytes stay the same.
func TestMemory(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		block := transport.GetBuffer(transport.BlockSize)
		for i := range block.Bytes {
			block.Bytes[i] = byte(random.Uint32())
		}
		start, n := random.IntN(100), 1+random.IntN(1000)
		end := start + n
		want := bytes.Clone(block.Bytes[start:end])
		var m Memory
		p := m.Begin(block, n, len(block.Bytes)-end)
		for next := end; ; {
			next += 2 + random.IntN(12) // a header
			piece := block.Bytes[min(next, block.Size()):min(next+random.IntN(3000), block.Size())]
			if next += len(piece); len(piece) == 0 {
				break
			}
			want = append(want, piece...)
			p = append(p, piece...)
		}
		if !bytes.Equal(p, want) || &p[0] != &block.Bytes[start] {
			t.Fatal("the pieces were not joined in their block")
		}
		if random.IntN(2) == 0 {
			if m.Block() != block || m.buf != nil {
				t.Fatal("the block was not given back")
			}
			continue
		}
		if p = m.Fit(p, block.Size(), 0); &p[0] != &block.Bytes[start] {
			t.Error("a message that fits was moved")
		}
		p = m.Fit(p, block.Size(), 1)
		if &p[0] == &block.Bytes[start] || !bytes.Equal(p, want) || cap(p) < block.Size() || m.Block() != nil {
			t.Error("the message has not moved to another buffer, or not intact")
		}
		m.Free()
	}
}
