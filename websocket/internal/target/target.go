// Package target parses the URLs of a client: that of the server, of a redirect, and of a proxy.
package target

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

// A Target is the server, and the resource on it, that a handshake requests.
type Target struct {
	// URL has the scheme http or https, a host in ASCII without the default port, and neither
	// userinfo nor fragment.
	URL *url.URL

	// Socket is the path of a Unix socket, or "" for TCP.
	Socket string
}

var (
	errFragment = errors.New(`URL has a fragment, or a "#" that is not escaped (RFC 6455, section 3)`)
	errUserinfo = errors.New("malformed URL, not shown because it may contain a password; " +
		"want a URL such as ws://host/path, with the user name and password percent-encoded")
	errProxyUserinfo = errors.New("malformed URL of a proxy, not shown because it may contain a password; " +
		"the user name and password in it must be percent-encoded")
)

// Parse parses a URL in one of the forms that Dial accepts. auth is the Authorization field for its
// userinfo, or "". Errors show nothing before the last "@" except the scheme.
func Parse(raw string) (t Target, auth string, err error) {
	if strings.Contains(raw, "#") {
		return t, "", errFragment
	}
	t, auth, err = parse(raw)
	at := strings.LastIndexByte(raw, '@')
	if err == nil || at < 0 {
		return t, auth, err
	}
	// The cause may quote the userinfo, or what is meant as userinfo: the port of
	// ws://user:pass/word@host is "pass". Show a cause only if the URL without that part has it
	// too.
	scheme, _, _ := strings.Cut(raw, "://")
	if !setScheme(new(url.URL), strings.TrimSuffix(strings.ToLower(scheme), "+unix")) {
		return Target{}, "", errUserinfo
	}
	if _, _, err = parse(scheme + "://" + raw[at+1:]); err == nil {
		err = errUserinfo
	}
	return Target{}, "", err
}

func parse(raw string) (t Target, auth string, err error) {
	u, err := url.Parse(raw)
	if err != nil {
		if e := (*url.Error)(nil); errors.As(err, &e) {
			err = e.Err
		}
		return t, "", fmt.Errorf("URL: %w; want a URL such as ws://host/path", err)
	}
	scheme, unix := strings.CutSuffix(u.Scheme, "+unix")
	if unix && scheme != "ws" && scheme != "wss" || !setScheme(u, scheme) {
		return t, "", fmt.Errorf("URL: scheme %q must be ws, wss, http, https, ws+unix or wss+unix", u.Scheme)
	}
	auth = BasicAuth(u.User)
	u.User = nil
	u.RawQuery = escapeQuery(u.RawQuery)
	if unix {
		t, err = overUnix(u)
	} else {
		t, err = overTCP(u)
	}
	return t, auth, err
}

// escapeQuery escapes characters that are not allowed in a query. Package url escapes a path, but
// accepts and sends a query as it is. A space in it would split the request line into four words.
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

// setScheme sets u's scheme to http for ws or http and to https for wss or https, or returns false.
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

// overTCP makes u, with the scheme http or https, a target, and changes it.
func overTCP(u *url.URL) (Target, error) {
	if u.Hostname() == "" {
		return Target{}, errors.New("URL has no host")
	}
	host, err := ASCIIHost(u.Host)
	if err != nil {
		return Target{}, fmt.Errorf("URL: %w", err)
	}
	if strings.IndexByte(u.Host, '%') < 0 { // ASCIIHost drops the zone of an IPv6 address
		u.Host = host
	}
	u.Host = strings.TrimSuffix(u.Host, ":")
	u.Host = strings.TrimSuffix(u.Host, ":"+origin.SchemePort(u.Scheme))
	return Target{URL: u}, nil
}

// overUnix makes u, in the form /path/to.sock:/path?query, a target. It splits the escaped path, so
// that %3A is a colon in the socket's path.
func overUnix(u *url.URL) (Target, error) {
	if u.Host != "" || u.Opaque != "" {
		return Target{}, errors.New(
			"URL: a Unix socket must be an absolute path, as in ws+unix:///path/to.sock:/")
	}
	socket, path, _ := strings.Cut(u.EscapedPath(), ":")
	socket, err := url.PathUnescape(socket)
	if err != nil {
		return Target{}, fmt.Errorf("URL: %w", err)
	}
	if strings.Trim(socket, "/") == "" {
		return Target{}, errors.New("URL has no socket")
	}
	if path != "" && path[0] != '/' {
		return Target{}, errors.New(`URL: path after the socket's colon must begin with "/"`)
	}
	u.RawPath = path
	if u.Path, err = url.PathUnescape(path); err != nil {
		return Target{}, fmt.Errorf("URL: %w", err)
	}
	u.Host = "localhost"
	return Target{URL: u, Socket: socket}, nil
}

