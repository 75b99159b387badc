package soak

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"sync"

	"github.com/hawser-ws/hawser/wire"
)

// Abuses with invalid frames, or with too many frames.

// garbageFrames sends random bytes. The mask bit is clear, so that they always break a rule.
func (a *abuser) garbageFrames() error {
	p := make([]byte, 2+a.rng.IntN(4<<10))
	fill(a.rng, p)
	p[1] &^= 0x80
	if err := a.begin(); err != nil {
		return err
	}
	return a.violate(p, wire.StatusProtocolError)
}

// emptyFragments continues a message with empty fragments, one more than the server allows.
func (a *abuser) emptyFragments() error {
	if err := a.begin(); err != nil {
		return err
	}
	b := frame(nil, wire.OpText, false, 0, []byte("x"))
	for range wire.DefaultMaxEmptyFragments + 1 {
		b = frame(b, wire.OpContinuation, false, 0, nil)
	}
	return a.violate(b, wire.StatusPolicyViolation)
}

// tinyFragments sends a message that exceeds the limit, in fragments of four bytes.
func (a *abuser) tinyFragments() error {
	if err := a.begin(); err != nil {
		return err
	}
	tiny := []byte{1, 2, 3, 4}
	b := frame(nil, wire.OpBinary, false, 0, tiny)
	for range a.cfg.Server.MaxMessage / int64(len(tiny)) {
		b = frame(b, wire.OpContinuation, false, 0, tiny)
	}
	return a.violate(b, wire.StatusMessageTooBig)
}

// pings sends pings between the fragments of a message: four times as many as the server accepts in
// a burst, since meanwhile it accepts 50 more each second.
func (a *abuser) pings() error {
	if err := a.begin(); err != nil {
		return err
	}
	b := frame(nil, wire.OpText, false, 0, []byte("x"))
	for i := range 4 * wire.DefaultMaxControls {
		b = frame(b, wire.OpPing, true, 0, []byte("hello"))
		if i%100 == 0 {
			b = frame(b, wire.OpContinuation, false, 0, []byte("x"))
		}
	}
	return a.violate(b, wire.StatusPolicyViolation)
}

// hugeLength announces a payload of 2^62 bytes.
func (a *abuser) hugeLength() error {
	if err := a.begin(); err != nil {
		return err
	}
	return a.violate(header(wire.OpBinary, 1<<62), wire.StatusMessageTooBig)
}

// negativeLength announces a length whose most significant bit is set. A careless reader interprets that
// bit as the sign.
func (a *abuser) negativeLength() error {
	if err := a.begin(); err != nil {
		return err
	}
	b := header(wire.OpBinary, 1<<62)
	binary.BigEndian.PutUint64(b[2:], 1<<63|a.rng.Uint64())
	return a.violate(b, wire.StatusProtocolError)
}

// badText sends text with one byte that is never valid in UTF-8.
func (a *abuser) badText() error {
	if err := a.begin(); err != nil {
		return err
	}
	p := randomText(a.rng, 1+a.rng.IntN(8<<10))
	p[a.rng.IntN(len(p))] = 0xff
	return a.violate(frame(nil, wire.OpText, true, 0, p), wire.StatusInvalidPayload)
}

// bombSize is the inflated size of the bomb, in bytes.
const bombSize = 16 << 20

// bombPayload returns the compressed bomb, some 16 KiB.
var bombPayload = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	zeros := make([]byte, 1<<20)
	for range bombSize / len(zeros) {
		_, _ = w.Write(zeros) // into memory
	}
	_ = w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte{0, 0, 0xff, 0xff})
})

// bomb sends a small message that inflates far beyond the limit.
func (a *abuser) bomb() error {
	// The first call of bombPayload is slow. Make it before the server's timeouts begin.
	b := frame(nil, wire.OpBinary, true, wire.RSV1, bombPayload())
	if err := a.begin(offerDeflate); err != nil {
		return err
	}
	return a.violate(b, wire.StatusMessageTooBig)
}

// badDeflate sends a compressed message whose first block has the reserved type (RFC 1951, section
// 3.2.3).
func (a *abuser) badDeflate() error {
	if err := a.begin(offerDeflate); err != nil {
		return err
	}
	p := make([]byte, 1+a.rng.IntN(1000))
	fill(a.rng, p)
	p[0] |= 0b110
	return a.violate(frame(nil, wire.OpBinary, true, wire.RSV1, p), wire.StatusInvalidPayload)
}
