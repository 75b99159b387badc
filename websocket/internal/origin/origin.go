// Package origin compares the Origin field of a handshake with the host that it is for
// and with patterns (RFC 6455, section 10.2; RFC 6454).
package origin

import (
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/hawser-ws/hawser/websocket/internal/field"
)

// An origin is a serialized origin (RFC 6454, section 6.2) in its parts.
type origin struct {
	scheme string
	host   string // an IPv6 address keeps its brackets
	port   string // the scheme's own if it was not spelled; "" if that is unknown
}

// Allowed reports whether a page of the origin value may connect to host, which is the
// Host field of a request that came over TLS or not: because it is of that host, or
// because one of patterns, which CheckPattern has seen, matches it.
//
// Two forms are accepted that no browser sends and RFC 6454, section 7, does not have: a
// "/" at the end (SocketRocket, and React Native with it), and the Host field itself
// without a scheme (clients that are not browsers).
func Allowed(value, host string, overTLS bool, patterns []string) bool {
	if !strings.HasSuffix(value, "://") { // a file's, which has no host
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

// parse reads scheme://host or scheme://host:port. The host may be empty, as
// in "file://".
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

// isHost reports whether o is where the request went, by its Host field. A port
// that Host leaves out is that of o's scheme: without TLS here the client may still have
// used it, to a proxy. Over TLS a page that came without it is of another origin. Pages of
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
		return false // matches the origin null alone, not a scheme or a host
	}
	scheme, host, port, err := splitPattern(pattern)
	if err != nil {
		return false // cannot be: CheckPattern has seen it
	}
	if port == "" {
		port = SchemePort(o.scheme)
	}
	return matchGlob(scheme, o.scheme) &&
		(matchGlob(host, o.host) || sameHost(host, o.host)) &&
		(port == "*" || port == o.port)
}

// CheckPattern returns what is wrong with a pattern, or nil.
func CheckPattern(pattern string) error {
	if pattern == "null" {
		return nil
	}
	_, _, _, err := splitPattern(pattern)
	return err
}

// splitPattern takes a pattern apart. Without a
// scheme it is for any.
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
		err = errors.New("allows every web page: say so with InsecureAnyOrigin")
	}
	return scheme, host, port, err
}

// isWeb reports whether a pattern of schemes matches one of the web's.
func isWeb(pattern string) bool {
	return slices.ContainsFunc([]string{"http", "https", "ws", "wss"}, func(s string) bool { return matchGlob(pattern, s) })
}

// splitHostPort takes host, host:port, [address] or [address]:port apart. The
// brackets stay. A colon with no port after it is not ok.
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

// isHostName reports whether s may be a host: an IPv6 address in brackets, or any
// of the characters of RFC 3986, section 3.2.2, without escapes. An empty one may.
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

// isPort reports whether s is a port in decimal with no zero in front.
func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0 && s[0] != '0'
}

// SchemePort returns the port of a URL of this scheme that spells none, or "".
func SchemePort(scheme string) string {
	switch {
	case field.EqualASCII(scheme, "http"), field.EqualASCII(scheme, "ws"):
		return "80"
	case field.EqualASCII(scheme, "https"), field.EqualASCII(scheme, "wss"):
		return "443"
	}
	return ""
}

// sameHost compares a host with the ASCII host b: names by their letters, IPv6
// addresses by their value, which has several spellings.
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

// matchGlob reports whether s is pattern with each * replaced by any run of
// characters, an empty one too. ASCII letters match in either case.
func matchGlob(pattern, s string) bool {
	p, i := 0, 0
	star, mark := -1, 0 // the last * and where in s its run ends
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && lower(pattern[p]) == lower(s[i]):
			p++
			i++
		case star >= 0: // let the last run take one more
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
