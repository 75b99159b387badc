package handshake

import (
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hawser-ws/hawser/fuzz/internal/model"
)

// A Server holds the options of a server.
type Server struct {
	Subprotocols []string // by preference
	Deflate      *Side    // nil: no extension
	Origins      []string // patterns of other origins, without IPv6 addresses
	AnyOrigin    bool
	MaxFields    int // negative: no limit
}

// A Fault is a reason to refuse a request, and its status.
type Fault struct {
	Status int
	What   string
}

// An Acceptance is the content of the answer to a valid request.
type Acceptance struct {
	Key         string // Sec-WebSocket-Accept
	Subprotocol string // "" if none is chosen
	Deflate     bool
	Params      Params // of the answer, if Deflate
}

// MaxFields is the default limit of package websocket on the Sec-WebSocket fields of a
// request, in bytes. Each field counts with its name, ": " and the end of the line.
const MaxFields = 8 << 10

// MaxOrigin is the limit of package websocket on an origin, in bytes.
const MaxOrigin = 512

// Check returns the faults of a request (section 4.2.1, and section 4.2.2 where the server
// chooses), or the content of the answer. It leaves the Host field to net/http. It reads
// the body of the request if the header is valid.
func (s *Server) Check(r *http.Request) (faults []Fault, a Acceptance) {
	fault := func(wrong bool, status int, what string) {
		if wrong {
			faults = append(faults, Fault{status, what})
		}
	}
	h := r.Header
	// "The method of the request MUST be GET, and the HTTP version MUST be at least
	// 1.1." HTTP/2 and later have no Upgrade.
	fault(r.Method != "GET", 405, "method")
	fault(r.ProtoMajor < 1 || r.ProtoMajor == 1 && r.ProtoMinor < 1, 426, "HTTP version")
	fault(r.ProtoMajor > 1, 505, "HTTP version")
	// Items 3 to 6.
	fault(!model.Lists(Values(h, "Upgrade"), "websocket"), 426, "Upgrade")
	fault(!model.Lists(Values(h, "Connection"), "upgrade"), 400, "Connection")
	keys := Values(h, "Sec-WebSocket-Key")
	fault(len(keys) != 1 || !model.IsKey(keys[0]), 400, "key")
	versions := Values(h, "Sec-WebSocket-Version")
	fault(len(versions) != 1, 400, "version")
	fault(len(versions) == 1 && versions[0] != "13", 426, "version")
	// A body would be read as frames, unless it is empty.
	chunked := len(r.TransferEncoding) == 1 && model.Lower(r.TransferEncoding[0]) == "chunked"
	fault(!chunked && (r.ContentLength != 0 || len(r.TransferEncoding) > 0), 400, "body")
	fault(chunked && len(Values(h, "Expect")) > 0, 400, "a body that waits")
	// Item 7 and section 10.2.
	origins := Values(h, "Origin")
	if len(origins) > 0 && !s.AnyOrigin {
		fault(len(origins) > 1, 400, "two origins")
		fault(len(origins) == 1 && !s.allows(origins[0], r.Host, r.TLS != nil), 403, "origin")
	}
	most := s.MaxFields
	if most == 0 {
		most = MaxFields
	}
	fault(most > 0 && size(h) > most, 431, "size")
	// Items 8 and 9, and section 4.2.2, items 5 and 6.
	names := model.Protocols(Values(h, "Sec-WebSocket-Protocol"))
	for _, wanted := range s.Subprotocols {
		if a.Subprotocol == "" && slices.Contains(names, wanted) {
			a.Subprotocol = wanted
		}
	}
	offers, wrong := model.Extensions(Values(h, "Sec-WebSocket-Extensions"))
	fault(wrong != nil, 400, "extensions")
	if len(faults) == 0 && chunked {
		body, err := io.ReadAll(r.Body)
		fault(len(body) > 0 || err != nil || len(r.Trailer) > 0, 400, "chunked body")
	}
	if len(faults) > 0 {
		return faults, Acceptance{}
	}
	a.Key = model.AcceptKey(keys[0])
	if s.Deflate != nil {
		a.Params, a.Deflate = s.Deflate.Choose(offers)
	}
	return nil, a
}

