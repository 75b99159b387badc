package echo

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/hawser-ws/hawser/wire"
)

// naiveTurn does what turn does with package wire, and with copies.
func naiveTurn(b []byte) (out, rest []byte, closed bool) {
	for !closed {
		h, n, err := wire.ConsumeHeader(b)
		if err != nil || int64(len(b)-n) < h.Length {
			break
		}
		p := slices.Clone(b[n : n+int(h.Length)])
		wire.Mask(p, h.Key, 0)
		closed = h.Opcode == wire.OpClose
		h.Masked, h.Key = false, [4]byte{}
		out = append(wire.AppendHeader(out, h), p...)
		b = b[n+len(p):]
	}
	return out, b, closed
}

func TestTurn(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 2000 {
		var b []byte
		for range 1 + random.IntN(5) {
			p := make([]byte, []int{0, 1, 31, 32, 33, 125, 126, 300, 65535, 65536}[random.IntN(10)])
			for i := range p {
				p[i] = byte(random.Uint32())
			}
			op := []wire.Opcode{wire.OpText, wire.OpBinary, wire.OpContinuation, wire.OpPing}[random.IntN(4)]
			if random.IntN(20) == 0 {
				op = wire.OpClose
			}
			if op.IsControl() {
				p = p[:min(len(p), 125)]
			}
			h := wire.Header{
				Fin: op.IsControl() || random.IntN(2) == 0, Opcode: op, Length: int64(len(p)),
				Masked: true, Key: [4]byte{byte(random.Uint32()), 2, 3, byte(random.Uint32())},
			}
			b = append(wire.AppendHeader(b, h), p...)
		}
		b = b[:len(b)-random.IntN(min(len(b), 20))]
		wantOut, wantRest, wantClosed := naiveTurn(slices.Clone(b))
		out, rest, closed := turn(b)
		if !bytes.Equal(out, wantOut) || !bytes.Equal(rest, wantRest) || closed != wantClosed {
			t.Fatalf("input %d: turn returns %d and %d bytes and %v, want %d and %d and %v",
				i, len(out), len(rest), closed, len(wantOut), len(wantRest), wantClosed)
		}
	}
}
