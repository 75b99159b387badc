package suite

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

const mustDecline = "A server MUST decline an extension negotiation offer for this extension if any of " +
	"the following conditions are met: "

var (
	ruleUnknown = rule7692("7",
		mustDecline+"The negotiation offer contains an extension parameter not defined for use in an offer.")
	ruleValue = rule7692("7",
		mustDecline+"[...] The negotiation offer contains an extension parameter with an invalid value.")
	ruleTwice = rule7692("7",
		mustDecline+"[...] The negotiation offer contains multiple extension parameters with the same name.")
	ruleListed  = rule("4.2.2", "MUST", "Extensions not listed by the client MUST NOT be listed.")
	ruleGrammar = rule("9.1", "MUST", "If a value is received by either the client or the server during "+
		"negotiation that does not conform to the ABNF below, the recipient of such malformed data MUST "+
		"immediately _Fail the WebSocket Connection_.")
	ruleServer = rule7692("7.1.2.1", `A server accepts an extension negotiation offer with this parameter `+
		`by including the "server_max_window_bits" extension parameter in the extension negotiation `+
		`response to send back to the client with the same or smaller value as the offer.`+asSpecified)
	ruleClient = rule7692("7.1.2.2", `If a received extension negotiation offer doesn't have the `+
		`"client_max_window_bits" extension parameter, the corresponding extension negotiation response `+
		`to the offer MUST NOT include the "client_max_window_bits" extension parameter.`)
	ruleNoServer = rule7692("7.1.1.1", `A server accepts an extension negotiation offer that includes the `+
		`"server_no_context_takeover" extension parameter by including the "server_no_context_takeover" `+
		`extension parameter in the corresponding extension negotiation response to send back to the `+
		`client.`+asSpecified)
	ruleParams   = rule("9", "MUST", mustSpecified)
	ruleOneField = rule("11.3.2", "MUST",
		"However, the |Sec-WebSocket-Extensions| header field MUST NOT appear more than once in an HTTP "+
			"response.")
	ruleBits = rule7692("5", "A server MUST NOT accept a PMCE extension negotiation offer together with "+
		"another extension if the PMCE will conflict with the extension on their use of the RSV1 bit.")
	ruleHint = without(rule7692("7.1.2.2",
		`If the "client_max_window_bits" extension parameter in a received extension negotiation offer `+
			`has a value, the server may either ignore this value or use this value to avoid allocating `+
			`an unnecessarily big LZ77 sliding window by including the "client_max_window_bits" extension `+
			`parameter in the corresponding extension negotiation response to the offer with a value `+
			`equal to or smaller than the received value.`))
)

const (
	mustSpecified = "If extension parameters are included in negotiations between the client and the " +
		"server, those parameters MUST be chosen in accordance with the specification of the extension to " +
		"which the parameters apply."
	asSpecified = " [RFC 6455, section 9, adds:] " + mustSpecified
)

// without returns the rule without a level, because its text has no key word of RFC 2119.
func without(r report.Rule) report.Rule {
	r.Level = ""
	return r
}

// An answer is the answer of a server to the offers of a client.
type answer struct {
	deflateParams
	deflate bool // permessage-deflate was negotiated
	other   bool // other extensions were negotiated, which were also offered
	hint    int  // client_max_window_bits of the offer, if it has a value
}

