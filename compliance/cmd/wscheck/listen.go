package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"flag"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"strings"
	"time"
)

// listenFlags say where a server of ours listens.
type listenFlags struct {
	url       string
	cert, key string
}

type listener struct{ net.Listener }

func (l *listenFlags) declare(fs *flag.FlagSet) {
	l.url = "ws://127.0.0.1:9001"
	fs.StringVar(&l.cert, "cert", "", "`FILE` with the PEM certificate for wss (default: one is made for localhost)")
	fs.StringVar(&l.key, "key", "", "`FILE` with its PEM key")
}

// listen returns a listener and the URL that leads to it.
func (l *listenFlags) listen() (*listener, string, error) {
	u, err := url.Parse(l.url)
	if err != nil {
		return nil, "", err
	}
	scheme, unix := strings.CutSuffix(u.Scheme, "+unix")
	if scheme != "ws" && scheme != "wss" || !unix && u.Host == "" {
		return nil, "", fmt.Errorf("%q is no place to listen at: ws://host:port, wss://host:port or ws+unix:///path is", l.url)
	}
	network, addr := "tcp", u.Host
	if unix {
		network, addr = "unix", strings.TrimSuffix(u.Path, ":/")
	} else if u.Port() == "" {
		addr = net.JoinHostPort(u.Hostname(), map[string]string{"ws": "80", "wss": "443"}[scheme])
	}
	ln, err := net.Listen(network, addr)
	if err != nil {
		return nil, "", err
	}
	if !unix {
		u.Host = ln.Addr().String()
	}
	if scheme == "wss" {
		c, err := l.certificate()
		if err != nil {
			ln.Close()
			return nil, "", err
		}
		ln = tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{c}, NextProtos: []string{"http/1.1"}})
	}
	return &listener{ln}, strings.TrimSuffix(u.String(), "/"), nil
}

func (l *listenFlags) certificate() (tls.Certificate, error) {
	if (l.cert == "") != (l.key == "") {
		return tls.Certificate{}, errors.New("-cert and -key go together")
	}
	if l.cert != "" {
		return tls.LoadX509KeyPair(l.cert, l.key)
	}
	return selfSigned()
}

// selfSigned makes a certificate for this machine, good for a day.
func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "wscheck"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
