package broken

import (
	"strconv"
	"strings"
)

// params are the parameters of permessage-deflate, RFC 7692, section 7.1.
type params struct {
	serverReset, clientReset bool // no_context_takeover
	serverBits               int  // server_max_window_bits; 0 if absent
	clientBits               int  // client_max_window_bits; 0 if absent
}

const extensionName = "permessage-deflate"

// parseParams parses the parameters of permessage-deflate. ok reports whether e is that
// extension and its parameters are valid.
func (d defect) parseParams(e extension, offer bool) (a params, ok bool) {
	if e.name != extensionName && !(d.broken("deflate-name-prefix") &&
		strings.Contains(e.name, extensionName)) {
		return a, false
	}
	seen := map[string]bool{}
	for _, p := range e.params {
		if seen[p.name] && !d.broken("deflate-parameter-twice") {
			return a, false
		}
		seen[p.name] = true
		bare := p.value == ""
		switch p.name {
		case "server_no_context_takeover":
			a.serverReset, ok = true, bare || d.broken("deflate-flag-with-value")
		case "client_no_context_takeover":
			a.clientReset, ok = true, bare || d.broken("deflate-flag-with-value")
		case "server_max_window_bits":
			a.serverBits, ok = d.windowBits(p.value)
		case "client_max_window_bits":
			ok = offer && bare
			if !ok {
				a.clientBits, ok = d.windowBits(p.value)
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

// windowBits parses the value of a max_window_bits parameter.
func (d defect) windowBits(value string) (int, bool) {
	n, err := strconv.Atoi(value)
	if d.broken("deflate-window-any") {
		return min(max(n, 8), 15), true
	}
	if d.broken("deflate-window-zeros") {
		value = strings.TrimLeft(value, "0")
	}
	if d.broken("deflate-window-plus") {
		value = strings.TrimPrefix(value, "+")
	}
	return n, err == nil && n >= 8 && n <= 15 && value == strconv.Itoa(n)
}

// negotiate chooses an offer of the client. The answer is empty if no offer is acceptable.
func (d defect) negotiate(offers []extension) (answer string, agreed *params) {
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
		// client_no_context_takeover is a hint, which we ignore.
		a.clientReset = false
		if a.serverBits != 0 {
			answer += "; server_max_window_bits=" + strconv.Itoa(a.serverBits)
		}
		if d.broken("deflate-client-window-unasked") {
			answer += "; client_max_window_bits=12"
		}
		if d.broken("deflate-answer-unknown") {
			answer += "; quick"
		}
		for _, other := range offers {
			if other.name != extensionName && d.broken("extension-same-bit") {
				answer += ", " + other.name
			}
		}
		return answer, &a
	}
	if d.broken("deflate-unoffered") {
		return extensionName, &params{}
	}
	return "", nil
}
