package suite

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// ---- kinds of rows ---------------------------------------------------------

// fails is a response that a client has to fail the connection for.
func fails(r report.Rule, what string, edits ...edit) letterCase {
	return letterCase{what, "The client drops TCP and takes no message.", r, func(s *script) {
		s.asked()
		s.respond(edits...)
		s.refusedReply(r, false)
	}}
}

// noUpgrade is a response that a client may deal with as any of HTTP.
func noUpgrade(r report.Rule, what string, edits ...edit) letterCase {
	return letterCase{what, "The client takes no message. It may deal with the response as with any of HTTP.", r, func(s *script) {
		s.asked()
		s.respond(append(edits, set("Upgrade"), set("Connection", "Connection: close"), set("Sec-WebSocket-Accept"), add("Content-Length: 0"))...)
		s.refusedReply(ruleConform, true)
	}}
}

// otherStatus is a response that is right but for its status: a client may deal with
// it as with any of HTTP, but must not open the connection.
func otherStatus(what, line string) letterCase {
	return letterCase{what, "The client takes no message. It may deal with the response as with any of HTTP.", ruleNot101, func(s *script) {
		s.asked()
		s.respond(first(line))
		s.refusedReply(ruleConform, true)
	}}
}

// takes is a response that a client has to take.
func takes(r report.Rule, what string, edits ...edit) letterCase {
	return letterCase{what, "The client takes it and returns a message.", r, func(s *script) {
		s.open(edits...)
		s.echo(wire.OpText, []byte("Hello"))
	}}
}

// mayTake is a response that a client may take, which then must work, or not.
func mayTake(r report.Rule, what string, edits ...edit) letterCase {
	return letterCase{what, "The client takes it, and it works; or it drops TCP.", r, func(s *script) {
		s.open(edits...)
		s.mayEcho()
	}}
}

// eitherUpgrade is a response that one sentence lets a client take and another lets it
// refuse.
func eitherUpgrade(r report.Rule, what string, edits ...edit) letterCase {
	return letterCase{what, "The client takes it, and it works. Section 4.2.2 lets it ask for the value Upgrade alone, and then drop TCP.", r, func(s *script) {
		s.open(edits...)
		s.mayEcho()
		if s.res.Behavior == report.OK {
			s.saw(report.Informational, "The client refused it. A server should send %q alone (section 4.2.2).", "Connection: Upgrade")
		} else {
			s.saw(report.OK, "The client took it.")
		}
	}}
}

// mayIgnore is a field without an element. By the letter it breaks its grammar, and the
// client fails the connection; but servers of Kitura and .NET send it for none, and some
// clients read it so. That is told and not held against them.
func mayIgnore(r report.Rule, what string, edits ...edit) letterCase {
	c := mayTake(r, what, edits...)
	c.want = "The client drops TCP; or it takes the field for none, and the connection works."
	return c
}

// mayEcho sends a message to a client that may have dropped TCP.
func (s *script) mayEcho() {
	s.sendMessage(wire.OpText, []byte("Hello"))
	switch g := s.next(s.o.HandshakeTimeout); g.kind {
	case gotMessage:
		s.backIs(g, wire.OpText, []byte("Hello"))
		s.saw(report.Informational, "The client took it.")
	case gotRequest:
		s.saw(report.OK, "The client refused it, and asked again: %s came.", g.words())
	case gotEOF, gotClose:
		s.closedBy(g)
		s.res.BehaviorClose, s.res.ResultClose = report.OK, "The client did not open the connection."
		s.saw(report.OK, "The client refused it.")
	default:
		s.against(ruleClientFails, "The client neither returned the message nor dropped TCP, as one that refuses the response has to.")
	}
}

// asked checks the request of the client.
func (s *script) asked() {
	if why := s.checkRequest(); why != "" {
		s.against(ruleAsk, "The request of the client is wrong: %s.", why)
	}
}

