package websocket

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/hawser-ws/hawser/websocket/internal/origin"
)

// maxOrigin is the largest origin that is checked, in bytes. A host name has at most 253.
const maxOrigin = 512

// errOrigin is the cause of a refusal that a Handler logs.
var errOrigin = errors.New("is not in AcceptOptions.Origins")

// checkOrigin checks the Origin field of a request (RFC 6455, section 10.2). A browser lets any
// page open a WebSocket to any server, and sends the server's cookies along. Only this field tells
// the server where the page is from.
func (o *AcceptOptions) checkOrigin(r *http.Request) *HandshakeError {
	values := r.Header[fieldOrigin]
	switch {
	case o.InsecureAnyOrigin, len(values) == 0: // not a browser (section 4.2.1, item 7)
		return nil
	case len(values) > 1:
		return refusal(http.StatusBadRequest, "RFC 6454, section 7.3",
			fieldOrigin+" is repeated")
	case len(values[0]) > maxOrigin:
		return refusal(http.StatusForbidden, section102,
			"the origin has %d bytes, more than %d", len(values[0]), maxOrigin)
	case origin.Allowed(values[0], r.Host, r.TLS != nil, o.Origins):
		return nil
	}
	// The client must not see the host, which may be an internal name behind a proxy.
	err := fmt.Errorf("origin %q does not match host %.300q and %w", values[0], r.Host, errOrigin)
	return &HandshakeError{
		Status: http.StatusForbidden, Section: section102,
		Err: privateError{err, "the origin is not allowed"},
	}
}
