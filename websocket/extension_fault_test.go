package websocket

import (
	"errors"
	"fmt"
	"testing"

	"github.com/hawser-ws/hawser/wire"
)

// A refusing session decodes nothing.
type refusing struct {
	wire.Session
	err error
}

func (refusing) Bits() (rsv, perFrame byte)                        { return wire.RSV1, 0 }
func (refusing) Idle()                                             {}
func (refusing) Close() error                                      { return nil }
func (r refusing) Decode(rsv byte) (wire.MessageDecoder, error)    { return nil, r.err }
func (refusing) Encode(m wire.MessageInfo) (e wire.MessageEncoder) { return nil }

// An extension that knows which rule was broken decides on the close code; any other
// error of it means 1007.
func TestExtensionChoosesCode(t *testing.T) {
	for _, test := range []struct {
		err  error
		code StatusCode
	}{
		{fmt.Errorf("x: %w", &wire.Error{Violation: wire.ErrReservedBits}), StatusProtocolError},
		{&wire.Error{Violation: wire.ErrMessageTooBig, Size: 2, Limit: 1}, StatusMessageTooBig},
		{errors.New("x"), StatusInvalidPayload},
	} {
		bubble(t, func(t *testing.T) {
			ours, theirs := netPair(t, "pipe")
			c, p := newPeerOver(t, ours, theirs, ConnOptions{
				Role: wire.Client, Session: refusing{err: test.err}, Limits: Limits{},
			})
			got := startRead(t.Context(), c)
			p.write(p.rawFrame(0xc1, 1, 1, "x", false))
			p.expectClose(test.code)
			p.nc.Close()
			var e *Error
			if g := <-got; !errors.As(g.err, &e) || !errors.Is(g.err, test.err) || e.Code != test.code {
				t.Errorf("got %v, want %v", g.err, test.code)
			}
		})
	}
}
