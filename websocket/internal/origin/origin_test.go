package origin

import (
	"strings"
	"testing"
)

// ownOrigins are Origin fields and Host fields, and whether the page is of the same host.
var ownOrigins = []struct {
	origin, host string
	own          bool
}{
	{"https://api.example", "api.example", true},
	{"http://api.example", "api.example", true}, // a proxy may have ended TLS
	{"https://api.example", "API.Example", true},
	{"HTTPS://API.EXAMPLE", "api.example", true},
	{"https://api.example:8443", "api.example:8443", true},
	{"https://api.example", "api.example:443", true},
	{"https://api.example:443", "api.example", true},
	{"http://api.example", "api.example:80", true},
	{"http://127.0.0.1:8080", "127.0.0.1:8080", true},
	{"http://[::1]:8080", "[::1]:8080", true},
	{"http://[::1]", "[::1]:80", true},
	{"http://[2001:db8::a]", "[2001:DB8:0:0:0:0:0:A]", true},
	{"ws://api.example", "api.example", true},
	{"wss://api.example:8443", "api.example:8443", true},

	// SocketRocket, and thus React Native on iOS, adds a slash.
	{"https://api.example/", "api.example", true},
	{"http://api.example:8080/", "api.example:8080", true},
	{"https://api.example//", "api.example", false},
	{"https://api.example/x/", "api.example", false},
	{"https://api.example:/", "api.example", false},
	{"https://evil.example/", "api.example", false},
	{"/", "", false},
	{"null/", "null", false},

	// Some clients send the Host field itself. Browsers do not.
	{"api.example", "api.example", true},
	{"API.example:8080", "api.example:8080", true},
	{"[::1]:8080", "[::1]:8080", true},
	{"api.example:8080/", "api.example:8080", true},
	{"api.example", "api.example:80", false},
	{"api.example:80", "api.example", false},
	{"evil.example", "api.example", false},
	{"[::1", "[::1", false},
	{"api.example:", "api.example:", false},
	{"api.example:x", "api.example:x", false},
	{"user@api.example", "user@api.example", false},
	{":80", ":80", false},

	// Pages with other schemes do not belong to a host.
	{"ionic://api.example", "api.example", false},
	{"chrome-extension://abcdef", "abcdef", false},
	{"ftp://api.example:8080", "api.example:8080", false},
	{"http+x://api.example:80", "api.example:80", false},

	{"https://evil.example", "api.example", false},
	{"https://api.example", "api.example:80", false},
	{"http://api.example", "api.example:443", false},
	{"http://api.example:8080", "api.example", false},
	{"http://api.example", "api.example:8080", false},
	{"https://www.api.example", "api.example", false},
	{"https://api.example.evil.example", "api.example", false},
	{"https://evilapi.example", "api.example", false},
	{"http://[::1]", "[::2]", false},
	{"http://[::1]", "::1", false},
	{"null", "null", false},
	{"file://", "", false},
	{"https://", "", false},
	{"", "", false},
	{"//api.example", "api.example", false},
	{"://api.example", "api.example", false},
	{"https:api.example", "api.example", false},
	{"https://api.example?", "api.example", false},
	{"https://api.example#", "api.example", false},
	{"https://api.example:", "api.example", false},
	{"https://api.example:0443", "api.example", false},
	{"https://api.example:65979", "api.example", false}, // 443 modulo 65536
	{"https://api.example:+443", "api.example", false},
	{"https://user@api.example", "api.example", false},
	{"https://api.example https://evil.example", "api.example", false},
	{"https://evil.example https://api.example", "api.example", false},
	{"https://evil.example, https://api.example", "api.example", false},
	{`https://evil.example\api.example`, "api.example", false},
	{"https://api.exam%70le", "api.example", false},
	{"https://[api.example]", "api.example", false},
	{"https://[::1%25eth0]", "[::1%25eth0]", false},
	{"https://[::1", "[::1", false},
	{"https://[::1]x", "[::1]x", false},
	{"https://[127.0.0.1]", "[127.0.0.1]", false},
	{"https://\u212Aelvin.example", "kelvin.example", false}, // a k under Unicode case folding
	{"https://kelvin.example", "\u212Aelvin.example", false},
}

// A page of the server's own host may connect, however its Origin is written.
func TestOwnOrigin(t *testing.T) {
	for _, test := range ownOrigins {
		if got := Allowed(test.origin, test.host, false, nil); got != test.own {
			t.Errorf("origin %q, host %q: got %v, want %v", test.origin, test.host, got, test.own)
		}
	}
}

// Over TLS, the page's scheme must be secure too, because an attacker on the network can change
// pages that are loaded by plain HTTP.
func TestOwnOriginOverTLS(t *testing.T) {
	for origin, own := range map[string]bool{
		"https://api.example": true, "wss://api.example": true, "HTTPS://api.example/": true,
		"api.example":        true,
		"http://api.example": false, "ws://api.example": false, "http://api.example:443": false,
	} {
		if got := Allowed(origin, "api.example", true, nil); got != own {
			t.Errorf("origin %q: got %v, want %v", origin, got, own)
		}
	}
	if !Allowed("http://api.example", "api.example", true, []string{"http://api.example"}) {
		t.Error("got false for an origin that a pattern allows, want true")
	}
}

