package websocket

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/field"
	"github.com/hawser-ws/hawser/wire"
)

// errVersion is the cause of a refusal whose response must name our version.
var errVersion = errors.New(fieldVersion + " must be " + protocolVersion)

// checkRequest checks the parts of a request that no option affects, the most telling errors first.
func checkRequest(r *http.Request) *HandshakeError {
	switch {
	case r.ProtoMajor > 1:
		return refusal(http.StatusHTTPVersionNotSupported, "RFC 9110, section 15.6.6",
			"this server opens WebSockets over HTTP/1.1, not %s", r.Proto)
	case r.Method != http.MethodGet:
		return refusal(http.StatusMethodNotAllowed, section421, "the method is %.32q, not GET", r.Method)
	case !r.ProtoAtLeast(1, 1):
		return refusal(http.StatusUpgradeRequired, section421, "HTTP/1.1 is needed, not %s", r.Proto)
	case len(r.Header[fieldUpgrade]) == 0:
		return refusal(http.StatusUpgradeRequired, section421,
			"this is a WebSocket endpoint, and the request has no Upgrade field")
	case !wire.HasToken(r.Header[fieldUpgrade], upgradeToken):
		return refusal(http.StatusUpgradeRequired, section421, "the Upgrade field does not name websocket")
	case !wire.HasToken(r.Header[fieldConnection], fieldUpgrade):
		return refusal(http.StatusBadRequest, section421, "the Connection field does not name Upgrade")
	case field.HasBody(r):
		return refuseBody()
	}
	if e := checkVersion(r.Header[keyVersion]); e != nil {
		return e
	}
	return checkKey(r.Header[keyKey])
}

func refuseBody() *HandshakeError {
	return refusal(http.StatusBadRequest, "RFC 9110, section 9.3.1",
		"the request has a body, which could be taken for frames")
}

// finishBody reads a chunked body, which must be empty, to its end within limit. Frames follow.
func finishBody(w http.ResponseWriter, r *http.Request, limit time.Duration) *HandshakeError {
	if len(r.TransferEncoding) == 0 {
		return nil
	}
	due := time.Now().Add(limit)
	// Hijack clears the deadline. After a refusal, net/http does.
	if limit > 0 && http.NewResponseController(w).SetReadDeadline(due) != nil {
		return refuseBody()
	}
	_, err := io.ReadFull(r.Body, make([]byte, 1))
	switch {
	case err == nil, err == io.EOF && len(r.Trailer) > 0: // a copy of r lacks unannounced trailers
		return refuseBody()
	case err != io.EOF && limit > 0 && !time.Now().Before(due): // net/http does not always return a timeout
		return refusal(http.StatusRequestTimeout, "RFC 9110, section 15.5.9",
			"chunked body did not end within Limits.HandshakeTimeout: %w", os.ErrDeadlineExceeded)
	case err != io.EOF: // err may contain addresses
		return &HandshakeError{
			Status: http.StatusBadRequest, Section: "RFC 9112, section 7.1",
			Err: privateError{fmt.Errorf("chunked body: %w", err), "chunked body is malformed or incomplete"},
		}
	}
	return nil
}

func checkVersion(values []string) *HandshakeError {
	switch {
	case len(values) == 0:
		return refusal(http.StatusBadRequest, section421, "%w, but is missing", errVersion)
	case len(values) > 1:
		return refusal(http.StatusBadRequest, "RFC 6455, section 11.3.5",
			"%w, but is repeated", errVersion)
	case values[0] != protocolVersion:
		return refusal(http.StatusUpgradeRequired, section422, "%w, not %.32q", errVersion, values[0])
	}
	return nil
}

func checkKey(values []string) *HandshakeError {
	switch {
	case len(values) == 0:
		return refusal(http.StatusBadRequest, section421, fieldKey+" is missing")
	case len(values) > 1:
		return refusal(http.StatusBadRequest, "RFC 6455, section 11.3.1",
			fieldKey+" is repeated")
	case !wire.IsKey(values[0]):
		return refusal(http.StatusBadRequest, section421, fieldKey+" is not 16 bytes in base64")
	}
	return nil
}

// checkFieldSizes refuses Sec-WebSocket fields of more than limit bytes before they are parsed.
func checkFieldSizes(h http.Header, limit int64) *HandshakeError {
	if size := field.HandshakeSize(h); limit >= 0 && size > limit {
		return refusal(http.StatusRequestHeaderFieldsTooLarge, "RFC 6585, section 5",
			"the Sec-WebSocket fields have %d bytes, more than Limits.MaxHandshakeFields, %d", size, limit)
	}
	return nil
}

// chooseSubprotocol returns the first of the server's subprotocols that the client offers, or "".
func chooseSubprotocol(h http.Header, wanted []string) string {
	offered := wire.ParseProtocols(h[keyProtocol])
	for _, s := range wanted {
		if slices.Contains(offered, s) {
			return s
		}
	}
	return ""
}

// chooseExtension lets each extension in turn choose from the client's offers, and uses the first
// answer.
func (a *acceptance) chooseExtension(h http.Header, exts []wire.Extension) *HandshakeError {
	offers, err := wire.ParseExtensions(h[keyExtensions])
	if err != nil {
		return refusal(http.StatusBadRequest, section91, fieldExtensions+": %w", fieldCause(err))
	}
	if len(offers) == 0 {
		return nil
	}
	for _, ext := range exts {
		o, session, ok := ext.Accept(slices.Values(offers))
		if !ok {
			continue
		}
		if !slices.ContainsFunc(offers, func(offer wire.ExtensionSpec) bool { return offer.Name == o.Name }) {
			err = fmt.Errorf("extension %q was not offered", o.Name)
		} else {
			a.extension, err = wire.AppendExtensions(nil, []wire.ExtensionSpec{o})
		}
		if err != nil {
			closeSession(session)
			return refusal(http.StatusInternalServerError, section422,
				"answer of AcceptOptions.Extensions: %w", fieldCause(err))
		}
		a.conn.Extension, a.conn.Session = o, session
		return nil
	}
	return nil
}
