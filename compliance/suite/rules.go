package suite

import "github.com/hawser-ws/hawser/compliance/report"

// rule makes a rule of RFC 6455 from its own words.
func rule(section, level, text string) report.Rule {
	return report.Rule{
		Section: "RFC 6455, section " + section, Level: level, Text: text,
		URL: "https://www.rfc-editor.org/rfc/rfc6455#section-" + section,
	}
}

// The sentences that several groups test.
var (
	ruleMinimal     = rule("5.2", "MUST", "Note that in all cases, the minimal number of bytes MUST be used to encode the length")
	rulePong        = rule("5.5.2", "MUST", "Upon receipt of a Ping frame, an endpoint MUST send a Pong frame in response, unless it already received a Close frame.")
	rulePongData    = rule("5.5.3", "MUST", "A Pong frame sent in response to a Ping frame must have identical \"Application data\" as found in the message body of the Ping frame being replied to.")
	ruleUnasked     = rule("5.5.3", "MAY", "A Pong frame MAY be sent unsolicited. This serves as a unidirectional heartbeat. A response to an unsolicited Pong frame is not expected.")
	ruleControl     = rule("5.5", "MUST", "All control frames MUST have a payload length of 125 bytes or less and MUST NOT be fragmented.")
	ruleReserved    = rule("5.2", "MUST", "MUST be 0 unless an extension is negotiated that defines meanings for non-zero values.")
	ruleOpcode      = rule("5.2", "MUST", "If an unknown opcode is received, the receiving endpoint MUST _Fail the WebSocket Connection_.")
	ruleFragments   = rule("5.4", "MUST", "Message fragments MUST be delivered to the recipient in the order sent by the sender.")
	ruleInterleaved = rule("5.4", "MUST", "An endpoint MUST be capable of handling control frames in the middle of a fragmented message.")
	ruleContinues   = rule("5.4", "MUST", "The fragments of one message MUST NOT be interleaved between the fragments of another message unless an extension has been negotiated that can interpret the interleaving.")
	ruleText        = rule("8.1", "MUST", "When an endpoint is to interpret a byte stream as UTF-8 but finds that the byte stream is not, in fact, a valid UTF-8 stream, that endpoint MUST _Fail the WebSocket Connection_.")
	ruleTextEcho    = rule("5.6", "MUST", "The \"Payload data\" is text data encoded as UTF-8. Note that a particular text frame might include a partial UTF-8 sequence; however, the whole message MUST contain valid UTF-8.")
	ruleCloseAnswer = rule("5.5.1", "MUST", "If an endpoint receives a Close frame and did not previously send a Close frame, the endpoint MUST send a Close frame in response.")
	ruleAfterClose  = rule("5.5.1", "MUST", "The application MUST NOT send any more data frames after sending a Close frame.")
	ruleFirstClose  = rule("7.1.5", "", "_The WebSocket Connection Close Code_ is defined as the status code (Section 7.4) contained in the first Close control frame received by the application implementing this protocol.")
	ruleCloseBody   = rule("5.5.1", "MUST", "If there is a body, the first two bytes of the body MUST be a 2-byte unsigned integer (in network byte order) representing a status code with value /code/ defined in Section 7.4.")
	ruleCloseReason = rule("5.5.1", "MUST", "Following the 2-byte integer, the body MAY contain UTF-8-encoded data with value /reason/, the interpretation of which is not defined by this specification.")
	ruleCloseCodes  = rule("7.4.1", "MAY", "Endpoints MAY use the following pre-defined status codes when sending a Close frame.")
	ruleCodeUnused  = rule("7.4.2", "MUST", "Status codes in the range 0-999 are not used.")
	ruleCodeNever   = rule("7.4.1", "MUST", "1005 is a reserved value and MUST NOT be set as a status code in a Close control frame by an endpoint.")
	ruleCodeLater   = rule("7.4.2", "MUST", "Status codes in the range 1000-2999 are reserved for definition by this protocol, its future revisions, and extensions specified in a permanent and readily available public specification.")
	ruleLength      = rule("5.2", "MUST", "The length of the \"Payload data\", in bytes: if 0-125, that is the payload length.")
	ruleSplit       = rule("5.4", "MAY", "A sender MAY create fragments of any size for non-control messages.")
)
