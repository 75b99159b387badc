package permessage

import (
	"bytes"
	"fmt"

	"github.com/hawser-ws/hawser/wire"
)

// A chopper returns the sizes of pieces: the bytes of a seed in turn, repeatedly.
type chopper struct {
	seed  uint64
	dealt int
}

// next returns a size of 0 to 255. Every ninth is not 0. After 2,000 sizes, all are 255.
func (c *chopper) next() int {
	c.dealt++
	switch {
	case c.dealt > 2000:
		return 255
	case c.dealt%9 == 0:
		return 1 + c.dealt%8
	}
	return int(byte(c.seed >> (c.dealt % 8 * 8)))
}

// Unchopped is the seed for which nothing is split.
const Unchopped = 0

// Most is the limit on inflated messages, in bytes.
const Most = 1 << 16

// Decode decodes a payload with a session, in pieces selected by chop. It checks the
// contract of [wire.MessageDecoder] after every call. cut reports whether decoding stopped
// because the message has more than Most bytes. After the first call Decode calls meanwhile,
// unless meanwhile is nil.
func Decode(s wire.Session, payload []byte, chop uint64, meanwhile func()) (out []byte, cut bool, err error) {
	dec, err := s.Decode(wire.RSV1)
	if err != nil {
		return nil, false, fmt.Errorf("decoding: %w", err)
	}
	defer dec.Release()
	chops := chopper{seed: chop}
	for fin := false; !fin; {
		piece, most := len(payload), Most-len(out)
		if chop != Unchopped {
			piece = min(piece, chops.next())
		}
		src := bytes.Clone(payload[:piece])
		payload = payload[piece:]
		fin = len(payload) == 0 && (len(src) == 0 || chop%4 == 0) // otherwise the end is a call without bytes
		for more := true; more; {
			if chop != Unchopped {
				most = min(Most-len(out), chops.next()*(chops.next()+1)/16)
			}
			dst := append(make([]byte, 0, 3+chops.dealt%7*50), "dst"...)
			got, took, again, err := dec.Append(dst, src, fin, most)
			if meanwhile != nil {
				meanwhile()
				meanwhile = nil
			}
			made := len(got) - len(dst)
			out = append(out, got[len(dst):]...)
			switch {
			case string(got[:len(dst)]) != "dst", made > most, took > len(src):
				return out, false, fmt.Errorf(
					"the result begins with %q; %d bytes of at most %d, consumed %d of %d",
					got[:len(dst)], made, most, took, len(src))
			case cap(got) > max(cap(dst), len(dst)+most):
				return out, false, fmt.Errorf("allocated %d bytes for at most %d", cap(got), len(dst)+most)
			case err != nil:
				return out, false, err
			case again && made < most, !again && took < len(src):
				return out, false, fmt.Errorf("made %d bytes of %d, consumed %d of %d, more: %v",
					made, most, took, len(src), again)
			case again && len(out) == Most:
				return out, true, nil
			}
			clear(got) // the decoder must not use got or src again
			clear(src[:took])
			src, more = src[took:], again
		}
	}
	return out, false, nil
}
