package play

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"slices"
	"time"

	"github.com/hawser-ws/hawser/fuzz/internal/inflate"
	"github.com/hawser-ws/hawser/fuzz/internal/model"
	"github.com/hawser-ws/hawser/fuzz/internal/pipe"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// facts are what the transport tells of how a connection has ended.
type facts struct {
	in, out model.Result // without limits
	breach  *model.Fault // what the peer did wrong, with them, if the model can tell
	unsure  bool         // whether it did something wrong, and where, is not known
}

// facts returns the facts of a side whose peer is a Conn as well, and breaks limits
// alone. Whether it may do so is for checkEnding.
func (s *side) facts() facts {
	return facts{
		in:     frames(s.index != server, s.tap.received()),
		out:    frames(s.index == server, s.tap.sent()),
		unsure: endingOf(s.cause()) == refused,
	}
}

func closeFrame(r model.Result) websocket.CloseFrame {
	if !r.Closed {
		return websocket.CloseFrame{}
	}
	return websocket.CloseFrame{Code: wire.StatusCode(r.Code), Reason: string(r.Reason)}
}

// checkClosure judges what a side says of how it has ended. All of its goroutines are
// done, and its reader has read to the end.
func (s *side) checkClosure(f facts) {
	v := s.conn.Closure()
	wrong := func(format string, args ...any) {
		s.fault("%s: %w; %+v, reading ended with %v", names[s.index], fmt.Errorf(format, args...), v, s.tap.readErr)
	}
	if v.Err == nil || v.Err != s.cause() {
		wrong("the cause is %v", s.cause())
	}
	if sent := closeFrame(f.out); v.Sent != sent {
		wrong("the transport took the close frame %+v", sent)
	}
	switch came := closeFrame(f.in); {
	case v.Received.Code != 0 && (v.Received != came || f.breach != nil && !s.unforeseen(f)):
		wrong("the peer's close frame was %+v, its breach %+v", came, f.breach)
	case v.Received.Code == 0 && came.Code != 0 && !s.gaveUp && !f.unsure && f.breach == nil:
		wrong("the peer's close frame, %+v, is lost", came)
	}
	if v.Clean != (v.Sent.Code != 0 && v.Received.Code != 0) {
		wrong("it is not clean, or it is")
	}
	if err := s.checkCause(v, f); err != nil {
		wrong("%w", err)
	}
	well := closedWell(v.Err)
	if s.silent && !well {
		wrong("Messages ended without an error")
	}
	if s.loopErr != nil && well && !s.unforeseen(f) {
		wrong("Messages ended with %v", s.loopErr)
	}
	s.checkIgnored(f, wrong)
	s.checkLateErrors(v, f, wrong)
}

// unforeseen reports whether the reader ended with what is not found before the message
// is read: what an extension makes, and too many control frames, which depends on the
// time. If writing has failed by then, what came after it, or the end of the
// stream, is known already.
func (s *side) unforeseen(f facts) bool {
	var w *wire.Error
	found := errors.As(s.final, &w)
	coded := slices.ContainsFunc(f.in.Frames, func(f model.Frame) bool { return f.RSV != 0 })
	late := found && w.Violation == wire.ErrControlFlood ||
		found && w.Violation == wire.ErrMessageTooBig && s.tooSmall != s.tooLarge ||
		coded && (!found || w.Violation == wire.ErrMessageTooBig || w.Violation == wire.ErrInvalidUTF8)
	return late && endingOf(s.final) == refused && !sameBreach(s.final, bareCause(s.cause()))
}

