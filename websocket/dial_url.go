package websocket

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hawser-ws/hawser/websocket/internal/origin"
)

// A target is the server, and the resource there, that a handshake asks for.
type target struct {
	// url has the scheme http or https, a host in ASCII without the default
	// port, and neither userinfo nor fragment.
	url *url.URL

	// socket is the path of a unix socket, or "" for TCP.
	socket string
}

// parseTarget reads a URL in the forms that Dial takes and returns with it the
// value of Authorization that its userinfo calls for, or "". Errors show nothing
// of the userinfo.
func parseTarget(raw string) (t target, auth string, err error) {
	if strings.Contains(raw, "#") {
		return t, "", errors.New(`URL has a fragment, or a "#" that is not escaped (RFC 6455, section 3)`)
	}
	u, err := url.Parse(raw)
	if err != nil {
		if e := (*url.Error)(nil); errors.As(err, &e) {
			err = e.Err
		}
		return t, "", fmt.Errorf("URL: %w; one begins with ws:// or wss://", err)
	}
	scheme, unix := strings.CutSuffix(u.Scheme, "+unix")
	if unix && scheme != "ws" && scheme != "wss" || !setScheme(u, scheme) {
		return t, "", fmt.Errorf("URL: scheme %q is none of ws, wss, http, https, ws+unix, wss+unix", u.Scheme)
	}
	auth = basicAuth(u.User)
	u.User = nil
	u.RawQuery = escapeQuery(u.RawQuery)
	if unix {
		t, err = unixTarget(u)
	} else {
		t, err = tcpTarget(u)
	}
	return t, auth, err
}

// escapeQuery escapes what may not stand in a query as it is. package url does so
// for a path, but takes and sends a query as it finds it: one with a space would
// make a request line of four words.
func escapeQuery(query string) string {
	var b []byte
	for i := range len(query) {
		if c := query[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>", c) >= 0 {
			b = fmt.Appendf(b, "%%%02X", c)
		} else {
			b = append(b, c)
		}
	}
	return string(b)
}

// setScheme sets u's scheme to http or https by one of the names for it, or
// returns false.
func setScheme(u *url.URL, scheme string) bool {
	switch scheme {
	case "ws", "http":
		u.Scheme = "http"
	case "wss", "https":
		u.Scheme = "https"
	default:
		return false
	}
	return true
}

// tcpTarget takes u, with the scheme http or https, as a target and changes it.
func tcpTarget(u *url.URL) (target, error) {
	if u.Hostname() == "" {
		return target{}, errors.New("URL has no host")
	}
	host, err := asciiHost(u.Host)
	if err != nil {
		return target{}, fmt.Errorf("URL: %w", err)
	}
	if strings.IndexByte(u.Host, '%') < 0 { // asciiHost drops the zone of an IPv6 address
		u.Host = host
	}
	u.Host = strings.TrimSuffix(u.Host, ":")
	u.Host = strings.TrimSuffix(u.Host, ":"+origin.SchemePort(u.Scheme))
	return target{url: u}, nil
}

// unixTarget takes u as the form with a socket, /path/to.sock:/path?query. It
// splits the escaped path, so that %3A is a colon in the socket's path.
func unixTarget(u *url.URL) (target, error) {
	if u.Host != "" || u.Opaque != "" {
		return target{}, errors.New("URL: a unix socket is an absolute path, as in ws+unix:///path/to.sock:/")
	}
	socket, path, _ := strings.Cut(u.EscapedPath(), ":")
	socket, err := url.PathUnescape(socket)
	if err != nil {
		return target{}, fmt.Errorf("URL: %w", err)
	}
	if strings.Trim(socket, "/") == "" {
		return target{}, errors.New("URL has no socket")
	}
	if path != "" && path[0] != '/' {
		return target{}, errors.New(`URL: the path behind the socket's colon begins with no "/"`)
	}
	u.RawPath = path
	if u.Path, err = url.PathUnescape(path); err != nil {
		return target{}, fmt.Errorf("URL: %w", err)
	}
	u.Host = "localhost"
	return target{url: u, socket: socket}, nil
}

// asciiHost returns host, with or without a port, in the form of the Host field:
// a name outside ASCII in punycode. It is an error if that form cannot be sent.
// net/http knows these rules and applies them in Request.Write alone.
func asciiHost(host string) (string, error) {
	if !utf8.ValidString(host) {
		return "", fmt.Errorf("host %q is not valid", host)
	}
	var b bytes.Buffer
	req := &http.Request{URL: &url.URL{Path: "/"}, Host: host}
	if strings.ContainsFunc(host, func(r rune) bool { return r > unicode.MaxASCII }) {
		req.Host = strings.ToLower(host) // punycode has no case
	}
	if err := req.Write(&b); err != nil {
		return "", fmt.Errorf("host %q: %w", host, err)
	}
	got, err := http.ReadRequest(bufio.NewReader(&b))
	if err != nil || got.Host == "" {
		return "", fmt.Errorf("host %q is not valid", host)
	}
	return got.Host, nil
}

func basicAuth(user *url.Userinfo) string {
	if user == nil {
		return ""
	}
	password, _ := user.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password))
}

func (t target) secure() bool { return t.url.Scheme == "https" }

// addr returns host:port of a target over TCP.
func (t target) addr() string { return hostPort(t.url) }

// same reports whether t and o are the same host and port, or socket.
func (t target) same(o target) bool {
	return t.socket == o.socket && strings.EqualFold(t.addr(), o.addr())
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = origin.SchemePort(u.Scheme)
	}
	if port == "" {
		port = "1080" // socks5, socks5h
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// isRedirect reports whether resp is a server's that sends elsewhere with GET. A
// proxy's answer to CONNECT never is.
func isRedirect(resp *http.Response) bool {
	if resp == nil || resp.Request.Method != http.MethodGet {
		return false
	}
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// follow makes location the next target. A server must not lead from TLS to
// plain text nor to a local socket, and has no say in what credentials are sent:
// userinfo of its URL is dropped.
func (d *dialer) follow(location string) error {
	if location == "" {
		return errors.New("redirect without a Location")
	}
	u, err := url.Parse(location)
	if err != nil {
		return fmt.Errorf("redirect to %.100q, which is no URL", location)
	}
	next := target{socket: d.target.socket}
	relative := u.Scheme == "" && u.Host == "" && u.Opaque == ""
	u = d.target.url.ResolveReference(u)
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	u.RawQuery = escapeQuery(u.RawQuery)
	if !setScheme(u, u.Scheme) {
		return fmt.Errorf("redirect to %.100q, whose scheme is none of http, https, ws, wss", location)
	}
	if relative {
		next.url = u
	} else if next, err = tcpTarget(u); err != nil {
		return fmt.Errorf("redirect to %.100q: %w", location, err)
	}
	if d.target.secure() && !next.secure() {
		return fmt.Errorf("redirect to %.100q, from TLS to plain text", location)
	}
	// Once away, away: what the caller gave for the first host must not come
	// back by a chain that others decide.
	d.left = d.left || !d.target.same(next)
	d.target = next
	return nil
}