// refusedReply waits for a client to refuse a response, as a rule asks. It must not
// take a message, and drop TCP: at once, or at the end of ours, as one does that reads
// the response to its end for an error message. With ordinary it may also leave it to
// us to drop TCP.
func (s *script) refusedReply(r report.Rule, ordinary bool) {
	s.dec = wire.Decoder{Role: wire.Server, MaxMessage: -1}
	s.badFrame = func(why string) {
		s.against(r, "The client should have refused the response, but accepted it: a frame came (%s).", why)
	}
	s.remember(s.rest)
	if s.read(time.Now().Add(doubtTime)); len(s.rest) == 0 && !s.in.ended {
		s.write(s.octets(textFrame("Is all well?")), tempo{})
		s.read(time.Now().Add(idleTime))
	}
	if c, ok := s.conn.(interface{ CloseWrite() error }); ok && len(s.rest) == 0 && !s.in.ended && !ordinary {
		_ = c.CloseWrite()
		s.read(time.Now().Add(reactionTime))
	}
	switch g := s.next(doubtTime); {
	case g.kind == gotRequest:
		s.saw(report.OK, "The client refused it, and asked again: %s came.", g.words())
	case g.kind == gotEOF:
		s.saw(report.OK, "The client refused it.")
	case g.kind == gotClose:
		s.saw(report.OK, "The client refused it, by %s.", g.words())
	case g.kind == gotNothing && ordinary:
		s.saw(report.OK, "The client did not open a WebSocket connection.")
	case g.kind == gotNothing && s.c.Rule.Level == "" && s.quiet:
		s.inform("The client neither took the response nor dropped TCP. No RFC says how soon it has to.")
	case g.kind == gotNothing:
		s.against(ruleClientFails, "The client did not drop TCP, as one that refuses the response has to.")
	default:
		s.against(r, "The client should have refused the response, but accepted it: %s came.", g.words())
	}
}

// ---- tables ----------------------------------------------------------------

// ruleInvalidReply is what a client does with an answer that fits none of its offers.
var ruleInvalidReply = rule7692("5", "If a server gives an invalid response, such as accepting a PMCE that the client did not offer, the client MUST _Fail the WebSocket Connection_. [Section 7.1.2.2 adds:] "+ruleClient.Text)

const mustFail = " the client MUST _Fail the WebSocket Connection_."

// What a client makes of a response.
var (
	ruleNot101      = rule("4.1", "", "If the status code received from the server is not 101, the client handles the response per HTTP [RFC2616] procedures.")
	ruleVersion     = rule("4.2.2", "", "A Status-Line with a 101 response code as per RFC 2616 [RFC2616]. Such a response could look like \"HTTP/1.1 101 Switching Protocols\".")
	ruleClientFails = rule("7.1.7", "MUST", "To do so, the client MUST _Close the WebSocket Connection_, and MAY report the problem to the user (which would be especially useful for developers) in an appropriate manner.")
	ruleChecks      = rule("4.1", "MUST", "The client MUST validate the server's response as follows:")
)

var ruleConform = rule("4.1", "MUST", "If the server's response does not conform to the requirements for the server's handshake as defined in this section and in Section 4.2.2,"+mustFail)

func statusRows() []letterCase {
	interim := http9110("15.2", "MUST", "A client MUST be able to parse one or more 1xx responses received prior to a final response, even if the client does not expect one.")
	reason := http9112("4", "SHOULD", "A client SHOULD ignore the reason-phrase content because it is not a reliable channel for information")
	const switching = "HTTP/1.1 101 Switching Protocols"
	return []letterCase{
		otherStatus("All is right but the status, 200.", "HTTP/1.1 200 OK"),
		otherStatus("All is right but the status, 202.", "HTTP/1.1 202 Accepted"),
		otherStatus("All is right but the status, 404.", "HTTP/1.1 404 Not Found"),
		otherStatus("All is right but the status, 1010.", "HTTP/1.1 1010 Switching Protocols"),
		noUpgrade(ruleNot101, "A response of 200.", first("HTTP/1.1 200 OK")),
		noUpgrade(ruleNot101, "A response of 400.", first("HTTP/1.1 400 Bad Request")),
		noUpgrade(ruleNot101, "A response of 404.", first("HTTP/1.1 404 Not Found")),
		noUpgrade(ruleNot101, "A response of 500.", first("HTTP/1.1 500 Internal Server Error")),
		noUpgrade(ruleNot101, "A response of 301 that leads nowhere.", first("HTTP/1.1 301 Moved Permanently")),
		mayTake(ruleVersion, "The version is HTTP/1.0.", first("HTTP/1.0 101 Switching Protocols")),
		fails(ruleConform, "The first line is not of HTTP.", first("WS/1.1 101 Switching Protocols")),
		fails(ruleConform, "The first line is garbage.", first("\x00\x01\x02\xff")),
		takes(reason, "The reason phrase is another one.", first("HTTP/1.1 101 Web Socket Protocol Handshake")),
		takes(reason, "The reason phrase is empty.", first("HTTP/1.1 101 ")),
		mayTake(reason, "There is no space behind the status.", first("HTTP/1.1 101")),
		takes(interim, "A response of 100 comes first.", first("HTTP/1.1 100 Continue\r\n\r\n"+switching)),
		takes(interim, "A response of 103 comes first.", first("HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n"+switching)),
	}
}

