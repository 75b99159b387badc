package suite

import (
	"slices"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// ruleInvalidReply is the rule on an answer that matches none of the client's offers.
var ruleInvalidReply = rule7692("5", "If a server gives an invalid response, such as accepting a PMCE "+
	"that the client did not offer, the client MUST _Fail the WebSocket Connection_. [Section 7.1.2.2 "+
	"adds:] "+ruleClient.Text)

const mustFailIf = "A client MUST _Fail the WebSocket Connection_ if the peer server accepted an " +
	"extension negotiation offer for this extension with an extension negotiation response meeting any of " +
	"the following conditions: "

// The rules of replyExtensionRows.
var (
	ruleUnofferedReply = rule("4.1", "MUST",
		"If the response includes a |Sec-WebSocket-Extensions| header field and this header field "+
			"indicates the use of an extension that was not present in the client's handshake (the server "+
			"has indicated an extension not requested by the client),"+mustFail)
	ruleReplyUnknown = rule7692("7",
		mustFailIf+"The negotiation response contains an extension parameter not defined for use in a "+
			"response.")
	ruleReplyValue = rule7692("7",
		mustFailIf+"[...] The negotiation response contains an extension parameter with an invalid value.")
	ruleReplyTwice = rule7692("7",
		mustFailIf+"[...] The negotiation response contains multiple extension parameters with the same "+
			"name.")
)

func replyExtensionRows() []letterCase {
	row := func(rule report.Rule, what, answer string) letterCase {
		c := fails(rule, what, add("Sec-WebSocket-Extensions:"+answer))
		c.play = func(s *script) {
			s.asked()
			s.respond(add("Sec-WebSocket-Extensions:" + answer))
			broken := rule
			if !s.offered() {
				broken = ruleUnofferedReply // even if the answer also breaks another rule
			}
			s.refusedReply(broken, false)
		}
		return c
	}
	const pd = " " + extensionName
	rows := []letterCase{
		row(ruleUnofferedReply, "An extension that was not offered.", " x-unoffered"),
		row(ruleUnofferedReply, "An extension called x-permessage-deflate-foo.",
			" x-permessage-deflate-foo"),
		row(ruleUnofferedReply, "An extension called permessage-deflate2.", " permessage-deflate2"),
		row(ruleUnofferedReply, "permessage-deflate and another extension.", pd+", x-unoffered"),
		row(ruleSameBit, "permessage-deflate twice.", pd+","+pd),
		row(ruleReplyUnknown, "An unknown parameter.", pd+"; unknown"),
		row(ruleReplyUnknown, "An unknown parameter with a value.", pd+"; mem_level=8"),
		row(ruleReplyValue, "server_no_context_takeover with a value.", pd+"; server_no_context_takeover=1"),
		row(ruleReplyValue, "client_no_context_takeover with a value.", pd+"; client_no_context_takeover=1"),
		row(ruleReplyValue, "server_max_window_bits without a value.", pd+"; server_max_window_bits"),
		row(ruleReplyValue, "client_max_window_bits without a value.", pd+"; client_max_window_bits"),
	}
	for _, name := range []string{"server_max_window_bits", "client_max_window_bits"} {
		for _, v := range []string{"7", "16", "0", "08", "-9"} {
			rows = append(rows, row(ruleReplyValue, name+"="+v+".", pd+"; "+name+"="+v))
		}
	}
	rows = append(rows,
		row(ruleReplyTwice, "server_no_context_takeover twice.",
			pd+"; server_no_context_takeover; server_no_context_takeover"),
		row(ruleReplyTwice, "server_max_window_bits twice.",
			pd+"; server_max_window_bits=10; server_max_window_bits=10"),
		mayIgnore(ruleGrammar, "An empty field.", add("Sec-WebSocket-Extensions:")),
		row(ruleGrammar, "An answer that ends in a semicolon.", pd+";"),
		row(ruleGrammar, "A quoted value that is not a token.", pd+`; server_max_window_bits=""`),
		unofferedRow(ruleUnofferedReply, "permessage-deflate, which was not offered.", "",
			func([]wire.ExtensionSpec) bool { return false }),
		unofferedRow(ruleInvalidReply, "client_max_window_bits, which was not offered.",
			"; client_max_window_bits=10", func(offers []wire.ExtensionSpec) bool {
				return slices.ContainsFunc(offers, func(o wire.ExtensionSpec) bool {
					d, err := parseDeflate(o, false)
					return o.Name == extensionName && err == nil && d.ClientBits != 0
				})
			}),
	)
	for _, name := range []string{"server_max_window_bits", "client_max_window_bits"} {
		for _, v := range []string{"09", "+9", "010"} {
			rows = append(rows, row(ruleReplyValue, name+"="+v+".", pd+"; "+name+"="+v))
		}
	}
	return append(rows, sameBitReplyRow(ruleUnofferedReply))
}

// unofferedRow returns a case with an answer that is invalid only if the client has not offered it. If the
// client has, the verdict is INFORMATIONAL.
func unofferedRow(r report.Rule, what, params string, may func([]wire.ExtensionSpec) bool) letterCase {
	return letterCase{what,
		"The client drops TCP and accepts no message. A client that offers this is not tested.",
		r, func(s *script) {
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
