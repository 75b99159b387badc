// Package load is the client of the benchmarks. It keeps many connections busy, each with one message or one
// batch of messages under way, and compares the echoes with what was sent. It works on bytes and, on Linux, on
// one goroutine, so that the servers limit the speed, and the client does not.
package load

import "github.com/hawser-ws/hawser/wire"

// A Batch is sent at once. The next one is sent when all its messages have come back.
type Batch struct {
	Frames   []byte
	Messages int
	Want     []byte // the payloads of the echoes, one after the other
}

// Add adds a message of fragments to b.
func (b *Batch) Add(op wire.Opcode, fragments ...[]byte) {
	for i, p := range fragments {
		b.Want = append(b.Want, p...)
		b.addFrame(wire.Header{Fin: i == len(fragments)-1, Opcode: op}, p)
		op = wire.OpContinuation
	}
	b.Messages++
}

func (b *Batch) addFrame(h wire.Header, p []byte) {
	h.Masked, h.Key, h.Length = true, [4]byte{0x37, 0xfa, 0x21, 0x3d}, int64(len(p))
	b.Frames = append(wire.AppendHeader(b.Frames, h), p...)
	wire.Mask(b.Frames[len(b.Frames)-len(p):], h.Key, 0)
}
