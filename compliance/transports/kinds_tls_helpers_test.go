package transports

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptest"
	"testing"

	utls "github.com/refraction-networking/utls"
)

// A write of TLS that a deadline has cut in the middle cannot be taken up again.
var tlsKinds = []kind{
	{name: "tls", reads: true, secure: true, open: openTLS(openTCP(bare), bare)},
	{name: "tls over wrapped", reads: true, secure: true, open: openTLS(openTCP(wrapped), bare)},
	{name: "wrapped tls", reads: true, open: withClient(openTLS(openTCP(bare), wrapped), tlsClient)},
	{name: "tls in memory", reads: true, memory: true, secure: true, open: openTLS(openBufconn(temporary), bare)},
	{name: "tls over no-op deadlines", memory: true, secure: true, open: openTLS(openBufconn(noopDeadlines), bare)},
	{name: "tls over failing deadlines", reads: true, writes: true, failing: true, memory: true, secure: true, open: openTLS(openBufconn(failingDeadlines), bare)},
	{name: "wrapped tls in memory", reads: true, memory: true, open: withClient(openTLS(openBufconn(temporary), wrapped), tlsClient)},
	{name: "utls in memory", reads: true, memory: true, secure: true, open: openTLS(openBufconn(temporary), wrapped), dialTLS: utlsClient},
}

// openTLS listens for TLS over another kind of transport, with a wrapper above TLS at
// the server. The client's end is without TLS.
func openTLS(below openFunc, above wrapper) openFunc {
	return func(t testing.TB) (net.Listener, dialFunc) {
		l, dial := below(t)
		return wrapListener{tls.NewListener(l, serverTLS), above}, dial
	}
}

// withClient puts TLS on the client's end.
func withClient(open openFunc, client func(context.Context, net.Conn) (net.Conn, error)) openFunc {
	return func(t testing.TB) (net.Listener, dialFunc) {
		l, dial := open(t)
		return l, func(ctx context.Context) (net.Conn, error) {
			c, err := dial(ctx)
			if err != nil {
				return nil, err
			}
			return client(ctx, c)
		}
	}
}

// An ownTLS is a type that embeds a TLS connection.
type ownTLS struct{ *tls.Conn }

func tlsClient(ctx context.Context, c net.Conn) (net.Conn, error) {
	tc := tls.Client(c, clientTLS())
	return ownTLS{tc}, tc.HandshakeContext(ctx)
}

func utlsClient(ctx context.Context, c net.Conn) (net.Conn, error) {
	uc := utls.UClient(c, &utls.Config{InsecureSkipVerify: true}, utls.HelloChrome_Auto)
	return uc, uc.HandshakeContext(ctx)
}

func clientTLS() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }

// serverTLS is the configuration of servers, with the certificate of package httptest.
var serverTLS = func() *tls.Config {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	return &tls.Config{Certificates: s.TLS.Certificates}
}()
