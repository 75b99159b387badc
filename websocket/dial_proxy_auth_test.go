package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/internal/exchange"
)

const (
	tunneled   = "HTTP/1.1 200 OK\r\n\r\n"
	challenged = "HTTP/1.1 407 Who\r\nProxy-Authenticate: Test x\r\nContent-Length: 2\r\n\r\nno"
)

// digest is a ProxyConnect that answers a challenge as Digest does: from what the challenge has.
func digest(_ context.Context, req *http.Request, challenge *http.Response) error {
	if challenge != nil {
		_, nonce, _ := strings.Cut(challenge.Header.Get("Proxy-Authenticate"), " ")
		req.Header.Set("Proxy-Authorization", "answer-"+nonce)
	}
	return nil
}

// ProxyConnect is first called without a challenge, and then with each challenge of the proxy. It
// sets fields of the next request, but cannot change anything else in it.
func TestProxyConnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &authProxy{answer: func(r connectRequest) (string, bool) {
			if r.auth == "answer-x" {
				return tunneled, false
			}
			return challenged, false
		}}
		p.url = &url.URL{Scheme: "http", Host: "proxy.example", User: url.UserPassword("a", "b")}
		opts := p.options(t)
		var seen []string
		opts.ProxyConnect = func(ctx context.Context, req *http.Request, challenge *http.Response) error {
			line := fmt.Sprintf("%s %s %v", req.Method, req.Host, req.Header)
			if challenge != nil {
				body, err := io.ReadAll(challenge.Body)
				line += fmt.Sprintf(" after %d %s %v", challenge.StatusCode, body, err)
			}
			seen = append(seen, line)
			if err := digest(ctx, req, challenge); err != nil {
				return err
			}
			req.Header.Set("X-Tenant", "t")
			req.Header.Set("User-Agent", "tester")
			req.Method, req.Host, req.URL = "GET", "evil", &url.URL{Path: "/evil"}
			req.Body = io.NopCloser(strings.NewReader("body"))
			return nil
		}
		mustHello(t, "ws://example.com/", opts)
		const basic = "Basic YTpi"
		const shown = "CONNECT example.com:80 map[Proxy-Authorization:[" + basic + "]]"
		if got, want := strings.Join(seen, "\n"), shown+"\n"+shown+" after 407 no <nil>"; got != want {
			t.Errorf("ProxyConnect was called for\n%s\nwant\n%s", got, want)
		}
		for i, auth := range []string{basic, "answer-x"} {
			want := "CONNECT example.com:80 HTTP/1.1\r\nHost: example.com:80\r\nUser-Agent: tester\r\n" +
				"Proxy-Authorization: " + auth + "\r\nX-Tenant: t\r\n\r\n"
			if p.heads[i] != want {
				t.Errorf("got request\n%s\nwant\n%s", p.heads[i], want)
			}
		}
		if got, want := p.requests(), "0:"+basic+" 0:answer-x"; got != want {
			t.Errorf("got requests %s, want %s", got, want)
		}
	})
}

// Schemes that authenticate a connection, such as NTLM and Negotiate, take several rounds over one.
func TestProxyConnectRounds(t *testing.T) {
	serverTLS, clientTLS := dialTLS(t)
	for _, scheme := range []string{"http", "https"} {
		synctest.Test(t, func(t *testing.T) {
			p := &authProxy{url: &url.URL{Scheme: scheme, Host: "127.0.0.1"}}
			if scheme == "https" {
				p.tls = serverTLS
			}
			p.answer = func(r connectRequest) (string, bool) {
				if r.state+r.auth == "|one|two" {
					return tunneled, false
				}
				return strings.Replace(challenged, "Test x", "Test "+[]string{"", "two", "?"}[min(r.nth, 2)], 1), false
			}
			opts := p.options(t)
			opts.TLSConfig = clientTLS
			opts.ProxyConnect = func(_ context.Context, req *http.Request, challenge *http.Response) error {
				if challenge != nil {
					step := strings.TrimSpace(strings.TrimPrefix(challenge.Header.Get("Proxy-Authenticate"), "Test"))
					req.Header.Set("Proxy-Authorization", map[string]string{"": "one", "two": "two"}[step])
				}
				return nil
			}
			mustHello(t, "ws://example.com/", opts)
			if got, want := p.requests(), "0: 0:one 0:two"; got != want {
				t.Errorf("%s: got requests %s, want %s", scheme, got, want)
			}
		})
	}
}

