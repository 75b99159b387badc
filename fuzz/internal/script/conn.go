package script

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// A Conn is a script for the two ends of one connection.
type Conn struct {
	Link  Link
	Sides [2]Side // the server's, the client's
	Ops   []Op

	// Last is the side that closes a connection that the steps leave open.
	Last int
}

// A Link is the options of the transport; see package pipe.
type Link struct {
	Room                int
	ReadChop, WriteChop int
	Stalls, HalfClose   bool
	SpoilHandshake      bool // apply the options from the first byte on, not only after the handshake
	Seed                uint64
}

// A Side is the configuration of one end. A zero field is the default.
type Side struct {
	Extension     int // an index of the extensions of package play, 0 for none
	MaxMessage    int64
	MaxWriteFrame int64
	MaxControls   int
	WriteTimeout  time.Duration
	CloseTimeout  time.Duration
}

// A Kind is the kind of a step.
type Kind uint8

// The kinds of step.
const (
	Write        Kind = iota
	WriteBuffers      // Op.Slot+1 slices
	WritePlain
	WritePrepared
	Stream
	PlainStream
	Read
	AppendRead
	Reader
	Messages
	Hang // the reader does not read for 40 s
	Ping
	WriteControl // a ping of Op.Slot bytes, or a pong if Op.Text is set
	SetMax
	Close
	CloseNow
	Drop
	Vanish     // breaks the transport at this side; the peer can read the bytes in flight
	FailWrites // makes the writes of this side's transport fail after Op.Max more bytes
	Abort      // has a cause, unless Op.Count is 0
)

func (k Kind) String() string {
	return [...]string{"Write", "WriteBuffers", "WritePlain", "WritePrepared", "Writer", "PlainWriter",
		"Read", "AppendRead", "Reader", "Messages", "hang", "Ping", "WriteControl", "SetMaxMessage",
		"Close", "CloseNow", "drop", "vanish", "fail writes", "Abort"}[k]
}

// kinds contains each kind in proportion to its probability.
var kinds = []Kind{
	Write, Write, Write, Write, WritePlain, WritePrepared, WritePrepared, Stream, Stream, Stream, PlainStream,
	Read, Read, AppendRead, AppendRead, Reader, Reader, Reader, Messages, Messages,
	Ping, Ping, Write, Stream, Close, Close, SetMax, Hang, CloseNow, Drop, Write, Read,
}

// A Lane is one of the goroutines of a side. Each takes its steps in order, concurrently
// with the others.
type Lane uint8

// The lanes.
const (
	Writer0 Lane = iota
	Writer1
	Reading
	Control
	Lanes
)

func (l Lane) String() string { return [...]string{"writer 0", "writer 1", "reader", "control"}[l] }

// A Context says when the context of a step ends.
type Context uint8

// The contexts.
const (
	Forever Context = iota
	Ended           // before the step
	Racing          // in another goroutine, at the same time
	Timed           // after Op.Timeout
)

// An Op is one step.
type Op struct {
	Side    int
	Lane    Lane
	Kind    Kind
	Delay   time.Duration // before the step
	Context Context
	Timeout time.Duration

	Text   bool
	Fill   byte    // the content of the payload; see Payload
	Chunks []Chunk // of a message; one, except for streams
	Slot   int     // of a prepared message; or the number of slices, less one
	Count  int     // messages or reads; of an Abort, 0 means no cause
	Buffer int     // of a Reader
	Resume bool    // an interrupted read is resumed
	Max    int64   // a limit, or the frame size of a stream
	Code   uint16
	Reason string
	Longer time.Duration // the length of pauses in the middle
}

// A Chunk is a part of a message, written with one call.
type Chunk struct {
	Size  int
	Flush bool
	Pause time.Duration // before the chunk
}

// Size returns the size of the message of the step.
func (o *Op) Size() (n int) {
	for _, c := range o.Chunks {
		n += c.Size
	}
	return n
}

// MaxPauses is the maximum number of pauses of Op.Longer in reading one message.
const MaxPauses = 5

// maxOps is the maximum number of steps of a script.
const maxOps = 40

