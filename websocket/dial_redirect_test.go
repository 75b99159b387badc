package websocket

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// redirect returns a response with the given status and Location.
func redirect(status int, location string) string {
	return fmt.Sprintf("HTTP/1.1 %d There\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", status, location)
}

// target returns the path and query of the request.
func (rc *scriptConn) target() string { return strings.Fields(rc.head)[1] }

// credentials returns options with header fields that must not be sent to another host.
func credentials() *DialOptions {
	return &DialOptions{
		Proxy: direct, MaxRedirects: 10, Subprotocols: []string{"a"},
		Header: http.Header{
			"User-Agent": {"tester/1"}, "Origin": {"https://o.example"}, "Cookie": {"own=1"},
			"X-Token": {"hush"}, "Host": {"virtual.example"},
		},
	}
}

// The five statuses for redirects are followed. Requests to the same host keep all of the caller's
// options, and each request has its own key.
func TestRedirectSameHost(t *testing.T) {
	checkLeaks(t)
	for _, status := range []int{301, 302, 303, 307, 308} {
		var addr string
		s := serveScript(t, nil, nil, func(rc *scriptConn) {
			switch rc.target() {
			case "/a?b":
				rc.say(redirect(status, "c/d?e f#fragment"))
			case "/c/d?e%20f":
				rc.say(redirect(status, "ws://other:user@"+addr+"/f"))
			default:
				hello(rc)
			}
		})
		addr = s.addr
		_, resp := mustHello(t, "ws://server:secret@"+s.addr+"/a?b", credentials())
		if got, want := resp.Request.URL.String(), "http://"+addr+"/f"; got != want {
			t.Errorf("%d: got the response of %s, want %s", status, got, want)
		}
		heads := s.requests()
		if len(heads) != 3 {
			t.Fatalf("%d: got %d requests, want 3", status, len(heads))
		}
		keys := map[string]bool{}
		for _, head := range heads {
			keys[fieldOf(head, fieldKey)] = true
			if fieldOf(head, "X-Token") != "hush" || fieldOf(head, "Cookie") != "own=1" ||
				fieldOf(head, "Host") != "virtual.example" ||
				fieldOf(head, "Sec-WebSocket-Protocol") != "a" ||
				fieldOf(head, "Authorization") != "Basic c2VydmVyOnNlY3JldA==" {
				t.Errorf("%d: a request lacks options of the caller:\n%s", status, head)
			}
		}
		if len(keys) != 3 {
			t.Errorf("%d: got keys %v, want 3", status, keys)
		}
	}
}

// Only the User-Agent of the caller's header is sent after a redirect to another host, even if
// that host redirects back. The Jar decides by itself which cookies are sent.
func TestRedirectOtherHost(t *testing.T) {
	checkLeaks(t)
	var other *scriptServer
	first := serveScript(t, nil, nil, func(rc *scriptConn) {
		if rc.target() == "/" {
			rc.say(redirect(302, "http://x:y@"+other.addr+"/there"))
			return
		}
		if rc.target() == "/back" {
			rc.say(redirect(302, "/home"))
			return
		}
		hello(rc)
	})
	other = serveScript(t, nil, nil, func(rc *scriptConn) {
		rc.say(redirect(302, "ws://"+first.addr+"/back"))
	})
	opts := credentials()
	opts.Jar = onlyPath("/home")
	mustHello(t, "ws://server:secret@"+first.addr+"/", opts)
	heads := append(other.requests(), first.requests()[1:]...)
	if len(heads) != 3 || fieldOf(heads[2], "Cookie") != "jar=1" {
		t.Fatalf("got requests %q, want 3 with the cookie of the jar in the last", heads)
	}
	for i, head := range heads {
		if host := []string{other.addr, first.addr, first.addr}[i]; fieldOf(head, "Host") != host ||
			fieldOf(head, "User-Agent") != "tester/1" {
			t.Errorf("got Host or User-Agent other than %s and tester/1 in:\n%s", host, head)
		}
		for _, secret := range []string{"hush", "Authorization", "own=1", "Origin", "virtual"} {
			if strings.Contains(head, secret) {
				t.Errorf("a request to another host contains %s:\n%s", secret, head)
			}
		}
	}
}

// onlyPath is a Jar with a cookie for one path. The Jar of net/http does not distinguish ports.
type onlyPath string

func (onlyPath) SetCookies(*url.URL, []*http.Cookie) {}
func (p onlyPath) Cookies(u *url.URL) []*http.Cookie {
	if u.Path != string(p) {
		return nil
	}
	return []*http.Cookie{{Name: "jar", Value: "1"}}
}

// A cookie that is set by a redirect is sent with the next request.
func TestRedirectCookies(t *testing.T) {
	checkLeaks(t)
	s := serveScript(t, nil, nil, func(rc *scriptConn) {
		if rc.target() == "/" {
			rc.say(strings.Replace(redirect(302, "/in"), "\r\n\r\n", "\r\nSet-Cookie: a=1\r\n\r\n", 1))
			return
		}
		hello(rc)
	})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	mustHello(t, "ws://"+s.addr, &DialOptions{Proxy: direct, Jar: jar, MaxRedirects: 1})
	if got := fieldOf(s.requests()[1], "Cookie"); got != "a=1" {
		t.Errorf("got cookie %q, want a=1", got)
	}
}

