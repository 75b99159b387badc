package websocket

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"slices"

	"github.com/hawser-ws/hawser/websocket/internal/exchange"
	"github.com/hawser-ws/hawser/websocket/internal/target"
	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// Dial connects to a server, performs the opening handshake of a client (RFC 6455, section 4.1) and
// returns the open connection. opts may be nil.
//
// The URL has one of these forms:
//
//	ws://host:port/path?query           same as http; the default port is 80
//	wss://host:port/path?query          over TLS; same as https; the default port is 443
//	ws+unix:///path/to.sock:/path?query a Unix socket, up to the first colon;
//	                                    then the path of the request, "/" by
//	                                    default; its Host is "localhost"
//	wss+unix:///path/to.sock:/path      TLS over a Unix socket
//
// A URL with a fragment is an error (section 3). Spaces, letters outside ASCII and the like are
// escaped in the path and the query, and a host outside ASCII is sent in punycode. Userinfo becomes
// an Authorization field of the Basic scheme unless opts.Header has one.
//
// ctx and Limits.HandshakeTimeout, 10 seconds by default, limit all of Dial, including proxies, TLS
// and redirects. Once Dial has returned, the end of ctx does not affect the connection, which keeps
// only the values of ctx.
//
// Every error is a [*HandshakeError], whose text shows no userinfo of a URL. If no response
// arrived, the returned response is nil and the error wraps the cause, such as
// [context.DeadlineExceeded]. Otherwise the response is that of the server, or of a proxy that
// refused to connect (its Request then has the method CONNECT), and the error has its status. Its
// Body is in memory and need not be closed: it has at most the first 1,024 bytes after a failure,
// and is empty after a success.
//
// The hooks of a [net/http/httptrace.ClientTrace] in ctx are called as by [http.Transport], and
// again for each redirect that is followed. To them, a CONNECT request is a part of opening the
// connection, for ws URLs too. Interim responses count toward Limits.MaxResponseHeader.
//
// Dial does not wait for other handshakes with the same address, as section 4.1 requires of
// browsers to protect servers from scripts. A program that opens many connections must limit them.
func Dial(ctx context.Context, url string, opts *DialOptions) (*Conn, *http.Response, error) {
	d, err := newDialer(url, opts)
	if err != nil {
		err = &HandshakeError{Err: err}
		d.opts.Events.refused(nil, err)
		return nil, nil, err
	}
	bounded, cancel := d.bound(ctx)
	defer cancel()
	nc, cfg, resp, err := d.dial(bounded)
	if err != nil {
		d.opts.Events.refused(d.last, err)
		return nil, resp, err
	}
	c := newConn(ctx, nc, &cfg)
	c.accepted(d.last, cfg.Events)
	return c, resp, nil
}

// A dialer is the state of one Dial.
//
// It does not use http.Transport, which sends ws requests to an HTTP proxy in absolute form, where
// section 4.1 requires CONNECT; uses the TLS settings for the server, client certificates included,
// for an https proxy too; and keeps goroutines and buffers, which may have the first frames of a
// quick server. Working around that would take more code than Dial does.
type dialer struct {
	opts   DialOptions // slices and Header are copies
	limits Limits
	target target.Target // where the next attempt goes
	key    string        // Sec-WebSocket-Key of the last request
	auth   string        // Authorization from the userinfo of the URL, or ""
	host   string        // Host from opts.Header, or ""
	left   bool          // a redirect has led away from the caller's host

	last *http.Request   // the last request made, or nil
	via  []*http.Request // the requests before it, oldest first

	protocols  string                 // value of Sec-WebSocket-Protocol, or ""
	extensions string                 // value of Sec-WebSocket-Extensions, or ""
	offers     [][]wire.ExtensionSpec // what each of opts.Extensions offers
}

// newDialer checks everything that can be checked before anything is sent.
func newDialer(url string, opts *DialOptions) (*dialer, error) {
	d := &dialer{}
	if opts != nil {
		d.opts = *opts
	}
	d.limits = d.opts.Limits
	d.limits.setDefaults()
	d.opts.Header = d.opts.Header.Clone()
	d.opts.Subprotocols = slices.Clone(d.opts.Subprotocols)
	d.opts.Extensions = slices.Clone(d.opts.Extensions)
	if d.opts.Proxy == nil {
		d.opts.Proxy = http.ProxyFromEnvironment
	}
	var err error
	if d.target, d.auth, err = target.Parse(url); err != nil {
		return d, err
	}
	if d.host, err = takeHeader(d.opts.Header); err != nil {
		return d, fmt.Errorf("DialOptions.Header: %w", err)
	}
	return d, d.makeOffers()
}

// bound returns ctx limited by Limits.HandshakeTimeout.
func (d *dialer) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := d.limits.HandshakeTimeout
	if limit < 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, limit,
		fmt.Errorf("not completed within Limits.HandshakeTimeout, %v: %w", limit, context.DeadlineExceeded))
}

