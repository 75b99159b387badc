package websocket_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	. "github.com/hawser-ws/hawser/websocket"
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
			keys[fieldOf(head, FieldKey)] = true
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

// CheckRedirect gets each upcoming request as it is sent, and those before it. Its changes to the
// header are sent. Changes to the handshake's own fields and to anything but the header are not.
func TestCheckRedirect(t *testing.T) {
	checkLeaks(t)
	var other *scriptServer
	first := serveScript(t, nil, nil, func(rc *scriptConn) {
		if rc.target() == "/" {
			rc.say(redirect(302, "/next"))
			return
		}
		rc.say(redirect(307, "ws://"+other.addr+"/end"))
	})
	other = serveScript(t, nil, nil, hello)
	var trail []string
	var shown []http.Header
	opts := credentials()
	opts.MaxRedirects = 2
	opts.Jar = onlyPath("/end")
	opts.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		line := fmt.Sprintf("%d %s %s for", req.Response.StatusCode, req.Method, req.URL.Path)
		for _, r := range via {
			line += " " + r.URL.Path
		}
		trail = append(trail, line+" on "+req.Host)
		shown = append(shown, req.Header.Clone())
		req.Header.Set("X-Added", fmt.Sprint(len(via)))
		req.Header["Sec-WebSocket-Key"] = []string{"mine"}
		req.Header.Set("Content-Length", "5")
		delete(req.Header, "Upgrade")
		req.Method, req.Host, req.URL.Host, req.URL.Path = "POST", "evil", "127.0.0.1:1", "/evil"
		req.Body = io.NopCloser(strings.NewReader("body"))
		via[0] = nil
		return nil
	}
	_, resp := mustHello(t, "ws://server:secret@"+first.addr+"/", opts)
	want := "302 GET /next for / on virtual.example|307 GET /end for / /next on " + other.addr
	if got := strings.Join(trail, "|"); got != want {
		t.Errorf("CheckRedirect was called for\n%s\nwant\n%s", got, want)
	}
	if got, want := resp.Request.URL.String(), "http://"+other.addr+"/end"; got != want {
		t.Errorf("got the response of %s, want %s", got, want)
	}
	for i, head := range append(first.requests()[1:], other.requests()...) {
		for name, values := range shown[i] {
			if got := fieldOf(head, name); got != values[0] {
				t.Errorf("request %d has %s %q, but CheckRedirect got %q", i, name, got, values)
			}
		}
		lines := strings.Count(head, "\r\n") - 2
		if got := fieldOf(head, "X-Added"); got != fmt.Sprint(i+1) || lines != len(shown[i])+2 { // Host, X-Added
			t.Errorf("request %d has X-Added %q and %d lines, want %d and %d", i, got, lines, i+1, len(shown[i])+2)
		}
	}
	if head := other.requests()[0]; fieldOf(head, "Cookie") != "jar=1" || strings.Contains(head, "hush") {
		t.Errorf("got this request, want the cookie of the jar and no X-Token:\n%s", head)
	}
}

// CheckRedirect sets Host and User-Agent as DialOptions.Header does: each is sent once.
func TestCheckRedirectHost(t *testing.T) {
	checkLeaks(t)
	for _, host := range []string{"Host", "hOST"} {
		s := serveScript(t, nil, nil, func(rc *scriptConn) {
			if rc.target() == "/" {
				rc.say(redirect(302, "/next"))
				return
			}
			hello(rc)
		})
		_, resp := mustHello(t, "ws://"+s.addr+"/", &DialOptions{
			Proxy: direct, MaxRedirects: 1, Header: http.Header{"Host": {"virtual.example"}},
			CheckRedirect: func(req *http.Request, _ []*http.Request) error {
				req.Header = http.Header{host: {"other.example"}, "user-agent": {"tester/1"}}
				return nil
			},
		})
		head := s.requests()[1]
		const want = "GET /next HTTP/1.1\r\nHost: other.example\r\nUser-Agent: tester/1\r\nConnection: "
		lower := strings.ToLower(head)
		if !strings.HasPrefix(head, want) || strings.Count(lower, "host:")+strings.Count(lower, "agent:") != 2 {
			t.Errorf("%s: got request\n%s\nwant it to begin with\n%s", host, head, want)
		}
		if resp.Request.Host != "other.example" {
			t.Errorf("got the response for host %s, want other.example", resp.Request.Host)
		}
	}
}

