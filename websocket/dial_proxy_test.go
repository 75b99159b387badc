package websocket_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
)

// through returns a DialOptions.Proxy that chooses u for every request.
func through(u *url.URL) func(*http.Request) (*url.URL, error) {
	return func(*http.Request) (*url.URL, error) { return u, nil }
}

// Every kind of proxy can connect to servers with and without TLS. The proxy receives the host and
// port of the server and its own credentials, but not the server's. The server receives nothing
// that is for the proxy.
func TestProxy(t *testing.T) {
	checkLeaks(t)
	serverTLS, clientTLS := dialTLS(t)
	for _, scheme := range []string{"http", "https", "socks5", "socks5h"} {
		for _, secure := range []bool{false, true} {
			target, addr, conf := "ws://server:secret@example.com/", "example.com:80", (*tls.Config)(nil)
			if secure {
				target, addr, conf = "wss://server:secret@example.com/", "example.com:443", serverTLS
			}
			t.Run(scheme+" "+addr, func(t *testing.T) {
				s := serveScript(t, nil, conf, hello)
				p := startProxy(t, scheme, s.addr, "proxy:hush", serverTLS)
				asked := ""
				mustHello(t, target, &DialOptions{
					TLSConfig: clientTLS,
					Header:    http.Header{"Cookie": {"a=cookie"}},
					Proxy: func(r *http.Request) (*url.URL, error) {
						asked = r.URL.String()
						return p.url, nil
					},
				})
				want := strings.Replace(strings.Replace(target, "ws", "http", 1), "server:secret@", "", 1)
				if asked != want {
					t.Errorf("Proxy was called for %q, want %q", asked, want)
				}
				want = addr
				if strings.HasPrefix(scheme, "http") {
					want = "CONNECT " + addr + " HTTP/1.1\r\nHost: " + addr + "\r\n" +
						"User-Agent: Go-http-client/1.1\r\n" +
						"Proxy-Authorization: Basic cHJveHk6aHVzaA==\r\n\r\n"
				}
				if got := strings.Join(p.requests(), "|"); got != want {
					t.Errorf("the proxy received:\n%s\nwant:\n%s", got, want)
				}
				head := s.requests()[0]
				if fieldOf(head, "Host") != "example.com" || fieldOf(head, "Authorization") == "" ||
					strings.Contains(head, "Proxy") || !strings.HasPrefix(head, "GET / ") {
					t.Errorf("got this request, want Host and Authorization of the server alone:\n%s", head)
				}
			})
		}
	}
}

// NetDial opens the connection to the proxy.
func TestProxyNetDial(t *testing.T) {
	checkLeaks(t)
	s := serveScript(t, nil, nil, hello)
	p := startProxy(t, "http", s.addr, "", nil)
	got := ""
	mustHello(t, "ws://example.com", &DialOptions{
		Proxy: through(&url.URL{Scheme: "http", Host: "proxy.example"}),
		NetDial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			got = network + " " + addr
			return new(net.Dialer).DialContext(ctx, "tcp", p.url.Host)
		},
	})
	if want := "tcp proxy.example:80"; got != want {
		t.Errorf("NetDial was called for %q, want %q", got, want)
	}
	if asked := p.requests(); len(asked) != 1 || strings.Contains(asked[0], "Authorization") {
		t.Errorf("the proxy received %q, want one request without credentials", asked)
	}
}

