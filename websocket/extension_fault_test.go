package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A refusing session fails to decode with err.
type refusing struct {
	wire.Session
	err error
}

func (refusing) Bits() (rsv, perFrame byte)                        { return wire.RSV1, 0 }
func (r refusing) Decode(rsv byte) (wire.MessageDecoder, error)    { return nil, r.err }
func (refusing) Encode(m wire.MessageInfo) (e wire.MessageEncoder) { return nil }

// undecoded is the reason of the close frame after an error of an extension.
const undecoded = "extension cannot decode the message"

// If the error of an extension wraps a *wire.Error, its violation determines the close code.
// Any other error means 1007. The text of the error is not sent to the peer.
func TestExtensionChoosesCode(t *testing.T) {
	for _, test := range []struct {
		err    error
		code   StatusCode
		reason string
	}{
		{fmt.Errorf("x: %w", &wire.Error{Violation: wire.ErrReservedBits}), StatusProtocolError,
			"reserved bit set that no extension negotiated"},
		{&wire.Error{Violation: wire.ErrMessageTooBig, Size: 2, Limit: 1}, StatusMessageTooBig,
			"message over MaxMessage: 2 > 1"},
		{&wire.Error{Violation: 200}, StatusInternalError, ""},
		{errors.New("secret"), StatusInvalidPayload, undecoded},
		{errors.New("bytes \xff"), StatusInvalidPayload, undecoded},
		{context.Canceled, StatusInvalidPayload, undecoded},
	} {
		bubble(t, func(t *testing.T) {
			ours, theirs := netPair(t, "pipe")
			c, p := newPeerOver(t, ours, theirs, ConnOptions{
				Role: wire.Client, Session: refusing{err: test.err}, Limits: Limits{},
			})
			got := startRead(t.Context(), c)
			p.Write(p.rawFrame(0xc1, 1, 1, "x", false))
			if reason := p.ExpectClose(test.code); reason != test.reason {
				t.Errorf("%v: got reason %q, want %q", test.err, reason, test.reason)
			}
			p.nc.Close()
			var e *Error
			if g := <-got; !errors.As(g.err, &e) || !errors.Is(g.err, test.err) || e.Code != test.code {
				t.Errorf("got error %v, want %v with code %v", g.err, test.err, test.code)
			}
		})
	}
}