// Redirects are not followed by default, beyond MaxRedirects, from TLS to plain text, or to a
// Location that is not a valid URL of a host. The response is returned.
func TestRedirectRefused(t *testing.T) {
	checkLeaks(t)
	serverTLS, clientTLS := dialTLS(t)
	rows := map[string]struct {
		max      int
		location string
		secure   bool
		requests int
		want     string
	}{
		"by default": {0, "/", false, 1,
			`server answered 302 "There" (Location: "/"), and DialOptions.MaxRedirects is 0 (RFC`},
		"negative": {-1, "//u:p@h/", false, 1,
			`(Location: "//h/"), and DialOptions.MaxRedirects is -1 (RFC`},
		"too many": {2, "/", false, 3,
			`(Location: "/"), and DialOptions.MaxRedirects is 2 (RFC`},
		"from TLS":           {5, "ws://127.0.0.1:1/", true, 1, "from TLS to plain text"},
		"from TLS, as http":  {5, "http://127.0.0.1:1/", true, 1, "from TLS to plain text"},
		"no Location":        {5, "", false, 1, "without a Location"},
		"not a URL":          {5, "http://[", false, 1, "not a URL"},
		"no host":            {5, "http:///x", false, 1, "host is missing"},
		"opaque":             {5, "ws:x", false, 1, "host is missing"},
		"another scheme":     {5, "ftp://127.0.0.1/", false, 1, "scheme"},
		"to a unix socket":   {5, "ws+unix:///var/run/secret.sock:/", false, 1, "scheme"},
		"to an invalid host": {5, `ws://a"b/`, false, 1, "invalid"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			scheme, conf := "ws", (*tls.Config)(nil)
			if row.secure {
				scheme, conf = "wss", serverTLS
			}
			s := serveScript(t, nil, conf, func(rc *scriptConn) { rc.say(redirect(302, row.location)) })
			he, resp := mustFail(t, scheme+"://"+s.addr, &DialOptions{
				Proxy: direct, TLSConfig: clientTLS, MaxRedirects: row.max,
			}, row.want)
			if he.Status != 302 || resp.Header.Get("Location") != row.location {
				t.Errorf("got response %v, want 302 to %q", resp, row.location)
			}
			if n := len(s.requests()); n != row.requests {
				t.Errorf("got %d requests, want %d", n, row.requests)
			}
		})
	}
}

// Responses with other statuses are not redirects, even if they have a Location.
func TestRedirectStatuses(t *testing.T) {
	checkLeaks(t)
	for _, status := range []int{300, 304, 305, 306, 399, 200, 404} {
		s := serveScript(t, nil, nil, func(rc *scriptConn) { rc.say(redirect(status, "/next")) })
		he, _ := mustFail(t, "ws://"+s.addr, credentials(), fmt.Sprint(status))
		if strings.Contains(he.Error(), "MaxRedirects") {
			t.Errorf("%d: got %v, want an error that does not name MaxRedirects", status, he)
		}
		if n := len(s.requests()); n != 1 {
			t.Errorf("%d: got %d requests, want 1", status, n)
		}
	}
}

// The client certificate and ServerName are used within a host, but not for another host or port.
// A redirect to TLS is always allowed.
func TestRedirectTLS(t *testing.T) {
	checkLeaks(t)
	serverTLS, clientTLS := dialTLS(t)
	serverTLS.ClientAuth = tls.RequestClientCert
	saw := make(chan string, 3)
	look := func(rc *scriptConn) {
		cs := rc.Conn.(*tls.Conn).ConnectionState()
		saw <- fmt.Sprintf("%d certificates, name %q", len(cs.PeerCertificates), cs.ServerName)
	}
	other := serveScript(t, nil, serverTLS, func(rc *scriptConn) { look(rc); hello(rc) })
	first := serveScript(t, nil, serverTLS, func(rc *scriptConn) {
		look(rc)
		if rc.target() == "/" {
			rc.say(redirect(307, "/same"))
			return
		}
		rc.say(redirect(307, "https://"+other.addr))
	})
	plain := serveScript(t, nil, nil, func(rc *scriptConn) { rc.say(redirect(307, "https://"+other.addr)) })
	clientTLS.Certificates = serverTLS.Certificates
	clientTLS.ServerName = "example.com"
	opts := &DialOptions{Proxy: direct, TLSConfig: clientTLS, MaxRedirects: 2}
	const own, others = `1 certificates, name "example.com"`, `0 certificates, name ""`

	mustHello(t, "wss://"+first.addr, opts)
	for _, want := range []string{own, own, others} {
		if got := <-saw; got != want {
			t.Errorf("the server saw %s, want %s", got, want)
		}
	}
	mustHello(t, "ws://"+plain.addr, opts)
	if got := <-saw; got != others {
		t.Errorf("the server saw %s, want %s", got, others)
	}
}

// A server on a Unix socket can redirect to a path on the same socket. A redirect to a whole URL
// leads to another host.
func TestRedirectUnix(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("paths of sockets on Windows are not paths of URLs")
	}
	checkLeaks(t)
	path := filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	tcp := serveScript(t, nil, nil, hello)
	unix := serveScript(t, ln, nil, func(rc *scriptConn) {
		if rc.target() == "/" {
			rc.say(redirect(302, "/next"))
			return
		}
		rc.say(redirect(302, "ws://localhost/")) // another host, although the requests had this Host field
	})
	opts := credentials()
	opts.NetDial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if addr == "localhost:80" {
			addr = tcp.addr
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	mustHello(t, "ws+unix://"+path, opts)
	for i, head := range append(unix.requests(), tcp.requests()...) {
		if got := fieldOf(head, "X-Token") == "hush"; got != (i < 2) {
			t.Errorf("request %d: got X-Token %v, want %v:\n%s", i, got, i < 2, head)
		}
	}
}
