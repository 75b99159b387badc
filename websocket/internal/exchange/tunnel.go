package exchange

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"

	"github.com/hawser-ws/hawser/websocket/internal/field"
)

// MaxChallenges is how many responses with status 407 are answered. One more is final.
const MaxChallenges = 5

// ErrReconnect is the error of a Tunnel that needs another connection to the proxy to go on.
var ErrReconnect = errors.New("proxy requires another connection")

// A Tunnel is a request of an HTTP proxy for a connection to a server (RFC 9110, section 9.3.6).
type Tunnel struct {
	Addr string // host:port of the server
	Auth string // Proxy-Authorization from the userinfo of the proxy's URL, or ""

	// Prepare sets fields of each request. It is DialOptions.ProxyConnect, or nil.
	Prepare func(ctx context.Context, req *http.Request, challenge *http.Response) error

	next       *http.Request
	challenges int
}

// Open sends the request over nc, a new connection to the proxy, and reads the response, as Do. As
// long as the response is a challenge that t.Prepare can answer, it sends another request. If that
// needs a new connection, the error is ErrReconnect, and Open must be called again with one. If
// t.Prepare returns an error, Open returns it with the response, if any. nc may then be open.
func (t *Tunnel) Open(
	ctx context.Context, nc net.Conn, limit int64, drop func(net.Conn),
) (r *Response, step string, err error) {
	if t.next == nil {
		if _, err := t.prepare(ctx, nil); err != nil {
			return nil, stepPrepare, err
		}
	}
	for reused := false; ; reused = true {
		r, step, err = do(nc, t.next, limit, drop, t.Prepare != nil && t.challenges < MaxChallenges)
		if err != nil && reused && ctx.Err() == nil {
			return nil, "", ErrReconnect // the proxy may have closed nc after its response
		}
		if err != nil {
			return nil, step + " the proxy", err
		}
		challenged := r.HTTP.StatusCode == http.StatusProxyAuthRequired
		if !challenged || t.Prepare == nil || t.challenges == MaxChallenges {
			return r, "", nil
		}
		t.challenges++
		changed, err := t.prepare(ctx, r.HTTP)
		r.rewind()
		if err != nil || !changed {
			return r, stepPrepare, err
		}
		if !r.usable {
			return nil, "", ErrReconnect
		}
	}
}

const stepPrepare = "DialOptions.ProxyConnect"

func (t *Tunnel) request() *http.Request {
	h := http.Header{}
	if t.Auth != "" {
		h.Set("Proxy-Authorization", t.Auth)
	}
	return &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: t.Addr}, Host: t.Addr, Header: h}
}

// prepare makes the next request, and reports whether it differs from the last one.
func (t *Tunnel) prepare(ctx context.Context, challenge *http.Response) (changed bool, err error) {
	req := t.request()
	if t.Prepare != nil {
		if err := t.Prepare(ctx, req, challenge); err != nil {
			return false, err
		}
		for name, values := range req.Header {
			if field.IsReserved(name) || field.EqualASCII(name, "Host") {
				return false, fmt.Errorf("%q is set by the request itself", name)
			}
			if err := field.Check(name, values); err != nil {
				return false, err
			}
		}
	}
	next := t.request() // t.Prepare may have kept req or changed more than the header
	next.Header = req.Header.Clone()
	changed = t.next == nil || !maps.EqualFunc(t.next.Header, next.Header, slices.Equal[[]string])
	t.next = next
	return changed, nil
}