// parseAnswer parses and validates the Sec-WebSocket-Extensions of a response to a request.
func parseAnswer(request, reply head) (a answer, b breach) {
	const field = "Sec-Websocket-Extensions"
	values := reply.fields.Values(field)
	if len(values) == 0 {
		return a, b
	}
	wrong := func(r report.Rule, format string, args ...any) (answer, breach) {
		return a, breach{r, fmt.Sprintf(format, args...)}
	}
	answers, err := parseExtensions(values)
	offers, _ := wire.ParseExtensions(request.fields.Values(field))
	named := func(o wire.ExtensionSpec) func(wire.ExtensionSpec) bool {
		return func(p wire.ExtensionSpec) bool { return p.Name == o.Name }
	}
	switch {
	case len(values) > 1:
		return wrong(ruleOneField, "the response has %d Sec-WebSocket-Extensions fields", len(values))
	case err != nil:
		return wrong(ruleGenerate, "Sec-WebSocket-Extensions is %q, which is malformed: %v", values[0], err)
	}
	for i, o := range answers {
		if !slices.ContainsFunc(offers, named(o)) {
			return wrong(ruleListed, "the server answered %q, but %s was not offered", values[0], o.Name)
		}
		if o.Name == extensionName && slices.ContainsFunc(answers[:i], named(o)) {
			return wrong(ruleBits, "the server accepted %s twice: it answered %q", o.Name, values[0])
		}
	}
	if a.other = len(answers) > 1 || answers[0].Name != extensionName; a.other {
		return a, b
	}
	if a.deflateParams, err = parseDeflate(answers[0], true); err != nil {
		return wrong(ruleParams, "the server answered %q: %v", values[0], err)
	}
	b = breach{why: "the server accepted an offer that it must decline"}
	for _, o := range offers {
		offer, err := parseDeflate(o, false)
		if o.Name != extensionName || err != nil {
			continue
		}
		if b = fits(a.deflateParams, offer); b.why == "" {
			a.deflate, a.hint = true, max(offer.ClientBits, 0)
			return a, b
		}
	}
	b.why += fmt.Sprintf(": it answered %q", values[0])
	return a, b
}

// fits says why an answer does not accept an offer. The value of client_max_window_bits in an offer is
// a hint, which a server may ignore.
func fits(answer, offer deflateParams) breach {
	switch {
	case offer.ServerNoContext && !answer.ServerNoContext:
		return breach{ruleNoServer,
			"the server accepted the offer, but its answer lacks server_no_context_takeover"}
	// 15 bits are what a window has without the parameter.
	case offer.ServerBits > 0 && offer.ServerBits < 15 && answer.ServerBits == 0:
		return breach{ruleServer,
			"the server accepted the offer, but its answer lacks server_max_window_bits"}
	case offer.ServerBits > 0 && answer.ServerBits > offer.ServerBits:
		return breach{ruleServer, "the server answered with a larger server_max_window_bits"}
	case offer.ClientBits == 0 && answer.ClientBits > 0:
		return breach{ruleClient, "the server answered with client_max_window_bits, which was not offered"}
	}
	return breach{}
}

// offer opens a connection with offers in Sec-WebSocket-Extensions fields. It reports whether
// permessage-deflate was negotiated.
func (s *script) offer(refused func(string, ...any), fields ...string) bool {
	var lines []string
	for _, f := range fields {
		lines = append(lines, "Sec-WebSocket-Extensions: "+f)
	}
	s.ask(add(lines...))
	suspect := s.suspect
	s.opened(refused)
	a := s.negotiated()
	if a.other {
		s.inform("The server accepted %s. The suite supports no extension other than permessage-deflate.",
			quoted(s.reply.fields.Values("Sec-Websocket-Extensions")))
	}
	s.suspect = suspect
	if a.deflate {
		if a.hint > 0 && (a.ClientBits == 0 || a.ClientBits > a.hint) {
			a.ClientBits = a.hint // the offer promises that we keep to it
		}
		s.agree(a.deflateParams)
	}
	return a.deflate
}

// negotiated returns the answer to the offers. It ends the script if the answer is invalid.
func (s *script) negotiated() answer {
	a, b := parseAnswer(s.request, s.reply)
	switch {
	case b.why != "" && b.rule.Text == "":
		s.broke("%s%s.", strings.ToUpper(b.why[:1]), b.why[1:])
	case b.why != "":
		s.against(b.rule, "%s%s.", strings.ToUpper(b.why[:1]), b.why[1:])
	}
	return a
}

// misread sets the verdict on a server that refuses a request with a valid offer. If the server accepts
// requests with a plain offer, it may refuse this one, because no rule requires it to accept a connection.
func (s *script) misread(format string, args ...any) {
	refuses := func(string, ...any) { panic(stop{}) }
	plain := false
	s.passes(func(o *script) { o.offer(refuses, extensionName); plain = true })
	switch {
	case !plain:
		s.against(partExtensions, format, args...)
	case s.status() == 0:
		s.against(ruleStatus, "The server dropped TCP without a response. It could have declined the "+
			"offer and accepted the connection.")
	}
	s.inform("The server refused the connection with %q. It could have declined the offer and accepted "+
		"the connection.", s.reply.line)
}