// checkCause judges the cause and who it says was first.
func (s *side) checkCause(v websocket.Closure, f facts) error {
	kind := endingOf(v.Err)
	var e *websocket.Error
	errors.As(v.Err, &e)
	peers := kind == byPeer || kind == broke && e.Op == "read"
	if !s.begun && v.ByPeer != peers || s.begun && v.ByPeer && !peers {
		return errors.New("ByPeer is wrong")
	}
	switch kind {
	case byPeer:
		if closed := v.Err.(*websocket.CloseError); websocket.CloseFrame(*closed) != v.Received || !v.ByPeer {
			return errors.New("the cause is not the close frame")
		}
	case byUs, aborted:
		if !s.closedFor(v.Err) {
			return fmt.Errorf("this side closed with %v", s.causes)
		}
	case refused:
		if e.Code != 0 && e.Code != v.Sent.Code {
			return fmt.Errorf("code %d is not what was sent", e.Code)
		}
	case wornOut:
		if !s.tap.wornOut() {
			return errors.New("no write has failed")
		}
		if waited := s.tap.closed.Sub(s.tap.failed); waited < time.Second && !s.begun {
			return fmt.Errorf("the peer could have sent more: reading went on for %v", waited)
		}
	case unknown, timedOut:
		return errors.New("an end that cannot be")
	}
	if s.begun || f.unsure {
		return nil
	}
	return s.checkFirst(kind, v, f)
}

// checkFirst judges whether the cause is the first fact, unless this side ended the
// connection.
func (s *side) checkFirst(kind ending, v websocket.Closure, f facts) error {
	switch {
	case f.breach != nil && s.unforeseen(f):
	case f.in.Closed && f.breach == nil:
		if kind != byPeer {
			return errors.New("the peer's close frame came")
		}
	case f.breach != nil:
		var w *wire.Error
		if kind != refused || !errors.As(v.Err, &w) || w.Offset != f.breach.At || int(w.Code()) != f.breach.Rule.Code() {
			return fmt.Errorf("the peer broke a rule: %+v", *f.breach)
		}
	case s.tap.readErr != nil && kind != notReading && kind != unfinished:
		want := s.tap.readErr
		if want == io.EOF {
			want = io.ErrUnexpectedEOF
		}
		if !v.ByPeer || !errors.Is(v.Err, want) {
			return errors.New("the peer's stream ended")
		}
	case s.tap.readErr == nil && (kind == byPeer || kind == refused || v.ByPeer):
		return errors.New("the peer's stream has not ended")
	}
	return nil
}

// checkIgnored checks that what had come at the end was read, or had only just come.
func (s *side) checkIgnored(f facts, wrong func(string, ...any)) {
	if s.begun || f.in.Closed || f.breach != nil || f.unsure {
		return
	}
	if s.tap.ignored > 0 && s.tap.waited > pipe.LongestStall {
		wrong("%d bytes that had come %v before were not read", s.tap.ignored, s.tap.waited)
	}
}

// checkLateErrors checks that whatever is called after the end tells of it alike. Close is
// the last, since it parts with what is left to be read.
func (s *side) checkLateErrors(v websocket.Closure, f facts, wrong func(string, ...any)) {
	ctx := context.Background()
	code := v.Received.Code
	if code == 0 {
		code = websocket.StatusAbnormalClosure
	}
	check := func(what string, err error) {
		var peer, closed *websocket.CloseError
		var own, e *websocket.Error
		var t interface{ Timeout() bool }
		same := errors.As(v.Err, &own) && errors.As(err, &e) && sameBreach(err, own.Err) && e.Code == own.Code
		if errors.As(v.Err, &closed) {
			same = errors.As(err, &peer) && *peer == *closed
		}
		switch {
		case !errors.Is(err, net.ErrClosed) || !same:
			wrong("%s after the end: %v", what, err)
		case websocket.CloseStatus(err) != code:
			wrong("the code of %s after the end is %d: %v", what, websocket.CloseStatus(err), err)
		case errors.As(err, &t) && t.Timeout() && err != v.Err:
			wrong("%s after the end is a timeout: %v", what, err)
		case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
			wrong("%s after the end tells of a context: %v", what, err)
		}
	}
	check("the cause", v.Err)
	if !s.unforeseen(f) {
		check("the last read", s.final)
	}
	_, _, err := s.conn.Read(ctx)
	check("Read", err)
	check("Write", s.conn.Write(ctx, websocket.Text, nil))
	_, err = s.conn.Ping(ctx)
	check("Ping", err)
	s.checkByteStream(v, wrong)
	check("Close", s.conn.Close(ctx, websocket.StatusNormalClosure, ""))
	if again := s.conn.Closure(); again != v {
		wrong("after Close it is %+v", again)
	}
}

