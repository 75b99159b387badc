package suite

import (
	"strings"

	"github.com/hawser-ws/hawser/wire"
)

// maskedRows are masked frames, which a server must not send.
func maskedRows() []letterCase {
	r := rule("5.1", "MUST", "A client MUST close a connection if it detects a masked frame.")
	row := func(what string, f malformedFrame, before ...frame) letterCase {
		if f.mask == maskRight {
			f.mask = maskWrong
		}
		return letterCase{what,
			"The client closes the connection. It may first send a close frame with 1002.", r,
			func(s *script) {
				s.open()
				s.send(before...)
				s.sendMalformed(f.whole(), 1, 1, "The frame is masked.")
				s.closedOver()
			}}
	}
	return []letterCase{
		row("A text message that is masked.", malformedFrame{op: wire.OpText, payload: "Hello"}),
		row("A binary message that is masked.", malformedFrame{op: wire.OpBinary, payload: "Hello"}),
		row("An empty text message that is masked.", malformedFrame{op: wire.OpText}),
		row("A ping that is masked.", malformedFrame{op: wire.OpPing, payload: "Hello"}),
		row("A pong that is masked.", malformedFrame{op: wire.OpPong, payload: "Hello"}),
		row("A close frame that is masked.", malformedFrame{op: wire.OpClose, payload: "\x03\xe8"}),
		row("A last fragment that is masked, after one that is not.",
			malformedFrame{op: wire.OpContinuation, payload: "Hello"}, moreText("First. ")),
		row("A message of 65,536 bytes that is masked.",
			malformedFrame{op: wire.OpBinary, payload: strings.Repeat("x", 1<<16)}),
		row("A text message with a masking key of zeros.",
			malformedFrame{op: wire.OpText, payload: "Hello", mask: maskZero}),
	}
}