var (
	rooms          = []int{1 << 20, 65536, 4096, 1000, 100, 7, 1, 20000}
	chops          = []int{0, 1, 3, 16, 700, 5000, 0, 50}
	maxSizes       = []int64{0, 0, 0, 0, -1, 1000, 20_000, 100}
	maxWriteFrames = []int64{0, 0, 0, 1, 100, 125, 4096, 20_000} // 1 limits messages to 300 bytes
	frameSizes     = []int64{0, -1, 30_000, 100}
	timeouts       = []time.Duration{
		time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond,
		30 * time.Millisecond, 100 * time.Millisecond, time.Second, 7 * time.Second,
	}
	writeWaits = []time.Duration{0, 0, 0, 0, -1, 500 * time.Millisecond, 3 * time.Second, time.Minute}
	closeWaits = []time.Duration{0, 0, 0, 0, -1, 100 * time.Millisecond, time.Second, time.Minute}
	controls   = []int{0, 0, 0, 0, 0, 0, -1, 3}
	buffers    = []int{1, 2, 3, 16, 100, 4096, 16384, 100_000}
	codes      = []uint16{
		1000, 1001, 1005, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1014, 3000, 3999, 4000, 4999, 1000,
	}
	badCodes = []uint16{0, 999, 1004, 1006, 1015, 1016, 2999, 5000, 65535}
	reasons  = []string{
		"", "", "bye", "caf\u00e9", strings.Repeat("x", 123), strings.Repeat("x", 122) + "\u20ac",
		strings.Repeat("y", 300), "\U0001f600",
	}
	BadReason    = "bye \xff"
	writeBudgets = []int64{0, 1, 2, 6, 100, 1000, 9000, 40_000}
)

// ParseConn parses b as a script.
func ParseConn(b []byte) *Conn {
	in := &input{b: b}
	s := &Conn{Link: in.link()}
	for i := range s.Sides {
		s.Sides[i] = in.side()
	}
	last := in.byte()
	s.Last = int(last & 1)
	for len(in.b) > 0 && len(s.Ops) < maxOps {
		o := in.op()
		for i := range o.Chunks {
			if s.Sides[o.Side].MaxWriteFrame == 1 {
				o.Chunks[i].Size %= 300 // each byte is a frame
			}
		}
		s.Ops = append(s.Ops, o)
	}
	return s
}

func (in *input) link() (l Link) {
	a, b, c := in.byte(), in.byte(), in.byte()
	l.Room = pick(rooms, a&7)
	l.Stalls, l.HalfClose, l.SpoilHandshake = a&8 != 0, a&16 != 0, a&0xe0 == 0xe0
	l.ReadChop, l.WriteChop = pick(chops, b&7), pick(chops, b>>3&7)
	l.Seed = uint64(c)
	return l
}

func (in *input) side() (s Side) {
	a, b, c := in.byte(), in.byte(), in.byte()
	s.Extension = int(a & 15)
	s.MaxControls = pick(controls, a>>4&7)
	s.MaxMessage, s.MaxWriteFrame = pick(maxSizes, b&7), pick(maxWriteFrames, b>>3&7)
	s.WriteTimeout, s.CloseTimeout = pick(writeWaits, c&7), pick(closeWaits, c>>3&7)
	return s
}

func (in *input) op() (o Op) {
	a, b := in.byte(), in.byte()
	o.Side, o.Kind = int(a>>7), pick(kinds, a&31)
	o.Delay = pick(delays, b&15)
	switch c := b >> 4; {
	case c < 6:
	case c == 6:
		o.Context = Ended
	case c == 7:
		o.Context = Racing
	default:
		o.Context, o.Timeout = Timed, pick(timeouts, c&7)
	}
	o.Lane = Control
	writer := Writer0 + Lane(a>>6&1)
	switch o.Kind {
	case Write, WritePlain, WritePrepared, Stream, PlainStream:
		o.Lane = writer
		in.message(&o)
		if o.Kind == Write && o.Slot > 0 {
			o.Kind = WriteBuffers
		}
	case Read, AppendRead, Reader, Messages:
		o.Lane = Reading
		c := in.byte()
		o.Count, o.Resume = 1+int(c&3), c&4 != 0
		o.Buffer = pick(buffers, c>>3&7)
		if c&0xc0 == 0xc0 {
			o.Longer = time.Millisecond << (c & 7)
		}
	case Hang:
		o.Lane, o.Delay, o.Context, o.Timeout = Reading, 40*time.Second, Forever, 0
	case Ping:
		if a>>6&1 == 1 {
			o.Lane = Writer1
		}
		if a>>5&1 == 1 {
			o.Kind, o.Text, o.Slot = WriteControl, b&1 == 1, int(b&7)*16
		}
	case SetMax:
		o.Max = pick(maxSizes, in.byte())
	case Close:
		c := in.byte()
		o.Code, o.Reason = pick(codes, c&15), pick(reasons, c>>4)
		if c>>4 == 14 {
			o.Reason = BadReason
		}
		if c == 0xff {
			o.Code = pick(badCodes, in.byte())
		}
	case CloseNow, Drop:
		o.ending(b >> 4)
	}
	return o
}

