package judges

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"strings"

	"github.com/hawser-ws/hawser/fuzz/internal/pipe"
	"github.com/hawser-ws/hawser/wire"
)

// maxMessage is the limit on messages of all libraries that have one.
const maxMessage = 1 << 20

// An end is the way in which a library stopped reading.
type end int

const (
	endOfStream end = iota // between frames or within one
	closed                 // at a close frame that it accepted
	refused                // at something that it refused
	crashed                // with a panic
)

func (e end) String() string { return [...]string{"at the end", "closed", "refused", "panic"}[e] }

// A message is a delivered message.
type message struct {
	text bool
	data string
}

// A verdict is the result of reading a stream with a library.
type verdict struct {
	messages []message
	end      end
	sent     int   // the close code that it sent: 0 if none, 1005 for an empty close frame
	err      error // the last
}

// sentCode returns the code of the first close frame in b.
func sentCode(b []byte) int {
	for {
		h, n, err := wire.ConsumeHeader(b)
		if err != nil || int64(len(b)-n) < h.Length {
			return 0
		}
		payload := b[n : n+int(h.Length)]
		if h.Masked {
			wire.Mask(payload, h.Key, 0)
		}
		switch {
		case h.Opcode == wire.OpClose && len(payload) < 2:
			return int(wire.StatusNoStatusReceived)
		case h.Opcode == wire.OpClose:
			return int(payload[0])<<8 | int(payload[1])
		}
		b = b[n+int(h.Length):]
	}
}

