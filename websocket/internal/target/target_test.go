package target

import (
	"strings"
	"testing"
)

// Parse returns the URL, address, socket and credentials of a URL.
func TestParse(t *testing.T) {
	rows := []struct{ raw, url, addr, socket, auth string }{
		{"ws://example.com", "http://example.com", "example.com:80", "", ""},
		{"WS://Example.com:80/a?b", "http://Example.com/a?b", "Example.com:80", "", ""},
		{"http://example.com:443/", "http://example.com:443/", "example.com:443", "", ""},
		{"wss://example.com:443/", "https://example.com/", "example.com:443", "", ""},
		{"https://example.com:80/", "https://example.com:80/", "example.com:80", "", ""},
		{"ws://example.com:/", "http://example.com/", "example.com:80", "", ""},
		{"ws://[::1]/", "http://[::1]/", "[::1]:80", "", ""},
		{"wss://[::1]:443/", "https://[::1]/", "[::1]:443", "", ""},
		{"ws://[fe80::1%25eth0]:1/", "http://[fe80::1%25eth0]:1/", "[fe80::1%eth0]:1", "", ""},
		{"ws://Bücher.example/", "http://xn--bcher-kva.example/", "xn--bcher-kva.example:80", "", ""},
		{"ws://b%C3%BCcher.example:8/", "http://xn--bcher-kva.example:8/", "xn--bcher-kva.example:8", "", ""},
		{"ws://u:p%3A@h/", "http://h/", "h:80", "", "Basic dTpwOg=="},
		{"ws://u@h/", "http://h/", "h:80", "", "Basic dTo="},
		{"ws://h/a b?c d HTTP/1.0", "http://h/a%20b?c%20d%20HTTP/1.0", "h:80", "", ""},
		{"ws://h?é%20\"<>{}|\xff", "http://h?%C3%A9%20%22%3C%3E{}|%FF", "h:80", "", ""},
		{"ws+unix:///s:/?a b", "http://localhost/?a%20b", "localhost:80", "/s", ""},
		{"ws+unix:///s", "http://localhost", "localhost:80", "/s", ""},
		{"ws+unix:///a%3Ab:/c%2Fd?e", "http://localhost/c%2Fd?e", "localhost:80", "/a:b", ""},
		{"wss+unix://u:p@/s:", "https://localhost", "localhost:443", "/s", "Basic dTpw"},
		{"ws+unix:/s:/", "http://localhost/", "localhost:80", "/s", ""},
	}
	for _, row := range rows {
		got, auth, err := Parse(row.raw)
		if err != nil {
			t.Errorf("%s: got error %v, want nil", row.raw, err)
			continue
		}
		if got.URL.String() != row.url || got.Addr() != row.addr || got.Socket != row.socket ||
			auth != row.auth {
			t.Errorf("%s: got %v %q %q %q, want %v", row.raw, got.URL, got.Addr(), got.Socket, auth, row)
		}
	}
}

// Parse refuses invalid URLs with an error that does not contain the password.
func TestParseRefuses(t *testing.T) {
	for raw, want := range map[string]string{
		"":                         "scheme",
		"example.com":              "scheme",
		"ftp://example.com/":       "scheme",
		"http+unix:///s":           "scheme",
		"ws+unix+unix:///s":        "scheme",
		"ws:":                      "no host",
		"ws:example.com":           "no host",
		"ws:///path":               "no host",
		"ws://:80/":                "no host",
		"ws://u:hush@/":            "no host",
		"ws://h/#":                 "fragment",
		"ws://h/#x":                "fragment",
		"ws://h/a#b?c":             "fragment",
		"ws+unix:///s:/#x":         "fragment",
		"ws://h:port/":             "invalid port",
		"WSS://u:hush@h:port/":     "invalid port",
		"ws://u:hush@h h/":         "invalid character",
		"ws://u:hush@h/\x7f":       "invalid control",
		`ws://u:hush@h"h/`:         "not valid",
		"ws://[::1/":               "missing ']'",
		"ws+unix://":               "no socket",
		"ws+unix:///":              "no socket",
		"ws+unix:///:/x":           "no socket",
		"ws+unix://host/s":         "absolute path",
		"ws+unix:s":                "absolute path",
		"ws+unix://u:hush@h/s:/x":  "absolute path",
		"ws+unix:///s:x":           "must begin with",
		"ws://u:hush@exam\xffple/": "not valid",
	} {
		got, _, err := Parse(raw)
		if err == nil {
			t.Errorf("%q: got %v, want an error", raw, got.URL)
			continue
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: got %v, want an error with %q", raw, err, want)
		}
	}
}
