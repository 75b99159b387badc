package handshake

import (
	"strconv"

	"github.com/hawser-ws/hawser/fuzz/internal/model"
)

// Deflate is the name of the modeled extension. This package models only the negotiation.
// Package permessage checks that sessions keep to it.
const Deflate = "permessage-deflate"

// Params are the parameters of permessage-deflate (RFC 7692, section 7.1) in an offer
// or an answer.
type Params struct {
	ServerNoContext, ClientNoContext bool

	// The window sizes in bits; 0 if the parameter is absent.
	ServerBits, ClientBits int

	// ClientSizes says that client_max_window_bits has no value, which is only valid
	// in an offer.
	ClientSizes bool
}

// ParseParams reads the parameters of an offer or an answer. ok is false if the server
// must decline the offer, or the client must fail the connection because of the answer
// (section 7): if a parameter is unknown, repeated, or has an invalid value.
func ParseParams(e model.Extension, answer bool) (p Params, ok bool) {
	if e.Name != Deflate {
		return p, false
	}
	seen := map[string]bool{}
	for _, param := range e.Params {
		name, value := param.Name, param.Value
		if seen[name] {
			return p, false
		}
		seen[name] = true
		switch {
		case name == "server_no_context_takeover" && value == "":
			p.ServerNoContext = true
		case name == "client_no_context_takeover" && value == "":
			p.ClientNoContext = true
		case name == "server_max_window_bits" && isBits(value):
			p.ServerBits, _ = strconv.Atoi(value)
		case name == "client_max_window_bits" && isBits(value):
			p.ClientBits, _ = strconv.Atoi(value)
		case name == "client_max_window_bits" && value == "" && !answer:
			p.ClientSizes = true
		default:
			return p, false
		}
	}
	return p, true
}

// isBits reports whether a value is "a decimal integer value without leading zeroes
// between 8 to 15, inclusive" (sections 7.1.2.1 and 7.1.2.2).
func isBits(value string) bool {
	switch value {
	case "8", "9", "10", "11", "12", "13", "14", "15":
		return true
	}
	return false
}

// Answers reports whether a server may answer an offer with p.
func (p Params) Answers(offer Params) bool {
	switch {
	case offer.ServerNoContext && !p.ServerNoContext: // section 7.1.1.1
		return false
	case offer.ServerBits > 0 && (p.ServerBits == 0 || p.ServerBits > offer.ServerBits): // section 7.1.2.1
		return false
	case p.ClientBits > 0 && offer.ClientBits == 0 && !offer.ClientSizes: // section 7.1.2.2
		return false
	}
	return !p.ClientSizes
}

// A Side holds the documented options of package deflate for one end.
type Side struct {
	Bits      int // WindowBits; not 0
	Receive   int // MaxReceiveWindowBits; not 0
	NoContext bool
}

// Answer returns a server's answer to a valid offer: the parameters that were asked for,
// and those that keep the client's window within the server's limit.
func (s Side) Answer(offer Params) Params {
	a := Params{
		ServerNoContext: offer.ServerNoContext || s.NoContext,
		ClientNoContext: offer.ClientNoContext || s.NoContext,
	}
	if offer.ServerBits > 0 {
		a.ServerBits = min(s.Bits, offer.ServerBits)
	}
	if s.Receive == 15 {
		return a
	}
	switch {
	case offer.ClientBits > 0:
		a.ClientBits = min(s.Receive, offer.ClientBits)
	case offer.ClientSizes:
		a.ClientBits = s.Receive
	default:
		a.ClientNoContext = true
	}
	return a
}

// Choose returns a server's answer to the first valid offer of a list. ok is false if it
// declines.
func (s Side) Choose(offers []model.Extension) (answer Params, ok bool) {
	for _, e := range offers {
		if p, ok := ParseParams(e, false); ok {
			return s.Answer(p), true
		}
	}
	return answer, false
}

// Confirms reports whether a client that made these offers must accept an answer.
func Confirms(offers []model.Extension, answer model.Extension) bool {
	a, ok := ParseParams(answer, true)
	if !ok {
		return false
	}
	for _, o := range offers {
		if p, ok := ParseParams(o, false); ok && a.Answers(p) {
			return true
		}
	}
	return false
}