func replyFieldRows() []letterCase {
	up := rule("4.1", "MUST", `If the response lacks an |Upgrade| header field or the |Upgrade| header field contains a value that is not an ASCII case-insensitive match for the value "websocket",`+mustFail)
	con := rule("4.1", "MUST", `If the response lacks a |Connection| header field or the |Connection| header field doesn't contain a token that is an ASCII case-insensitive match for the value "Upgrade",`+mustFail)
	folded := http9112("5.2", "MUST", "A user agent that receives an obs-fold in a response message that is not within a \"message/http\" container MUST replace each received obs-fold with one or more SP octets prior to interpreting the field value.")
	colon := http9112("5.1", "", "No whitespace is allowed between the field name and colon.")
	return []letterCase{
		fails(up, "There is no Upgrade.", set("Upgrade")),
		fails(up, "Upgrade is another protocol.", set("Upgrade", "Upgrade: example")),
		fails(up, "Upgrade begins with websocket.", set("Upgrade", "Upgrade: websockets")),
		fails(up, "Upgrade is empty.", set("Upgrade", "Upgrade:")),
		takes(up, "Upgrade is in mixed case.", set("Upgrade", "Upgrade: WebSocket")),
		fails(con, "There is no Connection.", set("Connection")),
		fails(con, "Connection lacks Upgrade.", set("Connection", "Connection: keep-alive")),
		fails(con, "Connection is close.", set("Connection", "Connection: close")),
		fails(con, "Connection has words that begin or end like Upgrade.", set("Connection", "Connection: upgrades, no-upgrade")),
		eitherUpgrade(con, "Connection is a list.", set("Connection", "Connection: keep-alive, Upgrade")),
		takes(con, "Connection is in lower case.", set("Connection", "Connection: upgrade")),
		eitherUpgrade(con, "There are two Connection fields.", set("Connection", "Connection: keep-alive", "Connection: Upgrade")),
		takes(ruleChecks, "The names of fields are in lower case.", set("Upgrade", "upgrade: websocket"), set("Connection", "connection: Upgrade"), set("Sec-WebSocket-Accept", "sec-websocket-accept: {accept}")),
		takes(ruleChecks, "The names of fields are in upper case.", set("Upgrade", "UPGRADE: websocket"), set("Connection", "CONNECTION: Upgrade"), set("Sec-WebSocket-Accept", "SEC-WEBSOCKET-ACCEPT: {accept}")),
		takes(ruleChecks, "There are fields that nobody knows.", add("X-Unknown: 1", "X-Empty:", "Set-Cookie: a=b")),
		mayTake(folded, "The value of a field is folded.", add("X-Folded: one,\r\n two")),
		mayTake(ruleRepair, "A line has no colon.", add("Nonsense")),
		mayTake(colon, "There is a space before a colon.", add("X-Spaced : 1")),
		mayTake(colon, "There is a space before the colon of Upgrade.", set("Upgrade", "Upgrade : websocket")),
	}
}

