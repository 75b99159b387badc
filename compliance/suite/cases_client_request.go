package suite

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// requestRow returns a case on one rule for the request of a client. wrong says what is wrong with the
// request, or returns "".
func requestRow(section, text, what string, wrong func(s *script) (why string)) letterCase {
	return letterCase{what, "The request is right, and the connection works.", rule(section, "MUST", text),
		func(s *script) {
			why := wrong(s)
			if why == "" {
				s.open()
				s.echo(wire.OpText, []byte("Hello"))
				return
			}
			if s.checkRequest() == "" {
				s.open()
			}
			s.broke("%s.", why)
		}}
}

// clientRequestRows are about what a client sends.
func clientRequestRows() []letterCase {
	f := func(s *script, name string) []string { return s.request.fields.Values(name) }
	return []letterCase{
		requestRow("4.1",
			"The method of the request MUST be GET, and the HTTP version MUST be at least 1.1.",
			"The request line has GET and HTTP/1.1.", func(s *script) string {
				if w := strings.Split(s.request.line, " "); len(w) != 3 || w[0] != "GET" ||
					w[2] != "HTTP/1.1" {
					return "The request line is " + quoted([]string{s.request.line})
				}
				return ""
			}),
		requestRow("4.1",
			"The request MUST contain a |Host| header field whose value contains /host/ plus optionally "+
				"\":\" followed by /port/ (when not using the default port).",
			"The request has one Host field.", func(s *script) string {
				if v := f(s, "Host"); len(v) != 1 || v[0] == "" || strings.ContainsAny(v[0], " /@") {
					return "Host is " + quoted(v)
				}
				return ""
			}),
		requestRow("4.1", "The request MUST contain an |Upgrade| header field whose value MUST include "+
			"the \"websocket\" keyword.", "The request has an Upgrade field with websocket.",
			lists("Upgrade", "websocket")),
		requestRow("4.1",
			"The request MUST contain a |Connection| header field whose value MUST include the "+
				"\"Upgrade\" token.", "The request has a Connection field with Upgrade.",
			lists("Connection", "upgrade")),
		requestRow("4.1",
			"The value of this header field MUST be a nonce consisting of a randomly selected 16-byte "+
				"value that has been base64-encoded (see Section 4 of [RFC4648]). The nonce MUST be "+
				"selected randomly for each connection.",
			"The request has one key of 16 bytes that look random.", keyWrong),
		requestRow("4.1",
			"The request MUST include a header field with the name |Sec-WebSocket-Version|. The value of "+
				"this header field MUST be 13.", "The request has one version, 13.", func(s *script) string {
				if v := f(s, "Sec-Websocket-Version"); len(v) != 1 || v[0] != "13" {
					return "Sec-WebSocket-Version is " + quoted(v)
				}
				return ""
			}),
		requestRow("4.1",
			"The elements that comprise this value MUST be non-empty strings with characters in the range "+
				"U+0021 to U+007E not including separator characters as defined in [RFC2616] and MUST all "+
				"be unique strings.",
			"Offered subprotocols, if any, are distinct tokens.", subprotocolsWrong),
		requestRow("9.1",
			"The parameters supplied with any given extension MUST be defined for that extension.",
			"Offered extensions, if any, are well formed, and so are the parameters of "+
				"permessage-deflate.", offersWrong),
		requestRow("4.1",
			"The \"Request-URI\" part of the request MUST match the /resource name/ defined in Section 3 "+
				"(a relative URI) or be an absolute http/https URI that, when parsed, has a /resource "+
				"name/, /host/, and /port/ that match the corresponding ws/wss URI.",
			"The target of the request has no fragment.", func(s *script) string {
				if strings.Contains(s.request.line, "#") {
					return "The request line is " + quoted([]string{s.request.line})
				}
				return ""
			}),
		requestRow("4.1",
			"Once the client's opening handshake has been sent, the client MUST wait for a response from "+
				"the server before sending any further data.",
			"The client sends nothing after the request before the response.", nothingEarly),
		masksRow(), pongMasksRow(),
	}
}

// lists returns a check that the request has a field with a token.
func lists(field, token string) func(*script) string {
	return func(s *script) string {
		if v := s.request.fields.Values(field); !wire.HasToken(v, token) {
			return field + " is " + quoted(v)
		}
		return ""
	}
}

func subprotocolsWrong(s *script) string {
	v := s.request.fields.Values("Sec-Websocket-Protocol")
	list, err := parseProtocols(v)
	seen := map[string]bool{}
	for _, p := range list {
		if seen[p] {
			err = fmt.Errorf("%s is repeated", p)
		}
		seen[p] = true
	}
	if err != nil {
		return fmt.Sprintf("Sec-WebSocket-Protocol is %s: %v", quoted(v), err)
	}
	return ""
}

func nothingEarly(s *script) string {
	if s.remember(s.rest); len(s.rest) == 0 {
		s.read(time.Now().Add(doubtTime))
		s.in.waited = false // no verdict depends on this wait
	}
	if n := len(s.rest); n > 0 {
		s.broke("The client sent %s after the request, before the response.", byteCount(n))
	}
	return ""
}