// The certificate of an https proxy is verified against the proxy's name. The proxy sees none of
// the TLS settings for the server.
func TestProxyTLS(t *testing.T) {
	checkLeaks(t)
	serverTLS, clientTLS := dialTLS(t)
	serverTLS.ClientAuth = tls.RequestClientCert
	certs := make(chan int, 1)
	s := serveScript(t, nil, serverTLS, func(rc *scriptConn) {
		certs <- len(rc.Conn.(*tls.Conn).ConnectionState().PeerCertificates)
		hello(rc)
	})
	p := startProxy(t, "https", s.addr, "", serverTLS)
	clientTLS.Certificates = serverTLS.Certificates
	clientTLS.ServerName = "example.com"
	mustHello(t, "wss://10.0.0.1", &DialOptions{TLSConfig: clientTLS, Proxy: through(p.url)})
	if n := <-certs; n != 1 {
		t.Errorf("the server saw %d certificates, want 1", n)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if cs := p.tls[0]; len(cs.PeerCertificates) != 0 || cs.ServerName != "" || cs.NegotiatedProtocol != "" {
		t.Errorf("the proxy saw %d certificates and name %q, want neither",
			len(cs.PeerCertificates), cs.ServerName)
	}
}

// InsecureSkipVerify applies to the server only. An https proxy is verified nevertheless.
func TestProxyTLSVerified(t *testing.T) {
	checkLeaks(t)
	serverTLS, _ := dialTLS(t)
	p := startProxy(t, "https", "", "", serverTLS)
	mustFail(t, "wss://example.com", &DialOptions{
		TLSConfig: &tls.Config{InsecureSkipVerify: true}, Proxy: through(p.url),
	}, "TLS handshake with the proxy")
}

// ProxyTLSConfig replaces what TLSConfig has for an https proxy. It does not apply to the server.
func TestProxyTLSConfig(t *testing.T) {
	checkLeaks(t)
	serverTLS, clientTLS := dialTLS(t)
	proxyTLS := serverTLS.Clone()
	proxyTLS.ClientAuth = tls.RequireAnyClientCert
	proxyTLS.NextProtos = []string{"x-proxy", AlpnHTTP1}
	serverTLS.ClientAuth = tls.RequestClientCert
	certs := make(chan int, 1)
	s := serveScript(t, nil, serverTLS, func(rc *scriptConn) {
		certs <- len(rc.Conn.(*tls.Conn).ConnectionState().PeerCertificates)
		hello(rc)
	})
	p := startProxy(t, "https", s.addr, "", proxyTLS)
	for i, row := range []struct{ own, name, protocol string }{
		{"", "localhost", AlpnHTTP1}, {"other.example", "other.example", "x-proxy"},
	} {
		own := &tls.Config{Certificates: serverTLS.Certificates, InsecureSkipVerify: true, ServerName: row.own}
		if row.own != "" {
			own.NextProtos = []string{"x-proxy"}
		}
		u := *p.url
		u.Host = "localhost:" + u.Port()
		mustHello(t, "wss://example.com", &DialOptions{
			TLSConfig: clientTLS, ProxyTLSConfig: own, Proxy: through(&u),
			NetDial: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, p.url.Host)
			},
		})
		if n := <-certs; n != 0 {
			t.Errorf("the server saw %d certificates of the proxy's settings, want none", n)
		}
		if own.ServerName != row.own || row.own == "" && own.NextProtos != nil {
			t.Errorf("Dial changed the caller's settings: %q %q", own.ServerName, own.NextProtos)
		}
		p.mu.Lock()
		cs := p.tls[i]
		p.mu.Unlock()
		if len(cs.PeerCertificates) != 1 || cs.ServerName != row.name || cs.NegotiatedProtocol != row.protocol {
			t.Errorf("the proxy saw %d certificates, name %q and protocol %q, want 1, %q and %q",
				len(cs.PeerCertificates), cs.ServerName, cs.NegotiatedProtocol, row.name, row.protocol)
		}
	}
	// The server's settings do not apply to the proxy: neither its roots nor its certificates.
	mustFail(t, "wss://example.com", &DialOptions{
		TLSConfig: clientTLS, ProxyTLSConfig: &tls.Config{}, Proxy: through(p.url),
	}, "TLS handshake with the proxy")
}

// A proxy's refusal of CONNECT is returned. It is not followed, and its cookies are not kept.
func TestProxyAnswers(t *testing.T) {
	checkLeaks(t)
	rows := map[string]struct {
		answer string
		status int
		want   string
	}{
		"credentials required": {"HTTP/1.1 407 Who?\r\nContent-Type: text/plain\r\n" +
			"Proxy-Authenticate: Basic realm=\"x\"\r\nSet-Cookie: a=1\r\n\r\nname?", 407,
			`proxy answered 407 "Who?" (Proxy-Authenticate: Basic): "name?"`},
		"redirect": {"HTTP/1.1 302 There\r\nLocation: http://example.com/\r\nContent-Length: 0\r\n\r\n", 302,
			`proxy answered 302 "There" (Location: "http://example.com/") (RFC`},
		"switches protocols": {"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\n\r\n", 101,
			`proxy answered 101 "Yes"`},
		"sends too early": {"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 Ha\r\n", 200,
			"17 bytes before the server could"},
		"large header": {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 64<<10), 0,
			"Limits.MaxResponseHeader"},
		"no HTTP": {"SSH-2.0-x\r\n", 0, "reading the response from the proxy"},
		"nothing": {"", 0, "unexpected EOF"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			s := serveScript(t, nil, nil, func(rc *scriptConn) {
				rc.say(row.answer)
				rc.Conn.(*net.TCPConn).CloseWrite()
				waitClosed(rc)
			})
			jar, _ := cookiejar.New(nil)
			he, resp := mustFail(t, "ws://example.com/", &DialOptions{
				Proxy: through(&url.URL{Scheme: "http", Host: s.addr}), Jar: jar, MaxRedirects: 3,
			}, row.want)
			if he.Status != row.status {
				t.Errorf("got status %d, want %d", he.Status, row.status)
			}
			if resp != nil && resp.Request.Method != "CONNECT" {
				t.Errorf("got the response to %s, want CONNECT", resp.Request.Method)
			}
			if c := jar.Cookies(&url.URL{Scheme: "http", Host: "example.com", Path: "/"}); len(c) != 0 {
				t.Errorf("the jar has cookies of the proxy: %v", c)
			}
			if n := len(s.requests()); n != 1 {
				t.Errorf("got %d requests, want 1", n)
			}
		})
	}
}