// A challengeRow is a challenge after which the next request is sent over the same connection or
// over another one.
type challengeRow struct {
	text   string
	closes bool
	same   bool
	took   time.Duration
}

func challengeRows() map[string]challengeRow {
	const head = "HTTP/1.1 407 Who\r\nProxy-Authenticate: Test x\r\n"
	sized := func(n int) string {
		return fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, n, strings.Repeat("x", n))
	}
	old := func(text, lines string) string {
		return strings.Replace(strings.Replace(text, "HTTP/1.1", "HTTP/1.0", 1), "\r\n", "\r\n"+lines, 1)
	}
	chunked := head + "Transfer-Encoding: chunked\r\n\r\n2\r\nno\r\n3;x=y\r\n...\r\n0\r\n"
	return map[string]challengeRow{
		"no body":                  {text: sized(0), same: true},
		"body":                     {text: sized(1024), same: true},
		"body beyond what is kept": {text: sized(5000), same: true},
		"body at the limit":        {text: sized(1<<10 + 64<<10 - 1), same: true},
		"body beyond the limit":    {text: sized(1<<10 + 64<<10 + 1)},
		"chunked":                  {text: chunked + "\r\n", same: true},
		"chunked, trailer":         {text: chunked + "X-Y: z\r\n\r\n", same: true},
		"chunked, unfinished":      {text: chunked, took: exchange.BodyTimeout},
		"chunked, malformed":       {text: head + "Transfer-Encoding: chunked\r\n\r\nno\r\n"},
		"body late":                {text: head + "Content-Length: 5\r\n\r\nno", took: exchange.BodyTimeout},
		"body up to the end":       {text: head + "\r\nno", closes: true},
		"more than the body":       {text: sized(5) + "?"},
		"Connection: close":        {text: strings.Replace(sized(5), "\r\n", "\r\nConnection: Close\r\n", 1)},
		"Proxy-Connection: close":  {text: strings.Replace(sized(5), "\r\n", "\r\nProxy-Connection: Close\r\n", 1)},
		"closes unannounced":       {text: sized(5), closes: true},
		"HTTP/1.0":                 {text: old(sized(5), "")},
		"HTTP/1.0, kept":           {text: old(sized(5), "Connection: keep-alive\r\n"), same: true},
		"HTTP/1.0, kept by proxy":  {text: old(sized(5), "Proxy-Connection: Keep-Alive\r\n"), same: true},
		"HTTP/1.0, body up to the end": {text: old(head+"\r\nno", "Proxy-Connection: Keep-Alive\r\n"),
			closes: true},
		"after interim responses": {text: "HTTP/1.1 103 Hints\r\n\r\n" + sized(5), same: true},
	}
}

// The next request is sent over the same connection if the challenge leaves it usable, and over a
// new one otherwise. The old connection is closed.
func TestProxyConnectReuse(t *testing.T) {
	for name, row := range challengeRows() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &authProxy{answer: func(r connectRequest) (string, bool) {
					if r.auth != "" {
						return tunneled, false
					}
					return row.text, row.closes
				}}
				opts := p.options(t)
				calls := 0
				opts.ProxyConnect = func(ctx context.Context, req *http.Request, challenge *http.Response) error {
					if calls++; challenge != nil {
						if body, err := io.ReadAll(challenge.Body); len(body) > 1024 || err != nil {
							t.Errorf("the body of the challenge has %d bytes, %v, want at most 1,024", len(body), err)
						}
					}
					return digest(ctx, req, challenge)
				}
				start := time.Now()
				mustHello(t, "ws://example.com/", opts)
				want := "0: 1:answer-x"
				if row.same {
					want = "0: 0:answer-x"
				}
				if got := p.requests(); got != want || calls != 2 {
					t.Errorf("got requests %s and %d calls of ProxyConnect, want %s and 2", got, calls, want)
				}
				if took := time.Since(start); took != row.took {
					t.Errorf("took %v, want %v", took, row.took)
				}
			})
		})
	}
}

