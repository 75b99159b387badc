package suite

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// A tempo is how bytes are cut into writes.
type tempo struct {
	size int           // bytes per write; 0 means all in one
	gap  time.Duration // between writes
}

// write sends bytes as they are.
func (s *script) write(raw []byte, how tempo) {
	s.last = sent{s.last.at + int64(len(s.last.raw)), raw}
	size := how.size
	if size <= 0 {
		size = max(len(raw), 1)
	}
	gap := time.Duration(0)
	for c := range slices.Chunk(raw, size) {
		s.logTx(c)
		s.held = append(s.held, parcel{data: c, alone: how.size > 0, gap: gap})
		gap = how.gap
	}
}

// release passes the outbox everything that was sent since the last wait.
func (s *script) release() {
	s.out.put(join(s.held)...)
	s.held = nil
}

// flush waits up to d and reports whether everything sent so far was written.
func (s *script) flush(d time.Duration) bool {
	s.release()
	done := make(chan struct{})
	s.out.put(parcel{after: func() { close(done) }})
	select {
	case <-done:
		s.out.mu.Lock()
		defer s.out.mu.Unlock()
		return !s.out.lost
	case <-time.After(d):
		s.in.waited = true
	case <-s.ctx.Done():
	}
	return false
}

// send sends frames. All frames sent between two waits share one write, unless they are chopped.
func (s *script) send(frames ...frame) {
	for _, f := range frames {
		s.write(s.encode(f), tempo{size: f.chop})
		s.logFrame(f)
	}
}

// encode returns the encoded frame, masked if we are the client.
func (s *script) encode(f frame) []byte {
	h := wire.Header{Fin: !f.more, RSV: byte(f.rsv), Opcode: f.op, Length: int64(len(f.payload)),
		Masked: !s.server}
	if h.Masked {
		rand.Read(h.Key[:]) // never fails
	}
	raw := append(wire.AppendHeader(nil, h), f.payload...)
	if h.Masked {
		wire.Mask(raw[h.Size():], h.Key, 0)
	}
	return raw
}

// sendMessage sends a message in one frame, compressed if permessage-deflate was negotiated.
func (s *script) sendMessage(op wire.Opcode, data []byte) {
	f := frame{op: op, payload: data}
	if s.deflate != nil {
		f.payload, f.rsv = slices.Clone(s.deflate.compress(data)), 4
	}
	s.send(f)
}

// A gotKind is the kind of what a script received.
type gotKind int

const (
	gotNothing gotKind = iota // the wait timed out
	gotMessage
	gotPong
	gotClose
	gotAfterClose // bytes after the close frame
	gotEOF        // the end of TCP
	gotRequest    // another HTTP request on a client's connection
)

// A got is what a script received next.
type got struct {
	kind   gotKind
	binary bool
	data   []byte // the message, inflated; the payload of a pong; the close reason
	code   int    // the close code; 0 if there was none
	packed []byte // the message before it was inflated; nil if it was not compressed
}

// scriptIn is the state of the incoming stream.
type scriptIn struct {
	buf         []byte
	gulp        int           // if not 0, bytes per read
	wait        time.Duration // before each read
	recent      []byte        // the last bytes received, as they were on the wire
	at          int64         // the offset in the stream of the end of recent
	op          wire.Opcode   // of the frame being received
	ended       bool          // TCP has ended
	waited      bool          // the last wait timed out
	reset       bool          // TCP ended with a reset
	message     []byte
	packed      bool
	frame       []byte    // the first bytes of a data frame's payload, for the log
	keys        [][4]byte // masking keys of a client's data frames
	controlKeys [][4]byte // and of its control frames
	unanswered  [][]byte  // payloads of pings to answer once our frame is complete
	afterClose  []byte    // the first bytes after the peer's close frame
}

const (
	maxUnanswered = 100  // pings kept to be answered later
	maxKeys       = 1000 // masking keys kept, each of data and control frames

	recentBytes = 64 << 10 // kept of the stream, at least
)

// next returns what is received next, within d. It answers pings on the way and skips pongs that
// answer no ping of ours, since a peer may send those at any time (RFC 6455, section 5.5.3).
func (s *script) next(d time.Duration) got {
	for deadline := time.Now().Add(d); ; {
		if g := s.event(deadline); g.kind != gotPong || s.pinged[string(g.data)] {
			return g
		}
	}
}

