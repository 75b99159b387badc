package exchange

import (
	"crypto/tls"
	"crypto/x509"
	"slices"
	"testing"
)

// full returns settings for the server "own.example", with a certificate for it alone.
func full() *tls.Config {
	return &tls.Config{
		ServerName: "own.example", RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS13,
		Certificates: make([]tls.Certificate, 1), InsecureSkipVerify: true,
		EncryptedClientHelloConfigList: []byte{1},
		GetClientCertificate:           func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return nil, nil },
		NextProtos:                     []string{"h2", ALPN},
	}
}

// hasSecrets reports whether c has what is meant for one server alone.
func hasSecrets(c *tls.Config) bool {
	return c.Certificates != nil || c.GetClientCertificate != nil || c.EncryptedClientHelloConfigList != nil
}

func TestServerTLS(t *testing.T) {
	for _, row := range []struct {
		own     *tls.Config
		other   bool
		name    string
		secrets bool
	}{
		{nil, false, "example.com", false},
		{&tls.Config{}, false, "example.com", false},
		{full(), false, "own.example", true},
		{full(), true, "example.com", false},
	} {
		c := ServerTLS(row.own, "example.com", row.other)
		if c == row.own || c.ServerName != row.name || hasSecrets(c) != row.secrets ||
			!slices.Equal(c.NextProtos, []string{ALPN}) {
			t.Errorf("%+v: got %q, %q, %t", row, c.ServerName, c.NextProtos, hasSecrets(c))
		}
	}
}

func TestProxyTLS(t *testing.T) {
	for _, row := range []struct {
		own, server *tls.Config
		name        string
		insecure    bool
		min         uint16
		protos      int
	}{
		{nil, nil, "proxy.example", false, 0, 1},
		{nil, full(), "proxy.example", false, tls.VersionTLS13, 1},
		{&tls.Config{}, full(), "proxy.example", false, 0, 1},
		{full(), nil, "own.example", true, tls.VersionTLS13, 2},
	} {
		c := ProxyTLS(row.own, row.server, "proxy.example")
		if c.ServerName != row.name || c.InsecureSkipVerify != row.insecure || c.MinVersion != row.min ||
			len(c.NextProtos) != row.protos || hasSecrets(c) != row.insecure {
			t.Errorf("%+v: got %q, %t, %x, %q", row, c.ServerName, c.InsecureSkipVerify, c.MinVersion, c.NextProtos)
		}
	}
}
