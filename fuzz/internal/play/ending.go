package play

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/fuzz/internal/order"
	"github.com/hawser-ws/hawser/fuzz/internal/pipe"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// An ending is the reason why one end of the connection ended.
type ending uint8

const (
	unknown     ending = iota
	byPeer             // by the peer's close frame
	byUs               // by Close, CloseNow, or Abort without a cause
	aborted            // by Abort with a cause
	broke              // by the transport
	refused            // by a fault in what the peer sent
	timedOut           // by a context, which must not happen, because a context belongs to one call
	notReading         // by WriteTimeout
	unfinished         // by a message that was abandoned after its first part
	writeFailed        // by a failed write
)

func endingOf(cause error) ending {
	var closed *websocket.CloseError
	var e *websocket.Error
	var w *wire.Error
	var a *abortError
	var inflating *deflate.Error
	switch {
	case errors.As(cause, &closed):
		return byPeer
	case !errors.As(cause, &e):
		return unknown
	case e.Err == net.ErrClosed && e.Op == "close":
		return byUs
	case errors.As(cause, &a):
		return aborted
	case errors.As(cause, &w), errors.As(cause, &inflating):
		return refused
	case errors.Is(cause, websocket.ErrPeerNotReading):
		return notReading
	case errors.Is(cause, context.Canceled), errors.Is(cause, context.DeadlineExceeded):
		return timedOut
	case errors.Is(cause, errWriteFailed):
		return writeFailed
	case e.Op == "write" && e.Err.Error() == "message not finished":
		return unfinished
	case errors.Is(cause, io.ErrUnexpectedEOF), errors.Is(cause, syscall.EPIPE),
		errors.Is(cause, syscall.ECONNRESET):
		return broke
	}
	return unknown
}

// check checks the run after its end: why each end ended, and the messages that arrived.
func (r *run) check() {
	clean := !r.dropped.Load()
	for _, s := range r.sides {
		s.checkDelivered(s.facts())
		if err := s.checkEnding(); err != nil {
			r.fault("%s: %w; its cause is %v, and that of its peer %v",
				names[s.index], err, s.cause(), s.peer().cause())
		}
		clean = clean && s.clean()
	}
	for _, s := range r.sides {
		peer := s.peer()
		if err := order.Check(s.sent, peer.got, clean && len(peer.closes) == 0); err != nil {
			r.fault("from the %s: %w (clean=%v)", names[s.index], err, clean)
		}
		for i, g := range peer.got {
			if int64(len(g.Data)) > peer.tooLarge {
				r.fault("the %s got message %d of %d bytes, over its limit of %d",
					names[peer.index], i, len(g.Data), peer.tooLarge)
			}
		}
	}
}

func (s *side) peer() *side { return s.sides[1-s.index] }

func (s *side) cause() error { return context.Cause(s.conn.Context()) }

// clean reports whether this side ended with a complete closing handshake.
func (s *side) clean() bool {
	for _, c := range s.closes {
		if c.err != nil && !(c.refused && s.conn.Closure().Clean) {
			return false
		}
	}
	if s.tap.writesFailed() {
		return false // accepted messages may not have been sent
	}
	var peer *websocket.CloseError
	switch endingOf(s.cause()) {
	case byUs:
		return !s.now
	case byPeer:
		return errors.As(s.cause(), &peer) && s.peer().closedWith(websocket.CloseFrame(*peer))
	}
	return false
}

// closedWith reports whether this side called Close with the frame that the peer got.
func (s *side) closedWith(f websocket.CloseFrame) bool {
	for _, c := range s.closes {
		if c.frame == f {
			return true
		}
	}
	return false
}

