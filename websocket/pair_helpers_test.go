package websocket_test

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
	"path/filepath"
	"sync"
	"testing"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// transports are the kinds of transport that netPair knows.
var transports = []string{"tcp", "unix", "pipe", "tls", "wrapped", "undeadlined"}

// A wrapped is a connection as listeners that limit or count connections return it. It has the
// methods of net.Conn and no others.
type wrapped struct{ net.Conn }

// netPair returns the two ends of a transport. The caller must close them.
func netPair(t testing.TB, kind string) (a, b net.Conn) {
	t.Helper()
	switch kind {
	case "pipe":
		return net.Pipe()
	case "unix":
		return listenPair(t, "unix", filepath.Join(t.TempDir(), "s"))
	case "tls":
		a, b := listenPair(t, "tcp", "127.0.0.1:0")
		server, client := tls.Server(a, pairTLS()), tls.Client(b, &tls.Config{InsecureSkipVerify: true})
		done := make(chan error)
		go func() { done <- server.Handshake() }()
		if err := errors.Join(client.Handshake(), <-done); err != nil {
			t.Fatal(err)
		}
		return server, client
	case "wrapped":
		a, b := listenPair(t, "tcp", "127.0.0.1:0")
		return wrapped{a}, wrapped{b}
	case "undeadlined":
		a, b := listenPair(t, "tcp", "127.0.0.1:0")
		return undeadlined{a}, undeadlined{b}
	}
	return listenPair(t, "tcp", "127.0.0.1:0")
}

func listenPair(t testing.TB, network, addr string) (a, b net.Conn) {
	t.Helper()
	ln, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if b, err = net.Dial(network, ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if a, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	return a, b
}

// pairTLS returns the configuration of a server with a self-signed certificate.
var pairTLS = sync.OnceValue(func() *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
})

// connPair returns the two Conns of one connection, which are closed at the end of the test. Zero
// fields of limits have their defaults.
func connPair(t testing.TB, kind string, limits Limits) (client, server *Conn) {
	t.Helper()
	return sessionPair(t, kind, limits, nil, nil)
}

// sessionPair is connPair with the sessions of an extension.
func sessionPair(t testing.TB, kind string, limits Limits, cs, ss wire.Session) (client, server *Conn) {
	t.Helper()
	a, b := netPair(t, kind)
	server = NewConn(context.Background(), a, &ConnOptions{Role: wire.Server, Session: ss, Limits: limits})
	client = NewConn(context.Background(), b, &ConnOptions{Role: wire.Client, Session: cs, Limits: limits})
	t.Cleanup(func() {
		server.CloseNow()
		client.CloseNow()
	})
	return client, server
}

// bounded returns a context that ends after a minute, so that a call cannot hang the test.
func bounded(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// pattern returns n bytes that differ for each seed and do not repeat. The caller must not change
// them.
func pattern(n int, seed uint32) []byte {
	all := patterns()
	from := int(seed*7919&0x7fffffff) % (len(all) - n)
	return all[from : from+n : from+n]
}

var patterns = sync.OnceValue(func() []byte {
	p := make([]byte, 1<<21)
	x := uint32(1)
	for i := range p {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		p[i] = byte(x >> 8)
	}
	return p
})
