package script

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/hawser-ws/hawser/fuzz/internal/compose"
	"github.com/hawser-ws/hawser/fuzz/internal/inflate"
)

// A Peer is a script for a hostile peer, and for the Conn that meets it.
type Peer struct {
	Link   Link
	Server bool // the Conn is a server
	Side   Side // of the Conn
	Empty  int  // MaxEmptyFragments of the Conn

	Takeover   bool // the peer offers, or accepts, context takeover
	Form       Form // how the Conn reads
	Buffer     int
	CloseAfter time.Duration // the Conn closes after this time, if not 0
	Lazy       time.Duration // before each of its first reads
	Writes     []Op          // by the Conn, one after the other
	Early      int           // number of bytes sent together with the handshake

	Steps []Step
}

// A Form is a way in which a Conn reads.
type Form uint8

// The forms.
const (
	ByRead Form = iota
	ByAppendRead
	ByReader
	ByMessages
	ByTimedReads // Read again and again, with contexts that end after 3 ms
	ByRacedReads // Read again and again, with contexts that end during the call
	forms
)

func (f Form) String() string {
	return [...]string{"Read", "AppendRead", "Reader", "Messages", "Read with timeouts", "Read, cancelled"}[f]
}

// A StepKind is the kind of a step of a peer.
type StepKind uint8

// The kinds of step.
const (
	Send           StepKind = iota
	Pause                   // Step.Time
	StopsRead               // for Step.Time
	HalfClose               // ends the stream that the Conn reads
	Breaks                  // breaks the connection
	Shuts                   // closes the peer's end at once
	Vanishes                // breaks the connection; the Conn can read the bytes in flight
	ConnFailWrites          // makes the writes of the Conn's transport fail after Step.Count more bytes
	ConnCloses              // calls Close of the Conn, with Step.Op
	ConnClosesWith          // the same, but a Handler's Serve returns CloseWith, if the Conn is a server
	ConnClosesNow           // calls CloseNow of the Conn
	ConnAborts              // calls Abort of the Conn
)

// A Step is one step of a peer.
type Step struct {
	Kind  StepKind
	Time  time.Duration
	Count int
	Op    Op     // of a Close
	Bytes []byte // as on the wire
	What  string // a description of Bytes
}

// maxSteps is the maximum number of steps of a peer.
const maxSteps = 40

var (
	emptyLimits = []int{0, 0, 0, 3}
	claims      = []uint64{1 << 20, 1<<20 + 1, 70_000, 1 << 32, 1 << 62, 1<<63 - 1, 1 << 63, 1<<64 - 1}
	peerCodes   = append(codes, badCodes...)
	lazy        = []time.Duration{0, 0, 0, 0, 0, 0, 50 * time.Millisecond, 2 * time.Second}
	stops       = []time.Duration{10 * time.Millisecond, time.Second, 3 * time.Second, 40 * time.Second}
)

// ParsePeer parses b as a script.
func ParsePeer(b []byte) *Peer {
	in := &input{b: b}
	s := &Peer{Link: in.link()}
	a := in.byte()
	s.Server, s.Takeover = a&1 != 0, a&2 != 0
	s.Empty = pick(emptyLimits, a>>2&3)
	s.Form, s.Buffer = Form(a>>4)%forms, 1
	s.Side = in.side()
	if s.Side.MaxControls < 0 {
		s.Side.MaxControls = 0 // the model needs a limit
	}
	if s.Side.CloseTimeout < 0 {
		s.Side.CloseTimeout = 0
	}
	c := in.byte()
	s.Buffer = pick(buffers, c&7)
	if c>>3&7 == 7 {
		s.CloseAfter = pick(timeouts, c)
	}
	s.Early = int(c>>6) * 9
	c = in.byte()
	s.Lazy = pick(lazy, c>>2&7)
	for range c & 3 {
		o := Op{Kind: Write}
		in.message(&o)
		if s.Side.MaxWriteFrame == 1 {
			o.Chunks[0].Size %= 300
		}
		s.Writes = append(s.Writes, o)
	}
	w := &frames{
		in: in, masked: s.Server, coded: s.Side.Extension >= FirstExtension, bounded: s.Side.MaxMessage >= 0,
	}
	for len(in.b) > 0 && len(s.Steps) < maxSteps {
		s.Steps = append(s.Steps, w.step())
	}
	return s
}

// FirstExtension is the first value of Side.Extension that selects an extension.
const FirstExtension = 4

// frames parses the steps of a peer, and writes their frames.
type frames struct {
	in     *input
	masked bool // as the peer's role requires
	coded  bool // compression was negotiated
	keys   uint32

	bounded bool // the Conn limits the size of messages
}

