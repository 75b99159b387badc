package soak

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/hawser-ws/hawser/wire"
)

// Abuses that stop, at any point, and go away or do not.

// stallHeader stops within the header of a frame, and goes on reading.
func (a *abuser) stallHeader() error {
	if err := a.begin(); err != nil {
		return err
	}
	b := header(wire.OpBinary, 1<<17) // 14 bytes
	if _, err := a.Write(b[:1+a.rng.IntN(len(b)-1)]); err != nil {
		return err
	}
	return a.closedWith(wire.StatusPolicyViolation)
}

// stallPayload stops within the payload.
func (a *abuser) stallPayload() error {
	if err := a.begin(); err != nil {
		return err
	}
	b := frame(nil, wire.OpText, true, 0, randomText(a.rng, 20+a.rng.IntN(32<<10)))
	if _, err := a.Write(b[:len(b)-1-a.rng.IntN(10)]); err != nil {
		return err
	}
	return a.closedWith(wire.StatusPolicyViolation)
}

// endWithin ends its direction of the stream within a frame.
func (a *abuser) endWithin() error {
	if err := a.begin(); err != nil {
		return err
	}
	b := frame(nil, wire.OpText, true, 0, randomText(a.rng, 1+a.rng.IntN(32<<10)))
	if _, err := a.Write(b[:1+a.rng.IntN(len(b)-1)]); err != nil {
		return err
	}
	if err := a.halfClose(); err != nil {
		return err
	}
	return a.gone()
}

// abort sends some of what a client sends, good or bad, and then a reset. Nobody
// answers; whether the server has let go of everything is seen at the end.
func (a *abuser) abort() error {
	defer a.reset()
	b := append(request(a.path(), offerDeflate), blankLine...)
	if a.rng.IntN(3) == 0 {
		_, _ = a.Write(b[:a.rng.IntN(len(b)+1)])
		return nil
	}
	if err := a.begin(offerDeflate); err != nil {
		return err
	}
	b = nil
	for range 1 + a.rng.IntN(4) {
		b = frame(b, wire.OpText, a.rng.IntN(2) == 0, 0, randomText(a.rng, randomSize(a.rng)))
		b = frame(b, wire.OpPing, true, 0, nil)
	}
	_, _ = a.Write(b[:a.rng.IntN(len(b)+1)])
	return nil
}

// deafToClose asks the server to close, and does not answer its close frame.
func (a *abuser) deafToClose() error {
	if err := a.begin(); err != nil {
		return err
	}
	if _, err := a.Write(frame(nil, wire.OpText, true, 0, []byte(askClose))); err != nil {
		return err
	}
	code, err := a.closeFrame()
	if err != nil {
		return fmt.Errorf("no close frame: %w", err)
	}
	if code != wire.StatusNormalClosure {
		return fmt.Errorf("closed with %d", code)
	}
	return a.gone()
}

// mostUnread is what a client that reads nothing sends, in bytes: more than the
// buffers of two systems hold.
const mostUnread = 64 << 20

// stopReading sends message after message and reads none of the echoes. The server
// comes to a stop too, and must drop the connection for it. One that is closing the
// connection already takes what comes, for as long as a close may last.
//
// Its buffer takes a segment of the loopback: with less TCP itself may stop for minutes,
// in which neither side hears what the other takes, nor that it has gone.
func (a *abuser) stopReading() error {
	_ = a.tcp.SetReadBuffer(64 << 10)
	if err := a.begin(); err != nil {
		return err
	}
	b := frame(nil, wire.OpBinary, true, 0, make([]byte, 64<<10))
	for n := 0; n < mostUnread; n += len(b) {
		if _, err := a.Write(b); err != nil {
			if isTimeout(err) {
				return errors.New("the server has not dropped the connection in time")
			}
			return nil
		}
	}
	return a.gone()
}

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
