package websocket

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/hawser-ws/hawser/websocket/internal/exchange"
	"github.com/hawser-ws/hawser/websocket/internal/field"
	"github.com/hawser-ws/hawser/wire"
)

// few returns the first lines of a field, which may have thousands.
func few(lines []string) []string { return lines[:min(len(lines), 3)] }

// badResponse returns the error of a response that violates a rule.
func badResponse(r *exchange.Response, section, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &HandshakeError{Status: r.HTTP.StatusCode, Section: section, Err: err, dial: true}
}

// verify checks the response to the last request by all rules of RFC 6455, section 4.1. It checks
// the extension last, so that a refused response leaves no session to close.
func (d *dialer) verify(r *exchange.Response) (ConnOptions, error) {
	if r.HTTP.StatusCode != http.StatusSwitchingProtocols {
		why := r.Status()
		if exchange.IsRedirect(r.HTTP) && len(d.via) >= d.opts.MaxRedirects {
			why += fmt.Sprintf(", and DialOptions.MaxRedirects is %d", d.opts.MaxRedirects)
		}
		return ConnOptions{}, badResponse(r, section41, "server answered %s", why+r.Text())
	}
	if !r.HTTP.ProtoAtLeast(1, 1) || r.HTTP.ProtoMajor != 1 {
		return ConnOptions{}, badResponse(r, "RFC 9110, section 7.8",
			"server switched protocols in %q, not in "+httpVersion, r.HTTP.Proto)
	}
	h := r.HTTP.Header
	if v := h[fieldUpgrade]; len(v) != 1 || !field.EqualASCII(v[0], upgradeToken) {
		return ConnOptions{}, badResponse(r, section41, fieldUpgrade+" is %.100q, not "+upgradeToken, few(v))
	}
	if v := h[fieldConnection]; !wire.HasToken(v, fieldUpgrade) {
		return ConnOptions{}, badResponse(r, section41,
			fieldConnection+" is %.100q, without "+fieldUpgrade, few(v))
	}
	want := wire.AcceptKey(d.key)
	switch v := h[keyAccept]; {
	case len(v) > 1:
		return ConnOptions{}, badResponse(r, "RFC 6455, section 11.3.3",
			fieldAccept+" has %d values, not one", len(v))
	case len(v) == 0 || v[0] != want:
		return ConnOptions{}, badResponse(r, section41, fieldAccept+" is %.100q, not %q", v, want)
	}
	protocol, err := d.verifyProtocol(r)
	if err != nil {
		return ConnOptions{}, err
	}
	extension, session, err := d.verifyExtension(r)
	if err != nil {
		return ConnOptions{}, err
	}
	return ConnOptions{
		Role: wire.Client, Subprotocol: protocol,
		Extension: extension, Session: session, Limits: d.limits, Events: d.opts.Events,
	}, nil
}

// verifyProtocol returns the subprotocol that the server chose, or "".
//
// A field that is empty, or consists of commas, counts as missing, although section 4.2.2 says "The
// empty string is not the same as the null value for these purposes and is not a legal value for
// this field", because .NET's HttpListener sends one.
func (d *dialer) verifyProtocol(r *exchange.Response) (string, error) {
	switch v := r.HTTP.Header[keyProtocol]; {
	case len(v) > 1:
		return "", badResponse(r, "RFC 6455, section 11.3.4",
			fieldProtocol+" has %d values, not one", len(v))
	case len(v) == 0 || strings.Trim(v[0], ", \t") == "":
		return "", nil
	case !slices.Contains(d.opts.Subprotocols, v[0]):
		return "", badResponse(r, section41,
			"server chose subprotocol %.100q, not one of those offered, %q", v[0], d.opts.Subprotocols)
	default:
		return v[0], nil
	}
}

// verifyExtension returns the extension that the server chose, with its session, if any.
//
// A field that is empty, or consists of commas, counts as missing, although section 9.1 requires
// 1#extension and "the recipient of such malformed data MUST immediately _Fail the WebSocket
// Connection_", because Kitura sends one.
func (d *dialer) verifyExtension(r *exchange.Response) (wire.ExtensionSpec, wire.Session, error) {
	var none wire.ExtensionSpec
	v := r.HTTP.Header[keyExtensions]
	if len(v) > 1 {
		return none, nil, badResponse(r, "RFC 6455, section 11.3.2",
			fieldExtensions+" has %d values, not one", len(v))
	}
	answers, err := wire.ParseExtensions(v)
	if err != nil {
		return none, nil, badResponse(r, section91,
			fieldExtensions+" is %.100q: %w", v[0], fieldCause(err))
	}
	for _, a := range answers {
		if d.offering(a.Name) == nil {
			return none, nil, badResponse(r, section41,
				"server chose extension %.100q, which was not offered", a.Name)
		}
	}
	if len(answers) == 0 {
		return none, nil, nil
	}
	if len(answers) > 1 {
		return none, nil, badResponse(r, section91,
			"server chose %d extensions, %.100q, but at most one can take effect", len(answers), v[0])
	}
	session, err := d.offering(answers[0].Name).Confirm(answers[0])
	if err != nil {
		return none, nil, badResponse(r, section41, "answer to extension %.100q: %w", answers[0].Name, err)
	}
	return answers[0], session, nil
}

// offering returns the first extension that has offered name, or nil.
func (d *dialer) offering(name string) wire.Extension {
	for i, offers := range d.offers {
		if slices.ContainsFunc(offers, func(o wire.ExtensionSpec) bool { return o.Name == name }) {
			return d.opts.Extensions[i]
		}
	}
	return nil
}