// step reads a step.
func (w *frames) step() Step {
	in := w.in
	a := in.byte()
	switch k := a & 31; {
	case k < 10:
		return w.message(a)
	case k < 13:
		n := int(in.byte() % 126)
		return w.send(w.frame(nil, 0x89, Payload("ping ", n, a>>5, false, n)), "ping of %d", n)
	case k == 13:
		return w.send(w.frame(nil, 0x8a, in.bytes(int(in.byte()&15))), "pong")
	case k == 14:
		return w.close()
	case k < 18:
		return w.loose()
	case k == 18:
		return w.claim()
	case k == 19:
		p := in.bytes(int(in.byte() & 31))
		return w.send(p, "bytes % x", p)
	case k == 20:
		return Step{Kind: Pause, Time: pick(delays, a>>5|8)}
	case k == 21:
		return Step{Kind: StopsRead, Time: pick(stops, a>>5)}
	case k == 22 || k == 23:
		return ending(k, a>>5)
	case k == 24:
		return w.flood(a)
	case k < 30 && w.coded:
		return w.crafted(a)
	case k == 30 && w.coded && w.bounded:
		return w.bomb(a)
	}
	return Step{Kind: Pause, Time: pick(delays, a>>5)}
}

// ending returns a step by which the peer or the Conn ends the connection.
func ending(k, how byte) Step {
	switch {
	case k == 22 && how == 0:
		return Step{Kind: HalfClose}
	case k == 22 && how == 1:
		return Step{Kind: Shuts}
	case k == 22 && how == 2:
		return Step{Kind: Vanishes}
	case k == 22:
		return Step{Kind: ConnFailWrites, Count: int(pick(writeBudgets, how-3))}
	case how == 0:
		return Step{Kind: Breaks}
	case how == 1:
		return Step{Kind: ConnClosesNow}
	case how < 4:
		return Step{Kind: ConnAborts, Count: int(how & 1)}
	case how == 4:
		return Step{Kind: ConnCloses, Op: Op{Kind: Close, Code: 1005, Reason: "not to be sent"}}
	case how == 5:
		return Step{Kind: ConnCloses, Op: Op{Kind: Close, Code: 4000, Reason: BadReason}}
	case how == 6:
		return Step{Kind: ConnClosesWith, Op: Op{Kind: Close, Code: 1006, Reason: "not to be sent"}}
	}
	return Step{Kind: ConnClosesWith, Op: Op{Kind: Close, Code: 4001, Reason: "asked for"}}
}

func (w *frames) send(b []byte, format string, args ...any) Step {
	return Step{Kind: Send, Bytes: b, What: fmt.Sprintf(format, args...)}
}

// frame appends a frame with the shortest length, masked as the role requires.
func (w *frames) frame(dst []byte, first byte, payload []byte) []byte {
	return w.raw(dst, compose.With(first, string(payload)), w.masked)
}

// raw appends a frame. Masking keys are pseudo-random, and the first is zero.
func (w *frames) raw(dst []byte, f compose.Frame, masked bool) []byte {
	if f.Masked = masked; masked {
		binary.BigEndian.PutUint32(f.Key[:], w.keys)
		w.keys = w.keys*1664525 + 1013904223
	}
	return f.Append(dst)
}

// message returns the step for a whole message in one to four frames, with pings between
// them.
func (w *frames) message(a byte) Step {
	how := w.in.byte()
	opcode := 1 + a&1
	fill := how & 3
	n := w.in.size()
	p := Payload("peer ", n, fill, opcode == 1 && how&0x80 == 0, int(how))
	parts := 1 + int(a>>5&3)
	var b []byte
	for i := range parts {
		piece := p[i*n/parts : (i+1)*n/parts]
		first := byte(0)
		if i == 0 {
			first = opcode
		}
		if i == parts-1 {
			first |= 128
		}
		b = w.frame(b, first, piece)
		if how&4 != 0 && i < parts-1 {
			b = w.frame(b, 0x89, []byte{byte(i), how})
		}
	}
	return w.send(b, "message: opcode %d, %d bytes of fill %d in %d frames", opcode, n, fill, parts)
}

// close returns the step for a close frame, valid or not.
func (w *frames) close() Step {
	a, b := w.in.byte(), w.in.byte()
	code, reason := pick(peerCodes, a), pick(reasons, b&7)
	if len(reason) > 123 {
		reason = reason[:123]
	}
	p := append(binary.BigEndian.AppendUint16(nil, code), reason...)
	switch b >> 3 {
	case 0:
		p, code = nil, 0
	case 1:
		p = p[:1]
	case 2:
		p = append(p[:2], 0xff)
	}
	return w.send(w.frame(nil, 0x88, p), "close % x", p)
}

// loose returns the step for a frame any part of which may be invalid.
func (w *frames) loose() Step {
	first, how := w.in.byte(), w.in.byte()
	p := w.in.bytes(int(w.in.byte() & 63))
	if how&8 != 0 {
		p = Payload("loose", 126+int(how>>4), 0, false, 0)
	}
	form := []int{0, 2, 8}[how%3]
	if how&0xe0 == 0 {
		form = 0
	}
	masked := w.masked != (how&0x70 == 0x70)
	return w.send(w.raw(nil, compose.With(first, string(p)).InForm(form), masked),
		"frame: first byte %#x, masked=%v, length %d in form %d", first, masked, len(p), form)
}

