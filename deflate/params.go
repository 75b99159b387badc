package deflate

import (
	"fmt"
	"strconv"

	"github.com/hawser-ws/hawser/wire"
)

// The names that RFC 7692, section 7.1, registers.
const (
	extensionName           = "permessage-deflate"
	serverNoContextTakeover = "server_no_context_takeover"
	clientNoContextTakeover = "client_no_context_takeover"
	serverMaxWindowBits     = "server_max_window_bits"
	clientMaxWindowBits     = "client_max_window_bits"
)

const (
	minWindowBits = 8
	maxWindowBits = 15
)

// params are the parameters of an offer or an answer. The size of a window is 0 if its
// parameter is absent, and unsizedWindow for client_max_window_bits without a value, which
// only an offer may have.
type params struct {
	serverNoContext, clientNoContext bool
	serverBits, clientBits           int
}

const unsizedWindow = -1

// parseParams parses the parameters of spec, which is the answer of a server or the offer
// of a client. It returns an error for unknown names, repeated names, unexpected values, and
// window sizes that are not 8 to 15 in decimal without leading zeros. Such an offer must be
// declined, and such an answer fails the opening handshake (RFC 7692, section 7).
func parseParams(spec wire.ExtensionSpec, answer bool) (p params, err error) {
	var seen params
	for _, q := range spec.Params {
		again := false
		switch q.Name {
		case serverNoContextTakeover:
			again, seen.serverNoContext = seen.serverNoContext, true
			p.serverNoContext, err = true, noValue(q, "7.1.1.1")
		case clientNoContextTakeover:
			again, seen.clientNoContext = seen.clientNoContext, true
			p.clientNoContext, err = true, noValue(q, "7.1.1.2")
		case serverMaxWindowBits:
			again, seen.serverBits = seen.serverBits != 0, 1
			p.serverBits, err = windowBits(q, "7.1.2.1")
		case clientMaxWindowBits:
			again, seen.clientBits = seen.clientBits != 0, 1
			if q.Value == "" && !answer {
				p.clientBits = unsizedWindow
			} else {
				p.clientBits, err = windowBits(q, "7.1.2.2")
			}
		default:
			err = negotiationError("7", "unknown parameter %q", q.Name)
		}
		if again {
			err = negotiationError("7", "parameter %q is repeated", q.Name)
		}
		if err != nil {
			return params{}, err
		}
	}
	return p, nil
}

func noValue(q wire.Param, section string) error {
	if q.Value != "" {
		return negotiationError(section, "parameter %q must have no value, has %q", q.Name, q.Value)
	}
	return nil
}

func windowBits(q wire.Param, section string) (int, error) {
	n, err := strconv.Atoi(q.Value)
	if err != nil || n < minWindowBits || n > maxWindowBits || strconv.Itoa(n) != q.Value {
		return 0, negotiationError(section, "parameter %q is %q, not 8 to 15", q.Name, q.Value)
	}
	return n, nil
}

func negotiationError(section, format string, args ...any) error {
	return &Error{Section: section, Err: fmt.Errorf(format, args...)}
}

// element returns p as an element of a Sec-WebSocket-Extensions field.
func (p params) element() wire.ExtensionSpec {
	o := wire.ExtensionSpec{Name: extensionName}
	add := func(name, value string) { o.Params = append(o.Params, wire.Param{Name: name, Value: value}) }
	if p.serverNoContext {
		add(serverNoContextTakeover, "")
	}
	if p.clientNoContext {
		add(clientNoContextTakeover, "")
	}
	if p.serverBits > 0 {
		add(serverMaxWindowBits, strconv.Itoa(p.serverBits))
	}
	switch {
	case p.clientBits == unsizedWindow:
		add(clientMaxWindowBits, "")
	case p.clientBits > 0:
		add(clientMaxWindowBits, strconv.Itoa(p.clientBits))
	}
	return o
}

// A direction has the agreed parameters for the messages of one side: the window, in bits,
// and whether context is taken over.
type direction struct {
	bits     int
	takeover bool
}

// server returns the parameters that the answer p has for the messages of the server.
func (p params) server() direction { return directionOf(p.serverBits, p.serverNoContext) }

// client returns the parameters that the answer p has for the messages of the client.
func (p params) client() direction { return directionOf(p.clientBits, p.clientNoContext) }

func directionOf(bits int, noContext bool) direction {
	if bits == 0 {
		bits = maxWindowBits
	}
	return direction{bits, !noContext}
}

// answers returns an error if a cannot be the answer to the offer p. The server must grant
// the parameters that limit the server, and must not size the window of a client that did
// not offer client_max_window_bits. The client's own parameters in p apply only to the
// client: an answer may leave them out, or have a larger window (RFC 7692, section 7.1).
func (a params) answers(p params) error {
	switch {
	case p.serverNoContext && !a.serverNoContext:
		return negotiationError("7.1.1.1", "answer does not grant %s", serverNoContextTakeover)
	case p.serverBits > 0 && a.serverBits == 0:
		return negotiationError("7.1.2.1", "answer does not grant %s", serverMaxWindowBits)
	case p.serverBits > 0 && a.serverBits > p.serverBits:
		return negotiationError("7.1.2.1", "%s is %d in the answer, %d in the offer",
			serverMaxWindowBits, a.serverBits, p.serverBits)
	case a.clientBits > 0 && p.clientBits == 0:
		return negotiationError("7.1.2.2", "%s was not offered", clientMaxWindowBits)
	}
	return nil
}
