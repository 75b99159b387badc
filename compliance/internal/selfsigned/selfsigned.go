// Package selfsigned creates certificates for servers on loopback.
package selfsigned

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"time"
)

// New creates a key and a certificate for localhost, 127.0.0.1 and ::1, valid for a year. Leaf
// is set, and a client can trust the certificate as its only root.
func New() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := template("localhost")
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	template.KeyUsage |= x509.KeyUsageCertSign
	template.IsCA = true
	return sign(template, key, template, key)
}

// Signed creates a key and a certificate for a name, valid for a year. The certificate is
// signed by the given one if that is a certificate authority, and else by itself.
func Signed(name string, by tls.Certificate) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := template(name)
	parent, err := x509.ParseCertificate(by.Certificate[0])
	if err != nil {
		return tls.Certificate{}, err
	}
	if !parent.IsCA {
		return sign(template, key, template, key)
	}
	return sign(template, key, parent, by.PrivateKey)
}

func template(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()), // differs from that of the signer
		Subject:               pkix.Name{CommonName: "wscheck"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(1, 0, 0),
		DNSNames:              []string{name},
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
}

func sign(
	template *x509.Certificate, key *ecdsa.PrivateKey, parent *x509.Certificate, by any,
) (tls.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}
