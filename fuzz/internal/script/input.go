package script

import (
	"fmt"
	"slices"

	"github.com/hawser-ws/hawser/fuzz/internal/inflate"
)

// index returns the byte for which pick returns v. A zero value that is not in the table
// selects its first element.
func index[T comparable](table []T, v T) byte {
	var zero T
	i := slices.Index(table, v)
	if i < 0 && v != zero {
		panic(fmt.Sprintf("BUG: no script has %v", v))
	}
	return byte(max(i, 0))
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// Input returns the bytes that ParseConn parses as s.
func (s *Conn) Input() []byte {
	b := s.Link.input()
	for i := range s.Sides {
		b = append(b, s.Sides[i].input()...)
	}
	b = append(b, byte(s.Last))
	for i := range s.Ops {
		b = append(b, s.Ops[i].input()...)
	}
	return b
}

func (l *Link) input() []byte {
	return []byte{
		index(rooms, l.Room) | bit(l.Stalls)<<3 | bit(l.HalfClose)<<4 | bit(l.SpoilHandshake)*0xe0,
		index(chops, l.ReadChop) | index(chops, l.WriteChop)<<3,
		byte(l.Seed),
	}
}

func (s *Side) input() []byte {
	return []byte{
		byte(s.Extension) | index(controls, s.MaxControls)<<4,
		index(maxSizes, s.MaxMessage) | index(maxWriteFrames, s.MaxWriteFrame)<<3,
		index(writeWaits, s.WriteTimeout) | index(closeWaits, s.CloseTimeout)<<3,
	}
}

func (o *Op) input() []byte {
	kind, how := o.Kind, byte(0)
	switch o.Context {
	case Ended:
		how = 6
	case Racing:
		how = 7
	case Timed:
		how = 8 | index(timeouts, o.Timeout)
	}
	switch o.Kind {
	case WriteBuffers:
		kind = Write
	case WriteControl:
		kind = Ping
	case Abort:
		kind, how = CloseNow, []byte{8, 9, 6, 7}[o.Count]
	case FailWrites:
		kind, how = Drop, 8|index(writeBudgets, o.Max)
	case Vanish:
		kind, how = Drop, 5
	}
	delay := byte(0)
	switch o.Kind {
	case Hang: // its delay is fixed
	case WriteControl:
		for delay = bit(o.Text) | byte(o.Slot/16); delays[delay] != o.Delay; {
			delay += 8
		}
	default:
		delay = index(delays, o.Delay)
	}
	a := byte(o.Side)<<7 | bit(o.Lane == Writer1)<<6 | bit(o.Kind == WriteControl)<<5 | index(kinds, kind)
	return append([]byte{a, how<<4 | delay}, o.details()...)
}

// details returns the bytes of a step after the first two.
func (o *Op) details() []byte {
	switch o.Kind {
	case Write, WriteBuffers, WritePlain, WritePrepared:
		return o.messageInput(byte(o.Slot) << 3)
	case Stream, PlainStream:
		return o.messageInput(byte(len(o.Chunks))<<3 | index(frameSizes, o.Max)<<6)
	case Read, AppendRead, Reader, Messages:
		b := byte(max(o.Count-1, 0)) | bit(o.Resume)<<2 | index(buffers, o.Buffer)<<3
		if o.Longer > 0 {
			b |= 0xc0
		}
		return []byte{b}
	case SetMax:
		return []byte{index(maxSizes, o.Max)}
	case Close:
		switch {
		case slices.Contains(badCodes, o.Code):
			return []byte{0xff, index(badCodes, o.Code)}
		case o.Reason == BadReason:
			return []byte{14<<4 | index(codes, o.Code)}
		}
		return []byte{index(reasons, o.Reason)<<4 | index(codes, o.Code)}
	}
	return nil
}

// messageInput returns the bytes of the message that a step writes. more holds other bits
// of the first byte.
func (o *Op) messageInput(more byte) []byte {
	b := []byte{more | bit(o.Text) | o.Fill<<1}
	for _, c := range o.Chunks {
		b = append(b, sizeInput(c.Size)...)
		if len(o.Chunks) > 1 {
			how := bit(c.Flush)
			if c.Pause > 0 {
				how |= 0xe | index(delays, c.Pause)<<4
			}
			b = append(b, how)
		}
	}
	return b
}

// sizeInput returns the two bytes of a size.
func sizeInput(n int) []byte {
	if i := slices.Index(sizes, n); i > 2 || n == 0 {
		return []byte{byte(i), 0}
	}
	shift := byte(0)
	for n>>shift > 255 {
		shift++
	}
	if n>>shift<<shift != n || shift > 7 {
		panic(fmt.Sprintf("BUG: no script has the size %d", n))
	}
	return []byte{0x80 | shift, byte(n >> shift)}
}

// Input returns the bytes that ParsePeer parses as s. The steps replace s.Steps. They are
// the results of Step.Input and of the functions below. CloseAfter and Early must be 0.
func (s *Peer) Input(steps ...string) []byte {
	b := append(s.Link.input(),
		bit(s.Server)|bit(s.Takeover)<<1|index(emptyLimits, s.Empty)<<2|byte(s.Form)<<4)
	b = append(b, s.Side.input()...)
	b = append(b, index(buffers, s.Buffer), index(lazy, s.Lazy)<<2|byte(len(s.Writes)))
	for i := range s.Writes {
		b = append(b, s.Writes[i].messageInput(byte(s.Writes[i].Slot)<<3)...)
	}
	for _, step := range steps {
		b = append(b, step...)
	}
	return b
}

// Input returns the bytes of a step whose kind is not Send.
func (s Step) Input() string {
	switch s.Kind {
	case Pause:
		return string([]byte{20 | (index(delays, s.Time)-8)<<5})
	case StopsRead:
		return string([]byte{21 | index(stops, s.Time)<<5})
	}
	for k := byte(22); k <= 23; k++ {
		for how := range byte(8) {
			if e := ending(k, how); e.Kind == s.Kind && e.Count == s.Count && e.Op.Code == s.Op.Code {
				return string([]byte{k | how<<5})
			}
		}
	}
	panic(fmt.Sprintf("BUG: no peer has the step %v", s))
}

// SendMessage returns the step that sends a message in one frame.
func SendMessage(text bool, size int) string {
	return string([]byte{bit(!text), 0}) + string(sizeInput(size))
}

// SendPing returns the step that sends a ping of a size.
func SendPing(size int) string { return string([]byte{10, byte(size)}) }

// SendPong returns the step that sends a pong.
func SendPong(payload string) string { return string([]byte{13, byte(len(payload))}) + payload }

// SendClose returns the step that sends a close frame. It is empty for the code 0.
func SendClose(code uint16, reason string) string {
	if code == 0 {
		return "\x0e\x00\x00"
	}
	return string([]byte{14, index(peerCodes, code), 3<<3 | index(reasons, reason)})
}

// SendFrame returns the step that sends an empty frame with a first byte.
func SendFrame(first byte) string { return string([]byte{15, first, 1, 0}) }

// SendPings returns the step that sends n empty pings at once.
func SendPings(n int) string { return string([]byte{24, byte(n - 1)}) }

// SendEmptyFragments returns the step that sends a message with n empty fragments between
// the first frame, which is empty too, and the last.
func SendEmptyFragments(n int) string { return string([]byte{1<<5 | 24, byte(n - 1)}) }

// SendStored returns the step that sends a compressed message of stored blocks, in one frame
// or two.
func SendStored(text bool, frames int, data string) string {
	return string([]byte{byte(frames-1)<<5 | 26 | bit(!text)}) + inflate.Stored(data)
}

// SendBomb returns the step that sends 16 MiB of zeros, compressed, in frames of 1,000 bytes
// or 10, or in one frame if the argument is 0.
func SendBomb(frame int) string {
	return string([]byte{30, index([]int{0, 1000, 10}, frame)})
}
