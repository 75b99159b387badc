package websocket

import (
	"context"
	"net"
	"net/http"
	"net/url"

	"github.com/hawser-ws/hawser/websocket/internal/exchange"
	"github.com/hawser-ws/hawser/websocket/internal/socks"
	"github.com/hawser-ws/hawser/websocket/internal/target"
	"github.com/hawser-ws/hawser/websocket/internal/transport"
)

// A proxy is asked for a connection to the server. It learns only the server's host and port,
// because the request is sent through the connection.
type proxy struct {
	url *url.URL // scheme http, https, socks5 or socks5h; host in ASCII
}

// tunnel turns nc, a connection to p, into one to the server. If p refuses a CONNECT, tunnel
// returns that response too. p may be nil.
func (d *dialer) tunnel(ctx context.Context, nc net.Conn, p *proxy) (net.Conn, *http.Response, error) {
	if p == nil {
		return nc, nil, nil
	}
	switch p.url.Scheme {
	case "socks5", "socks5h":
		if err := socks.Connect(nc, p.url.User, d.target.Addr()); err != nil {
			return nil, nil, dialFailed(ctx, "SOCKS5 handshake", err)
		}
		return nc, nil, nil
	case "https":
		var err error
		if nc, err = startTLS(ctx, nc, d.proxyTLS(p.url.Hostname())); err != nil {
			return nil, nil, dialFailed(ctx, "TLS handshake with the proxy", err)
		}
	}
	resp, err := p.connect(ctx, nc, d.target.Addr(), d.limits.MaxResponseHeader)
	return nc, resp, err
}

// connect asks an HTTP proxy for a tunnel to addr (RFC 9110, section 9.3.6). It returns a response
// only with an error.
func (p *proxy) connect(ctx context.Context, nc net.Conn, addr string, limit int64) (*http.Response, error) {
	req := &http.Request{
		Method: http.MethodConnect,
		URL:    &url.URL{Opaque: addr},
		Host:   addr,
		Header: http.Header{},
	}
	if auth := target.BasicAuth(p.url.User); auth != "" {
		req.Header.Set("Proxy-Authorization", auth)
	}
	r, step, err := exchange.Do(nc, req, limit, transport.Drop)
	if err != nil {
		return nil, dialFailed(ctx, step+" the proxy", err)
	}
	if r.HTTP.StatusCode/100 != 2 {
		return r.HTTP, badResponse(r, section41, "proxy answered %s%s", r.Status(), r.Text())
	}
	if len(r.Rest) > 0 {
		return r.HTTP, badResponse(r, "RFC 9110, section 9.3.6",
			"proxy sent %d bytes before the server could", len(r.Rest))
	}
	return nil, nil
}
