package suite

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hawser-ws/hawser/wire"
)

const extensionName = "permessage-deflate"

// A negotiation is how a case negotiates permessage-deflate (RFC 7692).
type negotiation struct {
	Offers []deflateParams // our offers as a client, in order

	// Wants are our answers as a server, in order of preference. We send the first that an offer permits.
	Wants []deflateParams
}

// deflateParams are the parameters of an offer or an answer. In an offer, ClientBits -1 means
// client_max_window_bits without a value.
type deflateParams struct {
	ServerNoContext, ClientNoContext bool
	ServerBits, ClientBits           int // 8 to 15, or 0 for none
}

// element returns the parameters as an element of a Sec-WebSocket-Extensions field.
func (d deflateParams) element() wire.ExtensionSpec {
	o := wire.ExtensionSpec{Name: extensionName}
	add := func(on bool, name, value string) {
		if on {
			o.Params = append(o.Params, wire.Param{Name: name, Value: value})
		}
	}
	add(d.ClientNoContext, "client_no_context_takeover", "")
	add(d.ClientBits < 0, "client_max_window_bits", "")
	add(d.ServerNoContext, "server_no_context_takeover", "")
	add(d.ServerBits > 0, "server_max_window_bits", strconv.Itoa(d.ServerBits))
	add(d.ClientBits > 0, "client_max_window_bits", strconv.Itoa(d.ClientBits))
	return o
}

// parseDeflate parses an offer of a client, or the answer of a server if answer is true.
func parseDeflate(o wire.ExtensionSpec, answer bool) (d deflateParams, err error) {
	seen := map[string]bool{}
	for _, p := range o.Params {
		if seen[p.Name] {
			return d, fmt.Errorf("parameter %s is repeated", p.Name)
		}
		seen[p.Name] = true
		bits, ranged := windowBits(p.Value)
		switch {
		case p.Name == "server_no_context_takeover" && p.Value == "":
			d.ServerNoContext = true
		case p.Name == "client_no_context_takeover" && p.Value == "":
			d.ClientNoContext = true
		case p.Name == "server_max_window_bits" && ranged:
			d.ServerBits = bits
		case p.Name == "client_max_window_bits" && ranged:
			d.ClientBits = bits
		case p.Name == "client_max_window_bits" && p.Value == "" && !answer:
			d.ClientBits = -1
		default:
			return d, fmt.Errorf("parameter %s=%q is not valid for %s", p.Name, p.Value, extensionName)
		}
	}
	return d, nil
}

// windowBits parses "a decimal integer value without leading zeroes between 8 to 15, inclusive" (RFC
// 7692, section 7.1.2.1).
func windowBits(value string) (bits int, ok bool) {
	bits, err := strconv.Atoi(value)
	return bits, err == nil && bits >= 8 && bits <= 15 && strconv.Itoa(bits) == value
}

// asOriginal rewrites numbers such as 09 and +9 as 9, because Autobahn accepts them, and numbered cases
// must have Autobahn's verdicts.
func asOriginal(o wire.ExtensionSpec) wire.ExtensionSpec {
	o.Params = slices.Clone(o.Params)
	for i, p := range o.Params {
		if bits, err := strconv.Atoi(p.Value); err == nil && strings.HasSuffix(p.Name, "_max_window_bits") {
			o.Params[i].Value = strconv.Itoa(bits)
		}
	}
	return o
}

// accept chooses an answer to the offers of a client. Like Autobahn, it tries all offers for each want.
func (d *negotiation) accept(offers []wire.ExtensionSpec) (answer deflateParams, ok bool) {
	for _, want := range d.Wants {
		for _, o := range offers {
			p, err := parseDeflate(asOriginal(o), false)
			if o.Name != extensionName || err != nil || want.ClientBits > 0 && p.ClientBits == 0 {
				continue
			}
			answer = want
			answer.ServerNoContext, answer.ServerBits = p.ServerNoContext, p.ServerBits
			return answer, true
		}
	}
	return answer, false
}