func acceptRows() []letterCase {
	r := rule("4.1", "MUST", `If the response lacks a |Sec-WebSocket-Accept| header field or the |Sec-WebSocket-Accept| contains a value other than the base64-encoded SHA-1 of the concatenation of the |Sec-WebSocket-Key| (as a string, not base64-decoded) with the string "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" but ignoring any leading and trailing whitespace,`+mustFail)
	once := rule("11.3.3", "MUST", "The |Sec-WebSocket-Accept| header MUST NOT appear more than once in an HTTP response.")
	field := func(values ...string) edit {
		var lines []string
		for _, v := range values {
			lines = append(lines, "Sec-WebSocket-Accept:"+v)
		}
		return set("Sec-WebSocket-Accept", lines...)
	}
	const other = " s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" // of the key in the RFC
	lower := func() letterCase {
		c := fails(r, "The accept value is right but for the case of its letters.")
		c.play = func(s *script) {
			s.asked()
			accept := wire.AcceptKey(s.key)
			s.respond(field(" " + strings.ToLower(accept[:14]) + strings.ToUpper(accept[14:])))
			s.refusedReply(r, false)
		}
		return c
	}
	return []letterCase{
		fails(r, "There is no accept value.", field()),
		fails(r, "The accept value is empty.", field("")),
		fails(r, "The accept value is that of another key.", field(other)),
		fails(r, "The accept value is cut short.", field(" s3pPLMBiTxaQ9kYGzzhZRbK")),
		lower(),
		fails(r, "Behind the accept value stands something else.", field(" {accept}x")),
		fails(r, "There are two accept values, the second one right.", field(other, " {accept}")),
		fails(r, "There are two accept values, the first one right.", field(" {accept}", other)),
		mayTake(once, "The accept value is given twice.", field(" {accept}", " {accept}")),
		takes(r, "The accept value has spaces and tabs around it.", field(" \t {accept} \t")),
		takes(r, "The accept value follows its colon at once.", field("{accept}")),
	}
}

func replyProtocolRows() []letterCase {
	r := rule("4.1", "MUST", "If the response includes a |Sec-WebSocket-Protocol| header field and this header field indicates the use of a subprotocol that was not present in the client's handshake (the server has indicated a subprotocol not requested by the client),"+mustFail)
	empty := rule("4.2.2", "", "The empty string is not the same as the null value for these purposes and is not a legal value for this field.")
	const f = "Sec-WebSocket-Protocol:"
	return []letterCase{
		fails(r, "A subprotocol that was not offered.", add(f+" wscheck.unoffered")),
		fails(r, "Two subprotocols that were not offered, in one field.", add(f+" wscheck.one, wscheck.two")),
		fails(r, "Two subprotocols that were not offered, in two fields.", add(f+" wscheck.one", f+" wscheck.two")),
		mayIgnore(empty, "An empty subprotocol.", add(f)),
		fails(r, "A subprotocol that is no token.", add(f+" a b/c")),
	}
}

func replyExtensionRows() []letterCase {
	r := rule("4.1", "MUST", "If the response includes a |Sec-WebSocket-Extensions| header field and this header field indicates the use of an extension that was not present in the client's handshake (the server has indicated an extension not requested by the client),"+mustFail)
	const mustFailIf = "A client MUST _Fail the WebSocket Connection_ if the peer server accepted an extension negotiation offer for this extension with an extension negotiation response meeting any of the following conditions: "
	unknown := rule7692("7", mustFailIf+"The negotiation response contains an extension parameter not defined for use in a response.")
	value := rule7692("7", mustFailIf+"[...] The negotiation response contains an extension parameter with an invalid value.")
	twice := rule7692("7", mustFailIf+"[...] The negotiation response contains multiple extension parameters with the same name.")
	row := func(rule report.Rule, what, answer string) letterCase {
		c := fails(rule, what, add("Sec-WebSocket-Extensions:"+answer))
		c.play = func(s *script) {
			s.asked()
			s.respond(add("Sec-WebSocket-Extensions:" + answer))
			broken := rule
			if !s.offered() {
				broken = r // whatever else is wrong with the answer
			}
			s.refusedReply(broken, false)
		}
		return c
	}
	const pd = " " + extensionName
	rows := []letterCase{
		row(r, "An extension that was not offered.", " x-unoffered"),
		row(r, "An extension called x-permessage-deflate-foo.", " x-permessage-deflate-foo"),
		row(r, "An extension called permessage-deflate2.", " permessage-deflate2"),
		row(r, "permessage-deflate and another extension.", pd+", x-unoffered"),
		row(ruleSameBit, "permessage-deflate twice.", pd+","+pd),
		row(unknown, "An unknown parameter.", pd+"; unknown"),
		row(unknown, "An unknown parameter with a value.", pd+"; mem_level=8"),
		row(value, "server_no_context_takeover with a value.", pd+"; server_no_context_takeover=1"),
		row(value, "client_no_context_takeover with a value.", pd+"; client_no_context_takeover=1"),
		row(value, "server_max_window_bits without a value.", pd+"; server_max_window_bits"),
		row(value, "client_max_window_bits without a value.", pd+"; client_max_window_bits"),
	}
	for _, name := range []string{"server_max_window_bits", "client_max_window_bits"} {
		for _, v := range []string{"7", "16", "0", "08", "-9"} {
			rows = append(rows, row(value, name+"="+v+".", pd+"; "+name+"="+v))
		}
	}
	rows = append(rows,
		row(twice, "server_no_context_takeover twice.", pd+"; server_no_context_takeover; server_no_context_takeover"),
		row(twice, "server_max_window_bits twice.", pd+"; server_max_window_bits=10; server_max_window_bits=10"),
		mayIgnore(ruleGrammar, "An empty field.", add("Sec-WebSocket-Extensions:")),
		row(ruleGrammar, "An answer that ends in a semicolon.", pd+";"),
		row(ruleGrammar, "A quoted value that is no token.", pd+`; server_max_window_bits=""`),
		unofferedRow(r, "permessage-deflate, where it was not offered.", "", func([]wire.ExtensionSpec) bool { return false }),
		unofferedRow(ruleInvalidReply, "client_max_window_bits, where it was not offered.", "; client_max_window_bits=10", func(offers []wire.ExtensionSpec) bool {
			return slices.ContainsFunc(offers, func(o wire.ExtensionSpec) bool {
				d, err := parseDeflate(o, false)
				return o.Name == extensionName && err == nil && d.ClientBits != 0
			})
		}),
	)
	for _, name := range []string{"server_max_window_bits", "client_max_window_bits"} {
		for _, v := range []string{"09", "+9", "010"} {
			rows = append(rows, row(value, name+"="+v+".", pd+"; "+name+"="+v))
		}
	}
	return append(rows, sameBitReplyRow(r))
}

