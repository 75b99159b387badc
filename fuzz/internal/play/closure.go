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

// facts describe the end of a connection, as the bytes on the transport show it.
type facts struct {
	in, out   model.Result // of the bytes received and sent, without limits
	peerFault *model.Fault // the peer's fault, with limits, if the model can tell
	unsure    bool         // the model cannot tell whether there is a fault, or where
}

// facts returns the facts of a side whose peer is also a Conn. The only fault of such a peer is
// to exceed a limit, and checkEnding checks whether the script explains that.
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

// checkClosure checks the Closure of a side. All of its goroutines have returned, and its
// reader has read to the end.
func (s *side) checkClosure(f facts) {
	v := s.conn.Closure()
	wrong := func(format string, args ...any) {
		s.fault("%w; %+v, reading ended with %v", fmt.Errorf(format, args...), v, s.tap.readErr)
	}
	if v.Err == nil || v.Err != s.cause() {
		wrong("the cause of the context is %v", s.cause())
	}
	if sent := closeFrame(f.out); v.Sent != sent {
		wrong("the close frame sent is %+v", sent)
	}
	switch received := closeFrame(f.in); {
	case v.Received.Code != 0 && (v.Received != received || f.peerFault != nil && !s.unforeseen(f)):
		wrong("the peer's close frame is %+v, and its fault %+v", received, f.peerFault)
	case v.Received.Code == 0 && received.Code != 0 && !s.gaveUp && !f.unsure && f.peerFault == nil:
		wrong("the peer's close frame %+v is missing", received)
	}
	if v.Clean != (v.Sent.Code != 0 && v.Received.Code != 0) {
		wrong("Clean is wrong")
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

// unforeseen reports whether the reader ended with a fault that is found only when the
// message is read: one in the payload of an extension, or too many control frames, which
// depends on the time. If writing failed before, later frames or the end of the stream are
// already known.
func (s *side) unforeseen(f facts) bool {
	var w *wire.Error
	found := errors.As(s.final, &w)
	coded := slices.ContainsFunc(f.in.Frames, func(f model.Frame) bool { return f.RSV != 0 })
	late := found && w.Violation == wire.ErrControlFlood ||
		found && w.Violation == wire.ErrMessageTooBig && s.tooSmall != s.tooLarge ||
		coded && (!found || w.Violation == wire.ErrMessageTooBig || w.Violation == wire.ErrInvalidUTF8)
	return late && endingOf(s.final) == refused && !sameFault(s.final, bareCause(s.cause()))
}

// checkCause checks the cause of the end, and ByPeer.
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
			return errors.New("the cause is not the peer's close frame")
		}
	case byUs, aborted:
		if !s.closedFor(v.Err) {
			return fmt.Errorf("this side closed with %v", s.causes)
		}
	case refused:
		if e.Code != 0 && e.Code != v.Sent.Code {
			return fmt.Errorf("code %d is not the code sent", e.Code)
		}
	case writeFailed:
		if !s.tap.writesFailed() {
			return errors.New("no write failed")
		}
		if waited := s.tap.closed.Sub(s.tap.failed); waited < time.Second && !s.begun {
			return fmt.Errorf("the peer could have sent more: reading went on for %v", waited)
		}
	case unknown, timedOut:
		return errors.New("a connection cannot end with this cause")
	}
	if s.begun || f.unsure {
		return nil
	}
	return s.checkFirst(kind, v, f)
}

