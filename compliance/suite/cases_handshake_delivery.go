package suite

import (
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

var rule431 = httpRule("6585", "7.3", "",
	"Servers are not required to use the 431 status code; when under attack, it may be more appropriate "+
		"to just drop connections, or take other steps.")

func deliveryRows() []letterCase {
	early := rule("4.1", "MUST", "Once the client's opening handshake has been sent, the client MUST wait "+
		"for a response from the server before sending any further data.")
	slowly := func(what string, how tempo) letterCase {
		return letterCase{what, "The server accepts it and returns a message.", ruleOpening,
			func(s *script) {
				s.askBy(how)
				s.opened(func(format string, args ...any) {
					if s.status() == 0 && s.passes(func(o *script) { o.askCut("GET /") }) {
						s.against(ruleStatus, "The server accepted a request in two pieces, but dropped "+
							"TCP when it arrived in many small pieces.")
					}
					s.broke(format, args...)
				})
				s.echo(wire.OpText, []byte("Hello"))
			}}
	}
	rows := []letterCase{
		slowly("The request arrives byte by byte.", tempo{size: 1}),
		slowly("The request arrives byte by byte, with pauses of 1 ms.",
			tempo{size: 1, gap: time.Millisecond}),
		slowly("The request arrives in pieces of 7 bytes, with pauses of 5 ms.",
			tempo{size: 7, gap: 5 * time.Millisecond}),
	}
	for _, cut := range []struct{ where, after string }{
		{"in the method", "GE"}, {"in the middle of the request line", "GET /"},
		{"between CR and LF of the request line", "HTTP/1.1\r"},
		{"after the first line", "HTTP/1.1\r\n"}, {"in the name of a field", "Sec-Web"},
		{"between a colon and its value", "Upgrade:"},
		{"in the key", "Sec-WebSocket-Key: AB"}, {"before the last line", "Sec-WebSocket-Version: 13\r\n"},
		{"before the last byte", "Sec-WebSocket-Version: 13\r\n\r"},
	} {
		rows = append(rows, letterCase{
			"The request arrives in two pieces, cut " + cut.where + ".",
			"The server accepts it and returns a message.", ruleOpening,
			func(s *script) { s.askCut(cut.after) },
		})
	}
	return append(rows,
		letterCase{"A ping is sent together with the request.",
			"The server answers it once it has accepted the request; or it refuses the request.", early,
			func(s *script) {
				s.ask(trailing(string(s.encode(ping("early")))))
				s.pinged["early"] = true
				kind := s.answer(s.o.HandshakeTimeout)
				if s.status() == 0 && s.reply.line != "" {
					s.inform("The server sent %q before its handshake, in answer to a ping that a client "+
						"must not send so early.", report.Text([]byte(s.reply.line)))
				}
				s.openedBy(kind, func(format string, args ...any) {
					if s.status() != 0 {
						s.refusedEither(format, args...)
					}
					s.inform("The server dropped TCP because of a frame that a client must not send so " +
						"early.")
				})
				if g := s.next(s.o.HandshakeTimeout); g.kind != gotPong || string(g.data) != "early" {
					s.inform("The server accepted, but lost the ping, which a client must not send so "+
						"early: expected a pong, got %s.", g.words())
				}
				s.echo(wire.OpText, []byte("Hello"))
			}})
}

// askCut sends the request in two pieces. The first piece ends with the text after.
func (s *script) askCut(after string) {
	raw := s.compose(set("Sec-WebSocket-Key", "Sec-WebSocket-Key: ABCDEFGHIJKLMNOPQRSTUQ=="))
	i := strings.Index(string(raw), after) + len(after)
	s.write(raw[:i], tempo{})
	s.flush(idleTime)
	s.pause(s.o.cut)
	s.write(raw[i:], tempo{})
	s.last, s.suspect = sent{}, nil
	s.opened(s.broke)
	s.echo(wire.OpText, []byte("Hello"))
}
