package suite

import (
	"fmt"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// rule returns a rule of RFC 6455. The text is a quote.
func rule(section, level, text string) report.Rule {
	return report.Rule{
		Section: "RFC 6455, section " + section, Level: level, Text: text,
		URL: "https://www.rfc-editor.org/rfc/rfc6455#section-" + section,
	}
}

// ruleCodeNever returns the rule on 1005, 1006 or 1015.
func ruleCodeNever(code int) report.Rule {
	return rule("7.4.1", "MUST", fmt.Sprintf("%d is a reserved value and MUST NOT be set as a status code "+
		"in a Close control frame by an endpoint.", code))
}

// Rules that several groups test.
var (
	ruleParse = rule("6.2", "MUST",
		"Incoming data MUST be parsed as WebSocket frames as defined in Section 5.2.")
	ruleForms = rule("5.4", "MUST",
		"Clients and servers MUST support receiving both fragmented and unfragmented messages.")
	ruleValidated = rule("10.7", "MUST",
		"Incoming data MUST always be validated by both clients and servers.")
	ruleLimits = rule("10.4", "MUST",
		"Implementations that have implementation- and/or platform-specific limitations regarding the "+
			"frame size or total message size after reassembly from multiple frames MUST protect "+
			"themselves against exceeding those limits.")
	ruleTopBit = rule("5.2", "MUST",
		"If 127, the following 8 bytes interpreted as a 64-bit unsigned integer (the most significant bit "+
			"MUST be 0) are the payload length.")
	ruleMinimal = rule("5.2", "MUST",
		"Note that in all cases, the minimal number of bytes MUST be used to encode the length, for "+
			"example, the length of a 124-byte-long string can't be encoded as the sequence 126, 0, 124.")
	rulePongData = rule("5.5.2", "MUST",
		rulePong.Text+" [Section 5.5.3 adds:] A Pong frame sent in response to a Ping frame must have "+
			"identical \"Application data\" as found in the message body of the Ping frame being replied "+
			"to.")
	rulePong = rule("5.5.2", "MUST",
		"Upon receipt of a Ping frame, an endpoint MUST send a Pong frame in response, unless it already "+
			"received a Close frame.")
	ruleUnasked  = rule("5.5.3", "", "A response to an unsolicited Pong frame is not expected.")
	ruleReserved = rule("5.2", "MUST",
		"If a nonzero value is received and none of the negotiated extensions defines the meaning of such "+
			"a nonzero value, the receiving endpoint MUST _Fail the WebSocket Connection_.")
	ruleControl = rule("5.5", "MUST",
		"All control frames MUST have a payload length of 125 bytes or less and MUST NOT be fragmented.")
	ruleOpcode = rule("5.2", "MUST",
		"If an unknown opcode is received, the receiving endpoint MUST _Fail the WebSocket Connection_.")
	ruleInterleaved = rule("5.4", "MUST",
		"An endpoint MUST be capable of handling control frames in the middle of a fragmented message.")
	ruleContinues = rule("5.4", "MUST",
		"The fragments of one message MUST NOT be interleaved between the fragments of another message "+
			"unless an extension has been negotiated that can interpret the interleaving.")
	ruleText = rule("8.1", "MUST",
		"When an endpoint is to interpret a byte stream as UTF-8 but finds that the byte stream is not, "+
			"in fact, a valid UTF-8 stream, that endpoint MUST _Fail the WebSocket Connection_.")
	ruleFirstOpcode = rule("6.1", "MUST",
		"The opcode (frame-opcode) of the first frame containing the data MUST be set to the appropriate "+
			"value from Section 5.2 for data that is to be interpreted by the recipient as text or binary "+
			"data.")
	ruleTextEcho = rule("5.6", "MUST",
		"The \"Payload data\" is text data encoded as UTF-8. Note that a particular text frame might "+
			"include a partial UTF-8 sequence; however, the whole message MUST contain valid UTF-8.")
	ruleCloseAnswer = rule("5.5.1", "MUST",
		"If an endpoint receives a Close frame and did not previously send a Close frame, the endpoint "+
			"MUST send a Close frame in response.")
	ruleAsk = rule("4.1", "MUST",
		"Once a connection to the server has been established (including a connection via a proxy or over "+
			"a TLS-encrypted tunnel), the client MUST send an opening handshake to the server. The "+
			"handshake consists of an HTTP Upgrade request, along with a list of required and optional "+
			"header fields. The requirements for this handshake are as follows.")
	ruleAfterClose = rule("5.5.1", "MUST",
		"The application MUST NOT send any more data frames after sending a Close frame.")
	ruleFirstClose = rule("7.1.5", "", "_The WebSocket Connection Close Code_ is defined as the status "+
		"code (Section 7.4) contained in the first Close control frame received by the application "+
		"implementing this protocol.")
	ruleCloseBody = rule("5.5.1", "MUST",
		"If there is a body, the first two bytes of the body MUST be a 2-byte unsigned integer (in "+
			"network byte order) representing a status code with value /code/ defined in Section 7.4.")
	ruleReason = rule("5.5.1", "MUST",
		ruleCloseBody.Text+" Following the 2-byte integer, the body MAY contain UTF-8-encoded data with "+
			"value /reason/, the interpretation of which is not defined by this specification.")
	ruleCodeUnused = rule("7.4.2", "", "Status codes in the range 0-999 are not used.")
	ruleCodeLater  = rule("7.4.2", "", "Status codes in the range 1000-2999 are reserved for definition "+
		"by this protocol, its future revisions, and extensions specified in a permanent and readily "+
		"available public specification.")
)

// sentRules are the rules that a peer breaks by sending an invalid frame, by violation.
var sentRules = map[wire.Violation]report.Rule{
	wire.ErrReservedBits: rule("5.2", "MUST",
		"MUST be 0 unless an extension is negotiated that defines meanings for non-zero values."),
	wire.ErrReservedOpcode:   ruleFirstOpcode,
	wire.ErrLengthTopBit:     ruleTopBit,
	wire.ErrLengthNotMinimal: ruleMinimal,
	wire.ErrUnmasked: rule("5.1", "MUST",
		"To avoid confusing network intermediaries (such as intercepting proxies) and for security "+
			"reasons that are further discussed in Section 10.3, a client MUST mask all frames that it "+
			"sends to the server (see Section 5.3 for further details)."),
	wire.ErrMasked: rule("5.1", "MUST",
		"A server MUST NOT mask any frames that it sends to the client."),
	wire.ErrControlFragmented:      ruleControl,
	wire.ErrControlTooLong:         ruleControl,
	wire.ErrUnexpectedContinuation: ruleFirstOpcode,
	wire.ErrUnfinishedMessage:      ruleContinues,
	wire.ErrClosePayload:           ruleCloseBody,
	wire.ErrCloseCode:              ruleCloseBody,
	wire.ErrFrameAfterClose:        ruleAfterClose,
	wire.ErrInvalidUTF8:            ruleTextEcho,
}

// http9112 and http9110 return rules of the RFCs on HTTP.
func http9112(section, level, text string) report.Rule { return httpRule("9112", section, level, text) }
func http9110(section, level, text string) report.Rule { return httpRule("9110", section, level, text) }

func httpRule(rfc, section, level, text string) report.Rule {
	return report.Rule{
		Section: "RFC " + rfc + ", section " + section, Level: level, Text: text,
		URL: "https://www.rfc-editor.org/rfc/rfc" + rfc + "#section-" + section,
	}
}
