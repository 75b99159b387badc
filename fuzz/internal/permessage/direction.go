package permessage

import (
	"bytes"
	"fmt"
	"math/rand/v2"

	"github.com/hawser-ws/hawser/fuzz/internal/inflate"
	"github.com/hawser-ws/hawser/wire"
)

// A Direction is one direction of a connection, with the model that checks it.
type Direction struct {
	from, to  wire.Session
	noContext bool
	model     *inflate.Stream
	last      []byte // the last bytes sent, parts of which later messages repeat

	// Meanwhile, if not nil, is called in the middle of a message that is sent in pieces.
	Meanwhile func() error
}

// NewDirection returns the direction from one session to another. bits is the size of the
// agreed window.
func NewDirection(from, to wire.Session, bits int, noContext bool) *Direction {
	return &Direction{from: from, to: to, noContext: noContext, model: &inflate.Stream{Window: 1 << bits}}
}

// Message returns a message of a kind, 0 to 7. It may consume bytes of the script. The low
// four bits of size shift the others, so that small messages are as likely as large ones.
func (d *Direction) Message(kind byte, size int, script *[]byte) []byte {
	n := size >> (size & 15)
	switch kind {
	case 0, 1: // noise
		noise := rand.New(rand.NewPCG(uint64(size), 3))
		p := make([]byte, n)
		for i := range p {
			p[i] = byte(noise.Uint32())
		}
		return p
	case 2: // a run
		return bytes.Repeat([]byte{byte(size)}, n)
	case 3: // bytes of the script
		n = min(n, len(*script))
		p := (*script)[:n:n]
		*script = (*script)[n:]
		return p
	case 4, 5: // earlier bytes, from near the edge of the window, inside or outside
		back := min(len(d.last), d.model.Window+size%5-2)
		return bytes.Clone(d.last[len(d.last)-back:][:min(n, back)])
	default: // text
		var p []byte
		for i := 0; len(p) < n; i++ {
			p = fmt.Appendf(p, `{"seq":%d,"user":"u%d","ok":true},`, i*size, i*7%13)
		}
		return p[:n]
	}
}

// Send sends a message and checks it. The bits of how: 0 sends it plain, 1 as a broadcast,
// and 2 as a broadcast to other connections only. piece selects the size of pieces, or 0
// for a whole message.
func (d *Direction) Send(message []byte, how, piece byte, threshold int) error {
	d.last = append(d.last, message...)
	d.last = d.last[max(0, len(d.last)-1<<16):]
	info := wire.MessageInfo{Plain: how&1 != 0, Size: int64(len(message))}
	if piece > 0 {
		info.Size = -1
	}
	plain := info.Plain || info.Size >= 0 && info.Size < int64(threshold)
	shared := d.from.(wire.SharedSession)
	if _, ok := shared.SharedKey(info); ok == plain {
		return fmt.Errorf("SharedKey for %+v returned %v", info, ok)
	}
	var payload []byte
	var err error
	switch enc := d.from.Encode(info); {
	case (enc == nil) != plain:
		return fmt.Errorf("Encode for %+v returned an encoder: %v", info, enc != nil)
	case plain:
		return nil
	case how&2 != 0:
		if payload, err = shared.AppendShared([]byte("dst"), message); err != nil {
			return fmt.Errorf("appending the broadcast: %w", err)
		}
		if how&4 != 0 { // it is sent to others
			return d.checkShared(payload[3:], message)
		}
		shared.SharedSent(message)
	default:
		if payload, err = Encode(enc, message, int(piece)*int(piece)/8, d.Meanwhile); err != nil {
			return err
		}
	}
	if !bytes.HasPrefix(payload, []byte("dst")) {
		return fmt.Errorf("the result begins with %q, want dst", payload[:min(len(payload), 3)])
	}
	return d.check(payload[3:], message, piece, how&2 != 0)
}

// Encode encodes a message in pieces of a size, or whole if size is 0, and appends it to
// "dst". After the first piece it calls meanwhile, unless meanwhile is nil.
func Encode(
	enc wire.MessageEncoder, message []byte, size int, meanwhile func() error,
) (payload []byte, err error) {
	payload = []byte("dst")
	for fin := false; !fin; {
		n := len(message)
		if size > 0 {
			n = min(n, size)
		}
		src := bytes.Clone(message[:n])
		message = message[n:]
		fin = len(message) == 0
		if payload, err = enc.Append(payload, src, fin); err != nil {
			return nil, fmt.Errorf("appending: %w", err)
		}
		clear(src) // the encoder must not use it again
		if !fin && meanwhile != nil {
			if err := meanwhile(); err != nil {
				return nil, fmt.Errorf("meanwhile: %w", err)
			}
			meanwhile = nil
		}
	}
	return payload, nil
}

// checkShared checks a broadcast, which must not refer to earlier messages.
func (d *Direction) checkShared(payload, message []byte) error {
	alone := inflate.Stream{Window: d.model.Window}
	if m, err := alone.Message(payload); err != nil || !bytes.Equal(m.Out, message) {
		return fmt.Errorf("%x: a broadcast of %d bytes: %w", payload, len(m.Out), err)
	}
	return nil
}

// check reads a payload with the model, compress/flate and the other end.
func (d *Direction) check(payload, message []byte, chop byte, shared bool) error {
	if d.noContext {
		d.model.Forget()
	}
	if shared {
		if err := d.checkShared(payload, message); err != nil {
			return err
		}
	}
	dictionary := bytes.Clone(d.model.Dictionary())
	m, err := d.model.Message(payload)
	if err != nil || m.Finals > 0 || !bytes.Equal(m.Out, message) {
		return fmt.Errorf("%x: %d bytes, %d final blocks, longest distance %d, window %d, %w",
			payload, len(m.Out), m.Finals, m.Longest, d.model.Window, err)
	}
	if out, whole := inflate.Standard(payload, dictionary); !whole || !bytes.Equal(out, message) {
		return fmt.Errorf("%x: compress/flate has %d bytes, whole %v", payload, len(out), whole)
	}
	out, cut, err := Decode(d.to, payload, uint64(chop)*0x0103070b13170305, nil)
	if err != nil || cut || !bytes.Equal(out, message) {
		return fmt.Errorf("%x: the other end has %d bytes, %v, %w", payload, len(out), cut, err)
	}
	return nil
}