// checkEnding returns an error unless the script explains the end of this side.
func (s *side) checkEnding() error {
	cause, peer := s.cause(), s.peer()
	waits := s.script.Pauses(s.index) + s.script.Pauses(peer.index)
	if s.script.Link.Stalls {
		waits += 2 * pipe.MaxStalls
	}
	var closed *websocket.CloseError
	var w *wire.Error
	ok := false
	switch endingOf(cause) {
	case byPeer:
		errors.As(cause, &closed)
		ok = peer.closedWith(websocket.CloseFrame(*closed)) ||
			closed.Code == wire.StatusMessageTooBig && peer.mayRefuse(wire.ErrMessageTooBig) ||
			closed.Code == wire.StatusPolicyViolation && peer.mayRefuse(wire.ErrControlFlood)
		if same, isClose := s.final.(*websocket.CloseError); (!isClose || *same != *closed) &&
			!s.unforeseen(s.facts()) {
			return fmt.Errorf("the reader ended with %v", s.final)
		}
	case byUs:
		ok = len(s.closes) > 0 || s.now
	case aborted:
		ok = s.closedFor(cause)
	case broke:
		ok = s.dropped.Load() || peer.breaksPeer(waits) || peer.tap.writesFailed() || peer.cutOff ||
			endingOf(peer.cause()) == byPeer && peer.answerWithin() <= waits // it was too late to answer
	case refused:
		errors.As(cause, &w)
		ok = s.mayRefuse(w.Violation)
	case unfinished:
		ok = s.cutOff
	case writeFailed:
		ok = s.tap.writesFailed()
	case notReading:
		ok = s.cfg.WriteTimeout >= 0 &&
			(orDefault(s.cfg.WriteTimeout, websocket.DefaultWriteTimeout) <= waits || peer.mayFail())
	}
	if !ok {
		return errors.New("the script does not explain this end")
	}
	return nil
}

func orDefault[T time.Duration | int | int64](n, def T) T {
	if n == 0 {
		return def
	}
	return n
}

// breaksPeer reports whether this side ended in a way that breaks its peer's connection.
func (s *side) breaksPeer(waits time.Duration) bool {
	switch endingOf(s.cause()) {
	case refused, aborted, notReading, unfinished, writeFailed:
		return true
	}
	for _, c := range s.closes {
		if c.err != nil && (s.tap.writesFailed() || s.cutOff || s.closeMayFail(waits)) {
			return true
		}
	}
	return s.now
}

// mayRefuse reports whether the peer may have sent something that this side refuses with v.
func (s *side) mayRefuse(v wire.Violation) bool {
	switch v {
	case wire.ErrMessageTooBig:
		for _, sent := range s.peer().sent {
			for _, m := range sent {
				if m.Outcome != order.Never && int64(len(m.Data)) > s.tooSmall {
					return true
				}
			}
		}
	case wire.ErrControlFlood:
		return s.cfg.MaxControls > 0
	}
	return false
}

// mayFail reports whether this side may have refused something. If it has, it stops reading
// until its close frame is sent, which has to wait for its writers.
func (s *side) mayFail() bool {
	return s.mayRefuse(wire.ErrMessageTooBig) || s.mayRefuse(wire.ErrControlFlood)
}

// closeMayFail reports whether a Close of this side may have timed out, given the time that
// the script may make it wait.
func (s *side) closeMayFail(waits time.Duration) bool {
	for _, c := range s.closes {
		if c.cut || s.closeWithin() <= waits {
			return true
		}
	}
	return false
}

// answerWithin returns the time that this side has to answer a close frame.
func (s *side) answerWithin() time.Duration {
	write := orDefault(s.cfg.WriteTimeout, websocket.DefaultWriteTimeout)
	if write < 0 && s.cfg.CloseTimeout < 0 {
		return websocket.DefaultWriteTimeout
	}
	if write < 0 {
		return s.closeWithin()
	}
	return min(write, s.closeWithin())
}

// closeWithin returns the time limit of this side for a closing handshake.
func (s *side) closeWithin() time.Duration {
	if s.cfg.CloseTimeout < 0 {
		return scriptTimeout
	}
	return orDefault(s.cfg.CloseTimeout, websocket.DefaultCloseTimeout)
}
