package suite

import (
	"github.com/hawser-ws/hawser/wire"
)

// A writing is how frames are cut into writes.
type writing int

const (
	together     writing = iota // frames that one event sends share a write
	frameByFrame                // one frame per write
	byteByByte                  // one byte per write
)

// words describes the writing; it is appended to the description of a case.
func (w writing) words() string {
	return [...]string{"", " Each frame is a write of its own.", " Written octet by octet."}[w]
}

// by sends frames, cut into writes.
func (p *peer) by(way writing, frames ...frame) {
	for _, f := range frames {
		f.sync = way == frameByFrame
		if way == byteByByte {
			f.chop = 1
		}
		p.send(f)
	}
}

// Frames, for scripts.
func textFrame(s string) frame { return frame{op: wire.OpText, payload: []byte(s)} }
func moreText(s string) frame {
	return frame{op: wire.OpText, payload: []byte(s), more: true}
}
func cont(s string) frame { return frame{op: wire.OpContinuation, payload: []byte(s)} }
func moreCont(s string) frame {
	return frame{op: wire.OpContinuation, payload: []byte(s), more: true}
}
func ping(s string) frame      { return frame{op: wire.OpPing, payload: []byte(s)} }
func pongFrame(s string) frame { return frame{op: wire.OpPong, payload: []byte(s)} }
func opFrame(op int, s string) frame {
	return frame{op: wire.Opcode(op), payload: []byte(s)}
}

// rsv is the frame with reserved bits.
func (f frame) withRSV(bits int) frame { f.rsv = bits; return f }

// unfinished is the frame without its final bit.
func (f frame) unfinished() frame { f.more = true; return f }

// A frame is one to send, right or wrong.
type frame struct {
	op      wire.Opcode
	more    bool // not the last fragment
	rsv     int  // 4 is RSV1
	payload []byte
	repeat  int  // if not 0, payload is repeated up to that many octets
	chop    int  // if not 0, octets a write
	sync    bool // a write of its own
}
