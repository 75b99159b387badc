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

// without is a rule whose sentence has none of the words of RFC 2119.
func without(r report.Rule) report.Rule {
	r.Level = ""
	return r
}

// An answer is what a server made of the offers of a client.
type answer struct {
	deflateParams
	deflate bool // permessage-deflate was agreed on
	other   bool // other extensions were, which were offered too
	hint    int  // client_max_window_bits of the offer, if it has a value
}

// judgeAnswer judges the Sec-WebSocket-Extensions of a response to a request.
func judgeAnswer(request, reply head) (a answer, b breach) {
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
		return wrong(ruleOneField, "the response has %d fields Sec-WebSocket-Extensions", len(values))
	case err != nil:
		return wrong(ruleGenerate, "Sec-WebSocket-Extensions is %q, which is malformed: %v", values[0], err)
	}
	for i, o := range answers {
		if !slices.ContainsFunc(offers, named(o)) {
			return wrong(ruleListed, "the server answered %q, and %s was not offered", values[0], o.Name)
		}
		if o.Name == extensionName && slices.ContainsFunc(answers[:i], named(o)) {
			return wrong(ruleBits, "the server accepted %s twice, by %q", o.Name, values[0])
		}
	}
	if a.other = len(answers) > 1 || answers[0].Name != extensionName; a.other {
		return a, b
	}
	if a.deflateParams, err = parseDeflate(answers[0], true); err != nil {
		return wrong(ruleParams, "the server answered %q: %v", values[0], err)
	}
	b = breach{why: "the server accepted what it must decline"}
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
	b.why += fmt.Sprintf(", by %q", values[0])
	return a, b
}

// fits tells why an answer does not accept an offer. A value of client_max_window_bits
// in an offer is a hint, which a server may ignore.
func fits(answer, offer deflateParams) breach {
	switch {
	case offer.ServerNoContext && !answer.ServerNoContext:
		return breach{ruleNoServer, "the server accepted server_no_context_takeover without saying so"}
	case offer.ServerBits > 0 && offer.ServerBits < 15 && answer.ServerBits == 0: // 15 is the same as none
		return breach{ruleServer, "the server accepted server_max_window_bits without saying so"}
	case offer.ServerBits > 0 && answer.ServerBits > offer.ServerBits:
		return breach{ruleServer, "the server answered a larger server_max_window_bits"}
	case offer.ClientBits == 0 && answer.ClientBits > 0:
		return breach{ruleClient, "the server answered client_max_window_bits, which was not offered"}
	}
	return breach{}
}

// offer opens a connection with offers in Sec-WebSocket-Extensions fields, and
// reports whether permessage-deflate was agreed on.
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
		s.inform("The server accepted %s. The suite speaks no extension but permessage-deflate.",
			quoted(s.reply.fields.Values("Sec-Websocket-Extensions")))
	}
	s.suspect = suspect
	if a.deflate {
		if a.hint > 0 && (a.ClientBits == 0 || a.ClientBits > a.hint) {
			a.ClientBits = a.hint // the offer says that we keep to it
		}
		s.agree(a.deflateParams)
	}
	return a.deflate
}

// negotiated judges the answer to the offers, and ends the script if it is wrong.
func (s *script) negotiated() answer {
	a, b := judgeAnswer(s.request, s.reply)
	switch {
	case b.why != "" && b.rule.Text == "":
		s.broke("%s%s.", strings.ToUpper(b.why[:1]), b.why[1:])
	case b.why != "":
		s.against(b.rule, "%s%s.", strings.ToUpper(b.why[:1]), b.why[1:])
	}
	return a
}

// misread is the verdict on a server that refuses a request because of extensions that
// are offered rightly. One that accepts a plain offer may refuse others: no sentence
// obliges it to accept a connection.
func (s *script) misread(format string, args ...any) {
	refuses := func(string, ...any) { panic(stop{}) }
	plain := false
	s.manages(func(o *script) { o.offer(refuses, extensionName); plain = true })
	switch {
	case !plain:
		s.against(partExtensions, format, args...)
	case s.status() == 0:
		s.against(ruleStatus, "The server dropped TCP without a response. It could have declined the "+
			"offer, as it need not accept it, and gone on.")
	}
	s.inform("The server refused the connection with %q. It could have declined the offer, as it need not "+
		"accept it, and gone on.", s.reply.line)
}

// agree begins to compress.
func (s *script) agree(d deflateParams) {
	s.agreed, s.deflate, s.inflater = d, newDeflater(d, s.server), newInflater(d, !s.server)
	s.dec.RSV = wire.RSV1
}

// mayRefuseOffer ends the expectation of a good offer with which a server may also refuse the request:
// one next to a bad offer, and one with white space that only RFC 2616 implies.
const mayRefuseOffer = " It may also refuse the request."

// goodOfferRow is an offer in which nothing is wrong.
func goodOfferRow(r report.Rule, what string, fields ...string) letterCase {
	return letterCase{what,
		"The server accepts it with an answer that fits, and messages come back; or it declines it.", r,
		func(s *script) { s.offerIsTaken(r, fields) }}
}

