package exchange

import (
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/hawser-ws/hawser/websocket/internal/target"
	"github.com/hawser-ws/hawser/wire"
)

// Limits on how much of a peer's response an error shows.
const (
	maxPhrase   = 60  // runes of a reason phrase
	maxLocation = 100 // runes of a Location
	maxText     = 120 // bytes of a body
	maxSchemes  = 4   // names of authentication schemes
	maxScheme   = 32  // bytes of each
)

// Status describes the status of a refusal for an error, as in "404 Not Found". It adds the
// Location of a 3xx, and the authentication schemes that a 401 or 407 requires.
func (r *Response) Status() string {
	code, h := r.HTTP.StatusCode, r.HTTP.Header
	s := strconv.Itoa(code)
	phrase := strings.TrimSpace(strings.TrimPrefix(r.HTTP.Status, s))
	switch known := http.StatusText(code); {
	case phrase != "" && !strings.EqualFold(phrase, known):
		s += fmt.Sprintf(" %.*q", maxPhrase, phrase)
	case known != "":
		s += " " + known
	}
	if code/100 == 2 {
		s += ", not 101"
	}
	challenge := map[int]string{
		http.StatusUnauthorized:      "WWW-Authenticate",
		http.StatusProxyAuthRequired: "Proxy-Authenticate",
	}[code]
	if names := schemes(h.Values(challenge)); len(names) > 0 {
		s += " (" + challenge + ": " + strings.Join(names, ", ") + ")"
	}
	if to := h.Get("Location"); to != "" && code/100 == 3 {
		s += fmt.Sprintf(" (Location: %.*q)", maxLocation, target.WithoutUserinfo(to))
	}
	return s
}

// schemes returns the names of the authentication schemes in a list of challenges (RFC 9110,
// section 11.6.1), each once. An element of the list is either a scheme, which may have its first
// parameter, or another parameter.
func schemes(values []string) (names []string) {
	for _, v := range values {
		for v != "" && len(names) < maxSchemes {
			var element string
			element, v = cutElement(v)
			name, after, _ := strings.Cut(strings.ReplaceAll(strings.Trim(element, " \t"), "=", " ="), " ")
			known := slices.ContainsFunc(names, func(s string) bool { return strings.EqualFold(s, name) })
			param := strings.HasPrefix(strings.TrimLeft(after, " \t"), "=")
			if !param && !known && len(name) <= maxScheme && wire.IsToken(name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// cutElement cuts a list at its first comma outside a quoted string.
func cutElement(list string) (element, rest string) {
	quoted := false
	for i := 0; i < len(list); i++ {
		switch c := list[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted:
			i++
		case c == ',' && !quoted:
			return list[:i], list[i+1:]
		}
	}
	return list, ""
}

// Text returns ": " and the quoted start of the message in a body, in which most servers explain
// the refusal: plain text, JSON, or the title of HTML. Without a message it returns "".
func (r *Response) Text() string {
	kind, _, _ := mime.ParseMediaType(r.HTTP.Header.Get("Content-Type"))
	text := ""
	switch {
	case kind == "text/plain":
		text, _, _ = strings.Cut(strings.TrimSpace(string(r.Body)), "\n")
	case kind == "application/json" || strings.HasSuffix(kind, "+json"):
		text = compact(r.Body)
	case kind == "text/html" || kind == "application/xhtml+xml":
		text = title(string(r.Body))
	}
	if text = strings.TrimSpace(text); text == "" {
		return ""
	}
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "..."
	}
	hidden := func(r rune) bool { return r == '`' || r == unicode.ReplacementChar || !unicode.IsPrint(r) }
	if strings.Contains(text, `"`) && !strings.ContainsFunc(text, hidden) {
		return ": `" + text + "`"
	}
	return fmt.Sprintf(": %q", text)
}

// compact returns JSON without white space between its tokens. The JSON may be truncated.
func compact(json []byte) string {
	var b strings.Builder
	quoted, escaped := false, false
	for _, c := range json {
		if !quoted && strings.IndexByte(" \t\r\n", c) >= 0 {
			continue
		}
		b.WriteByte(c)
		switch {
		case escaped:
			escaped = false
		case c == '"':
			quoted = !quoted
		case c == '\\':
			escaped = quoted
		}
	}
	return b.String()
}

// title returns the text of the title element of HTML, which may be truncated.
func title(html string) string {
	for {
		start := indexFold(html, "<title")
		if start < 0 {
			return ""
		}
		html = html[start+len("<title"):]
		attributes, text, found := strings.Cut(html, ">")
		if !found || attributes != "" && strings.IndexByte(" \t\r\n", attributes[0]) < 0 {
			continue // not a start tag, or that of another element
		}
		if end := indexFold(text, "</title"); end >= 0 {
			text = text[:end]
		}
		return strings.Join(strings.Fields(text), " ")
	}
}

// indexFold is strings.Index for ASCII, ignoring case.
func indexFold(s, lower string) int {
	for i := range len(s) - len(lower) + 1 {
		if strings.EqualFold(s[i:i+len(lower)], lower) {
			return i
		}
	}
	return -1
}