// A new connection to an https proxy has a TLS handshake of its own.
func TestProxyConnectReuseTLS(t *testing.T) {
	serverTLS, clientTLS := dialTLS(t)
	synctest.Test(t, func(t *testing.T) {
		p := &authProxy{
			url: &url.URL{Scheme: "https", Host: "127.0.0.1"}, tls: serverTLS,
			answer: func(r connectRequest) (string, bool) {
				if r.conn == 2 {
					return tunneled, false
				}
				return challenged, r.nth == r.conn // after the first, and then after the second request
			},
		}
		opts := p.options(t)
		opts.TLSConfig = clientTLS
		n := 0
		opts.ProxyConnect = func(_ context.Context, req *http.Request, challenge *http.Response) error {
			req.Header.Set("Proxy-Authorization", fmt.Sprint(n))
			n++
			return nil
		}
		mustHello(t, "ws://example.com/", opts)
		if got, want := p.requests(), "0:0 1:1 1:2 2:3"; got != want {
			t.Errorf("got requests %s, want %s", got, want)
		}
	})
}

// A proxy that never accepts the credentials is asked a bounded number of times. Its last response
// is the result.
func TestProxyConnectEndless(t *testing.T) {
	for _, closes := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			p := &authProxy{answer: func(connectRequest) (string, bool) { return challenged, closes }}
			opts := p.options(t)
			n := 0
			opts.ProxyConnect = func(_ context.Context, req *http.Request, challenge *http.Response) error {
				if challenge != nil {
					io.Copy(io.Discard, challenge.Body)
				}
				req.Header.Set("Proxy-Authorization", fmt.Sprint(n))
				n++
				return nil
			}
			_, resp := mustFail(t, "ws://example.com/", opts, `proxy answered 407 "Who" (Proxy-Authenticate: Test)`)
			if body, _ := io.ReadAll(resp.Body); string(body) != "no" || resp.Request.Method != "CONNECT" {
				t.Errorf("got the body %q of %s, want that of CONNECT", body, resp.Request.Method)
			}
			want := "0:0 0:1 0:2 0:3 0:4 0:5"
			if closes {
				want = "0:0 1:1 2:2 3:3 4:4 5:5"
			}
			if got := p.requests(); got != want {
				t.Errorf("got requests %s, want %s", got, want)
			}
		})
	}
}

// Without an answer of ProxyConnect, the first 407 is the result, with its whole body.
func TestProxyConnectUnanswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &authProxy{answer: func(connectRequest) (string, bool) { return challenged, false }}
		opts := p.options(t)
		opts.ProxyConnect = func(_ context.Context, req *http.Request, challenge *http.Response) error {
			if challenge != nil {
				io.Copy(io.Discard, challenge.Body)
			}
			req.Header.Set("X-Tenant", "t")
			return nil
		}
		_, resp := mustFail(t, "ws://example.com/", opts, `proxy answered 407 "Who"`)
		if body, _ := io.ReadAll(resp.Body); string(body) != "no" {
			t.Errorf(`got body %q, want "no"`, body)
		}
		if got := p.requests(); got != "0:" {
			t.Errorf("got requests %q, want one", got)
		}
	})
}