// dial makes attempts until one succeeds or fails for good.
func (d *dialer) dial(ctx context.Context) (net.Conn, ConnOptions, *http.Response, error) {
	d.last = d.newRequest(ctx)
	for {
		nc, cfg, resp, err := d.attempt(ctx)
		if err == nil || len(d.via) >= d.opts.MaxRedirects || !exchange.IsRedirect(resp) {
			return nc, cfg, resp, err
		}
		section := section41
		req, e := d.follow(ctx, resp)
		if e == nil && d.opts.CheckRedirect != nil {
			section, e = "", d.checkRedirect(req)
		}
		switch {
		case e == http.ErrUseLastResponse:
			return nc, cfg, resp, err
		case e != nil:
			e = &HandshakeError{Status: resp.StatusCode, Section: section, Err: e, dial: true}
			return nil, ConnOptions{}, resp, e
		}
		d.via = append(d.via, d.last)
		d.last = req
	}
}

// attempt sends d.last and verifies the response. It closes the connection unless the handshake
// succeeds.
func (d *dialer) attempt(ctx context.Context) (net.Conn, ConnOptions, *http.Response, error) {
	proxy, err := d.proxy(ctx, d.last)
	if err != nil {
		return nil, ConnOptions{}, nil, dialFailed(ctx, "choosing a proxy", err)
	}
	_, addr := d.address(proxy)
	exchange.GetConn(ctx, addr)
	for {
		nc, cfg, resp, err := d.open(ctx, proxy)
		if err != exchange.ErrReconnect { // returned at most once for each challenge
			return nc, cfg, resp, err
		}
	}
}

// open performs the handshake over a new connection.
func (d *dialer) open(ctx context.Context, proxy *proxy) (net.Conn, ConnOptions, *http.Response, error) {
	raw, err := d.connect(ctx, proxy)
	if err != nil {
		step := "connecting"
		if proxy != nil {
			step += " to the proxy " + target.HostPort(proxy.url)
		}
		return nil, ConnOptions{}, nil, dialFailed(ctx, step, err)
	}
	// Only closing interrupts every transport in every state.
	stop := context.AfterFunc(ctx, func() { transport.Drop(raw) })
	nc, cfg, resp, err := d.exchange(ctx, raw, proxy)
	if !stop() && err == nil {
		closeSession(cfg.Session)
		err = dialFailed(ctx, "finishing the handshake", ctx.Err())
	}
	if err != nil {
		transport.Drop(raw)
		return nil, ConnOptions{}, resp, err
	}
	return nc, cfg, resp, nil
}

// exchange takes the connection raw, to the server or its proxy, through the handshake up to a
// verified response.
func (d *dialer) exchange(
	ctx context.Context, raw net.Conn, proxy *proxy,
) (nc net.Conn, cfg ConnOptions, resp *http.Response, err error) {
	nc, resp, err = d.tunnel(ctx, raw, proxy)
	if err != nil {
		return nil, ConnOptions{}, resp, err
	}
	if d.target.Secure() && !d.dialsTLS(proxy) {
		nc = tls.Client(nc, exchange.ServerTLS(d.opts.TLSConfig, d.target.URL.Hostname(), d.left))
	}
	if tc, ok := nc.(*tls.Conn); ok && d.target.Secure() {
		if err = exchange.StartTLS(ctx, tc); err != nil {
			return nil, ConnOptions{}, nil, dialFailed(ctx, "TLS handshake", err)
		}
	}
	exchange.GotConn(ctx, nc)
	r, step, err := exchange.Do(nc, d.last, d.limits.MaxResponseHeader, transport.Drop)
	if err != nil {
		return nil, ConnOptions{}, nil, dialFailed(ctx, step+" the server", err)
	}
	if cookies := r.HTTP.Cookies(); d.opts.Jar != nil && len(cookies) > 0 {
		d.opts.Jar.SetCookies(d.last.URL, cookies)
	}
	if cfg, err = d.verify(r); err != nil {
		return nil, ConnOptions{}, r.HTTP, err
	}
	cfg.Early = r.Rest
	return nc, cfg, r.HTTP, nil
}

// follow makes the target of the redirect resp the next one, and returns the request for it.
func (d *dialer) follow(ctx context.Context, resp *http.Response) (*http.Request, error) {
	next, err := d.target.Follow(resp.Header.Get("Location"))
	if err != nil {
		return nil, err
	}
	// left is never reset: what the caller gave for the first host must not be sent again at the
	// end of a chain of redirects that servers choose.
	d.left = d.left || !d.target.Same(next)
	d.target = next
	req := d.newRequest(ctx)
	req.Response = resp
	return req, nil
}

// dialFailed returns the error of a step that failed with err, before or without a response. If ctx
// has ended, that is the cause.
func dialFailed(ctx context.Context, step string, err error) error {
	if ctx.Err() != nil {
		err = contextError(ctx)
	}
	return &HandshakeError{Err: fmt.Errorf("%s: %w", step, err)}
}