// event is like next but returns all pongs.
func (s *script) event(deadline time.Time) got {
	s.settle()
	for {
		if g, ok := s.decode(); ok {
			return g
		}
		if s.in.ended {
			return got{kind: gotEOF}
		}
		if !s.read(deadline) {
			return got{kind: gotNothing}
		}
	}
}

// read reads once. It reports false if the deadline passed.
func (s *script) read(deadline time.Time) bool {
	s.release()
	time.Sleep(s.in.wait) // milliseconds, in scripts that read slowly
	_ = s.conn.SetReadDeadline(deadline)
	buf := s.in.buf
	if s.in.gulp > 0 {
		buf = buf[:s.in.gulp]
	}
	n, err := s.conn.Read(buf)
	s.in.waited = false
	if n > 0 {
		s.feed(buf[:n])
	}
	if err == nil {
		return true
	}
	if timedOut(err) {
		s.in.waited = n == 0
		return n > 0
	}
	s.in.ended, s.in.reset = true, errors.Is(err, syscall.ECONNRESET)
	return true
}

// feed adds bytes to what was received.
func (s *script) feed(b []byte) {
	s.logRx(b)
	s.rest = append(s.rest, b...)
	s.remember(b)
}

func (s *script) remember(b []byte) {
	in := &s.in
	in.at += int64(len(b))
	in.recent = append(in.recent, b...)
	if len(in.recent) > 4*recentBytes {
		in.recent = append(in.recent[:0], in.recent[len(in.recent)-recentBytes:]...)
	}
}

// decode takes the next event from what was received.
func (s *script) decode() (got, bool) {
	if line, ok := s.askedAgain(); ok {
		s.drop()
		s.res.BehaviorClose, s.res.ResultClose = report.OK, "The client did not open the connection."
		return got{kind: gotRequest, data: line}, true
	}
	for len(s.rest) > 0 {
		if !s.dec.InFrame() {
			s.in.op = wire.Opcode(s.rest[0] & 0x0f)
		}
		f, n, err := s.dec.Next(s.rest)
		s.rest = s.rest[n:]
		if err == io.EOF {
			s.in.afterClose = append(s.in.afterClose, s.rest[:min(len(s.rest), wire.MaxHeaderSize)]...)
			s.rest = nil
			return got{kind: gotAfterClose}, true
		}
		if err != nil {
			s.violation(err)
		}
		switch f.Kind {
		case wire.KindNone:
		case wire.KindText, wire.KindBinary:
			if g, ok := s.data(f); ok {
				return g, true
			}
		default:
			s.logRxFrame(f.Header, f.Payload)
			if f.Header.Masked && len(f.Payload) > 0 && len(s.in.controlKeys) < maxKeys {
				s.in.controlKeys = append(s.in.controlKeys, f.Header.Key)
			}
			switch f.Kind {
			case wire.KindPing:
				if len(s.in.unanswered) < maxUnanswered {
					s.in.unanswered = append(s.in.unanswered, slices.Clone(f.Payload))
				}
				s.settle()
			case wire.KindPong:
				return got{kind: gotPong, data: slices.Clone(f.Payload)}, true
			case wire.KindClose:
				return s.gotClose(f.Payload), true
			}
		}
	}
	return got{}, false
}

// askedAgain reports whether a client has sent another HTTP request on the same connection, instead of
// accepting our response as an opening handshake. line is the request line.
func (s *script) askedAgain() (line []byte, ok bool) {
	if !s.server || s.dec.Offset() > 0 {
		return nil, false
	}
	line, _, _ = bytes.Cut(s.rest, []byte("\r\n"))
	return line, bytes.Contains(line, []byte(" HTTP/1."))
}

// settle answers the pings received so far, unless a frame of ours is incomplete: the peer would take a
// pong for the rest of that frame.
func (s *script) settle() {
	if s.cut || s.state != open {
		return
	}
	for _, p := range s.in.unanswered {
		if s.res.TxFrameStats[int(wire.OpPong)] >= maxPongs {
			break
		}
		s.send(frame{op: wire.OpPong, payload: p})
	}
	s.in.unanswered = nil
}