// unofferedRow is an answer that is wrong only to a client that has not offered it.
func unofferedRow(r report.Rule, what, params string, may func([]wire.ExtensionSpec) bool) letterCase {
	return letterCase{what, "The client drops TCP and takes no message. One that offers this is not tested.", r, func(s *script) {
		s.asked()
		offers, _ := wire.ParseExtensions(s.request.fields.Values("Sec-Websocket-Extensions"))
		if may(offers) || params == "" && s.offered() {
			s.open()
			s.inform("The client offers it.")
		}
		s.respond(add("Sec-WebSocket-Extensions: " + extensionName + params))
		s.refusedReply(r, false)
	}}
}

// offered reports whether a client offers permessage-deflate.
func (s *script) offered() bool {
	offers, _ := wire.ParseExtensions(s.request.fields.Values("Sec-Websocket-Extensions"))
	return slices.ContainsFunc(offers, func(o wire.ExtensionSpec) bool { return o.Name == extensionName })
}

func replyDeliveryRows() []letterCase {
	slowly := func(what string, how tempo) letterCase {
		return letterCase{what, "The client takes it and returns a message.", ruleChecks, func(s *script) {
			s.asked()
			s.respondBy(how)
			s.suspect = nil
			s.establish()
			s.sendMessage(wire.OpText, []byte("Hello"))
			g := s.next(s.o.HandshakeTimeout)
			if g.kind == gotEOF && how.size == 1 { // a client that cannot read pieces fails the rows after these
				s.res.BehaviorClose, s.res.ResultClose = report.OK, "The client did not open the connection."
				s.inform("The client dropped TCP. No sentence forbids a guard against responses in very many pieces.")
			}
			s.backIs(g, wire.OpText, []byte("Hello"))
		}}
	}
	large := http9110("5.4", "MAY", "A client MAY discard or truncate received field lines that are larger than the client wishes to process if the field semantics are such that the dropped value(s) can be safely ignored without changing the message framing or response semantics.")
	return []letterCase{
		slowly("The response comes octet by octet.", tempo{size: 1}),
		slowly("The response comes octet by octet, with 1 ms between.", tempo{size: 1, gap: time.Millisecond}),
		slowly("The response comes in pieces of 7 octets, with 5 ms between.", tempo{size: 7, gap: 5 * time.Millisecond}),
		slowly("The response comes in pieces of 128 octets, with 20 ms between.", tempo{size: 128, gap: 20 * time.Millisecond}),
		{"A message comes together with the response.", "It comes back.", ruleParse, func(s *script) {
			s.open(behind(string(s.octets(textFrame("early")))))
			s.comesBack(wire.OpText, []byte("early"))
		}},
		{"A message comes together with the response, which is cut within the frame.", "It comes back.", ruleParse, func(s *script) {
			f := string(s.octets(textFrame("early bird")))
			s.open(behind(f[:5]))
			s.flush(idleTime)
			s.pause(20 * time.Millisecond)
			s.write([]byte(f[5:]), tempo{})
			s.comesBack(wire.OpText, []byte("early bird"))
		}},
		{"A close frame comes together with the response.", "It is answered.", ruleCloseAnswer, earlyClose},
		mayTake(large, "The response has 60 KiB of fields.", add(slices.Repeat([]string{"X-Long: " + strings.Repeat("x", 1000)}, 60)...)),
		mayTake(large, "The response has a field of 100,000 octets.", add("X-Long: "+strings.Repeat("x", 100000))),
		oversizedReplyRow(),
	}
}

