package redial

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"net/http"
	neturl "net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/wstest"
)

// Each failure of NetDial is of the network.
func TestNetDialFailures(t *testing.T) {
	for _, failure := range []error{
		&net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED},
		&net.DNSError{Name: "example.com", Err: "no such host", IsNotFound: true},
		&net.DNSError{Name: "example.com", Err: "server misbehaving", IsTemporary: true},
		errors.New("tunnel is down"),
	} {
		bubble(t, func(t *testing.T, ctx context.Context) {
			check(t, ctx, failure.Error(), url, &websocket.DialOptions{
				NetDial: func(context.Context, string, string) (net.Conn, error) { return nil, failure },
			}, Network, failure)
		})
	}
	bubble(t, func(t *testing.T, ctx context.Context) {
		check(t, ctx, "timeout", url, &websocket.DialOptions{
			NetDial: stuckDial,
		}, Network, context.DeadlineExceeded)
	})
}

// Each kind of wrong response has its class.
func TestWrongResponses(t *testing.T) {
	const switching = "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	silent := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(time.Hour) })
	for _, row := range []struct {
		name   string
		answer http.Handler
		want   Class
		is     error
	}{
		{"none", raw(""), Network, nil},
		{"late", silent, Network, context.DeadlineExceeded},
		{"not HTTP", raw("SSH-2.0-OpenSSH\r\n\r\n"), Network, nil},
		{"malformed field", raw("HTTP/1.1 101 x\r\nx y\r\n\r\n"), Protocol, nil},
		{"no accept", raw(switching + "\r\n"), Protocol, nil},
		{"wrong accept", raw(switching + "Sec-WebSocket-Accept: x\r\n\r\n"), Protocol, nil},
	} {
		bubble(t, func(t *testing.T, ctx context.Context) {
			check(t, ctx, row.name, url, serve(row.answer).dial(), row.want, row.is)
		})
	}
}

// A redirect that is not followed to its end is a refusal.
func TestRedirects(t *testing.T) {
	errElsewhere := errors.New("elsewhere")
	for _, row := range []struct {
		most int
		fail error
		want Class
	}{
		{0, nil, Refused},
		{1, nil, Refused},
		{2, errElsewhere, Refused},
		{2, http.ErrUseLastResponse, Refused},
		{2, nil, Busy}, // followed to a 503
	} {
		bubble(t, func(t *testing.T, ctx context.Context) {
			to := status(302, "Location", "/next", "Retry-After", "5")
			s := serve(to, to, status(503), to, to, status(503))
			dial := s.dial()
			dial.MaxRedirects = row.most
			dial.CheckRedirect = func(*http.Request, []*http.Request) error { return row.fail }
			_, last := run(ctx, url, Options{Dial: dial}, 1, read)
			if refused := last != nil && last.Class == Refused; refused != (row.want == Refused) {
				t.Errorf("%+v: got %v", row, last)
			}
		})
	}
}

// The response of a proxy has the class of a server's.
func TestProxies(t *testing.T) {
	for code, want := range map[int]Class{403: Refused, 407: Refused, 502: Busy, 503: Busy, 504: Busy} {
		bubble(t, func(t *testing.T, ctx context.Context) {
			dial := serve(status(code)).dial()
			dial.Proxy = func(*http.Request) (*neturl.URL, error) {
				return &neturl.URL{Scheme: "http", Host: "proxy.example"}, nil
			}
			check(t, ctx, "proxy", url, dial, want, nil)
		})
	}
}

// If the answer to a response could not be made because of the network, or in time, the response is
// not the reason.
func TestAnswersFail(t *testing.T) {
	unreachable := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.EHOSTUNREACH}
	for _, row := range []struct {
		name string
		fail func(ctx context.Context) error
		want Class
		is   error
	}{
		{"own", func(context.Context) error { return errors.New("no ticket") }, Refused, nil},
		{"network", func(context.Context) error { return unreachable }, Network, unreachable},
		{"late", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, Network, context.DeadlineExceeded},
	} {
		bubble(t, func(t *testing.T, ctx context.Context) {
			dial := serve(status(407)).dial()
			dial.Proxy = func(*http.Request) (*neturl.URL, error) {
				return &neturl.URL{Scheme: "http", Host: "proxy.example"}, nil
			}
			dial.ProxyConnect = func(ctx context.Context, r *http.Request, challenge *http.Response) error {
				if challenge == nil {
					return nil
				}
				r.Header.Set("Proxy-Authorization", "Negotiate x")
				return row.fail(ctx)
			}
			check(t, ctx, "ProxyConnect, "+row.name, url, dial, row.want, row.is)
		})
		if row.name == "late" {
			continue // CheckRedirect has no context
		}
		bubble(t, func(t *testing.T, ctx context.Context) {
			dial := serve(status(302, "Location", "/next")).dial()
			dial.MaxRedirects = 1
			dial.CheckRedirect = func(*http.Request, []*http.Request) error { return row.fail(ctx) }
			check(t, ctx, "CheckRedirect, "+row.name, url, dial, row.want, row.is)
		})
	}
}

