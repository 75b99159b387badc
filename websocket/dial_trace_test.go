package websocket_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	. "github.com/hawser-ws/hawser/websocket"
)

// A traceLog records the calls of the hooks of a trace.
type traceLog struct {
	mu    sync.Mutex
	calls []string
	wrote chan struct{} // has an element for each WroteRequest
}

func (l *traceLog) add(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, fmt.Sprintf(format, args...))
}

// named returns the calls so far of the hooks whose name begins with one of prefixes.
func (l *traceLog) named(prefixes ...string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(l.calls), func(call string) bool {
		return !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(call, p) })
	})
}

// into returns a context with a trace that calls l.
func (l *traceLog) into(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(hostPort string) { l.add("GetConn %s", hostPort) },
		GotConn: func(i httptrace.GotConnInfo) {
			l.add("GotConn %T %v %v", i.Conn, i.Reused, i.WasIdle)
		},
		PutIdleConn:          func(err error) { l.add("PutIdleConn %v", err) },
		GotFirstResponseByte: func() { l.add("GotFirstResponseByte") },
		Got100Continue:       func() { l.add("Got100Continue") },
		Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
			l.add("Got1xxResponse %d %v", code, h)
			return nil
		},
		DNSStart:     func(i httptrace.DNSStartInfo) { l.add("DNSStart %s", i.Host) },
		DNSDone:      func(i httptrace.DNSDoneInfo) { l.add("DNSDone %v", i) },
		ConnectStart: func(network, addr string) { l.add("ConnectStart %s %s", network, addr) },
		ConnectDone: func(network, addr string, err error) {
			l.add("ConnectDone %s %s %v", network, addr, err)
		},
		TLSHandshakeStart: func() { l.add("TLSHandshakeStart") },
		TLSHandshakeDone: func(s tls.ConnectionState, err error) {
			l.add("TLSHandshakeDone %v %v", s.HandshakeComplete, err)
		},
		WroteHeaderField: func(key string, value []string) { l.add("WroteHeaderField %s %q", key, value) },
		WroteHeaders:     func() { l.add("WroteHeaders") },
		Wait100Continue:  func() { l.add("Wait100Continue") },
		WroteRequest: func(i httptrace.WroteRequestInfo) {
			l.add("WroteRequest %v", i.Err)
			l.wrote <- struct{}{}
		},
	})
}

// A traceRow is a request whose hooks are compared with those of http.Transport.
type traceRow struct {
	scheme, proxy string
	host          string // "" means that of the server
	answer        func(rc *scriptConn)
	opts          DialOptions
	want          string // the names of the hooks but for WroteHeaderField
}