// agree begins to use permessage-deflate with the negotiated parameters.
func (s *script) agree(d deflateParams) {
	s.agreed, s.deflate, s.inflater = d, newDeflater(d, s.server), newInflater(d, !s.server)
	s.dec.RSV = wire.RSV1
}

// mayRefuseOffer is the end of the expectation of some cases with a valid offer. The server may also
// refuse their requests, because there is an invalid offer, too, or whitespace that only RFC 2616 allows.
const mayRefuseOffer = " It may also refuse the request."

// goodOfferRow returns a case with a valid offer.
func goodOfferRow(r report.Rule, what string, fields ...string) letterCase {
	return letterCase{what,
		"The server accepts it with a valid answer, and messages come back; or it declines it.", r,
		func(s *script) { s.goodOffer(r, fields) }}
}

func (s *script) goodOffer(r report.Rule, fields []string) {
	refused := s.misread
	switch {
	case strings.HasSuffix(s.c.Expectation, mayRefuseOffer):
		refused = s.refusedOpenly
	case r == ruleEmptyElements:
		refused = s.broke
	}
	if !s.offer(refused, fields...) {
		s.declined("The server declined it.")
	}
	s.suspect = nil
	for range 2 {
		s.echo(wire.OpText, []byte(strings.Repeat("Hello, hello. ", 40)))
	}
	if a, _ := parseAnswer(s.request, s.reply); a.hint > 0 && a.ClientBits > a.hint {
		s.against(ruleHint,
			"The server answered %q, a larger window than the one in the offer. It may ignore the offered "+
				"value.",
			s.reply.fields.Get("Sec-Websocket-Extensions"))
	}
	if strings.HasSuffix(fields[0], "server_max_window_bits=15") && s.agreed.ServerBits == 0 {
		s.inform("The server accepted server_max_window_bits=15, but its answer %q lacks it. The window "+
			"is 15 bits anyway.", s.reply.fields.Get("Sec-Websocket-Extensions"))
	}
	s.setVerdict(report.OK, "The server answered %q.",
		s.reply.fields.Get("Sec-Websocket-Extensions"))
}

// goodOfferRows are valid offers.
func goodOfferRows() []letterCase {
	odd := func(r report.Rule, what string, fields ...string) letterCase {
		c := goodOfferRow(r, what, fields...)
		c.want += mayRefuseOffer
		return c
	}
	const pd = extensionName
	several := rule("9.1", "MAY", "Note that like other HTTP header fields, this header field MAY be "+
		"split or combined across multiple lines.")
	quotes := rule("9.1", "MUST", "When using the quoted-string syntax variant, the value after "+
		"quoted-string unescaping MUST conform to the 'token' ABNF.")
	return []letterCase{
		goodOfferRow(ruleClient,
			"A plain offer. The answer has no parameter that the client must have offered.", pd),
		goodOfferRow(ruleClient, "An offer of client_max_window_bits.", pd+"; client_max_window_bits"),
		goodOfferRow(ruleClient, "An offer of client_max_window_bits=10.", pd+"; client_max_window_bits=10"),
		goodOfferRow(ruleNoServer, "An offer of server_no_context_takeover.",
			pd+"; server_no_context_takeover"),
		goodOfferRow(ruleClient, "An offer of client_no_context_takeover.",
			pd+"; client_no_context_takeover"),
		goodOfferRow(ruleServer, "An offer of server_max_window_bits=8.", pd+"; server_max_window_bits=8"),
		goodOfferRow(ruleServer, "An offer of server_max_window_bits=9.", pd+"; server_max_window_bits=9"),
		goodOfferRow(ruleServer, "An offer of server_max_window_bits=15.", pd+"; server_max_window_bits=15"),
		goodOfferRow(ruleServer, "An offer of all four parameters.",
			pd+"; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12; "+
				"client_max_window_bits=11"),
		goodOfferRow(quotes, "An offer with a value in quotes.", pd+`; server_max_window_bits="10"`),
		goodOfferRow(quotes, "An offer with a value in quotes, one character of which is escaped.",
			pd+`; server_max_window_bits="1\0"`),
		odd(ruleGrammar, "An offer with whitespace wherever it is allowed.",
			" \t"+pd+" ;\t server_max_window_bits = 10 ; client_no_context_takeover "),
		goodOfferRow(ruleGrammar, "An offer without whitespace.",
			pd+";client_max_window_bits;server_max_window_bits=10"),
		odd(ruleUnknown, "Two offers, of which the first has an unknown parameter.", pd+"; unknown, "+pd),
		odd(ruleValue, "Two offers, of which the first has an invalid window.",
			pd+"; server_max_window_bits=7, "+pd+"; server_max_window_bits=10"),
		odd(ruleTwice, "Three offers in three fields, of which the first two are invalid.",
			pd+"; client_max_window_bits; client_max_window_bits", pd+"; server_max_window_bits",
			pd+"; client_max_window_bits"),
		goodOfferRow(several, "An unknown extension, then an offer.", "x-unknown; a=1; b, "+pd),
		goodOfferRow(several, "An unknown extension in a separate field.", "x-unknown", pd),
		goodOfferRow(ruleEmptyElements, "A list with empty elements.", ", ,"+pd+" ,"),
		goodOfferRow(several, "A quoted comma and semicolon in another extension, then an offer.",
			`x-unknown; a="b", `+pd),
		goodOfferRow(ruleServer, "Two offers, the second without the window of the first.",
			pd+"; server_max_window_bits=9; server_no_context_takeover, "+pd),
	}
}

