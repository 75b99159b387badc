package handshake

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadHead(t *testing.T) {
	const limit = 60
	for _, tt := range []struct {
		text string
		want Head
	}{
		{"GET /a?b HTTP/1.1\r\nHost: [::1]:80\r\nA:\t b c \t\r\n\r\nframes", Head{
			Size: 48, Method: "GET", Target: "/a?b", Host: "[::1]:80",
			Fields: [][2]string{{"Host", "[::1]:80"}, {"A", "b c"}},
		}},
		{"X HTTP://a:8/b HTTP/1.1\r\nhost: c\r\n\r\n", Head{
			Size: 36, Method: "X", Target: "/b", Host: "a:8", Fields: [][2]string{{"host", "c"}},
		}},
		{"X http://a HTTP/1.1\r\nHost: a\r\n\r\n", Head{
			Size: 32, Method: "X", Target: "/", Host: "a", Fields: [][2]string{{"Host", "a"}},
		}},
	} {
		if diff := cmp.Diff(tt.want, ReadHead(tt.text, limit)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.text, diff)
		}
	}
	for text, status := range map[string]int{ // 0: incomplete
		"": 0, "GET": 0, "GET / HTTP/1.1\r\nHost: a\r\n": 0,
		"GET / HTTP/1.1\n": 400, "GET /\r\n": 400, "GET / HTTP/1.0\r\n": 426, "GET / HTTP/1.2\r\n": 505,
		"GET * HTTP/1.1\r\n": 400, "GET http://a?b HTTP/1.1\r\n": 400, "GET http://[::1]/ HTTP/1.1\r\n": 400,
		"GET http:/// HTTP/1.1\r\n": 400, "GET /%4g HTTP/1.1\r\n": 400, "GET /\x7f HTTP/1.1\r\n": 400,
		"GET / HTTP/1.1\r\n a: b\r\n": 400, "GET / HTTP/1.1\r\na : b\r\n": 400, "GET / HTTP/1.1\r\na: \x00\r\n": 400,
		"GET / HTTP/1.1\r\ncontent-length: 0\r\n": 400, "GET / HTTP/1.1\r\nTransfer-encoding: x\r\n": 400,
		"GET / HTTP/1.1\r\nexpect: a\r\n": 417, "GET / HTTP/1.1\r\nExpect: 100-Continue\r\n": 0,
		"GET / HTTP/1.1\r\nHost:\r\n": 400, "GET / HTTP/1.1\r\nHost: a b\r\n": 400, "GET / HTTP/1.1\r\n\r\n": 400,
		"GET / HTTP/1.1\r\nHost: a\r\nHOST: a\r\n":                                 400,
		"GET /56789012345678901234567890123456789012345678901234567890":            414,
		"GET / HTTP/1.1\r\nHost: 3456789012345678901234567890123456789012\r\n\r\n": 431,
	} {
		h := ReadHead(text, limit)
		switch {
		case status == 0 && (!h.Incomplete || len(h.Faults) > 0):
			t.Errorf("%q: %+v, want an incomplete head", text, h)
		case status != 0 && (h.Incomplete || len(h.Faults) != 1 || h.Faults[0].Status != status):
			t.Errorf("%q: %+v, want %d", text, h, status)
		}
	}
}
