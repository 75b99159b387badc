package exchange

import "crypto/tls"

// ALPN is the one protocol to negotiate. Without it, a server may choose HTTP/2.
const ALPN = "http/1.1"

// ServerTLS returns the TLS settings for the server called name. They are based on own, which may be
// nil. If other is set, own is meant for another server, so the settings have neither its ServerName
// nor its client certificates.
func ServerTLS(own *tls.Config, name string, other bool) *tls.Config {
	c := own.Clone() // nil stays nil
	if c == nil {
		c = &tls.Config{}
	}
	if other {
		c.ServerName = ""
		c.Certificates, c.GetClientCertificate = nil, nil
		c.EncryptedClientHelloConfigList = nil
	}
	if c.ServerName == "" {
		c.ServerName = name
	}
	c.NextProtos = []string{ALPN}
	return c
}

// ProxyTLS returns the TLS settings for the proxy called name. They are based on own or, if own is
// nil, on those settings of server that do not concern only the server: the proxy is verified by its
// own name, even if the server is not verified, and gets no client certificate. server may be nil.
func ProxyTLS(own, server *tls.Config, name string) *tls.Config {
	c := &tls.Config{}
	if own != nil {
		c = own.Clone()
	} else if server != nil {
		c.RootCAs = server.RootCAs
		c.Time, c.Rand = server.Time, server.Rand
		c.MinVersion, c.MaxVersion = server.MinVersion, server.MaxVersion
		c.CipherSuites, c.CurvePreferences = server.CipherSuites, server.CurvePreferences
		c.KeyLogWriter = server.KeyLogWriter
	}
	if c.ServerName == "" {
		c.ServerName = name
	}
	if c.NextProtos == nil {
		c.NextProtos = []string{ALPN}
	}
	return c
}
