package websocket

import (
	"context"
	"net"
	"net/http"

	"github.com/hawser-ws/hawser/websocket/internal/exchange"
	"github.com/hawser-ws/hawser/websocket/internal/target"
)

// address returns the address of the proxy, if there is one, or else of the server.
func (d *dialer) address(p *proxy) (network, addr string) {
	switch {
	case d.target.Socket != "":
		return "unix", d.target.Socket
	case p != nil:
		return "tcp", target.HostPort(p.url)
	}
	return "tcp", d.target.Addr()
}

// connect opens the connection to the proxy, if there is one, or else to the server.
func (d *dialer) connect(ctx context.Context, p *proxy) (net.Conn, error) {
	network, addr := d.address(p)
	if d.dialsTLS(p) {
		return d.opts.DialTLS(ctx, network, addr)
	}
	if d.opts.NetDial != nil {
		return d.opts.NetDial(ctx, network, addr)
	}
	return new(net.Dialer).DialContext(ctx, network, addr)
}

// dialsTLS reports whether DialOptions.DialTLS is called.
func (d *dialer) dialsTLS(p *proxy) bool {
	return d.opts.DialTLS != nil && d.target.Secure() && p == nil
}

// proxy returns the proxy for d.target that the caller or the environment specifies, or nil.
func (d *dialer) proxy(ctx context.Context, req *http.Request) (*proxy, error) {
	if d.target.Socket != "" {
		return nil, nil
	}
	u, err := d.opts.Proxy(req.Clone(ctx))
	if err != nil || u == nil {
		return nil, target.HideUserinfo(err)
	}
	if u, err = target.Proxy(u); err != nil {
		return nil, err
	}
	return &proxy{u, exchange.Tunnel{
		Addr: d.target.Addr(), Auth: target.BasicAuth(u.User), Prepare: d.opts.ProxyConnect,
	}}, nil
}