// ending turns a CloseNow or a Drop into one of the other steps that end a connection at
// once. These steps have no context, so how, which otherwise selects the context, selects
// the kind.
func (o *Op) ending(how byte) {
	o.Context, o.Timeout = Forever, 0
	switch {
	case o.Kind == CloseNow && how >= 6:
		o.Kind, o.Count = Abort, int(how&3)
	case o.Kind == Drop && how >= 8:
		o.Kind, o.Max = FailWrites, pick(writeBudgets, how)
	case o.Kind == Drop && how >= 5:
		o.Kind = Vanish
	}
}

// Sends returns the code and the reason that Close must send. ok is false if it cannot send
// those of the step and sends others instead. Code 1005 means an empty frame.
func (o *Op) Sends() (code uint16, reason string, ok bool) {
	code, reason = o.Code, o.Reason
	for n := 123; len(reason) > 123; n-- {
		if utf8.RuneStart(reason[n]) {
			reason = reason[:n]
		}
	}
	sendable := code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006 ||
		code >= 3000 && code <= 4999
	switch {
	case code == 1005:
		return code, "", reason == ""
	case !sendable:
		return 1011, "", false
	case !utf8.ValidString(reason):
		return code, "", false
	}
	return code, reason, true
}

// message reads the message that a step writes.
func (in *input) message(o *Op) {
	f := in.byte()
	o.Text, o.Fill = f&1 != 0, f>>1&3
	o.Slot = int(f >> 3 & 3)
	n := 1
	if o.Kind == Stream || o.Kind == PlainStream {
		n = int(f >> 3 & 7)
		o.Max = pick(frameSizes, f>>6)
	}
	for range n {
		c := Chunk{Size: in.size()}
		if n > 1 {
			how := in.byte()
			c.Flush = how&1 != 0
			if how&0xe == 0xe {
				c.Pause = pick(delays, how>>4)
			}
		}
		o.Chunks = append(o.Chunks, c)
	}
}

// Pauses returns the maximum time in which the script keeps the reader of a side from reading.
func (s *Conn) Pauses(side int) (d time.Duration) {
	for i := range s.Ops {
		if o := &s.Ops[i]; o.Side == side && o.Lane == Reading {
			d += o.Delay + time.Duration(o.Count)*MaxPauses*o.Longer
		}
	}
	return d
}

// String returns the script, one step a line.
func (s *Conn) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "link: %+v\n", s.Link)
	for i, name := range sideNames {
		fmt.Fprintf(&b, "%s: %+v\n", name, s.Sides[i])
	}
	for i := range s.Ops {
		fmt.Fprintf(&b, "%3d %v\n", i, &s.Ops[i])
	}
	fmt.Fprintf(&b, "    in the end the %s closes\n", sideNames[s.Last])
	return b.String()
}

var sideNames = [2]string{"server", "client"}

// String describes the step.
func (o *Op) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %v:", sideNames[o.Side], o.Lane)
	if o.Delay > 0 {
		fmt.Fprintf(&b, " after %v", o.Delay)
	}
	fmt.Fprintf(&b, " %v", o.Kind)
	switch o.Kind {
	case Write, WriteBuffers, WritePlain, WritePrepared, Stream, PlainStream:
		fmt.Fprintf(&b, " text=%v fill=%d", o.Text, o.Fill)
		switch o.Kind {
		case WriteBuffers:
			fmt.Fprintf(&b, " slices=%d", o.Slot+1)
		case WritePrepared:
			fmt.Fprintf(&b, " slot=%d", o.Slot)
		case Stream, PlainStream:
			fmt.Fprintf(&b, " frames=%d", o.Max)
		}
		for _, c := range o.Chunks {
			fmt.Fprintf(&b, " %d", c.Size)
			if c.Flush {
				b.WriteString("+flush")
			}
			if c.Pause > 0 {
				fmt.Fprintf(&b, "(after %v)", c.Pause)
			}
		}
	case Read, AppendRead, Reader, Messages:
		fmt.Fprintf(&b, " count=%d buffer=%d resume=%v", o.Count, o.Buffer, o.Resume)
		if o.Longer > 0 {
			fmt.Fprintf(&b, " pauses=%v", o.Longer)
		}
	case SetMax, FailWrites:
		fmt.Fprintf(&b, " %d", o.Max)
	case Abort:
		fmt.Fprintf(&b, " with a cause=%v", o.Count > 0)
	case Close:
		fmt.Fprintf(&b, " %d %.20q", o.Code, o.Reason)
	}
	switch o.Context {
	case Ended:
		b.WriteString(", ctx has ended")
	case Racing:
		b.WriteString(", ctx ends meanwhile")
	case Timed:
		fmt.Fprintf(&b, ", ctx ends after %v", o.Timeout)
	}
	return b.String()
}