// A loop ends at once if the options or the URL are invalid, and nothing is dialed.
func TestInvalid(t *testing.T) {
	for _, row := range []struct {
		url  string
		opts Options
		text string
	}{
		{"ftp://example.com/", Options{}, "scheme"},
		{"ws://example.com/#x", Options{}, "fragment"},
		{url, Options{Dial: &websocket.DialOptions{Header: http.Header{"Upgrade": {"x"}}}}, "Header"},
		{url, Options{Dial: &websocket.DialOptions{Subprotocols: []string{"a,b"}}}, "Subprotocols"},
		{url, Options{MinWait: -1}, "MinWait"},
		{url, Options{Refresh: func(_ context.Context, o *websocket.DialOptions, _ error) error {
			o.Header.Set("Upgrade", "x")
			return nil
		}}, "Header"},
	} {
		bubble(t, func(t *testing.T, ctx context.Context) {
			dial := row.opts.Dial
			if dial == nil {
				dial = &websocket.DialOptions{}
			}
			dial.NetDial = func(context.Context, string, string) (net.Conn, error) {
				t.Errorf("%v: dialed", row.text)
				return nil, errors.New("dialed")
			}
			row.opts.Dial = dial
			retried, last := run(ctx, row.url, row.opts, 1, read)
			if retried != nil || last == nil || last.Class != Refused || !strings.Contains(last.Error(), row.text) {
				t.Errorf("%v: retried %v, then yielded %v; want Refused", row.text, retried, last)
			}
			if _, ok := RetryAfter(last, nil); ok {
				t.Errorf("%v: RetryAfter wants a retry", row.text)
			}
		})
	}
}

// A certificate that does not verify is a refusal, unless it is not valid now. Other failures of
// TLS are of the protocol.
func TestTLSFailures(t *testing.T) {
	for _, row := range []struct {
		name   string
		host   string
		before time.Duration // when the certificate begins and ends to be valid, from now on
		after  time.Duration
		server *tls.Config
		client *tls.Config
		want   Class
	}{
		{name: "authority", client: &tls.Config{RootCAs: x509.NewCertPool()}, want: Refused},
		{name: "host", host: "other.example", want: Refused},
		{name: "expired", before: -2 * time.Hour, after: -time.Hour, want: Busy},
		{name: "not yet", before: time.Hour, after: 2 * time.Hour, want: Busy},
		{name: "version", server: &tls.Config{MaxVersion: tls.VersionTLS12},
			client: &tls.Config{MinVersion: tls.VersionTLS13}, want: Protocol},
		{name: "ALPN", server: &tls.Config{NextProtos: []string{"x"}}, want: Protocol},
		// In TLS 1.3, the client is done before the server refuses it.
		{name: "client's", server: &tls.Config{
			ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12,
		}, want: Protocol},
	} {
		bubble(t, func(t *testing.T, ctx context.Context) {
			if row.host == "" {
				row.host = "localhost"
			}
			if row.after == 0 {
				row.after = 1000 * time.Hour
			}
			certificate, pool := selfSigned(t, row.host, time.Now().Add(row.before), time.Now().Add(row.after))
			if row.server == nil {
				row.server = &tls.Config{}
			}
			if row.client == nil {
				row.client = &tls.Config{}
			}
			row.server.Certificates = []tls.Certificate{certificate}
			if row.client.RootCAs == nil {
				row.client.RootCAs = pool
			}
			check(t, ctx, row.name, "wss://localhost/", &websocket.DialOptions{
				TLSConfig: row.client,
				NetDial: func(context.Context, string, string) (net.Conn, error) {
					client, server := wstest.Pipe()
					go func() {
						defer server.Close()
						_ = tls.Server(server, row.server).HandshakeContext(ctx)
					}()
					return client, nil
				},
			}, row.want, nil)
		})
	}
	bubble(t, func(t *testing.T, ctx context.Context) {
		check(t, ctx, "no TLS", "wss://localhost/", serve(status(200)).dial(), Protocol, nil)
	})
}

// The errors of package x509 have the same class if DialTLS does not wrap them.
func TestDialTLSFailures(t *testing.T) {
	for _, row := range []struct {
		err  error
		want Class
	}{
		{x509.UnknownAuthorityError{}, Refused},
		{x509.HostnameError{Certificate: &x509.Certificate{}, Host: "x"}, Refused},
		{x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign}, Refused},
		{x509.CertificateInvalidError{Reason: x509.Expired}, Busy},
	} {
		bubble(t, func(t *testing.T, ctx context.Context) {
			check(t, ctx, row.err.Error(), "wss://localhost/", &websocket.DialOptions{
				DialTLS: func(context.Context, string, string) (net.Conn, error) { return nil, row.err },
			}, row.want, nil)
		})
	}
}

// selfSigned returns a certificate for host, and a pool that trusts it.
func selfSigned(t *testing.T, host string, from, to time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: to, DNSNames: []string{host},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
