package soak

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/hawser-ws/hawser/wire"
)

// Abuses that stop sending, stop reading, or disconnect.

// stallHeader stops sending inside a frame header, but continues to read.
func (a *abuser) stallHeader() error {
	if err := a.begin(); err != nil {
		return err
	}
	b := header(wire.OpBinary, 1<<17) // 14 bytes
	if _, err := a.Write(b[:1+a.rng.IntN(len(b)-1)]); err != nil {
		return err
	}
	return a.expectClose(wire.StatusPolicyViolation)
}

// stallPayload stops sending inside a payload, but continues to read.
func (a *abuser) stallPayload() error {
	if err := a.begin(); err != nil {
		return err
	}
	b := frame(nil, wire.OpText, true, 0, randomText(a.rng, 20+a.rng.IntN(32<<10)))
	if _, err := a.Write(b[:len(b)-1-a.rng.IntN(10)]); err != nil {
		return err
	}
	return a.expectClose(wire.StatusPolicyViolation)
}

// endWithin ends the client's direction of the stream inside a frame.
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
	return a.awaitDrop()
}

// abort sends valid or invalid data and resets the connection. The server cannot react. The
// measurements at the end of the soak show whether it has freed everything.
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

// ignoreClose asks the server to close and does not answer its close frame.
func (a *abuser) ignoreClose() error {
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
		return fmt.Errorf("closed with %d, want 1000", code)
	}
	return a.awaitDrop()
}

// maxUnread is the number of bytes that a client sends without reading: more than the socket buffers of
// both sides can hold.
const maxUnread = 64 << 20

// stopReading sends messages and does not read the echoes. The server's writes stall, and it must drop
// the connection. A server that is already closing the connection continues to read until its
// CloseTimeout expires.
//
// The receive buffer has room for a segment of the loopback interface. With a smaller buffer TCP itself
// may stall for minutes, in which neither side learns how much the other has read, or that it has closed.
func (a *abuser) stopReading() error {
	_ = a.tcp.SetReadBuffer(64 << 10)
	if err := a.begin(); err != nil {
		return err
	}
	b := frame(nil, wire.OpBinary, true, 0, make([]byte, 64<<10))
	for n := 0; n < maxUnread; n += len(b) {
		if _, err := a.Write(b); err != nil {
			if isTimeout(err) {
				return errors.New("the server did not drop the connection in time")
			}
			return nil
		}
	}
	return a.awaitDrop()
}

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