// isEnd reports whether an error is that of the end of a stream.
func isEnd(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

func (v *verdict) String() string {
	s := ""
	for _, m := range v.messages[:min(len(v.messages), 6)] {
		kind := "b"
		if m.text {
			kind = "t"
		}
		s += fmt.Sprintf("%s%.20q ", kind, m.data)
	}
	return fmt.Sprintf("%d messages %s%v, sent %d (%v)", len(v.messages), s, v.end, v.sent, v.err)
}

// A situation is the input of the libraries, with our result.
type situation struct {
	fromClient bool // the stream is a client's, read by servers
	deflated   bool // permessage-deflate was negotiated, without context takeover
	data       []byte

	ours      verdict
	violation wire.Violation // found by our side; 0 if none

	fragmented   bool // some frame is a continuation
	compressed   bool // some frame has RSV1
	cutOff       bool // the last frame of the stream is not whole
	frameCutOff  bool // the stream ends within the frame that we refused
	headerCutOff bool // the stream ends within the header of that frame
}

// A difference is a verdict of a library that differs from ours.
type difference struct {
	*situation
	library *library
	theirs  verdict
}

// same reports whether the verdicts are equal, as far as the library's verdict is known.
func (d *difference) same() bool {
	return d.sameEnd() && slices.Equal(d.ours.messages, d.theirs.messages) &&
		(d.library.noCloseCodes || d.ours.end == endOfStream || d.ours.sent == d.theirs.sent)
}

// sameEnd reports whether the ends are equal, as far as the library's end is known.
func (d *difference) sameEnd() bool {
	ours := d.ours.end
	if d.library.eofOnClose && ours == closed {
		ours = endOfStream // its error for both is io.EOF
	}
	return ours == d.theirs.end
}

// sameMessages reports whether both delivered the same messages.
func (d *difference) sameMessages() bool { return slices.Equal(d.ours.messages, d.theirs.messages) }

// continued reports whether we refused the stream, and the library delivered at least our
// messages.
func (d *difference) continued() bool {
	n := len(d.ours.messages)
	return d.ours.end == refused && len(d.theirs.messages) >= n &&
		slices.Equal(d.theirs.messages[:n], d.ours.messages)
}

// dropped reports whether both refused the stream after the same messages, and the library
// sent no close frame.
func (d *difference) dropped() bool {
	return d.ours.end == refused && d.theirs.end == refused && d.sameMessages() && d.theirs.sent == 0
}

// refusedEarlier reports whether the library refused the stream after delivering only the
// first of our messages, or all of them.
func (d *difference) refusedEarlier() bool {
	n := len(d.theirs.messages)
	return d.theirs.end == refused && n <= len(d.ours.messages) &&
		slices.Equal(d.theirs.messages, d.ours.messages[:n])
}

// joined reports whether the library's messages, joined, begin with our messages, joined.
func (d *difference) joined() bool {
	join := func(list []message) (s string) {
		for _, m := range list {
			s += m.data
		}
		return s
	}
	return strings.HasPrefix(join(d.theirs.messages), join(d.ours.messages))
}

func (d *difference) String() string {
	role := "server"
	if !d.fromClient {
		role = "client"
	}
	return fmt.Sprintf("%s as a %s, deflate %t, for %.200q:\n  ours:   %v [%v]\n  theirs: %v",
		d.library.name, role, d.deflated, d.data, &d.ours, d.violation, &d.theirs)
}

// inspect sets the properties of the stream that the rows use.
func (s *situation) inspect() {
	for h, end := range s.frames() {
		s.cutOff = end > int64(len(s.data))
		s.fragmented = s.fragmented || h.Opcode == wire.OpContinuation || !h.Fin
		s.compressed = s.compressed || h.RSV&wire.RSV1 != 0
	}
}

// frames yields the header and the end of each frame. The end of the last may be beyond the
// end of the stream.
func (s *situation) frames() iter.Seq2[wire.Header, int64] {
	return func(yield func(wire.Header, int64) bool) {
		for at := int64(0); at < int64(len(s.data)); {
			h, n, err := wire.ConsumeHeader(s.data[at:])
			if err != nil {
				return
			}
			at += int64(n)
			if at += min(h.Length, math.MaxInt64-at); !yield(h, at) {
				return
			}
		}
	}
}

// cutAt reports whether the header of the frame at an offset, and the frame itself, are cut
// off by the end of the stream.
func (s *situation) cutAt(offset int64) (header, frame bool) {
	at := int64(0)
	for _, end := range s.frames() {
		if at = end; offset < end {
			return false, end > int64(len(s.data))
		}
	}
	rest := s.data[min(at, int64(len(s.data))):]
	size, ok := claimed(rest)
	return !ok, !ok || size > uint64(len(rest))
}

// claimed returns the size that the header of the first frame of b, which may be invalid,
// gives for the whole frame. ok is false if the header is not whole.
func claimed(b []byte) (size uint64, ok bool) {
	if len(b) < 2 {
		return 0, false
	}
	header, extra, length := 2, 0, uint64(b[1]&0x7f)
	switch length {
	case 126:
		extra = 2
	case 127:
		extra = 8
	}
	if header += extra; b[1]&0x80 != 0 {
		header += 4
	}
	if len(b) < header {
		return 0, false
	}
	if extra > 0 {
		length = 0
		for _, c := range b[2 : 2+extra] {
			length = length<<8 | uint64(c)
		}
	}
	if size = uint64(header) + length; size < length {
		size = math.MaxUint64
	}
	return size, true
}

// compare gives a stream to our side and to all suitable libraries, and returns the
// differences.
func compare(fromClient, deflated bool, data []byte) (*situation, []*difference) {
	s := &situation{fromClient: fromClient, deflated: deflated, data: data}
	s.inspect()
	s.ours = run(hawser, s)
	var e *wire.Error
	if s.ours.end == refused && errors.As(s.ours.err, &e) {
		s.violation = e.Violation
		s.headerCutOff, s.frameCutOff = s.cutAt(e.Offset)
	}
	var list []*difference
	for _, l := range libraries {
		if deflated && l.noDeflate {
			continue
		}
		if d := (&difference{situation: s, library: l, theirs: run(l, s)}); !d.same() {
			list = append(list, d)
		}
	}
	return s, list
}

// run reads a stream with a library and returns the verdict.
func run(l *library, s *situation) (v verdict) {
	extension := ""
	if s.deflated {
		extension = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
	}
	c := newConn(s.data, !s.fromClient, extension)
	defer func() {
		c.Close()
		if e := recover(); e != nil {
			v.end, v.err = crashed, fmt.Errorf("panic: %v", e)
		}
		v.sent = sentCode(framesOn(c))
	}()
	l.read(&session{conn: c, server: s.fromClient, deflated: s.deflated, extension: extension}, &v)
	return v
}

// A session is a library's end of a connection.
type session struct {
	conn      *pipe.Canned
	server    bool
	deflated  bool
	extension string
}

// add records a message.
func (v *verdict) add(text bool, data []byte) {
	v.messages = append(v.messages, message{text, string(bytes.Clone(data))})
}
