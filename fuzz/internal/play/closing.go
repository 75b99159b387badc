package play

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/hawser-ws/hawser/fuzz/internal/script"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// closings are the calls by which a side closed its connection.
type closings struct {
	begun  bool // a call has begun, so messages received later need not be delivered
	closes []closing
	now    bool    // CloseNow or Abort was called
	gaveUp bool    // a call did not wait, or stopped waiting, for the peer's close frame
	causes []error // of the calls before the end: an abortError for Abort, or net.ErrClosed
}

// A closing is a call of Close before the end.
type closing struct {
	frame   websocket.CloseFrame // the frame to be sent
	refused bool                 // its code or reason cannot be sent
	err     error
	cut     bool // its context could end
}

// An abortError is the cause of an Abort.
type abortError struct{ side int }

func (e *abortError) Error() string { return fmt.Sprintf("the %s aborts", names[e.side]) }

// beginClosing records that this side closes, with cause. It reports whether the connection
// had already ended.
func (s *side) beginClosing(cause error) (ended bool) {
	s.closing.Lock()
	defer s.closing.Unlock()
	ended = s.conn.Context().Err() != nil
	if !ended {
		s.causes = append(s.causes, cause)
	}
	s.begun = true
	return ended
}

// close calls Close, which may wait for CloseTimeout, or until its context ends.
func (s *side) close(o *script.Op) {
	ctx, cancel := s.context(o)
	defer cancel()
	bound := ctx
	if within := orDefault(s.cfg.CloseTimeout, websocket.DefaultCloseTimeout); within >= 0 {
		var stop context.CancelFunc
		bound, stop = context.WithTimeout(ctx, within)
		defer stop()
	}
	code, reason, ok := o.Sends()
	frame := websocket.CloseFrame{Code: wire.StatusCode(code), Reason: reason}
	c := closing{frame: frame, refused: !ok, cut: o.Context != script.Forever}
	ended := s.beginClosing(net.ErrClosed)
	c.err = s.bounded(bound, "Close", s.probe(bound)+grace, func() error {
		return s.conn.Close(ctx, websocket.StatusCode(o.Code), o.Reason)
	})
	s.checkClosed(o, c, ended)
	if !ended {
		s.closing.Lock()
		defer s.closing.Unlock()
		s.closes = append(s.closes, c)
		s.gaveUp = s.gaveUp || passed(bound) || bound.Err() != nil
	}
}

// probe returns the time that Close may take after the end of its context. It always has the
// grace period to send its frame.
func (s *side) probe(ctx context.Context) time.Duration {
	until, ok := ctx.Deadline()
	switch {
	case ctx.Err() != nil:
		return grace
	case ok:
		return max(grace-time.Until(until), 0)
	}
	return 0
}

// checkClosed checks the error of Close, and the connection after it.
func (s *side) checkClosed(o *script.Op, c closing, ended bool) {
	var w *wire.Error
	switch {
	case s.conn.Context().Err() == nil:
		s.fault("%v left the connection open: %v", o, c.err)
	case c.err != nil && !errors.Is(c.err, net.ErrClosed):
		s.fault("%v: %v does not match net.ErrClosed", o, c.err)
	case ended && c.err == nil:
		s.fault("%v succeeded after the end", o)
	case !ended && c.refused && !errors.As(c.err, &w) && !s.endedBefore(c.err):
		s.fault("%v: %v does not say what cannot be sent", o, c.err)
	case !ended && c.err == nil && !s.conn.Closure().Clean:
		s.fault("%v succeeded without a complete closing handshake: %+v", o, s.conn.Closure())
	}
}

// endedBefore reports whether something else may have ended the connection during a Close
// whose error is err.
func (s *side) endedBefore(err error) bool {
	cause := context.Cause(s.conn.Context())
	if endingOf(cause) == byUs {
		return false
	}
	if e, ok := cause.(*websocket.Error); ok {
		cause = e.Err // each call returns its own Error
	}
	return errors.Is(err, cause)
}

// closeNow calls CloseNow.
func (s *side) closeNow() {
	s.drop(net.ErrClosed)
	if err := s.conn.CloseNow(); err != nil {
		s.fault("CloseNow: %v", err)
	}
	s.checkDropped("CloseNow")
}

// abort calls Abort, with a cause or without.
func (s *side) abort(withCause bool) {
	if !withCause {
		s.drop(net.ErrClosed)
		s.conn.Abort(nil)
	} else {
		cause := &abortError{s.index}
		s.drop(cause)
		s.conn.Abort(cause)
	}
	s.checkDropped("Abort")
}

func (s *side) drop(cause error) {
	s.beginClosing(cause)
	s.closing.Lock()
	defer s.closing.Unlock()
	s.gaveUp, s.now = true, true
}

// closedFor reports whether this side closed the connection with the cause of err.
func (s *side) closedFor(err error) bool {
	return slices.ContainsFunc(s.causes, func(cause error) bool {
		if cause == net.ErrClosed {
			return endingOf(err) == byUs
		}
		return errors.Is(err, cause)
	})
}

func (s *side) checkDropped(what string) {
	if s.conn.Context().Err() == nil {
		s.fault("%s left the connection open", what)
	}
}

// awaitEnd waits for the end of the connection, which must follow soon after its reader has
// ended: sending the close frame and draining the transport have their own time limits.
func (s *side) awaitEnd() {
	closing := orDefault(s.cfg.CloseTimeout, websocket.DefaultCloseTimeout)
	frame := closing
	if frame < 0 {
		frame = orDefault(s.cfg.WriteTimeout, websocket.DefaultWriteTimeout)
	}
	if frame < 0 {
		frame = websocket.DefaultWriteTimeout
	}
	frame += time.Second
	select {
	case <-s.conn.Context().Done():
	case <-time.After(frame):
		s.fault("%v after the reader ended with %v the connection is still open", frame, s.final)
	}
	drain := max(closing, time.Second) + time.Second
	select {
	case <-s.tap.gone:
	case <-time.After(drain):
		s.fault("%v after the end the transport is still open: %+v", drain, s.conn.Closure())
	}
}