// HandshakeTimeout applies to a proxy that never answers, as to a server.
func TestProxyTimeout(t *testing.T) {
	checkLeaks(t)
	for _, scheme := range []string{"http", "https", "socks5"} {
		for _, greeting := range []string{
			"", "\x05", "\x05\x00", "\x05\x00\x05\x00\x00\x03\x20x", "HTTP/1.1 200 OK\r\n",
		} {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				go io.Copy(io.Discard, theirs)
				go theirs.Write([]byte(greeting))
				_, resp, err := Dial(context.Background(), "ws://example.com/", &DialOptions{
					Proxy:   through(&url.URL{Scheme: scheme, Host: "proxy"}),
					NetDial: func(context.Context, string, string) (net.Conn, error) { return ours, nil },
				})
				timedOut := errors.Is(err, context.DeadlineExceeded)
				mangled := scheme == "https" && greeting != "" ||
					scheme == "socks5" && strings.HasPrefix(greeting, "H")
				if resp != nil || !timedOut && !mangled {
					t.Errorf("%s %q: got %v, %v, want a timeout", scheme, greeting, resp, err)
				}
			})
		}
	}
}

// The error of a failed connection to a proxy names the proxy, but not the credentials.
func TestProxyUnreachable(t *testing.T) {
	checkLeaks(t)
	boom := errors.New("boom")
	proxy := &url.URL{Scheme: "socks5", Host: "proxy.example", User: url.UserPassword("user", "hush")}
	he, _ := mustFail(t, "ws://example.com/", &DialOptions{
		Proxy:   through(proxy),
		NetDial: func(context.Context, string, string) (net.Conn, error) { return nil, boom },
	}, "connecting to the proxy proxy.example:1080: boom")
	if !errors.Is(he, boom) || strings.Contains(he.Error(), "user") || strings.Contains(he.Error(), "hush") {
		t.Errorf("got %v, want an error without credentials", he)
	}
}

// Errors and invalid URLs that DialOptions.Proxy returns are errors of Dial.
func TestProxyChoice(t *testing.T) {
	checkLeaks(t)
	boom := errors.New("boom")
	he, _ := mustFail(t, "ws://example.com/", &DialOptions{
		Proxy: func(*http.Request) (*url.URL, error) { return nil, boom },
	}, "choosing a proxy")
	if !errors.Is(he, boom) {
		t.Errorf("got %v, want %v", he, boom)
	}
	ftp := &url.URL{Scheme: "ftp", Host: "x"}
	mustFail(t, "ws://example.com/", &DialOptions{Proxy: through(ftp)}, `scheme "ftp"`)
	mustFail(t, "ws://example.com/", &DialOptions{Proxy: through(&url.URL{Scheme: "http"})}, "no host")
}

// No error shows the password in the URL of a proxy, even if the URL is malformed or net/url reads
// it differently than it was meant.
func TestProxyHidesPassword(t *testing.T) {
	checkLeaks(t)
	for _, raw := range []string{
		"http://XX:X%XXX@h:1", "http://XX:X/X@h", "http://XX:7/X@h", "http://X#X@h", "http://X:7?X@h",
		"XX:X@h", "socks5://X:X X@h",
	} {
		he, _ := mustFail(t, "ws://example.com/", unconnected(t, DialOptions{
			Proxy: func(*http.Request) (*url.URL, error) { return url.Parse(raw) },
		}), "percent-encoded")
		if strings.ContainsAny(he.Error(), "X7") {
			t.Errorf("%s: got %v, want an error without the password", raw, he)
		}
	}
}

