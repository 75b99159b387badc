package handshake

import "bytes"

// parseTarget splits a request target (RFC 9112, section 3.2) into the host, nil in
// origin-form, and the resource name: "The 'Request-URI' part of the request MUST match the
// /resource name/ defined in Section 3 (a relative URI) or be an absolute http/https URI"
// (RFC 6455, section 4.1, item 3). It accepts only what net/url accepts.
func parseTarget(b []byte) (host, resource []byte, e *Error) {
	if !consistsOf(b, targetByte) {
		return nil, nil, badRequest(section32, "control character in the request target")
	}
	resource = b
	if rest, ok := cutScheme(b); ok {
		host, resource = rest, b[len(b)-len(rest)-1:len(b)-len(rest)] // the last "/" of "://"
		if i := bytes.IndexByte(rest, '/'); i >= 0 {
			host, resource = rest[:i], rest[i:]
		}
		// In the host of a URL, net/url allows escapes only for non-ASCII characters, and
		// checks the address in brackets.
		if !isHost(host) || host[0] == '[' || bytes.IndexByte(host, '%') >= 0 {
			return nil, nil, badRequest(section32, "no valid host in the request target")
		}
	}
	if len(resource) == 0 || resource[0] != '/' {
		return nil, nil, badRequest(section32, "request target is not a path or an http URL")
	}
	path, _, _ := bytes.Cut(resource, []byte{'?'})
	if !validEscapes(path) {
		return nil, nil, badRequest(section32, "invalid escape in the request target")
	}
	return host, resource, nil
}

// cutScheme cuts http:// or https:// off.
func cutScheme(b []byte) (rest []byte, ok bool) {
	scheme, rest, ok := bytes.Cut(b, []byte("://"))
	return rest, ok && (equalFold(scheme, "http") || equalFold(scheme, "https"))
}

// isHost reports whether b is a host with an optional port (RFC 3986, section 3.2.2). The
// host must not be empty. An address in brackets may be invalid.
func isHost(b []byte) bool {
	var port []byte
	if len(b) > 0 && b[0] == '[' {
		end := bytes.IndexByte(b, ']')
		if end < len("[::") || !consistsOf(b[1:end], ip6Byte) {
			return false
		}
		port = b[end+1:]
	} else {
		end := bytes.IndexByte(b, ':')
		if end < 0 {
			end = len(b)
		}
		name := b[:end]
		for _, c := range name {
			if classes[c]&hostByte == 0 && c != '%' {
				return false
			}
		}
		if len(name) == 0 || !validEscapes(name) {
			return false
		}
		port = b[end:]
	}
	return len(port) == 0 || port[0] == ':' && consistsOf(port[1:], digitByte)
}
