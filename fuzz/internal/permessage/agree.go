package permessage

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/fuzz/internal/handshake"
	"github.com/hawser-ws/hawser/wire"
)

// CheckAccept compares the answer of a server with the model of package handshake. It
// returns nil if the server declines the offers.
func CheckAccept(
	s *deflate.Extension, side handshake.Side, offers []wire.ExtensionSpec,
) (*wire.ExtensionSpec, error) {
	answer, session, ok := s.Accept(slices.Values(offers))
	want, wanted := side.Choose(Elements(offers))
	if ok != wanted || ok != (session != nil) {
		return nil, fmt.Errorf("accepted: %v, want %v", ok, wanted)
	}
	if !ok {
		return nil, nil
	}
	defer session.(io.Closer).Close()
	got, valid := handshake.ParseParams(Element(answer), true)
	if !valid || got != want {
		return nil, fmt.Errorf("answer %+v, want %+v", answer, want)
	}
	for _, o := range Elements(offers) { // the first valid one is answered
		if p, ok := handshake.ParseParams(o, false); ok {
			if !got.Answers(p) {
				return nil, fmt.Errorf("%+v is not a valid answer to %+v", answer, o)
			}
			break
		}
	}
	if rsv, perFrame := session.Bits(); rsv != wire.RSV1 || perFrame != 0 {
		return nil, fmt.Errorf("bits %x, %x", rsv, perFrame)
	}
	return &answer, nil
}

// CheckAgreed negotiates between both ends, and makes each send the same message twice. The
// second message must refer to the first if, and only if, context is taken over and the
// window is large enough.
func CheckAgreed(s, c *deflate.Extension, server, client handshake.Side, offers []wire.ExtensionSpec) error {
	answer, ours, ok := s.Accept(slices.Values(offers))
	if !ok {
		if len(offers) > 0 {
			return errors.New("declined")
		}
		return nil
	}
	defer ours.(io.Closer).Close()
	theirs, err := c.Confirm(answer)
	if err != nil {
		return fmt.Errorf("answer %+v: %w", answer, err)
	}
	defer theirs.(io.Closer).Close()
	p, _ := handshake.ParseParams(Element(answer), true)
	if p.ServerBits == 0 {
		p.ServerBits = 15
	}
	if p.ClientBits == 0 {
		p.ClientBits = 15
	}
	noise := rand.New(rand.NewPCG(5, 6))
	message := make([]byte, 700)
	for i := range message {
		message[i] = byte(noise.Uint32())
	}
	for _, way := range []struct {
		*Direction
		own int // bits of the sender's window, which may be smaller than agreed
	}{
		{NewDirection(ours, theirs, p.ServerBits, p.ServerNoContext), server.Bits},
		{NewDirection(theirs, ours, p.ClientBits, p.ClientNoContext || client.NoContext), client.Bits},
	} {
		var sizes []int
		for range 2 {
			payload, err := Encode(way.from.Encode(wire.MessageInfo{Size: 700}), message, 0, nil)
			if err != nil {
				return err
			}
			if err := way.check(payload[3:], message, 0, false); err != nil {
				return err
			}
			sizes = append(sizes, len(payload))
		}
		if refers := sizes[1] < 300; refers != (!way.noContext && min(1<<way.own, way.model.Window) > 700) {
			return fmt.Errorf("answer %+v: sizes %v, windows %d and %d, no context %v",
				answer, sizes, 1<<way.own, way.model.Window, way.noContext)
		}
	}
	return nil
}