// originPatterns are patterns and origins, and whether they match.
var originPatterns = []struct {
	pattern, origin string
	match           bool
}{
	{"https://app.example.com", "https://app.example.com", true},
	{"https://app.example.com", "https://app.example.com:443", true},
	{"https://app.example.com:443", "https://app.example.com", true},
	{"HTTPS://App.Example.com", "https://app.example.com", true},
	{"https://app.example.com", "http://app.example.com", false},
	{"https://app.example.com", "https://app.example.com:8443", false},
	{"https://app.example.com", "https://app.example.com.evil.example", false},
	{"https://app.example.com", "https://appxexample.com", false},

	{"https://*.example.com", "https://app.example.com", true},
	{"https://*.example.com", "https://a.b.example.com", true},
	{"https://*.example.com", "https://example.com", false},
	{"https://*.example.com", "https://evilexample.com", false},
	{"https://*.example.com", "https://evil.example/.example.com", false},
	{"https://*.example.com", "https://evil.example?.example.com", false},
	{"https://*.example.com", "https://evil.example#.example.com", false},
	{"https://*.example.com", `https://evil.example\.example.com`, false},
	{"https://*.example.com", "https://evil.example:80.example.com", false},
	{"https://*.example.com", "https://evil@a.example.com", false},
	{"https://*.example.com", "https://a.example.com:8443", false},
	{"https://*.example.com:*", "https://a.example.com:8443", true},
	{"https://a*z.example.com", "https://abcz.example.com", true},
	{"https://a*z.example.com", "https://abc.example.com", false},
	{"*://example.com", "ionic://example.com", true},
	{"http*://example.com", "https://example.com", true},

	{"example.com", "https://example.com", true},
	{"example.com", "http://example.com:80", true},
	{"example.com", "http://example.com:443", false},
	{"example.com:8080", "https://example.com:8080", true},
	{"example.com:8080", "https://example.com", false},
	{"localhost:*", "http://localhost", true},
	{"localhost:*", "http://localhost:3000", true},
	{"localhost:*", "http://localhost.evil.example:3000", false},
	{"[::1]:*", "http://[0::1]:3000", true},
	{"[::1]", "http://[::2]", false},
	{"chrome-extension://abcdef", "chrome-extension://abcdef", true},
	{"chrome-extension://*", "chrome-extension://abcdef", true},
	{"chrome-extension://*", "https://abcdef", false},
	{"file://", "file://", true},
	{"file://", "file://x", false},
	{"file://", "file:///", true},
	{"https://app.example.com", "https://app.example.com/", true},
	{"https://app.example.com", "https://app.example.com//", false},
	{"https://*.com", "https://app.example.com", true},
	{"x*://*", "x-app://a", true},
	{"*.example", "app.example", false}, // the origin has no scheme and is not the host

	{"null", "null", true},
	{"null", "https://null", false},
	{"null", "null://", false},
	{"https://*.example", "null", false},
	{"*.null", "null", false},
}

// Patterns match whole origins, with default ports. A * matches within a scheme, a host or a port.
func TestOriginPatterns(t *testing.T) {
	for _, test := range originPatterns {
		if err := CheckPattern(test.pattern); err != nil {
			t.Errorf("pattern %q: got %v, want nil", test.pattern, err)
		}
		got := Allowed(test.origin, "api.example", false, []string{"other.example", test.pattern})
		if got != test.match {
			t.Errorf("pattern %q, origin %q: got %v, want %v", test.pattern, test.origin, got, test.match)
		}
	}
}

// A pattern that can match no origin, or every origin, is an error.
func TestBadOriginPatterns(t *testing.T) {
	for pattern, want := range map[string]string{
		"":                       "host",
		":80":                    "host",
		"https://a.example/":     "path",
		"https://a.example/chat": "path",
		"a.example/chat":         "path",
		"https//a.example":       "path",
		"https://a.example:":     "host",
		"https://a.example:x":    "port",
		"https://a.example:8*":   "port",
		"https://a.example:0":    "port",
		"https://user@a.example": "host",
		"https://a b":            "host",
		"https://bücher.example": "host", // browsers send xn--bcher-kva.example
		"::1":                    "host",
		"[::1":                   "host",
		"[::1]x":                 "host",
		"1http://a.example":      "scheme",
		"://a.example":           "scheme",
		"*":                      "InsecureAnyOrigin",
		"**":                     "InsecureAnyOrigin",
		"*:*":                    "InsecureAnyOrigin",
		"*:8080":                 "InsecureAnyOrigin",
		"*://*":                  "InsecureAnyOrigin",
		"*.*":                    "InsecureAnyOrigin",
		"*.*:*":                  "InsecureAnyOrigin",
		"..":                     "InsecureAnyOrigin",
		"https://*":              "InsecureAnyOrigin",
		"https://*:8443":         "InsecureAnyOrigin",
		"HTTP*://*.*":            "InsecureAnyOrigin",
		"w*s://**":               "InsecureAnyOrigin",
		"https://":               "host",
		"*://":                   "host",
	} {
		err := CheckPattern(pattern)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("pattern %q: got %v, want an error with %q", pattern, err, want)
		}
	}
}

// matchGlob agrees with a slow implementation that tries every length for each *.
func TestMatchGlob(t *testing.T) {
	var naive func(pattern, s string) bool
	naive = func(pattern, s string) bool {
		switch {
		case pattern == "":
			return s == ""
		case pattern[0] == '*':
			return naive(pattern[1:], s) || s != "" && naive(pattern, s[1:])
		}
		return s != "" && pattern[0] == s[0] && naive(pattern[1:], s[1:])
	}
	words := func(letters string, most int) []string {
		all := []string{""}
		for i := 0; i < len(all); i++ {
			for _, c := range letters {
				if len(all[i]) < most {
					all = append(all, all[i]+string(c))
				}
			}
		}
		return all
	}
	for _, pattern := range words("ab*", 5) {
		for _, s := range words("ab", 6) {
			if got, want := matchGlob(pattern, s), naive(pattern, s); got != want {
				t.Errorf("matchGlob(%q, %q) = %v, want %v", pattern, s, got, want)
			}
		}
	}
}
