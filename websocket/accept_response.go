package websocket

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/hawser-ws/hawser/websocket/internal/field"
	"github.com/hawser-ws/hawser/websocket/internal/transport"
)

// refusal returns the error of a request that is answered with status.
func refusal(status int, section, format string, args ...any) *HandshakeError {
	return &HandshakeError{Status: status, Section: section, Err: fmt.Errorf(format, args...)}
}

// A privateError has a text that is not for the client, which gets another one.
type privateError struct {
	error
	public string
}

func (e privateError) Unwrap() error { return e.error }

// refuse answers a request with e. The client does not get the text of private errors and internal
// errors.
func refuse(w http.ResponseWriter, e *HandshakeError) {
	h := w.Header()
	var busy *busyError
	switch {
	case errors.As(e.Err, &busy):
		if busy.retryAfter != "" {
			h["Retry-After"] = []string{busy.retryAfter}
		}
		h[fieldConnection] = []string{"close"} // the client has no other use for it
	case e.Status == http.StatusMethodNotAllowed:
		h["Allow"] = []string{http.MethodGet}
	case e.Status == http.StatusUpgradeRequired: // RFC 9110, section 15.5.22
		h[fieldUpgrade] = []string{upgradeToken}
		h[fieldConnection] = []string{fieldUpgrade}
		h[fieldVersion] = []string{protocolVersion}
	case errors.Is(e.Err, errVersion): // RFC 6455, section 4.4
		h[fieldVersion] = []string{protocolVersion}
	}
	http.Error(w, refusalText(e), e.Status)
}

func refusalText(e *HandshakeError) string {
	if e.Status == http.StatusInternalServerError {
		return "internal error opening the WebSocket; see the server log"
	}
	text := e.Err.Error()
	if private, ok := e.Err.(privateError); ok {
		text = private.public
	}
	if e.Section != "" {
		text += " (" + e.Section + ")"
	}
	return text
}

// respond sends the response within Limits.HandshakeTimeout.
func (a *acceptance) respond(t *transport.Transport, brw *bufio.ReadWriter, middleware http.Header) error {
	// One Write, in the buffer of net/http, so that the response is one TLS record and usually
	// one packet.
	b := a.appendResponse(brw.AvailableBuffer(), middleware)
	ctx, limit := context.Background(), a.conn.Limits.HandshakeTimeout
	if limit > 0 && !t.IsRaw() { // where each byte that the peer takes would extend the limit
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	_, err := t.Write(ctx, limit, b, nil)
	if err == transport.ErrNotReading || transport.IsInterrupt(err) || t.Wr.Overran() { // perhaps at the very end
		err = fmt.Errorf("not completed within Limits.HandshakeTimeout: %w", os.ErrDeadlineExceeded)
	}
	return err
}

// appendResponse appends the 101 response (RFC 6455, section 4.2.2, step 5).
func (a *acceptance) appendResponse(dst []byte, middleware http.Header) []byte {
	dst = append(dst, statusLine...)
	dst = field.Append(dst, fieldUpgrade, upgradeToken)
	dst = field.Append(dst, fieldConnection, fieldUpgrade)
	dst = field.Append(dst, fieldAccept, a.accept)
	if a.conn.Subprotocol != "" {
		dst = field.Append(dst, fieldProtocol, a.conn.Subprotocol)
	}
	if len(a.extension) > 0 {
		dst = field.Append(dst, fieldExtensions, a.extension)
	}
	dst = field.AppendAll(dst, middleware)
	dst = field.AppendAll(dst, a.opts.Header)
	return append(dst, "\r\n"...)
}
