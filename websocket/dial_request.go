package websocket

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/hawser-ws/hawser/websocket/internal/exchange"
	"github.com/hawser-ws/hawser/websocket/internal/field"
	"github.com/hawser-ws/hawser/websocket/internal/target"
	"github.com/hawser-ws/hawser/wire"
)

// takeHeader checks the caller's fields and takes Host, if any, out of them.
func takeHeader(h http.Header) (host string, err error) {
	var agents []string
	for name, values := range h {
		if err := checkOwnField(name, values); err != nil {
			return "", err
		}
		// net/http looks these two up in canonical form.
		switch strings.ToLower(name) {
		case "host":
			if host != "" || len(values) != 1 {
				return "", fmt.Errorf("%s must have exactly one value", http.CanonicalHeaderKey(name))
			}
			if host, err = target.ASCIIHost(values[0]); err != nil {
				return "", err
			}
			delete(h, name)
		case "user-agent":
			agents = values
			delete(h, name)
		}
	}
	if agents != nil {
		h.Set("User-Agent", strings.Join(agents, " "))
	}
	return host, nil
}

// checkOwnField refuses a field that must not be in the request at all, and one that the caller
// must not set. Its errors do not show values.
func checkOwnField(name string, values []string) error {
	switch {
	case field.IsReserved(name):
		return fmt.Errorf("%q is set by the handshake itself", name)
	case strings.EqualFold(name, "Proxy-Authorization"):
		return fmt.Errorf(
			"%q would be sent to the server; put a proxy's credentials into the userinfo of its URL", name)
	}
	return field.Check(name, values)
}

// makeOffers sets the offers to the server.
func (d *dialer) makeOffers() error {
	for i, p := range d.opts.Subprotocols {
		if !wire.IsProtocolName(p) {
			return fmt.Errorf("DialOptions.Subprotocols: %q %s (%s)", p, protocolNameRule, section41)
		}
		if slices.Contains(d.opts.Subprotocols[:i], p) {
			return fmt.Errorf("DialOptions.Subprotocols: %q is listed twice (%s)", p, section41)
		}
	}
	d.protocols = strings.Join(d.opts.Subprotocols, ", ")
	var all []wire.ExtensionSpec
	for _, x := range d.opts.Extensions {
		offers := x.Offer(nil)
		d.offers = append(d.offers, offers)
		all = append(all, offers...)
	}
	value, err := wire.AppendExtensions(nil, all)
	if err != nil {
		return fmt.Errorf("DialOptions.Extensions: invalid offer: %w", fieldCause(err))
	}
	d.extensions = string(value)
	return nil
}

// newRequest returns the request for d.target, with a new key. The request shares only the URL with
// d.
func (d *dialer) newRequest(ctx context.Context) *http.Request {
	req := (&http.Request{
		Method: http.MethodGet,
		URL:    d.target.URL,
		Proto:  httpVersion, ProtoMajor: 1, ProtoMinor: 1,
		Host:   d.target.URL.Host,
		Header: http.Header{},
	}).WithContext(ctx)
	d.addCallers(req)
	if d.opts.Jar != nil {
		exchange.AddCookies(req, d.opts.Jar.Cookies(req.URL))
	}
	d.key = newKey()
	d.addOwn(req.Header)
	return req
}

// addOwn adds the fields of the handshake itself.
func (d *dialer) addOwn(h http.Header) {
	h[fieldUpgrade] = []string{upgradeToken}
	h[fieldConnection] = []string{fieldUpgrade}
	h[fieldKey] = []string{d.key}
	h[fieldVersion] = []string{protocolVersion}
	if d.protocols != "" {
		h[fieldProtocol] = []string{d.protocols}
	}
	if d.extensions != "" {
		h[fieldExtensions] = []string{d.extensions}
	}
}

// checkRedirect calls CheckRedirect with a copy of req, and takes over the header that it leaves
// there, except for the fields of the handshake itself.
func (d *dialer) checkRedirect(req *http.Request) error {
	shown := req.Clone(req.Context())
	shown.Response = req.Response
	if err := d.opts.CheckRedirect(shown, append(slices.Clone(d.via), d.last)); err == http.ErrUseLastResponse {
		return err
	} else if err != nil {
		return fmt.Errorf("redirect to %.100q, refused by DialOptions.CheckRedirect: %w", req.URL, err)
	}
	req.Header = http.Header{}
	maps.Copy(req.Header, shown.Header.Clone())
	maps.DeleteFunc(req.Header, func(name string, _ []string) bool { return field.IsReserved(name) })
	host, err := takeHeader(req.Header)
	if err != nil {
		return fmt.Errorf("DialOptions.CheckRedirect: %w", err)
	}
	req.Host = cmp.Or(host, req.Host)
	d.addOwn(req.Header)
	return nil
}

// addCallers adds the caller's fields: all of them for the host of the caller's URL, and only the
// User-Agent for any other host.
func (d *dialer) addCallers(req *http.Request) {
	if d.left {
		if agent, ok := d.opts.Header["User-Agent"]; ok {
			req.Header["User-Agent"] = agent
		}
		return
	}
	if d.host != "" {
		req.Host = d.host
	}
	authorized := false
	for name, values := range d.opts.Header {
		req.Header[name] = slices.Clone(values)
		authorized = authorized || strings.EqualFold(name, "Authorization")
	}
	if d.auth != "" && !authorized {
		req.Header.Set("Authorization", d.auth)
	}
}

// newKey returns a value for Sec-WebSocket-Key: 16 bytes from crypto/rand.
func newKey() string {
	var nonce [16]byte
	rand.Read(nonce[:]) // never fails; it ends the program instead
	return base64.StdEncoding.EncodeToString(nonce[:])
}