// Dial calls the hooks of a trace as http.Transport does for the same request.
func TestTrace(t *testing.T) {
	checkLeaks(t)
	serverTLS, clientTLS := dialTLS(t)
	traced, overTLS := new(net.Dialer).DialContext, (&tls.Dialer{Config: clientTLS}).DialContext
	untraced := func(_ context.Context, network, addr string) (net.Conn, error) {
		return net.Dial(network, addr)
	}
	closed := listen(t)
	closed.Close()
	refused := refuseWith("HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno")
	hints := func(rc *scriptConn) {
		rc.say("HTTP/1.1 103 Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
		hello(rc)
	}
	const (
		connected = "GetConn ConnectStart ConnectDone "
		secured   = "TLSHandshakeStart TLSHandshakeDone "
		sent      = "GotConn WroteHeaders WroteRequest "
		answered  = sent + "GotFirstResponseByte "
		interim   = "Got1xxResponse Got1xxResponse "
	)
	for name, row := range map[string]traceRow{
		"plain":                 {scheme: "ws", want: connected + answered},
		"TLS":                   {scheme: "wss", want: connected + secured + answered},
		"SOCKS":                 {scheme: "ws", proxy: "socks5", want: connected + answered},
		"TLS, SOCKS":            {scheme: "wss", proxy: "socks5h", want: connected + secured + answered},
		"TLS, HTTP proxy":       {scheme: "wss", proxy: "http", want: connected + secured + answered},
		"TLS, HTTPS proxy":      {scheme: "wss", proxy: "https", want: connected + secured + secured + answered},
		"name":                  {scheme: "ws", host: "localhost", want: "GetConn DNSStart DNSDone " + answered},
		"NetDial":               {scheme: "ws", opts: DialOptions{NetDial: traced}, want: connected + answered},
		"NetDial without hooks": {scheme: "ws", opts: DialOptions{NetDial: untraced}, want: "GetConn " + answered},
		"interim responses":     {scheme: "ws", answer: hints, want: connected + answered + interim},
		"refused":               {scheme: "ws", answer: refused, want: connected + answered},
		"no response":           {scheme: "ws", answer: refuseWith(""), want: connected + sent},
		"unreachable":           {scheme: "ws", host: closed.Addr().String(), want: connected},
		"DialTLS": {scheme: "wss", opts: DialOptions{DialTLS: overTLS},
			want: connected + secured + answered},
		"unverified": {scheme: "wss", opts: DialOptions{TLSConfig: &tls.Config{}},
			want: connected + secured},
	} {
		t.Run(name, func(t *testing.T) {
			if row.opts.TLSConfig == nil {
				row.opts.TLSConfig = clientTLS
			}
			got, want := traceBoth(t, row, serverTLS)
			if !slices.Equal(got, want) {
				t.Errorf("Dial called\n%s\nand http.Transport\n%s",
					strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			if names := hookNames(got); names != row.want {
				t.Errorf("Dial called\n%s\nwant\n%s", names, row.want)
			}
		})
	}
}

// hookNames returns the names of the hooks in calls but for WroteHeaderField.
func hookNames(calls []string) (names string) {
	for _, call := range calls {
		if name, _, _ := strings.Cut(call, " "); name != "WroteHeaderField" {
			names += name + " "
		}
	}
	return names
}

// traceBoth makes the request of row with Dial and with http.Transport, and returns the hooks that
// each has called.
func traceBoth(t *testing.T, row traceRow, serverTLS *tls.Config) (ours, theirs []string) {
	wrote := make(chan struct{}, 1)
	conf := serverTLS
	if row.scheme == "ws" {
		conf = nil
	}
	s := serveScript(t, nil, conf, func(rc *scriptConn) {
		select {
		case <-wrote: // so that WroteRequest always comes before the response
		case <-t.Context().Done():
		}
		if row.answer == nil {
			hello(rc)
		} else {
			row.answer(rc)
		}
	})
	addr, hooks := s.addr, []string{"Get", "Got", "Put", "DNS", "Connect", "TLS", "Wait", "Wrote"}
	if row.host == "localhost" {
		_, port, _ := net.SplitHostPort(s.addr)
		addr = net.JoinHostPort(row.host, port)
		hooks = slices.DeleteFunc(hooks, func(h string) bool { return h == "Connect" }) // ::1 may be tried too
	} else if row.host != "" {
		addr = row.host
	}
	var proxy *url.URL
	if row.proxy != "" {
		proxy = startProxy(t, row.proxy, s.addr, "", serverTLS).url
	}
	var request *http.Request
	row.opts.Proxy = func(r *http.Request) (*url.URL, error) { request = r; return proxy, nil }
	of := &traceLog{wrote: wrote}
	c, _, err := Dial(of.into(context.Background()), row.scheme+"://"+addr, &row.opts)
	if err == nil {
		c.CloseNow()
	}
	ours = of.named(hooks...)

	tr := &http.Transport{
		Proxy: through(proxy), DialContext: row.opts.NetDial, DialTLSContext: row.opts.DialTLS,
		TLSClientConfig: row.opts.TLSConfig, DisableKeepAlives: true, DisableCompression: true,
	}
	of = &traceLog{wrote: wrote}
	resp, err := tr.RoundTrip(request.WithContext(of.into(context.Background())))
	if err == nil {
		resp.Body.Close()
	}
	return ours, of.named(hooks...)
}

// A CONNECT request is not traced. The hooks see one connection even if the proxy gets several
// requests over several connections. They see another one for each redirect.
func TestTraceRounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &authProxy{answer: func(r connectRequest) (string, bool) {
			switch {
			case r.nth == 1:
				return tunneled, false
			case r.conn == 0:
				return challenged, true
			}
			return challenged, false
		}}
		opts := p.options(t)
		n := 0
		opts.ProxyConnect = func(_ context.Context, req *http.Request, challenge *http.Response) error {
			n++
			req.Header.Set("Proxy-Authorization", fmt.Sprint(n))
			return nil
		}
		l := &traceLog{wrote: make(chan struct{}, 9)}
		c, _, err := Dial(l.into(context.Background()), "ws://example.com/", opts)
		if err != nil {
			t.Fatal(err)
		}
		c.CloseNow()
		calls := l.named("G", "WroteH", "WroteR")
		want := "GetConn proxy.example:80|GotConn *net.pipe false false|WroteHeaderField Host [\"example.com\"]"
		got := strings.Join(calls, "|")
		if !strings.HasPrefix(got, want) || strings.Count(got, "WroteRequest") != 1 {
			t.Errorf("Dial called\n%s\nwant it to begin with\n%s\nand one WroteRequest", got, want)
		}
		if got := p.requests(); got != "0:1 1:2 1:3" {
			t.Errorf("got requests %s, want 0:1 1:2 1:3", got)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		opts := pipeOptions(t, func(rc *scriptConn) {
			if rc.target() == "/" {
				rc.say(redirect(302, "/next"))
			} else {
				hello(rc)
			}
		})
		opts.MaxRedirects = 1
		l := &traceLog{wrote: make(chan struct{}, 9)}
		c, _, err := Dial(l.into(context.Background()), "ws://example.com/", opts)
		if err != nil {
			t.Fatal(err)
		}
		c.CloseNow()
		const each = "GetConn example.com:80|GotConn *net.pipe false false|WroteRequest <nil>|GotFirstResponseByte"
		if got, want := strings.Join(l.named("G", "WroteR"), "|"), each+"|"+each; got != want {
			t.Errorf("Dial called\n%s\nwant\n%s", got, want)
		}
	})
}

// For a Unix socket, GetConn gets its path.
func TestTraceUnix(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("paths of sockets on Windows are not paths of URLs")
	}
	checkLeaks(t)
	path := filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	serveScript(t, ln, nil, hello)
	l := &traceLog{wrote: make(chan struct{}, 9)}
	c, _, err := Dial(l.into(context.Background()), "ws+unix://"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.CloseNow()
	want := []string{"GetConn " + path, "ConnectStart unix " + path, "ConnectDone unix " + path + " <nil>"}
	if got := l.named("GetConn", "Connect"); !slices.Equal(got, want) {
		t.Errorf("Dial called %q, want %q", got, want)
	}
}

// "A client MUST be able to parse one or more 1xx responses received prior to a final response,
// even if the client does not expect one."
// https://www.rfc-editor.org/rfc/rfc9110#section-15.2
//
// An error of Got1xxResponse ends Dial. The responses count toward Limits.MaxResponseHeader even if
// there is a hook, unlike in http.Transport.
func TestTraceInterim(t *testing.T) {
	boom := errors.New("boom")
	for _, row := range []struct {
		interim string
		fails   int // the call of Got1xxResponse that fails, from 1
		calls   int
		want    string // "" means that Dial succeeds
	}{
		{strings.Repeat("HTTP/1.1 103 Hints\r\nLink: </x>\r\n\r\n", 3), 0, 3, ""},
		{strings.Repeat("HTTP/1.1 199 ?\r\n\r\n", 3), 2, 2, "reading the response from the server: boom"},
		{strings.Repeat("HTTP/1.1 102 Wait\r\n\r\n", 4000), 0, 64 << 10 / 21, "Limits.MaxResponseHeader"},
	} {
		synctest.Test(t, func(t *testing.T) {
			opts := pipeOptions(t, func(rc *scriptConn) { rc.say(row.interim); hello(rc) })
			calls := 0
			ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
				Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
					if calls++; calls == row.fails {
						return boom
					}
					return nil
				},
			})
			c, _, err := Dial(ctx, "ws://example.com/", opts)
			if err == nil {
				c.CloseNow()
			}
			if (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want an error with %q", err, row.want)
			}
			if row.fails > 0 && !errors.Is(err, boom) || calls != row.calls {
				t.Errorf("got %v after %d calls, want %d calls", err, calls, row.calls)
			}
		})
	}
}
