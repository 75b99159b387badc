package suite

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hawser-ws/hawser/wire"
)

// Package wire takes some handshake fields that peers send in spite of the RFC. The
// suite judges what its peers send, and goes by the letter.

var errNoElement = errors.New("there is no element in it")

// parseExtensions is wire.ParseExtensions but for fields without an element, which
// are malformed: "1#extension" asks for one at least (RFC 6455, section 9.1).
func parseExtensions(values []string) ([]wire.ExtensionSpec, error) {
	list, err := wire.ParseExtensions(values)
	if err == nil && len(list) == 0 && len(values) > 0 {
		err = errNoElement
	}
	return list, err
}

// parseProtocols reads the values of Sec-WebSocket-Protocol, "1#token" (RFC 6455,
// section 4.3).
func parseProtocols(values []string) (names []string, err error) {
	for _, v := range values {
		for name := range strings.SplitSeq(v, ",") {
			name = strings.Trim(name, " \t")
			if name != "" && !wire.IsToken(name) {
				return nil, fmt.Errorf("%q is not a token", name)
			}
			if name != "" {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 && len(values) > 0 {
		return nil, errNoElement
	}
	return names, nil
}