// earlyClose closes a connection with its response.
func earlyClose(s *script) {
	s.open(behind(string(s.octets(frame{op: wire.OpClose, payload: []byte{0x03, 0xe8}}))))
	s.logFrame(frame{op: wire.OpClose, payload: []byte{0x03, 0xe8}})
	s.state, s.res.ClosedByMe, s.res.LocalCloseCode = closing, true, codeNormal
	s.res.ExpectedClose = &report.ExpectedClose{ClosedByMe: true, CloseCode: []int{codeNormal}, RequireClean: true}
	g := s.next(s.o.HandshakeTimeout)
	if g.kind != gotClose {
		s.unexpected(g, "a close frame")
	}
	s.closedBy(g)
	if g.code != codeNormal && g.code != 0 {
		s.otherCode()
	}
	s.saw(report.OK, "The client answered %s.", g.words())
}

// oversizedReplyRow is a response of more octets than any client needs.
func oversizedReplyRow() letterCase {
	r := http9110("17.5", "", ruleLong)
	return letterCase{"The response has 8 MiB of fields.", "The client drops TCP before it has taken all that, though no RFC says that it has to.", r, func(s *script) {
		s.asked()
		s.hush()
		s.respond(add(slices.Repeat([]string{"X-Long: " + strings.Repeat("x", 8000)}, 1<<10)...))
		s.flush(workTime)
		s.refusedReply(r, false)
	}}
}

// stalledReplyRows is a response that does not end.
func stalledReplyRows() []letterCase {
	want := fmt.Sprintf("The client gives up within %v, though no RFC names a time.", giveUpTime)
	return []letterCase{{"The response stops before its end.", want, ruleIdle, func(s *script) {
		s.asked()
		s.write([]byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"), tempo{})
		for deadline := time.Now().Add(giveUpTime); !s.in.ended; {
			if !s.read(deadline) {
				s.inform("The client still waits after %v. No RFC says when it has to give up.", giveUpTime)
			}
		}
		s.saw(report.OK, "The client gave up.")
	}}}
}

// maskedRows are frames of ours that are masked, as only a client's may be.
func maskedRows() []letterCase {
	r := rule("5.1", "MUST", "A client MUST close a connection if it detects a masked frame.")
	row := func(what string, f bentFrame, before ...frame) letterCase {
		if f.mask == maskRight {
			f.mask = maskWrong
		}
		return letterCase{what, "The client closes the connection. It may send a close frame with 1002 before.", r, func(s *script) {
			s.open()
			s.send(before...)
			s.sendBent(f.whole(), 1, 1, "The frame is masked.")
			s.closedOver()
		}}
	}
	return []letterCase{
		row("A text message that is masked.", bentFrame{op: wire.OpText, payload: "Hello"}),
		row("A binary message that is masked.", bentFrame{op: wire.OpBinary, payload: "Hello"}),
		row("An empty text message that is masked.", bentFrame{op: wire.OpText}),
		row("A ping that is masked.", bentFrame{op: wire.OpPing, payload: "Hello"}),
		row("A pong that is masked.", bentFrame{op: wire.OpPong, payload: "Hello"}),
		row("A close frame that is masked.", bentFrame{op: wire.OpClose, payload: "\x03\xe8"}),
		row("A last fragment that is masked, behind one that is not.", bentFrame{op: wire.OpContinuation, payload: "Hello"}, moreText("First. ")),
		row("A message of 65,536 octets that is masked.", bentFrame{op: wire.OpBinary, payload: strings.Repeat("x", 1<<16)}),
		row("A text message that is masked with a key of zeros.", bentFrame{op: wire.OpText, payload: "Hello", mask: maskZero}),
	}
}
