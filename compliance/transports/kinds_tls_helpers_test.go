package transports

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptest"
	"testing"

	utls "github.com/refraction-networking/utls"
)

// After a deadline has cut a write in the middle, crypto/tls cannot write again. So writes is false for most.
var tlsKinds = []kind{
	{name: "tls", reads: true, secure: true, open: openTLS(openTCP(bare), bare)},
	{name: "tls over wrapped", reads: true, secure: true, open: openTLS(openTCP(wrapped), bare)},
	{name: "wrapped tls", reads: true, open: withClient(openTLS(openTCP(bare), wrapped), tlsClient)},
	{
		name: "tls in memory", reads: true, memory: true, secure: true,
		open: openTLS(openBufconn(temporary), bare),
	},
	{
		name: "tls over no-op deadlines", memory: true, secure: true,
		open: openTLS(openBufconn(noopDeadlines), bare),
	},
	{
		name: "tls over failing deadlines", secure: true,
		reads: true, writes: true, failing: true, memory: true,
		open: openTLS(openBufconn(failingDeadlines), bare),
	},
	{
		name: "wrapped tls in memory", reads: true, memory: true,
		open: withClient(openTLS(openBufconn(temporary), wrapped), tlsClient),
	},
	{
		name: "utls in memory", reads: true, memory: true, secure: true,
		open: openTLS(openBufconn(temporary), wrapped), dialTLS: utlsClient,
	},
}

// openTLS listens for TLS over another kind of transport. The server's end is wrapped above TLS. The client's
// end has no TLS.
func openTLS(below openFunc, above wrapper) openFunc {
	return func(t testing.TB) (net.Listener, dialFunc) {
		l, dial := below(t)
		return wrapListener{tls.NewListener(l, serverTLS), above}, dial
	}
}

// withClient adds TLS to the client's end.
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

// An ownTLS embeds a TLS connection, as the types of some programs do.
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

// serverTLS is the configuration of all servers. It has the certificate of package httptest.
var serverTLS = func() *tls.Config {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	return &tls.Config{Certificates: s.TLS.Certificates}
}()
