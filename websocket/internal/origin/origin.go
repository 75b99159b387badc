// Package origin compares the Origin field of a handshake with the host of the request and with
// patterns (RFC 6455, section 10.2; RFC 6454).
package origin

import (
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/hawser-ws/hawser/websocket/internal/field"
)

// An origin is a serialized origin (RFC 6454, section 6.2), split into its parts.
type origin struct {
	scheme string
	host   string // an IPv6 address has its brackets
	port   string // the default of the scheme if it was omitted; "" if that is unknown
}

// Allowed reports whether a page of the origin value may connect to host, the Host field of a
// request that was sent over TLS or not. It may if value is that host, or if it matches one of
// patterns, which CheckPattern has accepted.
//
// Two forms are accepted that browsers do not send and RFC 6454, section 7, does not allow: a "/"
// at the end (SocketRocket, and React Native with it), and the Host field itself without a scheme
// (clients that are not browsers).
func Allowed(value, host string, overTLS bool, patterns []string) bool {
	if !strings.HasSuffix(value, "://") { // the origin of a file has no host
		value = strings.TrimSuffix(value, "/")
	}
	if value == "null" {
		return slices.Contains(patterns, "null")
	}
	if field.EqualASCII(value, host) {
		value = "wss://" + value
	}
	org, ok := parse(value)
	return ok && (org.isHost(host, overTLS) || slices.ContainsFunc(patterns, org.matches))
}

// parse parses scheme://host or scheme://host:port. The host may be empty, as in "file://".
func parse(s string) (o origin, ok bool) {
	scheme, authority, found := strings.Cut(s, "://")
	if !found || !isScheme(scheme) {
		return o, false
	}
	host, port, ok := splitHostPort(authority)
	if !ok || !isHostName(host) || port != "" && !isPort(port) {
		return o, false
	}
	o = origin{scheme: scheme, host: host, port: port}
	if port == "" {
		o.port = SchemePort(scheme)
	}
	return o, true
}

// isHost reports whether o is the destination of the request, by its Host field. If the field has
// no port, it is the default port of o's scheme, even without TLS here, because the client may have
// used TLS to a proxy. Over TLS, a page that was loaded without TLS has another origin. Pages of
// unknown schemes have no host.
func (o origin) isHost(field string, overTLS bool) bool {
	host, port, ok := splitHostPort(field)
	own := SchemePort(o.scheme)
	if !ok || host == "" || own == "" || overTLS && own != "443" {
		return false
	}
	if port == "" {
		port = own
	}
	return port == o.port && sameHost(host, o.host)
}

// matches reports whether o matches a pattern.
func (o origin) matches(pattern string) bool {
	if pattern == "null" {
		return false // matches only the origin null, not a scheme or a host
	}
	scheme, host, port, err := splitPattern(pattern)
	if err != nil {
		return false // impossible: CheckPattern has accepted it
	}
	if port == "" {
		port = SchemePort(o.scheme)
	}
	return matchGlob(scheme, o.scheme) &&
		(matchGlob(host, o.host) || sameHost(host, o.host)) &&
		(port == "*" || port == o.port)
}

// CheckPattern returns an error that says what is wrong with a pattern, or nil.
func CheckPattern(pattern string) error {
	if pattern == "null" {
		return nil
	}
	_, _, _, err := splitPattern(pattern)
	return err
}

// splitPattern splits a pattern into its parts. One without a scheme matches any scheme.
func splitPattern(pattern string) (scheme, host, port string, err error) {
	scheme, authority, found := strings.Cut(pattern, "://")
	if !found {
		scheme, authority = "*", pattern
	}
	host, port, ok := splitHostPort(authority)
	switch {
	case strings.Contains(authority, "/"):
		err = errors.New("has a path: an origin is scheme://host:port")
	case !isScheme(strings.ReplaceAll(scheme, "*", "a")):
		err = errors.New("has no valid scheme")
	case !ok || host == "" && (!found || isWeb(scheme)) || !isHostName(host):
		err = errors.New("has no valid host")
	case port != "" && port != "*" && !isPort(port):
		err = errors.New("has no valid port")
	case strings.Trim(host, "*.") == "" && isWeb(scheme):
		err = errors.New("allows every web page: use InsecureAnyOrigin instead")
	}
	return scheme, host, port, err
}

// isWeb reports whether a pattern of schemes matches a scheme of the web.
func isWeb(pattern string) bool {
	web := []string{"http", "https", "ws", "wss"}
	return slices.ContainsFunc(web, func(s string) bool { return matchGlob(pattern, s) })
}

// splitHostPort splits host, host:port, [address] or [address]:port. The brackets stay. A colon
// without a port is not ok.
func splitHostPort(s string) (host, port string, ok bool) {
	end := 0
	if strings.HasPrefix(s, "[") {
		end = strings.IndexByte(s, ']') + 1
		if end == 0 {
			return "", "", false
		}
	}
	colon := strings.IndexByte(s[end:], ':')
	if colon < 0 {
		return s, "", end == 0 || end == len(s)
	}
	host, port = s[:end+colon], s[end+colon+1:]
	return host, port, port != "" && (end == 0 || colon == 0)
}

func isScheme(s string) bool {
	for i := range len(s) {
		c := lower(s[i])
		letter := 'a' <= c && c <= 'z'
		if !letter && (i == 0 || !('0' <= c && c <= '9' || c == '+' || c == '-' || c == '.')) {
			return false
		}
	}
	return s != ""
}

// isHostName reports whether s may be a host: an IPv6 address in brackets, or characters of RFC
// 3986, section 3.2.2, without escapes. It may be empty.
func isHostName(s string) bool {
	if strings.HasPrefix(s, "[") {
		a, ok := parseIPv6(s)
		return ok && a.Zone() == ""
	}
	for i := range len(s) {
		c := lower(s[i])
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9') && strings.IndexByte("-._~!$&'()*+,;=", c) < 0 {
			return false
		}
	}
	return true
}

// isPort reports whether s is a port in decimal without leading zeros.
func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0 && s[0] != '0'
}

// SchemePort returns the default port of a scheme, or "" if it has none.
func SchemePort(scheme string) string {
	switch {
	case field.EqualASCII(scheme, "http"), field.EqualASCII(scheme, "ws"):
		return "80"
	case field.EqualASCII(scheme, "https"), field.EqualASCII(scheme, "wss"):
		return "443"
	}
	return ""
}

// sameHost compares a host with the ASCII host b: names ignoring case, and IPv6 addresses by value,
// because one address has several spellings.
func sameHost(a, b string) bool {
	if field.EqualASCII(a, b) {
		return true
	}
	x, ok := parseIPv6(a)
	if !ok {
		return false
	}
	y, ok := parseIPv6(b)
	return ok && x == y
}

func parseIPv6(s string) (a netip.Addr, ok bool) {
	if len(s) < 2 || s[0] != '[' || s[len(s)-1] != ']' {
		return a, false
	}
	a, err := netip.ParseAddr(s[1 : len(s)-1])
	return a, err == nil && a.Is6()
}

// matchGlob reports whether s matches pattern, in which each * stands for any sequence of
// characters, even an empty one. The case of ASCII letters is ignored.
func matchGlob(pattern, s string) bool {
	p, i := 0, 0
	star, mark := -1, 0 // the last * and the end in s of its sequence
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && lower(pattern[p]) == lower(s[i]):
			p++
			i++
		case star >= 0: // let the last * match one character more
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
