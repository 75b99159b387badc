package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
)

// A proxy is asked for a connection to the server. It learns the server's host
// and port and nothing else: the request goes through the connection.
type proxy struct {
	url *url.URL // scheme http, https, socks5 or socks5h; host in ASCII
}

func newProxy(u *url.URL) (*proxy, error) {
	switch u.Scheme {
	case "http", "https", "socks5", "socks5h":
	default:
		return nil, fmt.Errorf("scheme %q of a proxy is none of http, https, socks5, socks5h", u.Scheme)
	}
	t, err := tcpTarget(&url.URL{Scheme: u.Scheme, Host: u.Host, User: u.User})
	return &proxy{url: t.url}, err
}

// tunnel makes of nc, a connection to p, one to the server. If p answers CONNECT
// with a refusal, it returns that too. p may be nil.
func (d *dialer) tunnel(ctx context.Context, nc net.Conn, p *proxy) (net.Conn, *http.Response, error) {
	if p == nil {
		return nc, nil, nil
	}
	switch p.url.Scheme {
	case "socks5", "socks5h":
		if err := p.socks(nc, d.target.url); err != nil {
			return nil, nil, dialFailed(ctx, "SOCKS5 proxy", err)
		}
		return nc, nil, nil
	case "https":
		var err error
		if nc, err = startTLS(ctx, nc, d.proxyTLS(p.url.Hostname())); err != nil {
			return nil, nil, dialFailed(ctx, "TLS handshake with the proxy", err)
		}
	}
	resp, err := p.connect(ctx, nc, d.target.addr(), d.limits.MaxResponseHeader)
	return nc, resp, err
}

// connect asks an HTTP proxy for a tunnel to addr (RFC 9110, section 9.3.6). It
// returns a response only with an error.
func (p *proxy) connect(ctx context.Context, nc net.Conn, addr string, limit int64) (*http.Response, error) {
	req := &http.Request{
		Method: http.MethodConnect,
		URL:    &url.URL{Opaque: addr},
		Host:   addr,
		Header: http.Header{},
	}
	if auth := basicAuth(p.url.User); auth != "" {
		req.Header.Set("Proxy-Authorization", auth)
	}
	r, step, err := roundTrip(nc, req, limit)
	if err != nil {
		return nil, dialFailed(ctx, step+" the proxy", err)
	}
	if r.http.StatusCode/100 != 2 {
		return r.http, r.refuse(section41, "proxy refused to connect%s", r.text())
	}
	if len(r.rest) > 0 {
		return r.http, r.refuse("RFC 9110, section 9.3.6", "proxy sent %d bytes before the server could", len(r.rest))
	}
	return nil, nil
}

// The constants of SOCKS5 (RFC 1928 and, for passwords, RFC 1929).
const (
	socksVersion     = 5
	socksNoAuth      = 0
	socksPassword    = 2
	socksPasswordVer = 1
	socksConnect     = 1
	socksIPv4        = 1
	socksName        = 3
	socksIPv6        = 4
)

// socksReplies are the refusals of RFC 1928, section 6, from 1 on.
var socksReplies = [...]string{
	"general failure", "not allowed by its rules", "network unreachable",
	"host unreachable", "connection refused", "TTL expired",
	"command not supported", "address type not supported",
}

// socks asks a SOCKS5 proxy for a connection to the server that u names. Names
// are resolved by the proxy.
func (p *proxy) socks(nc net.Conn, server *url.URL) error {
	methods := []byte{socksVersion, 1, socksNoAuth}
	if p.url.User != nil {
		methods = []byte{socksVersion, 2, socksNoAuth, socksPassword}
	}
	if _, err := nc.Write(methods); err != nil {
		return err
	}
	var chosen [2]byte
	if _, err := io.ReadFull(nc, chosen[:]); err != nil {
		return err
	}
	switch {
	case chosen[0] != socksVersion:
		return fmt.Errorf("it speaks version %d", chosen[0])
	case chosen[1] == socksPassword && p.url.User != nil:
		if err := socksLogin(nc, p.url.User); err != nil {
			return err
		}
	case chosen[1] != socksNoAuth:
		return errors.New("it wants an authentication that we do not have")
	}
	request, err := appendSocksAddr([]byte{socksVersion, socksConnect, 0}, server)
	if err != nil {
		return err
	}
	if _, err := nc.Write(request); err != nil {
		return err
	}
	return readSocksReply(nc)
}

// socksLogin sends the userinfo of the proxy's URL (RFC 1929, section 2).
func socksLogin(nc net.Conn, user *url.Userinfo) error {
	name := user.Username()
	password, _ := user.Password()
	if name == "" || len(name) > 255 || len(password) > 255 {
		return errors.New("its user name is not of 1 to 255 bytes, or its password is of more than 255")
	}
	b := append([]byte{socksPasswordVer, byte(len(name))}, name...)
	b = append(append(b, byte(len(password))), password...)
	if _, err := nc.Write(b); err != nil {
		return err
	}
	var status [2]byte
	if _, err := io.ReadFull(nc, status[:]); err != nil {
		return err
	}
	if status[1] != 0 {
		return errors.New("it refused the user name and password")
	}
	return nil
}

// appendSocksAddr appends address type, address and port (RFC 1928, section 4).
func appendSocksAddr(b []byte, server *url.URL) ([]byte, error) {
	host, portText, err := net.SplitHostPort(hostPort(server))
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("port %s: %w", portText, err)
	}
	if ip, err := netip.ParseAddr(host); err != nil {
		if len(host) > 255 {
			return nil, errors.New("the name of the server is of more than 255 bytes")
		}
		b = append(b, socksName, byte(len(host)))
		b = append(b, host...)
	} else {
		kind := byte(socksIPv6)
		if ip.Is4() {
			kind = socksIPv4
		}
		b = append(append(b, kind), ip.AsSlice()...)
	}
	return append(b, byte(port>>8), byte(port)), nil
}

// readSocksReply reads the answer to a request (RFC 1928, section 6), and not a
// byte more.
func readSocksReply(nc net.Conn) error {
	var b [255 + 2]byte
	if _, err := io.ReadFull(nc, b[:4]); err != nil {
		return err
	}
	version, code, kind := b[0], int(b[1]), b[3]
	switch {
	case version != socksVersion:
		return errors.New("its answer is malformed")
	case code > len(socksReplies):
		return fmt.Errorf("it answered with code %d", code)
	case code != 0:
		return fmt.Errorf("it answered: %s", socksReplies[code-1])
	}
	// The address it connects from: of no use, but to be read.
	size := 0
	switch kind {
	case socksIPv4:
		size = 4
	case socksIPv6:
		size = 16
	case socksName:
		if _, err := io.ReadFull(nc, b[:1]); err != nil {
			return err
		}
		size = int(b[0])
	default:
		return errors.New("its answer is malformed")
	}
	_, err := io.ReadFull(nc, b[:size+2])
	return err
}
