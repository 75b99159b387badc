package autobahn

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// probeTimeout limits a probe.
const probeTimeout = 10 * time.Second

// probe performs one opening handshake (RFC 6455, section 4.1) with the server and returns
// an error unless the server responds with 101. It does not validate the rest of the
// response, which the suite does. Without a probe, only wstest's log would tell a missing
// server from a bad one.
func probe(ctx context.Context, server string, insecure bool) error {
	late := fmt.Errorf("no response within %v", probeTimeout)
	ctx, cancel := context.WithTimeoutCause(ctx, probeTimeout, late)
	defer cancel()
	target := "http" + strings.TrimPrefix(server, "ws") // http for ws, https for wss
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "websocket")
	req.Header["Sec-WebSocket-Version"] = []string{"13"}
	req.Header["Sec-WebSocket-Key"] = []string{"aGF3c2VyIHdzY2hlY2shIQ=="} // 16 bytes
	resp, err := probeTransport(insecure || isLoopback(req.URL.Hostname())).RoundTrip(req)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		var cert *tls.CertificateVerificationError
		if errors.As(err, &cert) {
			err = fmt.Errorf("%w; -insecure accepts any certificate", err)
		}
		return fmt.Errorf("no WebSocket server at %s: %w", server, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusSwitchingProtocols {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 200))
		return fmt.Errorf("no WebSocket server at %s: it responded with %s, not 101: %q",
			server, resp.Status, body)
	}
	if conn, ok := resp.Body.(io.Writer); ok {
		// A close frame with code 1000, masked with zeros. The server may be gone.
		_, _ = conn.Write([]byte{0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8})
	}
	return nil
}

// isLoopback reports whether a host is this machine. Its certificates are not verified, because
// nobody can intercept the connection, and a server under development has a self-signed one.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// probeTransport returns a transport that connects without a proxy, as wstest does, and
// uses HTTP/1.1 only.
func probeTransport(insecure bool) *http.Transport {
	return &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: insecure},
		TLSNextProto:      map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
}