// SOCKS5 requests carry the server's address. Names are sent unresolved.
func TestSOCKSAddress(t *testing.T) {
	checkLeaks(t)
	s := serveScript(t, nil, nil, hello)
	p := startProxy(t, "socks5", s.addr, "", nil)
	want := []string{"192.0.2.1:80", "[2001:db8::1]:99", "xn--bcher-kva.example:65535"}
	for i, url := range []string{"ws://192.0.2.1", "ws://[2001:db8::1]:99", "ws://Bücher.example:65535"} {
		mustHello(t, url, &DialOptions{Proxy: through(p.url)})
		if p.requests()[i] != want[i] {
			t.Errorf("%s: the proxy received %q, want %q", url, p.requests()[i], want[i])
		}
	}
	opts := &DialOptions{Proxy: through(p.url)}
	mustFail(t, "ws://"+strings.Repeat("x", 256), opts, "longer than 255 bytes")
	mustFail(t, "ws://example.com:65536", opts, "port 65536")
}

// Malformed replies and refusals of a SOCKS5 proxy are errors of Dial.
func TestSOCKSAnswers(t *testing.T) {
	checkLeaks(t)
	long := url.UserPassword(strings.Repeat("x", 256), "")
	rows := map[string]struct {
		user   *url.Userinfo
		answer string
		want   string
	}{
		"version 4":         {nil, "\x04\x00", "SOCKS version 4"},
		"no method":         {nil, "\x05\xff", "no supported authentication method"},
		"password, unasked": {nil, "\x05\x02", "no supported authentication method"},
		"password refused":  {url.UserPassword("u", "p"), "\x05\x02\x01\x01", "refused the user name"},
		"password too long": {long, "\x05\x02", "1 to 255 bytes"},
		"refused by rules": {nil, "\x05\x00\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00",
			"not allowed by its rules"},
		"refused, short reply":  {nil, "\x05\x00\x05\x05\x00\x01", "connection refused"},
		"refused, last code":    {nil, "\x05\x00\x05\x08\x00\x01", "address type not supported"},
		"refused, unknown code": {nil, "\x05\x00\x05\x09\x00\x01", "code 9"},
		"reply of version 4":    {nil, "\x05\x00\x04\x00\x00\x01", "malformed"},
		"unknown address type":  {nil, "\x05\x00\x05\x00\x00\x02\x00\x00", "malformed"},
		"greeting cut":          {nil, "\x05", "unexpected EOF"},
		"password cut":          {url.User("u"), "\x05\x02\x01", "unexpected EOF"},
		"reply cut":             {nil, "\x05\x00\x05\x00", "unexpected EOF"},
		"name cut":              {nil, "\x05\x00\x05\x00\x00\x03", "EOF"},
		"address cut":           {nil, "\x05\x00\x05\x00\x00\x04\x00", "unexpected EOF"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				go io.Copy(io.Discard, theirs)
				go func() {
					io.WriteString(theirs, row.answer)
					theirs.Close()
				}()
				mustFail(t, "ws://example.com/", &DialOptions{
					Proxy:   through(&url.URL{Scheme: "socks5", Host: "proxy", User: row.user}),
					NetDial: func(context.Context, string, string) (net.Conn, error) { return ours, nil },
				}, row.want)
			})
		})
	}
}

// Without DialOptions.Proxy, the environment chooses the proxy. The test starts a process for each
// environment, because net/http reads the variables only once.
func TestProxyFromEnvironment(t *testing.T) {
	checkLeaks(t)
	switch os.Getenv("HAWSER_TEST_PROXY") {
	case "malformed":
		he, _ := mustFail(t, "ws://plain.example/", nil, "percent-encoded")
		if strings.Contains(he.Error(), ":1") {
			t.Errorf("got %v, want an error without the password", he)
		}
		return
	case "refuses":
		mustFail(t, "ws://plain.example/", nil, "proxy answered 403")
		mustFail(t, "wss://secure.example/", nil, "proxy answered 403")
		return
	}
	s := serveScript(t, nil, nil, refuseWith("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for kind, proxy := range map[string]string{
		"refuses":   "http://a:b@" + s.addr,
		"malformed": "http://a:1/b@" + s.addr,
	} {
		cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestProxyFromEnvironment$")
		cmd.Env = append(os.Environ(), "HAWSER_TEST_PROXY="+kind, "NO_PROXY=", "no_proxy=",
			"HTTP_PROXY="+proxy, "http_proxy="+proxy, "HTTPS_PROXY="+s.addr, "https_proxy="+s.addr)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("the process for proxy %s failed: %v\n%s", kind, err, out)
		}
	}
	var lines []string
	for _, head := range s.requests() {
		line, _, _ := strings.Cut(head, "\r\n")
		lines = append(lines, line+" "+fieldOf(head, "Proxy-Authorization"))
	}
	want := "CONNECT plain.example:80 HTTP/1.1 Basic YTpi|CONNECT secure.example:443 HTTP/1.1 "
	if got := strings.Join(lines, "|"); got != want {
		t.Errorf("the proxy received %q, want %q", got, want)
	}
}