func (s *script) offerIsTaken(r report.Rule, fields []string) {
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
	if a, _ := judgeAnswer(s.request, s.reply); a.hint > 0 && a.ClientBits > a.hint {
		s.against(ruleHint,
			"The server answered %q, a larger window than the one that we offered to keep to. It may "+
				"ignore that value.",
			s.reply.fields.Get("Sec-Websocket-Extensions"))
	}
	if strings.HasSuffix(fields[0], "server_max_window_bits=15") && s.agreed.ServerBits == 0 {
		s.inform("The server accepted server_max_window_bits=15 without saying so, by %q. That is what it "+
			"is without it.", s.reply.fields.Get("Sec-Websocket-Extensions"))
	}
	s.setVerdict(report.OK, "The server answered %q.",
		s.reply.fields.Get("Sec-Websocket-Extensions"))
}

// goodOfferRows are offers in which nothing is wrong.
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
		goodOfferRow(ruleClient, "A plain offer. No parameter that the client must know is answered.", pd),
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
		goodOfferRow(quotes, "An offer with a value in quotes, a character of it behind a backslash.",
			pd+`; server_max_window_bits="1\0"`),
		odd(ruleGrammar, "An offer with white space wherever it may stand.",
			" \t"+pd+" ;\t server_max_window_bits = 10 ; client_no_context_takeover "),
		goodOfferRow(ruleGrammar, "An offer without white space.",
			pd+";client_max_window_bits;server_max_window_bits=10"),
		odd(ruleUnknown, "Two offers, of which the first has an unknown parameter.", pd+"; unknown, "+pd),
		odd(ruleValue, "Two offers, of which the first has a window that does not exist.",
			pd+"; server_max_window_bits=7, "+pd+"; server_max_window_bits=10"),
		odd(ruleTwice, "Three offers in three fields, of which the first two are bad.",
			pd+"; client_max_window_bits; client_max_window_bits", pd+"; server_max_window_bits",
			pd+"; client_max_window_bits"),
		goodOfferRow(several, "An extension that nobody knows, then an offer.", "x-unknown; a=1; b, "+pd),
		goodOfferRow(several, "An extension that nobody knows in a field of its own.", "x-unknown", pd),
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
		row(ruleUnknown, "A parameter whose name begins like one that is known.",
			pd+"; server_max_window_bits_too=10"),
		row(ruleUnknown, "A parameter whose name ends like one that is known.",
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
		rows = append(rows, row(ruleListed, "An extension that is called "+name+".", name))
	}
	rows = append(rows, caseRows()...)
	for _, name := range []string{"server_max_window_bits", "client_max_window_bits"} {
		rows = append(rows, row(ruleValue, name+"=09.", pd+"; "+name+"=09"))
	}
	return rows
}

// caseRows are names in other cases of letters, of which no RFC speaks.
func caseRows() []letterCase {
	r := rule("9.1", "MUST", "Any extension-token used MUST be a registered token (see Section 11.4).")
	row := func(what, field string) letterCase {
		return letterCase{what, "The server declines it, or takes it for the name in lower case.", r,
			func(s *script) {
				s.ask(add("Sec-WebSocket-Extensions: " + field))
				s.opened(s.refusedOpenly)
				v := s.reply.fields.Values("Sec-Websocket-Extensions")
				if len(v) > 0 {
					s.agree(deflateParams{ServerNoContext: true, ClientNoContext: true, ClientBits: 8})
					s.inflater.keep = true // whatever was agreed on
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

// ruleFieldsIgnored is for a server to which Sec-WebSocket-Extensions is a field like any
// other.
var ruleFieldsIgnored = rule("4.2.1", "",
	"Optionally, other header fields, such as those used to send cookies or request authentication to a "+
		"server. Unknown header fields are ignored, as per [RFC2616].")

// negotiates reports whether the server accepts a plain offer of permessage-deflate.
func (s *script) negotiates() (yes bool) {
	s.other(func(o *script) { yes = o.offer(o.misread, extensionName+"; client_max_window_bits") })
	return yes
}

// malformedOfferRows are fields that are no list of extensions at all. One without an
// element breaks the grammar, too, but is what ktor sends for none. To read it so is told
// and not held against a server.
func malformedOfferRows() []letterCase {
	row := func(what, field string) letterCase {
		none, want := strings.Trim(field, " ,") == "",
			"The server returns an HTTP error code, or drops TCP. One that knows no extension may ignore "+
				"the field."
		if none {
			want = "The server returns an HTTP error code, or drops TCP; or it takes the field for none, " +
				"and the connection works."
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
		row("A value is missing behind an equals sign.", pd+"; server_max_window_bits="),
		row("A quoted value is empty, which is no token.", pd+`; server_max_window_bits=""`),
		row("A quoted value is no token.", pd+`; server_max_window_bits="1 0"`),
		row("A quotation mark is missing.", pd+`; server_max_window_bits="10`),
		row("Two names without anything between.", pd+" client_max_window_bits"),
		row("The name of the extension has a slash.", " permessage/deflate"),
		row("A parameter has two values.", pd+"; server_max_window_bits=10=11"),
		row("An octet that is not ASCII.", pd+"; caf\xc3\xa9"),
	}
}
