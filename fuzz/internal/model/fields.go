package model

import "strings"

// A Param is a parameter of an extension. Value is unquoted, and "" if there is none.
type Param struct{ Name, Value string }

// An Extension is an element of Sec-WebSocket-Extensions.
type Extension struct {
	Name   string
	Params []Param
}

// A FieldFault is a place where a field is invalid. At is an offset in the line Line: the
// length of its longest prefix that can begin a valid line.
//
// For an empty or unfinished quoted string a parser may report any offset from Quote,
// after the opening quote, to At, the end of the string. For other faults Quote is At.
type FieldFault struct{ Line, At, Quote int }

// Extensions reads the lines of Sec-WebSocket-Extensions by the grammar of RFC
// 6455, section 9.1, and the conventions of RFC 2616, section 2.1, which it uses.
//
//	Sec-WebSocket-Extensions = extension-list
//	extension-list           = 1#extension
//	extension                = extension-token *( ";" extension-param )
//	extension-token          = registered-token
//	registered-token         = token
//	extension-param          = token [ "=" (token | quoted-string) ]
//
// Lines without an element are valid, despite the 1# of the grammar, as package wire
// documents.
func Extensions(lines []string) ([]Extension, *FieldFault) {
	g := newGrammar(lines)
	var found []Extension
	ok := g.list(func() bool {
		name, ok := g.token()
		if !ok {
			return false
		}
		x := Extension{Name: name}
		for g.next(';') {
			p, ok := g.param()
			if !ok {
				return false
			}
			x.Params = append(x.Params, p)
		}
		found = append(found, x)
		return true
	})
	if !ok {
		return nil, g.fault(lines)
	}
	return found, nil
}

// Protocols reads the lines of Sec-WebSocket-Protocol as package wire documents. It
// returns the elements of the list (RFC 6455, section 11.3.4) that have only characters
// from U+0021 to U+007E.
func Protocols(lines []string) (found []string) {
	var element, space []byte
	good := true
	for _, c := range []byte(strings.Join(lines, ",") + ",") {
		switch {
		case c == ',':
			if good && len(element) > 0 {
				found = append(found, string(element))
			}
			element, space, good = nil, nil, true
		case c == ' ' || c == '\t':
			if len(element) > 0 {
				space = append(space, c)
			}
		default:
			good = good && c > 0x20 && c < 0x7f && len(space) == 0
			element = append(element, c)
		}
	}
	return found
}

// A symbol is a token, a quoted string, a separator, or a byte that is none of them.
type symbol struct {
	kind  byte // 't', 'q', ',', ';', '=', or 0
	text  string
	start int  // in the joined lines
	bad   int  // the first invalid byte of a quoted string, or -1
	empty bool // a quoted string
	open  bool // a quoted string without an end
}

// A grammar reads symbols. RFC 2616 splits a text into symbols by its "implied *LWS": "except
// where noted otherwise, linear white space (LWS) can be included between any two adjacent
// words (token or quoted-string), and between adjacent words and separators, without
// changing the interpretation of a field".
type grammar struct {
	symbols []symbol
	end     int
	inValue bool // the next symbol is an invalid quoted string, where a valid one may be
}

// newGrammar joins the lines (RFC 2616, section 4.2): "It MUST be possible
// to combine the multiple header fields into one [...] by appending each subsequent
// field-value to the first, each separated by a comma".
func newGrammar(lines []string) *grammar {
	text := strings.Join(lines, ",")
	return &grammar{symbols: split(text), end: len(text)}
}

// split returns the symbols of a text. The lines of the text are unfolded, so LWS is SP and HT.
func split(text string) (all []symbol) {
	for i := 0; i < len(text); {
		s := symbol{start: i, bad: -1}
		switch c := text[i]; {
		case c == ' ' || c == '\t':
			i++
			continue
		case c == ',' || c == ';' || c == '=':
			s.kind = c
			i++
		case c == '"':
			i = s.quoted(text)
		case TokenChar(c):
			s.kind = 't'
			for i < len(text) && TokenChar(text[i]) {
				i++
			}
			s.text = text[s.start:i]
		default: // kind 0: not in the grammar
			i++
		}
		all = append(all, s)
	}
	return all
}

