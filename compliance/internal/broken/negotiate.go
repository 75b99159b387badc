package broken

import (
	"strconv"
	"strings"
)

// params are the parameters of permessage-deflate, RFC 7692, section 7.1.
type params struct {
	serverReset, clientReset bool // no_context_takeover
	serverBits               int  // max_window_bits; 0 if there is none
	clientBits               int
	clientHint               bool // client_max_window_bits is there, with or without a value
}

const extensionName = "permessage-deflate"

// parseParams parses one element of Sec-WebSocket-Extensions. It reports whether
// that is permessage-deflate and all that is said of it is right.
func (d defect) parseParams(element string, offer bool) (a params, ok bool) {
	parts := splitQuoted(element, ';')
	if parts[0] != extensionName &&
		!(d.broken("deflate-name-prefix") && strings.Contains(parts[0], extensionName)) {
		return a, false
	}
	seen := map[string]bool{}
	for _, part := range parts[1:] {
		name, value, has := strings.Cut(part, "=")
		name, value = strings.TrimSpace(name), strings.Trim(strings.TrimSpace(value), `"`)
		if seen[name] && !d.broken("deflate-parameter-twice") {
			return a, false
		}
		seen[name] = true
		switch name {
		case "server_no_context_takeover":
			a.serverReset, ok = true, !has || d.broken("deflate-flag-with-value")
		case "client_no_context_takeover":
			a.clientReset, ok = true, !has || d.broken("deflate-flag-with-value")
		case "server_max_window_bits":
			a.serverBits, ok = d.windowBits(value)
		case "client_max_window_bits":
			a.clientHint, ok = true, offer && !has
			if !ok {
				a.clientBits, ok = d.windowBits(value)
			}
		default:
			ok = d.broken("deflate-parameter-unknown")
		}
		if !ok {
			return a, false
		}
	}
	return a, true
}

// windowBits parses the value of a max_window_bits.
func (d defect) windowBits(value string) (int, bool) {
	n, err := strconv.Atoi(value)
	if d.broken("deflate-window-any") {
		return min(max(n, 8), 15), true
	}
	if d.broken("deflate-window-zeros") {
		value = strings.TrimLeft(value, "0")
	}
	return n, err == nil && n >= 8 && n <= 15 && value == strconv.Itoa(n)
}

// negotiate chooses among the client's offers. The answer is empty if there is
// none to take.
func (d defect) negotiate(offers []string) (answer string, agreed *params) {
	for _, offer := range offers {
		a, ok := d.parseParams(offer, true)
		if !ok {
			continue
		}
		if d.broken("deflate-window-unanswered") {
			a.serverBits = 0
		}
		answer = extensionName
		if a.serverReset && !d.broken("deflate-reset-unanswered") {
			answer += "; server_no_context_takeover"
		}
		if a.clientReset {
			answer += "; client_no_context_takeover"
		}
		if a.serverBits != 0 {
			answer += "; server_max_window_bits=" + strconv.Itoa(a.serverBits)
		}
		if d.broken("deflate-client-window-unasked") {
			answer += "; client_max_window_bits=12"
		}
		if d.broken("deflate-answer-unknown") {
			answer += "; quick"
		}
		return answer, &a
	}
	if d.broken("deflate-unoffered") {
		return extensionName, &params{}
	}
	return "", nil
}

// splitQuoted splits s, in which separators within quotes are none, and trims
// what it finds.
func splitQuoted(s string, separator byte) (parts []string) {
	start, quoted := 0, false
	for i := range len(s) {
		if s[i] == '"' {
			quoted = !quoted
		}
		if s[i] == separator && !quoted {
			parts = append(parts, strings.TrimSpace(s[start:i]))
			start = i + 1
		}
	}
	return append(parts, strings.TrimSpace(s[start:]))
}
