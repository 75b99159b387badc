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

// probeTimeout bounds the look at a server.
const probeTimeout = 10 * time.Second

// probe does one opening handshake (RFC 6455, section 4.1) with the server:
// wstest would tell a server that is not there from a bad one only in its log.
// What the answer says beyond 101 is for the suite to judge.
func probe(ctx context.Context, server string, insecure bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, probeTimeout, fmt.Errorf("no answer within %v", probeTimeout))
	defer cancel()
	// ws becomes http, and wss https.
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http"+strings.TrimPrefix(server, "ws"), nil)
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
			err = fmt.Errorf("%w (-insecure accepts it)", err)
		}
		return fmt.Errorf("no WebSocket server at %s: %w", server, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusSwitchingProtocols {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 200))
		return fmt.Errorf("no WebSocket server at %s: it answered %s instead of 101: %q", server, resp.Status, body)
	}
	if conn, ok := resp.Body.(io.Writer); ok {
		// A close frame, status 1000, masked with zeros. The server may be gone.
		_, _ = conn.Write([]byte{0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8})
	}
	return nil
}

// isLoopback reports whether a host can be nobody but this machine. Nobody can
// come between, and a server under development has a certificate of its own.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// probeTransport connects directly, as wstest does, and keeps to HTTP/1.1.
func probeTransport(insecure bool) *http.Transport {
	return &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: insecure},
		TLSNextProto:      map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
}
