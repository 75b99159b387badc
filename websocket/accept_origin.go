package websocket

import (
	"fmt"
	"net/http"

	"github.com/hawser-ws/hawser/websocket/internal/origin"
)

// maxOrigin is the largest origin that is looked at, in bytes. A host name has
// 253 at most.
const maxOrigin = 512

// checkOrigin judges the Origin field of a request (RFC 6455, section 10.2). A browser
// lets any page open a WebSocket to any server and sends the server's cookies along;
// this field alone tells the server whose page it is.
func (o *AcceptOptions) checkOrigin(r *http.Request) *HandshakeError {
	values := r.Header[fieldOrigin]
	switch {
	case o.InsecureAnyOrigin, len(values) == 0: // not a browser (section 4.2.1, item 7)
		return nil
	case len(values) > 1:
		return refusal(http.StatusBadRequest, "RFC 6454, section 7.3", fieldOrigin+" stands here more than once")
	case len(values[0]) > maxOrigin:
		return refusal(http.StatusForbidden, section102,
			"the origin has %d bytes, more than %d", len(values[0]), maxOrigin)
	case origin.Allowed(values[0], r.Host, r.TLS != nil, o.Origins):
		return nil
	}
	// The host behind a proxy may be an internal name.
	err := fmt.Errorf("origin %q is not of the host %q; allow it in AcceptOptions.Origins", values[0], r.Host)
	return &HandshakeError{Status: http.StatusForbidden, Section: section102, Err: privateError{err, "the origin is not allowed"}}
}