// badOfferRows are offers that a server has to decline.
func badOfferRows() []letterCase {
	row := func(r report.Rule, what, field string) letterCase {
		return letterCase{what, "The server declines it and accepts the connection.", r, func(s *script) {
			if s.offer(s.refusedOpenly, field) {
				s.broke("The server accepted it by %q.", s.reply.fields.Get("Sec-Websocket-Extensions"))
			}
			s.echo(wire.OpText, []byte("Hello"))
			s.setVerdict(report.OK, "The server declined it.")
		}}
	}
	const pd = extensionName
	rows := []letterCase{
		row(ruleUnknown, "An unknown parameter.", pd+"; unknown"),
		row(ruleUnknown, "An unknown parameter with a value.", pd+"; mem_level=8"),
		row(ruleUnknown, "A parameter whose name begins like a known one.",
			pd+"; server_max_window_bits_too=10"),
		row(ruleUnknown, "A parameter whose name ends like a known one.",
			pd+"; x_client_max_window_bits"),
		row(ruleValue, "server_no_context_takeover with a value.", pd+"; server_no_context_takeover=1"),
		row(ruleValue, "client_no_context_takeover with a value.", pd+"; client_no_context_takeover=true"),
		row(ruleValue, "server_max_window_bits without a value.", pd+"; server_max_window_bits"),
	}
	for _, name := range []string{"server_max_window_bits", "client_max_window_bits"} {
		for _, v := range []string{"7", "16", "0", "08", "010", "1", "100", "-9", "+9", "9.0", "0x9",
			"9bits", "18446744073709551625"} {
			rows = append(rows, row(ruleValue, name+"="+v+".", pd+"; "+name+"="+v))
		}
	}
	rows = append(rows,
		row(ruleTwice, "server_no_context_takeover twice.",
			pd+"; server_no_context_takeover; server_no_context_takeover"),
		row(ruleTwice, "client_no_context_takeover twice.",
			pd+"; client_no_context_takeover; client_no_context_takeover"),
		row(ruleTwice, "server_max_window_bits twice, the same.",
			pd+"; server_max_window_bits=10; server_max_window_bits=10"),
		row(ruleTwice, "server_max_window_bits twice.",
			pd+"; server_max_window_bits=10; server_max_window_bits=12"),
		row(ruleTwice, "client_max_window_bits twice, once with a value.",
			pd+"; client_max_window_bits; client_max_window_bits=10"),
	)
	for _, name := range []string{
		"x-permessage-deflate-foo", "permessage-deflate-foo", "x-permessage-deflate", "permessage-deflat",
		"permessage-deflate2",
		"permessage", "deflate", "deflate-frame", "x-webkit-deflate-frame", "permessage-bzip2",
		"permessage_deflate",
	} {
		rows = append(rows, row(ruleListed, "An extension called "+name+".", name))
	}
	rows = append(rows, caseRows()...)
	for _, name := range []string{"server_max_window_bits", "client_max_window_bits"} {
		rows = append(rows, row(ruleValue, name+"=09.", pd+"; "+name+"=09"))
	}
	return rows
}