// ASCIIHost returns host, with or without a port, in the form of the Host field: a name outside
// ASCII in punycode. If that form cannot be sent, it returns an error. net/http applies these rules
// only in Request.Write.
func ASCIIHost(host string) (string, error) {
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

// BasicAuth returns the credentials of the Basic scheme for user, or "" if it is nil.
func BasicAuth(user *url.Userinfo) string {
	if user == nil {
		return ""
	}
	password, _ := user.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password))
}

// Secure reports whether t is reached over TLS.
func (t Target) Secure() bool { return t.URL.Scheme == "https" }

// Addr returns host:port of a target over TCP.
func (t Target) Addr() string { return HostPort(t.URL) }

// Same reports whether t and o are the same host and port, or socket.
func (t Target) Same(o Target) bool {
	return t.Socket == o.Socket && strings.EqualFold(t.Addr(), o.Addr())
}

// Follow returns the target of a redirect of t. A server must not redirect from TLS to plain text
// or to a local socket, and must not choose credentials: userinfo of its URL is dropped, and errors
// do not show it.
func (t Target) Follow(location string) (Target, error) {
	if location == "" {
		return t, errors.New("redirect without a Location")
	}
	refuse := func(why string) (Target, error) {
		return t, fmt.Errorf("redirect to %.100q, %s", WithoutUserinfo(location), why)
	}
	u, err := url.Parse(location)
	if err != nil {
		return refuse("which is not a URL")
	}
	next := Target{Socket: t.Socket}
	relative := u.Scheme == "" && u.Host == "" && u.Opaque == ""
	u = t.URL.ResolveReference(u)
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	u.RawQuery = escapeQuery(u.RawQuery)
	if !setScheme(u, u.Scheme) {
		return refuse("whose scheme must be http, https, ws or wss")
	}
	if relative {
		next.URL = u
	} else if next, err = overTCP(u); err != nil {
		return refuse("whose host is missing or invalid")
	}
	if t.Secure() && !next.Secure() {
		return refuse("from TLS to plain text")
	}
	return next, nil
}

// WithoutUserinfo returns the URL of a redirect without its userinfo. If the URL is malformed, or
// has an "@" besides the one after its userinfo, everything before the last "@" counts as userinfo.
func WithoutUserinfo(raw string) string {
	at := strings.LastIndexByte(raw, '@')
	u, err := url.Parse(raw)
	switch {
	case at < 0:
		return raw
	case err == nil && u.Opaque == "" && u.User == nil:
		return raw
	case err != nil || u.Opaque != "" || strings.IndexByte(raw, '@') < at:
		return "..." + raw[at:]
	}
	u.User = nil
	return u.String()
}

// Proxy returns the URL of a proxy with its host in ASCII and its userinfo, without a path. The
// scheme is http, https, socks5 or socks5h. The URL of a proxy needs no "@" except at the end of
// its userinfo. Another "@" means that a part of a user name or password was taken for something
// else, which must be neither used nor shown.
func Proxy(u *url.URL) (*url.URL, error) {
	if strings.Contains(u.Opaque+u.Host+u.Path+u.RawQuery+u.Fragment, "@") {
		return nil, errProxyUserinfo
	}
	switch u.Scheme {
	case "http", "https", "socks5", "socks5h":
	default:
		return nil, fmt.Errorf("scheme %q of a proxy must be http, https, socks5 or socks5h", u.Scheme)
	}
	t, err := overTCP(&url.URL{Scheme: u.Scheme, Host: u.Host, User: u.User})
	return t.URL, err
}

// A hidden error hides a text that may show a password.
type hidden struct{ error }

func (hidden) Error() string {
	return "the error is not shown because it may contain a password, " +
		"which must be percent-encoded in the URL of a proxy"
}

func (h hidden) Unwrap() error { return h.error }

// HideUserinfo wraps err, the error of a function that chooses a proxy, so that its text shows no
// userinfo. It returns err itself if the text has no "@".
func HideUserinfo(err error) error {
	if err == nil || !strings.Contains(err.Error(), "@") {
		return err
	}
	return hidden{err}
}

// HostPort returns the address of u. The port defaults to the one of its scheme.
func HostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = origin.SchemePort(u.Scheme)
	}
	if port == "" {
		port = "1080" // socks5, socks5h
	}
	return net.JoinHostPort(u.Hostname(), port)
}
