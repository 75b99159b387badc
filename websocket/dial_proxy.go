package websocket

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"

	"github.com/hawser-ws/hawser/websocket/internal/exchange"
	"github.com/hawser-ws/hawser/websocket/internal/socks"
	"github.com/hawser-ws/hawser/websocket/internal/transport"
)

// A proxy is asked for a connection to the server. It learns only the server's host and port,
// because the request is sent through the connection.
type proxy struct {
	url    *url.URL // scheme http, https, socks5 or socks5h; host in ASCII
	tunnel exchange.Tunnel
}

// tunnel turns nc, a connection to p, into one to the server. If p refuses a CONNECT, tunnel
// returns that response too. The error is exchange.ErrReconnect if p requires another connection.
// p may be nil.
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
		tc := tls.Client(nc, exchange.ProxyTLS(d.opts.ProxyTLSConfig, d.opts.TLSConfig, p.url.Hostname()))
		if err := exchange.StartTLS(ctx, tc); err != nil {
			return nil, nil, dialFailed(ctx, "TLS handshake with the proxy", err)
		}
		nc = tc
	}
	resp, err := p.connect(ctx, nc, d.limits.MaxResponseHeader)
	return nc, resp, err
}

// connect asks an HTTP proxy for a tunnel. It returns a response only with an error.
func (p *proxy) connect(ctx context.Context, nc net.Conn, limit int64) (*http.Response, error) {
	r, step, err := p.tunnel.Open(ctx, nc, limit, transport.Drop)
	switch {
	case err == exchange.ErrReconnect:
		return nil, err
	case err != nil && r != nil: // ProxyConnect has given up
		if ctx.Err() != nil {
			err = contextError(ctx)
		}
		return r.HTTP, badResponse(r, section41, "proxy answered %s; %s: %w", r.Status(), step, err)
	case err != nil:
		return nil, dialFailed(ctx, step, err)
	case r.HTTP.StatusCode/100 != 2:
		return r.HTTP, badResponse(r, section41, "proxy answered %s%s", r.Status(), r.Text())
	case len(r.Rest) > 0:
		return r.HTTP, badResponse(r, "RFC 9110, section 9.3.6",
			"proxy sent %d bytes before the server could", len(r.Rest))
	}
	return nil, nil
}
