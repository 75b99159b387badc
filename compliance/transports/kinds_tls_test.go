package transports

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	utls "github.com/refraction-networking/utls"
)

// A write of TLS that was cut in the middle cannot be taken up again.
var tlsKinds = []kind{
	{name: "tls", reads: true, secure: true, open: openTLS(bare, bare)},
	{name: "tls over wrapped", reads: true, secure: true, open: openTLS(wrapped, bare)},
	{name: "tls over no-op deadlines", secure: true, open: openTLS(heedless, bare)},
	{name: "wrapped tls", reads: true, open: withClient(openTLS(bare, wrapped), tlsClient)},
	{name: "utls", reads: true, open: withClient(openTLS(bare, wrapped), utlsClient)},
}

// openTLS listens for TLS over loopback, with a wrapper below TLS at both ends, and
// one above it at the server. The client's end is without TLS.
func openTLS(below, above wrapper) func(testing.TB) (net.Listener, dialFunc) {
	return func(t testing.TB) (net.Listener, dialFunc) {
		l, dial := openTCP(below)(t)
		return wrapListener{tls.NewListener(l, serverTLS()), above}, dial
	}
}

// withClient puts TLS on the client's end.
func withClient(open func(testing.TB) (net.Listener, dialFunc), client func(context.Context, net.Conn) (net.Conn, error)) func(testing.TB) (net.Listener, dialFunc) {
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

// serverTLS returns the configuration of a server with a certificate of its own.
var serverTLS = sync.OnceValue(func() *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
})
