package wire

import "strings"

// The grammar of the header fields of the opening handshake. RFC 6455 builds on
// the rules of RFC 2616, section 2.1: lists may have empty elements, and white
// space may separate any two tokens.

// ParseExtensions parses the values of all Sec-WebSocket-Extensions fields of a request or
// response, in order, as one list (RFC 6455, section 9.1). Names and values keep their
// case. An error is an [*Error] with [ErrFieldSyntax] whose Offset counts from the start of
// the invalid value.
//
// The grammar requires at least one element, but ParseExtensions also accepts fields
// without one: ktor, libwebsockets, Kitura and .NET's HttpListener send empty fields when
// they use no extension.
func ParseExtensions(values []string) ([]ExtensionSpec, error) {
	var specs []ExtensionSpec
	for _, v := range values {
		s := fieldScanner{s: v}
		for s.nextElement() {
			spec, ok := s.extension()
			if !ok || !s.endElement() {
				return nil, s.error()
			}
			specs = append(specs, spec)
		}
	}
	return specs, nil
}

// AppendExtensions appends specs to dst as the value of one Sec-WebSocket-Extensions field.
// Parameters without a value are written without "=". If a name or a value is not a token
// (RFC 6455, section 9.1), AppendExtensions returns dst unchanged and an [*Error] with
// [ErrFieldSyntax]. The Offset of the error is the position of the invalid name or
// parameter in the field.
func AppendExtensions(dst []byte, specs []ExtensionSpec) ([]byte, error) {
	start := len(dst)
	for i, spec := range specs {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		if !IsToken(spec.Name) {
			return dst[:start], &Error{Violation: ErrFieldSyntax, Offset: int64(len(dst) - start)}
		}
		dst = append(dst, spec.Name...)
		for _, p := range spec.Params {
			dst = append(dst, "; "...)
			if !IsToken(p.Name) || p.Value != "" && !IsToken(p.Value) {
				return dst[:start], &Error{Violation: ErrFieldSyntax, Offset: int64(len(dst) - start)}
			}
			dst = append(dst, p.Name...)
			if p.Value != "" {
				dst = append(dst, '=')
				dst = append(dst, p.Value...)
			}
		}
	}
	return dst, nil
}

// ParseProtocols parses the values of all Sec-WebSocket-Protocol fields, in order, as one
// list (RFC 6455, section 11.3.4). Subprotocols keep their case, which is significant.
// Elements that [IsProtocolName] rejects are left out: a server cannot choose them, but it
// need not fail the opening handshake because of them. As in [ParseExtensions], fields
// without an element are accepted.
func ParseProtocols(values []string) []string {
	var names []string
	for _, v := range values {
		for name := range strings.SplitSeq(v, ",") {
			if name = strings.Trim(name, " \t"); IsProtocolName(name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// IsProtocolName reports whether s can be the name of a subprotocol: one or more
// characters from U+0021 to U+007E other than a comma. RFC 6455, section 4.1, forbids the
// other separators too, but peers use them: Kubernetes offers "SPDY/3.1+portforward.k8s.io".
func IsProtocolName(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == ',' {
			return false
		}
	}
	return s != ""
}

// HasToken reports whether the values of a header field that is a list of tokens, such as
// Connection or Upgrade, contain token. The case of ASCII letters is ignored. HasToken
// returns false for a token that [IsToken] rejects.
func HasToken(values []string, token string) bool {
	if !IsToken(token) {
		return false
	}
	for _, v := range values {
		for e := range strings.SplitSeq(v, ",") {
			e = strings.Trim(e, " \t")
			// To EqualFold, the Kelvin sign is a k and the long s is an s, but these
			// have two or three bytes. If the lengths are equal, e is ASCII.
			if len(e) == len(token) && strings.EqualFold(e, token) {
				return true
			}
		}
	}
	return false
}

// IsToken reports whether s is a token of RFC 2616, section 2.2: one or more ASCII
// characters that are not controls, spaces or separators.
func IsToken(s string) bool {
	for i := range len(s) {
		if !isTokenChar(s[i]) {
			return false
		}
	}
	return s != ""
}

func isTokenChar(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// A fieldScanner reads one value from left to right.
type fieldScanner struct {
	s   string
	pos int
}

func (s *fieldScanner) error() error {
	return &Error{Violation: ErrFieldSyntax, Offset: int64(s.pos)}
}

func (s *fieldScanner) skipSpace() {
	for s.pos < len(s.s) && (s.s[s.pos] == ' ' || s.s[s.pos] == '\t') {
		s.pos++
	}
}

// accept skips white space, and then c if it is next. It reports whether it skipped c.
func (s *fieldScanner) accept(c byte) bool {
	s.skipSpace()
	if s.pos < len(s.s) && s.s[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

// nextElement skips empty elements. It reports whether another element follows.
func (s *fieldScanner) nextElement() bool {
	for s.accept(',') {
	}
	return s.pos < len(s.s)
}

// endElement reports whether the element ends here.
func (s *fieldScanner) endElement() bool {
	s.skipSpace()
	return s.pos == len(s.s) || s.s[s.pos] == ','
}

// token reads a token, or returns "".
func (s *fieldScanner) token() string {
	s.skipSpace()
	start := s.pos
	for s.pos < len(s.s) && isTokenChar(s.s[s.pos]) {
		s.pos++
	}
	return s.s[start:s.pos]
}

// extension reads the name and the parameters of an extension.
func (s *fieldScanner) extension() (spec ExtensionSpec, ok bool) {
	if spec.Name = s.token(); spec.Name == "" {
		return spec, false
	}
	for s.accept(';') {
		p := Param{Name: s.token()}
		if p.Name == "" {
			return spec, false
		}
		if s.accept('=') {
			if p.Value = s.value(); p.Value == "" {
				return spec, false
			}
		}
		spec.Params = append(spec.Params, p)
	}
	return spec, true
}

// value reads a token or a quoted string that contains one: "When using the
// quoted-string syntax variant, the value after quoted-string unescaping MUST
// conform to the 'token' ABNF" (RFC 6455, section 9.1). Otherwise it returns "".
func (s *fieldScanner) value() string {
	if !s.accept('"') {
		return s.token()
	}
	start := s.pos
	var unescaped []byte
	for ; s.pos < len(s.s) && s.s[s.pos] != '"'; s.pos++ {
		if s.s[s.pos] == '\\' && s.pos+1 < len(s.s) {
			s.pos++
		}
		if !isTokenChar(s.s[s.pos]) {
			return ""
		}
		unescaped = append(unescaped, s.s[s.pos])
	}
	if s.pos == len(s.s) {
		s.pos = start
		return ""
	}
	s.pos++
	return string(unescaped)
}
