package suite

import "github.com/hawser-ws/hawser/compliance/report"

// secondResponse has 86 bytes, which is also the length of the frame that its first bytes announce.
const secondResponse = "HTTP/1.1 200 OK\r\nServer: " + userAgent +
	"\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\nHello"

// earlyResponseRows send bytes after a response, or the bytes of a frame within it.
func earlyResponseRows() []letterCase {
	afterRow := func(r report.Rule, what, mark, tail string) letterCase {
		return letterCase{what, "The client fails the connection with 1002.", r, func(s *script) {
			s.open(trailing(tail))
			s.markSent(0, len(tail), mark)
			s.refused(codeProtocolError)
		}}
	}
	field := func(what string, at int) letterCase {
		return letterCase{what, "The client ignores the field.", ruleOpaque, func(s *script) {
			s.asked()
			s.respond(frameField(at, unmaskedInField, s.composeReply))
			s.suspect = nil
			s.establish()
			s.passedOver(ruleOpaque) // a client that returns no message may have refused the field
		}}
	}
	return []letterCase{
		afterRow(ruleReserved, "A second response is sent together with the response. Its bytes are frames.",
			"The second response, whose first byte has RSV1 set.", secondResponse),
		afterRow(ruleOpcode,
			"Another CR and LF are sent after the response. They are the header of a frame.",
			"CR and LF, which are a frame with opcode 13.", "\r\n"),
		field("The value of a field has the bytes of a text frame.", 0),
		field("The value of a field has the bytes of a text frame, 4,096 bytes after the beginning of the "+
			"response.", 4096),
	}
}