// quoted reads a quoted string and returns its end. RFC 6455, section 9.1:
// "When using the quoted-string syntax variant, the value after quoted-string
// unescaping MUST conform to the 'token' ABNF." RFC 2616, section 2.2:
// quoted-pair = "\" CHAR.
func (s *symbol) quoted(text string) (end int) {
	s.kind = 'q'
	i := s.start + 1
	for i < len(text) && text[i] != '"' {
		if text[i] == '\\' {
			if i+1 == len(text) {
				break
			}
			i++
		}
		if !TokenChar(text[i]) && s.bad < 0 {
			s.bad = i
		}
		s.text += text[i : i+1]
		i++
	}
	if i >= len(text) || text[i] != '"' {
		s.open = true
		return len(text)
	}
	s.empty = s.text == ""
	return i + 1
}

// TokenChar reports whether a token may contain c. RFC 2616, section 2.2: token = 1*<any
// CHAR except CTLs or separators>, where CHAR is 0 to 127, and CTL is 0 to 31 and 127.
func TokenChar(c byte) bool {
	const separators = "()<>@,;:\\\"/[]?={} \t"
	return c > 31 && c < 127 && strings.IndexByte(separators, c) < 0
}

// list reads a list. RFC 2616's #rule: "null elements are allowed, but do not contribute to the
// count of elements present".
func (g *grammar) list(element func() bool) bool {
	for {
		for g.next(',') {
		}
		if len(g.symbols) == 0 {
			return true
		}
		if !element() || len(g.symbols) > 0 && g.symbols[0].kind != ',' {
			return false
		}
	}
}

// next consumes a separator, if it is next.
func (g *grammar) next(separator byte) bool {
	if len(g.symbols) == 0 || g.symbols[0].kind != separator {
		return false
	}
	g.symbols = g.symbols[1:]
	return true
}

// token consumes a token.
func (g *grammar) token() (string, bool) {
	if len(g.symbols) == 0 || g.symbols[0].kind != 't' {
		return "", false
	}
	text := g.symbols[0].text
	g.symbols = g.symbols[1:]
	return text, true
}

func (g *grammar) param() (p Param, ok bool) {
	if p.Name, ok = g.token(); !ok || !g.next('=') {
		return p, ok
	}
	if len(g.symbols) > 0 && g.symbols[0].kind == 'q' {
		q := g.symbols[0]
		if q.bad >= 0 || q.empty || q.open {
			g.inValue = true
			return p, false
		}
		g.symbols = g.symbols[1:]
		p.Value = q.text
		return p, true
	}
	p.Value, ok = g.token()
	return p, ok
}

// fault returns the place of the next symbol, which is invalid where it is. In a quoted
// string, it is the place of the byte that a token cannot contain.
func (g *grammar) fault(lines []string) *FieldFault {
	if len(g.symbols) == 0 {
		return place(lines, g.end, g.end)
	}
	s := g.symbols[0]
	switch {
	case !g.inValue:
		return place(lines, s.start, s.start)
	case s.bad >= 0:
		f := place(lines, s.bad, s.bad)
		if f.At == len(lines[f.Line]) { // the comma between two lines: the string has no end
			return place(lines, s.bad, s.start+1)
		}
		return f
	case s.open:
		return place(lines, g.end, s.start+1)
	}
	return place(lines, s.start+2, s.start+1) // empty
}

// place converts offsets in the joined lines.
func place(lines []string, at, quote int) *FieldFault {
	line := 0
	for at > len(lines[line]) {
		at -= len(lines[line]) + 1
		quote -= len(lines[line]) + 1
		line++
	}
	return &FieldFault{Line: line, At: at, Quote: quote}
}