// size returns the size of the Sec-WebSocket fields in bytes.
func size(h http.Header) (n int) {
	for name, values := range h {
		if !strings.HasPrefix(model.Lower(name), "sec-websocket-") {
			continue
		}
		for _, v := range values {
			n += len(name + ": " + v + "\r\n")
		}
	}
	return n
}

// The forms of an origin (RFC 6454, section 6.2) and of a Host field.
var (
	anOrigin = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.\-]*)://` +
		`(\[[^\]]*\]|[A-Za-z0-9._~!$&'()*+,;=\-]*)(?::([1-9][0-9]*))?$`)
	aHost = regexp.MustCompile(`(?s)^(\[[^\]]*\]|[^\[:][^:]*)(?::(.+))?$`)
)

// allows reports whether a page of an origin may connect: the origin is that of the
// request's host, or matches a pattern. Besides the form of RFC 6454 it may end in "/", or
// be the host alone.
func (s *Server) allows(origin, host string, overTLS bool) bool {
	if len(origin) > MaxOrigin {
		return false
	}
	if cut, found := strings.CutSuffix(origin, "/"); found && !strings.HasSuffix(cut, ":/") {
		origin = cut
	}
	if origin == "null" {
		return slices.Contains(s.Origins, "null")
	}
	if model.Lower(origin) == model.Lower(host) {
		origin = "wss://" + origin
	}
	parts := anOrigin.FindStringSubmatch(origin)
	if parts == nil {
		return false
	}
	o := site{model.Lower(parts[1]), model.Lower(parts[2]), parts[3]}
	if strings.HasPrefix(o.host, "[") && address(o.host) == nil {
		return false
	}
	if n, err := strconv.Atoi(o.port); o.port != "" && (err != nil || n > 65535) {
		return false
	}
	o = o.withPort()
	web := o.scheme == "https" || o.scheme == "wss" || !overTLS && (o.scheme == "http" || o.scheme == "ws")
	if at := aHost.FindStringSubmatch(host); at != nil && o.host != "" && web {
		same := site{o.scheme, model.Lower(at[1]), at[2]}.withPort()
		if same.port == o.port && (same.host == o.host || sameAddress(same.host, o.host)) {
			return true
		}
	}
	return slices.ContainsFunc(s.Origins, o.fits)
}

// A site is an origin, split and in lower case.
type site struct{ scheme, host, port string }

// withPort returns s with the default port of the scheme, if it has none.
func (s site) withPort() site {
	known := map[string]string{"http": "80", "ws": "80", "https": "443", "wss": "443"}
	if s.port == "" {
		s.port = known[s.scheme]
	}
	return s
}

// fits reports whether a site matches a pattern.
func (s site) fits(pattern string) bool {
	scheme, rest, found := strings.Cut(model.Lower(pattern), "://")
	if !found {
		scheme, rest = "*", scheme
	}
	host, port, _ := strings.Cut(rest, ":")
	want := site{s.scheme, "", port}.withPort()
	return pattern != "null" && glob(scheme, s.scheme) && glob(host, s.host) &&
		(port == "*" || want.port == s.port)
}

// glob reports whether s matches a pattern, in which * matches any characters.
func glob(pattern, s string) bool {
	expr := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*")
	return regexp.MustCompile("^" + expr + "$").MatchString(s)
}

// address returns the IPv6 address in brackets, or nil.
func address(s string) net.IP {
	inner := strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")
	if len(inner) != len(s)-2 || !strings.Contains(inner, ":") {
		return nil
	}
	return net.ParseIP(inner) // it accepts no zone
}

func sameAddress(a, b string) bool {
	x, y := address(a), address(b)
	return x != nil && x.Equal(y)
}