func keyWrong(s *script) string {
	keys := s.request.fields.Values("Sec-Websocket-Key")
	if len(keys) != 1 || !wire.IsKey(keys[0]) {
		return "Sec-WebSocket-Key is " + quoted(keys)
	}
	nonce, _ := base64.StdEncoding.DecodeString(keys[0])
	step := nonce[1] - nonce[0]
	even := true
	for i := 1; i < len(nonce); i++ {
		even = even && nonce[i]-nonce[i-1] == step
	}
	if even || string(nonce) == "the sample nonce" {
		return "Sec-WebSocket-Key is " + quoted(keys) + ", which is not random"
	}
	if s.asking.keyAgain {
		return "Sec-WebSocket-Key is " + quoted(keys) + ", which resembles that of an earlier connection"
	}
	return ""
}

func offersWrong(s *script) string {
	v := s.request.fields.Values("Sec-Websocket-Extensions")
	offers, err := parseExtensions(v)
	if err != nil {
		s.res.Broken = &ruleGenerate
	}
	for _, o := range offers {
		if o.Name == extensionName && err == nil {
			_, err = parseDeflate(o, false)
		}
	}
	if err != nil {
		return fmt.Sprintf("Sec-WebSocket-Extensions is %s: %v", quoted(v), err)
	}
	return ""
}

var ruleMasks = rule("5.3", "MUST", "The masking key needs to be unpredictable; thus, the masking key "+
	"MUST be derived from a strong source of entropy, and the masking key for a given frame MUST NOT make "+
	"it simple for a server/proxy to predict the masking key for a subsequent frame.")

// masksRow returns a case on the masking keys of a client. It compares each key with that of the same
// frame on earlier connections, because a generator that always begins with the same seed gives the
// same keys in the same order.
func masksRow() letterCase {
	return letterCase{"The client returns twenty messages.",
		"Each has its own masking key, and no key predicts the next one.", ruleMasks, func(s *script) {
			s.open()
			for range 20 {
				s.echo(wire.OpBinary, bytes.Repeat([]byte("x"), 10))
			}
			if why := keysWrong(s.in.keys); why != "" {
				s.broke("%s.", why)
			}
			for n, k := range s.in.keys[:comparedKeys] {
				if s.asking.masks.seenBefore(nthKey{n, k}) {
					s.broke("The key %x of frame %d is the same as on an earlier connection.", k,
						n+1)
				}
			}
			s.setVerdict(report.OK, "The client used %d keys.", len(s.in.keys))
		}}
}

// comparedKeys is the number of keys of a connection that are compared with those of other connections.
// In one of a million runs, two random keys are equal.
const comparedKeys = 3

// rememberKeys keeps the first keys of a connection for [masksRow].
func (s *script) rememberKeys() {
	for n, k := range s.in.keys[:min(len(s.in.keys), comparedKeys)] {
		s.asking.masks.seenBefore(nthKey{n, k})
	}
}

// pongMasksRow is like masksRow, but for control frames, which some clients mask with other code.
func pongMasksRow() letterCase {
	return letterCase{"The client answers twenty pings.",
		"Each pong has its own masking key, and no key predicts the next one.", ruleMasks, func(s *script) {
			s.open()
			for i := range 20 {
				data := fmt.Sprintf("ping %d", i)
				s.send(ping(data))
				s.pong(data)
			}
			if why := keysWrong(s.in.controlKeys); why != "" {
				s.broke("%s.", why)
			}
			s.setVerdict(report.OK, "The client used %d keys.", len(s.in.controlKeys))
		}}
}

// keysWrong says why keys are not random. It returns "" if they may be. Among twenty random keys, two
// are equal in one of twenty million runs.
func keysWrong(keys [][4]byte) string {
	seen := map[[4]byte]bool{}
	steps := map[uint32]bool{}
	var and, or [4]byte
	alike := true
	for i, k := range keys {
		if seen[k] {
			return fmt.Sprintf("The key %x was used twice in %d frames", k, len(keys))
		}
		seen[k] = true
		alike = alike && k == [4]byte{k[0], k[0], k[0], k[0]}
		if i == 0 {
			and, or = k, k
			continue
		}
		steps[binary.BigEndian.Uint32(k[:])-binary.BigEndian.Uint32(keys[i-1][:])] = true
		steps[binary.LittleEndian.Uint32(k[:])-binary.LittleEndian.Uint32(keys[i-1][:])] = true
		for j := range k {
			and[j] &= k[j]
			or[j] |= k[j]
		}
	}
	n := len(keys) - 1
	switch {
	case n > 2 && len(steps) < n:
		return "The differences between successive keys repeat"
	case n > 2 && alike:
		return "Each key is one byte, four times"
	case n < 16:
		return "" // too few for further checks
	}
	for j := range and {
		if and[j] == or[j] {
			return fmt.Sprintf("Byte %d of each key is %#02x", j+1, and[j])
		}
	}
	if never := ^(or[0] | or[1] | or[2] | or[3]); never != 0 {
		return fmt.Sprintf("No byte of any key has one of the bits %#02x", never)
	}
	return ""
}
