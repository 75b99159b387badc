package broken

import "strings"

// An extension is an element of Sec-WebSocket-Extensions.
type extension struct {
	name   string
	params []parameter
}

type parameter struct {
	name  string
	value string // empty if there is none
}

// extensions parses Sec-WebSocket-Extensions by the grammar of RFC 6455, section 9.1. ok
// reports whether it is valid. It is valid if there is no such field.
func (h head) extensions() (list []extension, ok bool) {
	fields := h.values("Sec-WebSocket-Extensions")
	if len(fields) == 0 {
		return nil, true
	}
	s := &scanner{rest: strings.Join(fields, ",")}
	for s.space(); s.rest != "" || len(list) == 0; s.space() {
		if s.skip(",") {
			continue // an empty element
		}
		e := extension{name: s.token()}
		for s.skip(";") {
			p := parameter{name: s.token()}
			if s.skip("=") {
				p.value = s.value()
			}
			e.params = append(e.params, p)
		}
		if s.bad || s.rest != "" && s.rest[0] != ',' {
			return nil, h.broken("extension-grammar")
		}
		list = append(list, e)
	}
	return list, true
}

// A scanner parses the value of a field.
type scanner struct {
	rest string
	bad  bool
}

func (s *scanner) space() { s.rest = strings.TrimLeft(s.rest, " \t") }

// skip skips a separator and the space around it, and reports whether it was present.
func (s *scanner) skip(separator string) (found bool) {
	s.space()
	if s.rest, found = strings.CutPrefix(s.rest, separator); found {
		s.space()
	}
	return found
}

// token parses a token, RFC 2616, section 2.2.
func (s *scanner) token() string {
	n := 0
	for n < len(s.rest) && isToken(s.rest[n]) {
		n++
	}
	token := s.rest[:n]
	s.rest = s.rest[n:]
	s.bad = s.bad || n == 0
	s.space()
	return token
}

func isToken(c byte) bool {
	return c > ' ' && c < 0x7f && strings.IndexByte(`()<>@,;:\"/[]?={}`, c) < 0
}

// value parses a token or a quoted string whose content is a token.
func (s *scanner) value() string {
	if !strings.HasPrefix(s.rest, `"`) {
		return s.token()
	}
	var b []byte
	for i := 1; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == '"':
			s.rest = s.rest[i+1:]
			s.space()
			s.bad = s.bad || len(b) == 0
			return string(b)
		case c == '\\' && i+1 < len(s.rest):
			i++
			b = append(b, s.rest[i])
		default:
			b = append(b, c)
		}
		s.bad = s.bad || !isToken(b[len(b)-1])
	}
	s.bad = true // no closing quote
	return ""
}