// An error of CheckRedirect ends Dial with the redirect. ErrUseLastResponse does as well, as if
// redirects were not followed.
func TestCheckRedirectError(t *testing.T) {
	checkLeaks(t)
	boom := errors.New("boom")
	for name, row := range map[string]struct {
		check func(req *http.Request) error
		want  string
		is    error
	}{
		"error": {func(*http.Request) error { return boom },
			`/x%22", refused by DialOptions.CheckRedirect: boom`, boom},
		"last response": {func(*http.Request) error { return http.ErrUseLastResponse },
			`(status 302): server answered 302 "There" (Location: "/x\"") (RFC`, nil},
		"wrapped last response": {func(*http.Request) error { return fmt.Errorf("a: %w", http.ErrUseLastResponse) },
			"CheckRedirect: a: net/http: use last response", http.ErrUseLastResponse},
		"line break": {func(r *http.Request) error { r.Header.Set("X-Y", "a\nb"); return nil },
			"DialOptions.CheckRedirect: the value of X-Y has the control character", nil},
		"proxy's field": {func(r *http.Request) error { r.Header.Set("Proxy-Authorization", "x"); return nil },
			`DialOptions.CheckRedirect: "Proxy-Authorization" would be sent to the server`, nil},
		"two hosts": {func(r *http.Request) error { r.Header["Host"] = []string{"a", "b"}; return nil },
			"DialOptions.CheckRedirect: Host must have exactly one value", nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := serveScript(t, nil, nil, func(rc *scriptConn) { rc.say(redirect(302, `/x"`)) })
			he, resp := mustFail(t, "ws://"+s.addr, &DialOptions{
				Proxy: direct, MaxRedirects: 3,
				CheckRedirect: func(req *http.Request, _ []*http.Request) error { return row.check(req) },
			}, row.want)
			if row.is != nil && !errors.Is(he, row.is) {
				t.Errorf("got %v, want it to wrap %v", he, row.is)
			}
			if resp == nil || resp.StatusCode != 302 || he.Status != 302 || len(s.requests()) != 1 {
				t.Errorf("got %v, %v after %d requests, want 302 after one", resp, he, len(s.requests()))
			}
		})
	}
}

// CheckRedirect is not called for a redirect that is refused anyway, and cannot allow it. Its
// request has a context that ends with Dial.
func TestCheckRedirectNotCalled(t *testing.T) {
	checkLeaks(t)
	serverTLS, clientTLS := dialTLS(t)
	for _, row := range []struct {
		max      int
		location string
		calls    int
	}{
		{0, "/", 0}, {-1, "/", 0}, {2, "/", 2}, {2, "ws://127.0.0.1:1/", 0}, {2, "ws+unix:///s:/", 0}, {2, "", 0},
	} {
		s := serveScript(t, nil, serverTLS, func(rc *scriptConn) { rc.say(redirect(302, row.location)) })
		var contexts []context.Context
		mustFail(t, "wss://"+s.addr, &DialOptions{
			Proxy: direct, TLSConfig: clientTLS, MaxRedirects: row.max,
			CheckRedirect: func(req *http.Request, _ []*http.Request) error {
				contexts = append(contexts, req.Context())
				return req.Context().Err()
			},
		}, "(status 302)")
		if len(contexts) != row.calls {
			t.Errorf("MaxRedirects %d to %q: got %d calls, want %d", row.max, row.location, len(contexts), row.calls)
		}
		if slices.ContainsFunc(contexts, func(c context.Context) bool { return c.Err() == nil }) {
			t.Error("the context of a request has not ended after Dial")
		}
	}
}
