package suite

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/hawser-ws/hawser/wire"
)

// Package wire accepts some handshake fields that violate the RFC. These functions are stricter, because
// the suite reports such fields.

var errNoElement = errors.New("it has no element")

// parseExtensions is like wire.ParseExtensions, but returns an error if there are fields and no
// element: "1#extension" requires at least one (RFC 6455, section 9.1).
func parseExtensions(values []string) ([]wire.ExtensionSpec, error) {
	list, err := wire.ParseExtensions(values)
	if err == nil && len(list) == 0 && len(values) > 0 {
		err = errNoElement
	}
	return list, err
}

// parseProtocols parses the values of Sec-WebSocket-Protocol, "1#token" (RFC 6455, section 4.3).
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

// maxHead limits the head of a request or a response, in bytes.
const maxHead = 64 << 10

// readHead reads the head of a request or a response. rest is what was read after it.
func readHead(c net.Conn, log func([]byte)) (head, rest []byte, err error) {
	var have []byte
	buf := make([]byte, 4096)
	for {
		n, err := c.Read(buf)
		log(buf[:n])
		have = append(have, buf[:n]...)
		if i := bytes.Index(have, []byte("\r\n\r\n")); i >= 0 {
			return have[:i+4], have[i+4:], nil
		}
		if err != nil {
			return have, nil, err
		}
		if len(have) > maxHead {
			return have, nil, errors.New("the head has more than 64 KiB")
		}
	}
}

// A head is the first line and the fields of a request or a response.
type head struct {
	line   string
	fields http.Header // with names in canonical form
}

// parseHead parses a head leniently: it skips lines without a colon.
func parseHead(b []byte) head {
	lines := strings.Split(strings.TrimSuffix(string(b), "\r\n\r\n"), "\r\n")
	h := head{line: lines[0], fields: http.Header{}}
	for _, l := range lines[1:] {
		if name, value, ok := strings.Cut(l, ":"); ok {
			h.fields.Add(strings.TrimSpace(name), strings.TrimSpace(value))
		}
	}
	return h
}
