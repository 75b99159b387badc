package websocket_test

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"

	. "github.com/hawser-ws/hawser/websocket"
)

// Over TLS, a page of the same host that was loaded over http is of another origin.
func TestCheckOriginOverTLS(t *testing.T) {
	for _, overTLS := range []bool{false, true} {
		r := &http.Request{Host: "api.example", Header: http.Header{"Origin": {"http://api.example"}}}
		if overTLS {
			r.TLS = new(tls.ConnectionState)
		}
		if e := new(AcceptOptions).CheckOrigin(r); (e != nil) != overTLS {
			t.Errorf("over TLS %v: got %v, want an error: %v", overTLS, e, overTLS)
		}
	}
}

// CheckOrigin allows the origins of the host and those listed.
func TestCheckOrigin(t *testing.T) {
	for _, test := range []struct {
		name   string
		opts   AcceptOptions
		origin []string
		status int // 0: allowed
	}{
		{"not a browser", AcceptOptions{}, nil, 0},
		{"foreign", AcceptOptions{}, []string{"https://evil.example"}, 403},
		{"empty", AcceptOptions{}, []string{""}, 403},
		{"not an origin", AcceptOptions{}, []string{"evil"}, 403},
		{"any", AcceptOptions{InsecureAnyOrigin: true}, []string{"https://evil.example"}, 0},
		{"null", AcceptOptions{}, []string{"null"}, 403},
		{"null, listed", AcceptOptions{Origins: []string{"null"}}, []string{"null"}, 0},
		{"twice", AcceptOptions{}, []string{"https://api.example", "https://api.example"}, 400},
		{"very long", AcceptOptions{Origins: []string{"https://*.example"}},
			[]string{"https://" + strings.Repeat("a", 1<<20) + ".example"}, 403},
	} {
		r := &http.Request{Host: "api.example", Header: http.Header{"Origin": test.origin}}
		e := test.opts.CheckOrigin(r)
		status := 0
		if e != nil {
			status = e.Status
		}
		if status != test.status {
			t.Errorf("%s: got %v, want status %d", test.name, e, test.status)
		}
		if e != nil && len(e.Error()) > 2*MaxOrigin {
			t.Errorf("%s: got an error of %d bytes, want %d at most", test.name, len(e.Error()), 2*MaxOrigin)
		}
	}
}