// caseRows are names in upper case, about which the RFCs say nothing.
func caseRows() []letterCase {
	r := rule("9.1", "MUST", "Any extension-token used MUST be a registered token (see Section 11.4).")
	row := func(what, field string) letterCase {
		return letterCase{what, "The server declines it, or treats it as the name in lower case.", r,
			func(s *script) {
				s.ask(add("Sec-WebSocket-Extensions: " + field))
				s.opened(s.refusedOpenly)
				v := s.reply.fields.Values("Sec-Websocket-Extensions")
				if len(v) > 0 {
					s.agree(deflateParams{ServerNoContext: true, ClientNoContext: true, ClientBits: 8})
					s.inflater.keep = true // whatever the server meant
					s.setVerdict(report.Informational, "The server answered %q.", v)
					return
				}
				s.echo(wire.OpText, []byte("Hello"))
				s.setVerdict(report.OK, "The server declined it.")
			}}
	}
	return []letterCase{
		row("The name of the extension is in upper case.", "PERMESSAGE-DEFLATE"),
		row("The name of a parameter is in upper case.", extensionName+"; CLIENT_MAX_WINDOW_BITS"),
	}
}

// ruleFieldsIgnored lets a server that does not support extensions ignore the field.
var ruleFieldsIgnored = rule("4.2.1", "",
	"Optionally, other header fields, such as those used to send cookies or request authentication to a "+
		"server. Unknown header fields are ignored, as per [RFC2616].")

// negotiates reports whether the server accepts a plain offer of permessage-deflate.
func (s *script) negotiates() (yes bool) {
	s.other(func(o *script) { yes = o.offer(o.misread, extensionName+"; client_max_window_bits") })
	return yes
}

// malformedOfferRows are fields that are not a list of extensions. A field that has no element breaks the
// grammar, too, but ktor sends one if it offers no extensions. The verdict on a server that treats such a
// field as absent is INFORMATIONAL.
func malformedOfferRows() []letterCase {
	row := func(what, field string) letterCase {
		none, want := strings.Trim(field, " ,") == "",
			"The server returns an HTTP error code, or drops TCP. A server without extensions may ignore "+
				"the field."
		if none {
			want = "The server returns an HTTP error code, or drops TCP; or it treats the field as " +
				"absent, and the connection works."
		}
		return letterCase{what, want, ruleGrammar, func(s *script) {
			s.ask(add("Sec-WebSocket-Extensions:" + field))
			s.opened(func(string, ...any) {
				s.setVerdict(report.OK, "The server dropped TCP.")
				if s.reply.line != "" {
					s.refusedStatus(false)
				}
				panic(stop{})
			})
			if v := s.reply.fields.Values("Sec-Websocket-Extensions"); len(v) > 0 {
				s.broke("The server accepted an offer in it by %q.", v)
			}
			if none {
				s.echo(wire.OpText, []byte("Hello"))
				s.inform("The server treated the field as absent, which is what the clients that send it " +
					"mean.")
			}
			if !s.negotiates() {
				s.echo(wire.OpText, []byte("Hello"))
				s.against(ruleFieldsIgnored, "The server ignored the field. It negotiates no extensions: "+
					"it also declined a valid offer of permessage-deflate.")
			}
			s.broke("The server ignored the malformed field and accepted the connection.")
		}}
	}
	const pd = " " + extensionName
	return []letterCase{
		row("The field is empty.", ""),
		row("The list has only empty elements.", " , ,"),
		row("An offer ends in a semicolon.", pd+";"),
		row("A parameter without a name.", pd+"; =10"),
		row("A value is missing after an equals sign.", pd+"; server_max_window_bits="),
		row("A quoted value is empty, which is not a token.", pd+`; server_max_window_bits=""`),
		row("A quoted value is not a token.", pd+`; server_max_window_bits="1 0"`),
		row("A quotation mark is missing.", pd+`; server_max_window_bits="10`),
		row("Two names with nothing between them.", pd+" client_max_window_bits"),
		row("The name of the extension has a slash.", " permessage/deflate"),
		row("A parameter has two values.", pd+"; server_max_window_bits=10=11"),
		row("A byte that is not ASCII.", pd+"; caf\xc3\xa9"),
	}
}