// claim returns the step for a frame whose header announces more bytes than are sent.
func (w *frames) claim() Step {
	a := w.in.byte()
	length := pick(claims, a)
	f := compose.With(1+a>>3&1|a&0x80, "some").Announcing(length).InForm(8)
	return w.send(w.raw(nil, f, w.masked), "header: %d bytes, with 4", length)
}

// flood returns the step for many small frames.
func (w *frames) flood(a byte) Step {
	n := 1 + int(w.in.byte()%40)
	var b []byte
	first := byte(0x89)
	if a&0x20 != 0 {
		b = w.frame(b, 2, nil)
		first = 0
	}
	for range n {
		b = w.frame(b, first, nil)
	}
	if a&0x20 != 0 {
		b = w.frame(b, 0x80, []byte("end"))
	}
	return w.send(b, "%d frames without payload, of first byte %#x", n, first)
}

// bomb returns the step for 16 MiB of zeros, compressed, in one frame or in many.
func (w *frames) bomb(a byte) Step {
	p := zeros()
	n := []int{len(p), 1000, 10}[w.in.byte()%3]
	var b []byte
	first := 0x40 | 1 + a>>5&1
	for ; len(p) > n; p = p[n:] {
		b, first = w.frame(b, first, p[:n]), 0
	}
	return w.send(w.frame(b, first|0x80, p), "bomb in frames of %d", n)
}

// zeros returns the payload of a bomb.
var zeros = sync.OnceValue(func() []byte { return inflate.DeflateZeros(16 << 20) })

// crafted returns the step for a compressed message of blocks of all kinds, in one frame or
// two.
func (w *frames) crafted(a byte) Step {
	p, rest := inflate.Craft(w.in.b)
	w.in.b = rest
	p = p[:min(len(p), maxSize)]
	first := 0xc0 | 1 + a&1
	if a&0x20 == 0 {
		return w.send(w.frame(nil, first, p), "compressed: %d bytes", len(p))
	}
	n := len(p) / 2
	b := w.frame(w.frame(nil, first&0x7f, p[:n]), 0x80, p[n:])
	return w.send(b, "compressed: %d bytes in two frames", len(p))
}

// Stream returns all bytes that the Conn can read, unless the connection breaks before.
func (s *Peer) Stream() (b []byte) {
	for _, step := range s.Steps {
		switch step.Kind {
		case Send:
			b = append(b, step.Bytes...)
		case HalfClose, Breaks, Shuts, Vanishes:
			return b
		}
	}
	return b
}

// Calm reports whether the peer reads and sends without long pauses and breaks nothing,
// and the Conn does not close. Then the result does not depend on time.
func (s *Peer) Calm() bool {
	var pauses time.Duration
	for _, step := range s.Steps {
		if pauses += step.Time; step.Kind >= HalfClose || pauses > 300*time.Millisecond {
			return false
		}
	}
	return s.CloseAfter == 0 && s.Lazy == 0 &&
		(s.Side.CloseTimeout == 0 || s.Side.CloseTimeout > time.Second) &&
		(s.Side.WriteTimeout <= 0 || s.Side.WriteTimeout > time.Second)
}

// String returns the script, one step a line.
func (s *Peer) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "link: %+v\nserver=%v %+v, MaxEmptyFragments %d, peer's takeover=%v\n",
		s.Link, s.Server, s.Side, s.Empty, s.Takeover)
	fmt.Fprintf(&b, "the Conn reads by %v, buffer %d, closes after %v, pauses for %v; early: %d bytes\n",
		s.Form, s.Buffer, s.CloseAfter, s.Lazy, s.Early)
	for i := range s.Writes {
		fmt.Fprintf(&b, "the Conn writes: %v\n", &s.Writes[i])
	}
	for i, step := range s.Steps {
		fmt.Fprintf(&b, "%3d %v\n", i, step)
	}
	return b.String()
}

// String describes the step.
func (s Step) String() string {
	switch s.Kind {
	case Send:
		return fmt.Sprintf("%s: % .40x", s.What, s.Bytes[:min(len(s.Bytes), 40)])
	case Pause:
		return fmt.Sprintf("nothing for %v", s.Time)
	case StopsRead:
		return fmt.Sprintf("does not read for %v", s.Time)
	case ConnFailWrites:
		return fmt.Sprintf("writes of the Conn fail after %d more bytes", s.Count)
	case ConnCloses, ConnClosesWith:
		return fmt.Sprintf("the Conn closes, with CloseWith=%v: %v", s.Kind == ConnClosesWith, &s.Op)
	case ConnAborts:
		return fmt.Sprintf("the Conn aborts, with a cause=%v", s.Count > 0)
	}
	return map[StepKind]string{
		HalfClose: "ends the stream", Breaks: "breaks the connection", Shuts: "closes its end",
		Vanishes: "vanishes", ConnClosesNow: "the Conn closes at once",
	}[s.Kind]
}