// checkFirst checks that the cause is the first event, unless this side ended the connection.
func (s *side) checkFirst(kind ending, v websocket.Closure, f facts) error {
	switch {
	case f.peerFault != nil && s.unforeseen(f):
	case f.in.Closed && f.peerFault == nil:
		if kind != byPeer {
			return errors.New("the cause is not the peer's close frame")
		}
	case f.peerFault != nil:
		var w *wire.Error
		if kind != refused || !errors.As(v.Err, &w) || w.Offset != f.peerFault.At ||
			int(w.Code()) != f.peerFault.Rule.Code() {
			return fmt.Errorf("the cause is not the peer's fault %+v", *f.peerFault)
		}
	case s.tap.readErr != nil && kind != notReading && kind != unfinished:
		want := s.tap.readErr
		if want == io.EOF {
			want = io.ErrUnexpectedEOF
		}
		if !v.ByPeer || !errors.Is(v.Err, want) {
			return errors.New("the cause is not the end of the peer's stream")
		}
	case s.tap.readErr == nil && (kind == byPeer || kind == refused || v.ByPeer):
		return errors.New("the peer's stream has not ended")
	}
	return nil
}

// checkIgnored checks that the bytes received before the end were read, except those that
// arrived just before it.
func (s *side) checkIgnored(f facts, wrong func(string, ...any)) {
	if s.begun || f.in.Closed || f.peerFault != nil || f.unsure {
		return
	}
	if s.tap.ignored > 0 && s.tap.waited > pipe.LongestStall {
		wrong("%d bytes received %v before the end were not read", s.tap.ignored, s.tap.waited)
	}
}

// checkLateErrors checks that all calls after the end return the same cause. Close is the
// last, because it discards unread messages.
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
		same := errors.As(v.Err, &own) && errors.As(err, &e) && sameFault(err, own.Err) && e.Code == own.Code
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
			wrong("%s after the end returns the error of a context: %v", what, err)
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
		wrong("after Close the Closure is %+v", again)
	}
}

// bareCause returns the cause without the Error of package websocket.
func bareCause(err error) error {
	if e, ok := err.(*websocket.Error); ok {
		return e.Err
	}
	return err
}

// sameFault reports whether err and cause are about the same fault. A fault that was found
// ahead of the reader is found again by the read that reaches it.
func sameFault(err, cause error) bool {
	var a, b *wire.Error
	return errors.Is(err, cause) || errors.As(err, &a) && errors.As(cause, &b) && *a == *b
}

// checkByteStream checks that the net.Conn returns net.ErrClosed only if this side closed,
// and io.EOF only if the peer closed normally.
func (s *side) checkByteStream(v websocket.Closure, wrong func(string, ...any)) {
	nc := s.conn.ByteStream(websocket.Binary)
	_, readErr := nc.Read(make([]byte, 1))
	_, writeErr := nc.Write([]byte("late"))
	kind := endingOf(v.Err)
	local := kind == byUs || kind == aborted
	eof := kind == byPeer && closedWell(v.Err)
	for i, err := range []error{readErr, writeErr} {
		read := i == 0 // a Write does not return io.EOF
		if err == nil || errors.Is(err, net.ErrClosed) != local || (err == io.EOF) != (eof && read) {
			wrong("the net.Conn returns %v", err)
		}
	}
}

// closedWell reports whether a loop over Messages ends without an error for this cause.
func closedWell(cause error) bool {
	var closed *websocket.CloseError
	if errors.As(cause, &closed) {
		return closed.Code == 1000 || closed.Code == 1001 || closed.Code == 1005
	}
	return endingOf(cause) == byUs
}

// checkDelivered checks that every whole message received was delivered, unless this side
// closed. A message over a limit is not delivered, nor is anything after it, and the cause
// must be about that limit.
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
			s.fault("message %d has %d bytes, over the limit, but the cause is another: %+v",
				whole, size, s.conn.Closure())
		}
		if at >= end || size > s.tooSmall {
			break
		}
		whole++
	}
	if len(s.got) < whole {
		s.fault("%d messages were received, and %d delivered: %+v", whole, len(s.got), s.conn.Closure())
	}
}

// sizes returns the sizes of messages, or zeros if all limits are too large to be exceeded.
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
				s.fault("message %d does not inflate: %w", i, err)
			}
		}
	}
	return sizes
}