// bareCause returns the cause without what package websocket has wrapped it in.
func bareCause(err error) error {
	if e, ok := err.(*websocket.Error); ok {
		return e.Err
	}
	return err
}

// sameBreach reports whether err is about what cause is about. A breach that was found
// ahead is found again by the read that meets it.
func sameBreach(err, cause error) bool {
	var a, b *wire.Error
	return errors.Is(err, cause) || errors.As(err, &a) && errors.As(cause, &b) && *a == *b
}

// checkByteStream checks that a net.Conn tells of its own Close only where this side has
// closed, and of the end of the stream where the peer has closed as it should.
func (s *side) checkByteStream(v websocket.Closure, wrong func(string, ...any)) {
	nc := s.conn.ByteStream(websocket.Binary)
	_, readErr := nc.Read(make([]byte, 1))
	_, writeErr := nc.Write([]byte("late"))
	kind := endingOf(v.Err)
	local := kind == byUs || kind == aborted
	eof := kind == byPeer && closedWell(v.Err)
	for i, err := range []error{readErr, writeErr} {
		read := i == 0 // a Write tells of no end of file
		if err == nil || errors.Is(err, net.ErrClosed) != local || (err == io.EOF) != (eof && read) {
			wrong("a net.Conn says %v", err)
		}
	}
}

// closedWell reports whether a loop over Messages ends without an error because of this.
func closedWell(cause error) bool {
	var closed *websocket.CloseError
	if errors.As(cause, &closed) {
		return closed.Code == 1000 || closed.Code == 1001 || closed.Code == 1005
	}
	return endingOf(cause) == byUs
}

// checkDelivered checks that every message that had come whole was delivered, unless
// this side has closed. A message over a limit is not delivered, nor is anything after
// it. The end is then about that limit.
func (s *side) checkDelivered(f facts) {
	if s.begun {
		return
	}
	var w *wire.Error
	end := int64(math.MaxInt64)
	isRefused := endingOf(s.cause()) == refused
	if isRefused && errors.As(s.cause(), &w) {
		end = w.Offset
	}
	whole, at := 0, int64(0)
	sizes := s.sizes(f.in.Messages)
	for i := range f.in.Frames {
		h := &f.in.Frames[i]
		at += int64(h.Size + len(h.Payload))
		if h.Opcode >= 8 || !h.Fin || uint64(len(h.Payload)) != h.Length {
			continue
		}
		size := sizes[whole]
		if size > s.tooLarge && !isRefused && !f.in.Messages[whole].Coded {
			s.fault("%s: message %d, of %d bytes, came, and the end is not about that: %+v", names[s.index], whole, size, s.conn.Closure())
		}
		if at >= end || size > s.tooSmall {
			break
		}
		whole++
	}
	if len(s.got) < whole {
		s.fault("%s: %d messages came, and %d were delivered: %+v", names[s.index], whole, len(s.got), s.conn.Closure())
	}
}

// sizes returns the sizes of messages, or what stands for them if no limit is so small
// that one can be over it.
func (s *side) sizes(messages []model.Message) []int64 {
	sizes := make([]int64, len(messages))
	if s.tooSmall >= websocket.DefaultMaxMessage {
		return sizes
	}
	window := inflate.Stream{Window: 1 << 15}
	for i, m := range messages {
		sizes[i] = int64(len(m.Payload))
		if m.Coded {
			out, err := window.Message(m.Payload)
			if sizes[i] = int64(len(out.Out)); err != nil {
				s.fault("%s: message %d does not inflate: %w", names[s.index], i, err)
			}
		}
	}
	return sizes
}