// A proxy may answer before it has read the whole request. The connection is then not used again,
// because the proxy could take the rest of the request for the next one.
func TestProxyConnectEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &authProxy{answer: func(connectRequest) (string, bool) { return tunneled, false }}
		opts := p.options(t)
		opts.ProxyConnect = digest
		dial, first := opts.NetDial, true
		opts.NetDial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if !first {
				return dial(ctx, network, addr)
			}
			first = false
			ours, theirs := net.Pipe()
			p.wg.Go(func() {
				defer theirs.Close()
				io.ReadFull(theirs, make([]byte, 20))
				io.WriteString(theirs, challenged)
				if _, err := io.WriteString(theirs, "?"); err == nil { // waits until the client reads or closes
					t.Error("the client still reads after the response")
				}
			})
			return ours, nil
		}
		start := time.Now()
		mustHello(t, "ws://example.com/", opts)
		if took := time.Since(start); took != exchange.SendTime || p.requests() != "0:answer-x" {
			t.Errorf("got requests %s after %v, want 0:answer-x after %v", p.requests(), took, exchange.SendTime)
		}
	})
}

// An error of ProxyConnect, or a field that it must not set, ends Dial with the challenge, if any.
func TestProxyConnectError(t *testing.T) {
	boom := errors.New("boom")
	for name, row := range map[string]struct {
		f    func(h http.Header) error
		want string
	}{
		"error":         {func(http.Header) error { return boom }, "boom"},
		"handshake":     {set("Sec-WebSocket-Key", "x"), `"Sec-Websocket-Key" is set by the request itself`},
		"connection":    {set("Connection", "close"), `"Connection" is set by the request itself`},
		"length":        {set("Content-Length", "5"), `"Content-Length" is set by the request itself`},
		"coding":        {set("Transfer-Encoding", "chunked"), `"Transfer-Encoding" is set by the request itself`},
		"host":          {set("Host", "evil"), `"Host" is set by the request itself`},
		"host, unusual": {func(h http.Header) error { h["hOST"] = nil; return nil }, `"hOST" is set by the`},
		"line break":    {set("X-Y", "a\r\nb"), "the value of X-Y has the control character"},
		"name":          {set("X Y", "a"), `the name "X Y" is not a token`},
	} {
		t.Run(name, func(t *testing.T) {
			for _, late := range []bool{false, true} {
				synctest.Test(t, func(t *testing.T) {
					p := &authProxy{answer: func(connectRequest) (string, bool) { return challenged, false }}
					opts := p.options(t)
					opts.ProxyConnect = func(_ context.Context, req *http.Request, challenge *http.Response) error {
						if late && challenge == nil {
							return nil
						}
						return row.f(req.Header)
					}
					requests, want := "", "handshake: DialOptions.ProxyConnect: "+row.want
					if late {
						requests = "0:"
						want = `proxy answered 407 "Who" (Proxy-Authenticate: Test); DialOptions.ProxyConnect: ` + row.want
					}
					he, resp := mustFail(t, "ws://example.com/", opts, want)
					if (resp != nil) != late || row.want == "boom" && !errors.Is(he, boom) {
						t.Errorf("got %v and %v, want a response: %v", resp, he, late)
					}
					if got := p.requests(); got != requests {
						t.Errorf("got requests %q, want %q", got, requests)
					}
				})
			}
		})
	}
}

func set(name, value string) func(http.Header) error {
	return func(h http.Header) error { h.Set(name, value); return nil }
}

// ProxyConnect may remove the header altogether.
func TestProxyConnectNoHeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &authProxy{answer: func(connectRequest) (string, bool) { return tunneled, false }}
		opts := p.options(t)
		opts.ProxyConnect = func(_ context.Context, req *http.Request, _ *http.Response) error {
			req.Header = nil
			return nil
		}
		mustHello(t, "ws://example.com/", opts)
	})
}

