package suite

import (
	"github.com/hawser-ws/hawser/wire"
)

// A writeMode is how frames are cut into writes.
type writeMode int

const (
	together     writeMode = iota // all frames of one event in one write
	frameByFrame                  // one frame per write
	byteByByte                    // one byte per write
)

// words describes the mode, to append to the description of a case.
func (w writeMode) words() string {
	return [...]string{"", " Each frame has its own write.", " Written byte by byte."}[w]
}

// by sends frames in a mode.
func (p *driver) by(way writeMode, frames ...frame) {
	for _, f := range frames {
		f.sync = way == frameByFrame
		if way == byteByByte {
			f.chop = 1
		}
		p.send(f)
	}
}

// Constructors of frames.
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

// withRSV returns the frame with reserved bits.
func (f frame) withRSV(bits int) frame { f.rsv = bits; return f }

// unfinished returns the frame without its FIN bit.
func (f frame) unfinished() frame { f.more = true; return f }

// A frame is a frame to send, valid or not.
type frame struct {
	op      wire.Opcode
	more    bool // not the last fragment
	rsv     int  // the reserved bits; 4 is RSV1
	payload []byte
	repeat  int  // if not 0, payload is repeated up to this many bytes
	chop    int  // if not 0, bytes per write
	sync    bool // in a separate write
}