// data handles a piece of a data frame.
func (s *script) data(f wire.Frame) (got, bool) {
	in := &s.in
	if f.Offset == 0 && f.Header.Opcode != wire.OpContinuation {
		in.message, in.packed = nil, f.Header.RSV&wire.RSV1 != 0
	}
	if f.Offset == 0 {
		in.frame = nil
		if f.Header.Masked && len(f.Payload) > 0 && len(in.keys) < maxKeys {
			in.keys = append(in.keys, f.Header.Key)
		}
	}
	if room := report.Shown - len(in.frame); room > 0 {
		in.frame = append(in.frame, f.Payload[:min(room, len(f.Payload))]...)
	}
	in.message = append(in.message, f.Payload...)
	if len(in.message) > maxReceived {
		s.against(ruleParse, "Expected no message of more than %d MiB; got a larger one.", maxReceived>>20)
	}
	if f.Offset+int64(len(f.Payload)) == f.Header.Length {
		s.logRxFrame(f.Header, in.frame)
	}
	if !f.EndsMessage() {
		return got{}, false
	}
	g := got{kind: gotMessage, binary: f.Kind == wire.KindBinary, data: in.message}
	if in.packed {
		g.packed = in.message
		g.data = s.inflate(g)
	}
	return g, true
}

// inflate inflates a message. It ends the script if the message is invalid.
func (s *script) inflate(g got) []byte {
	data, err := s.inflater.message(g.packed, maxReceived)
	if err != nil {
		at := s.in.at - int64(len(s.rest)) - int64(len(g.packed))
		s.markReceived(at+int64(err.at), 1, err.what)
		if s.server {
			// RFC 7692 has the same rules for both
			err.rule.Text = strings.ReplaceAll(err.rule.Text, "server", "client")
		}
		s.against(err.rule, "The peer sent an invalid compressed message: %s.", err.what)
	}
	var u wire.UTF8
	if n, valid := u.Check(data); !g.binary && (!valid || !u.Complete()) {
		s.against(ruleTextEcho,
			"The peer sent a compressed message whose text is not UTF-8 from byte %d on.", n)
	}
	return data
}

// violation ends the script because the peer broke the protocol.
func (s *script) violation(err error) {
	var e *wire.Error
	if !errors.As(err, &e) {
		panic("BUG: suite: " + err.Error())
	}
	s.lost = true
	rule, why := sentRules[e.Violation], e.Reason()
	switch {
	case e.Violation == wire.ErrCloseCode:
		code := s.codeAt(e.Offset)
		why = fmt.Sprintf("close code %d, which must not be sent", code)
		if slices.Contains([]int{1005, 1006, 1015}, code) {
			rule = ruleCodeNever(code)
		}
	case e.Violation == wire.ErrInvalidUTF8 && s.in.op == wire.OpClose:
		rule, why = ruleReason, "close reason that is not UTF-8"
	}
	s.markReceived(e.Offset, 1, why)
	if s.badFrame != nil {
		s.badFrame(why)
	}
	s.against(rule, "The peer broke the protocol: %s.", why)
}

// codeAt returns the code whose second byte is at an offset of the stream, or 0 if it is no longer kept.
func (s *script) codeAt(offset int64) int {
	at := int(offset - s.in.at + int64(len(s.in.recent)) - 1)
	if at < 6 && s.server || at < 0 || at+2 > len(s.in.recent) {
		return 0
	}
	code := slices.Clone(s.in.recent[at : at+2])
	if s.server { // a client masks it
		wire.Mask(code, [4]byte(s.in.recent[at-4:at]), 0)
	}
	return int(binary.BigEndian.Uint16(code))
}

// markReceived marks bytes of the incoming stream. Offset 0 is the first byte after the handshake.
func (s *script) markReceived(at int64, length int, what string) {
	in := &s.in
	start := in.at - int64(len(in.recent))
	offset := int(at - start)
	if offset < 0 || offset >= len(in.recent) {
		return // not kept any more, or not received yet
	}
	from := max(0, min(offset-64, len(in.recent)-256))
	to := min(len(in.recent), from+256)
	s.res.Offense = &report.Offense{
		Start: start + int64(from), Octets: slices.Clone(in.recent[from:to]),
		Offset: offset - from, Length: length, What: what,
	}
}