// The context of ProxyConnect ends with Limits.HandshakeTimeout, whatever the proxy does meanwhile.
func TestProxyConnectTimeout(t *testing.T) {
	for _, late := range []bool{false, true} {
		for _, closes := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				p := &authProxy{answer: func(connectRequest) (string, bool) { return challenged, closes }}
				opts := p.options(t)
				opts.ProxyConnect = func(ctx context.Context, req *http.Request, challenge *http.Response) error {
					if late == (challenge != nil) {
						<-ctx.Done()
						return ctx.Err()
					}
					return nil
				}
				start := time.Now()
				he, resp := mustFail(t, "ws://example.com/", opts, "not completed within Limits.HandshakeTimeout")
				if !errors.Is(he, context.DeadlineExceeded) || (resp != nil) != late {
					t.Errorf("got %v, %v, want a timeout, with the challenge: %v", resp, he, late)
				}
				if took := time.Since(start); took != DefaultHandshakeTimeout {
					t.Errorf("took %v, want %v", took, DefaultHandshakeTimeout)
				}
			})
		}
	}
}

// A proxy that stops answering after its challenge does not hold Dial for longer than its limit,
// nor does one that cannot be reached again.
func TestProxyConnectStalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &authProxy{answer: func(r connectRequest) (string, bool) {
			if r.nth == 1 {
				return "", false
			}
			return challenged, false
		}}
		opts := p.options(t)
		opts.ProxyConnect = digest
		he, _ := mustFail(t, "ws://example.com/", opts, "reading the response from the proxy")
		if !errors.Is(he, context.DeadlineExceeded) || p.requests() != "0: 0:answer-x" {
			t.Errorf("got %v after requests %s, want a timeout after two", he, p.requests())
		}
	})
	synctest.Test(t, func(t *testing.T) {
		p := &authProxy{answer: func(connectRequest) (string, bool) { return challenged, true }}
		opts := p.options(t)
		opts.ProxyConnect = digest
		dial, calls := opts.NetDial, 0
		opts.NetDial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if calls++; calls > 1 {
				return nil, io.ErrNoProgress
			}
			return dial(ctx, network, addr)
		}
		he, _ := mustFail(t, "ws://example.com/", opts, "connecting to the proxy proxy.example:80: ")
		if !errors.Is(he, io.ErrNoProgress) {
			t.Errorf("got %v, want %v", he, io.ErrNoProgress)
		}
	})
}

// Each request of a chain of redirects has its own CONNECT, for which ProxyConnect begins anew.
func TestProxyConnectRedirect(t *testing.T) {
	checkLeaks(t)
	s := serveScript(t, nil, nil, func(rc *scriptConn) {
		if rc.target() == "/" {
			rc.say(redirect(302, "/next"))
			return
		}
		hello(rc)
	})
	p := startProxy(t, "http", s.addr, "", nil)
	calls := 0
	mustHello(t, "ws://example.com/", &DialOptions{
		Proxy: through(p.url), MaxRedirects: 1,
		ProxyConnect: func(_ context.Context, req *http.Request, challenge *http.Response) error {
			calls++
			req.Header.Set("X-Call", fmt.Sprint(calls, challenge == nil))
			return nil
		},
	})
	for i, head := range p.requests() {
		if got, want := fieldOf(head, "X-Call"), fmt.Sprint(i+1, true); got != want {
			t.Errorf("got X-Call %q, want %q", got, want)
		}
	}
	if calls != 2 {
		t.Errorf("ProxyConnect was called %d times, want 2", calls)
	}
	opts := &DialOptions{
		Proxy: direct,
		ProxyConnect: func(context.Context, *http.Request, *http.Response) error {
			panic("ProxyConnect was called without an HTTP proxy")
		},
	}
	mustHello(t, "ws://"+serveScript(t, nil, nil, hello).addr, opts)
	opts.Proxy = through(startProxy(t, "socks5", serveScript(t, nil, nil, hello).addr, "", nil).url)
	mustHello(t, "ws://example.com/", opts)
}
