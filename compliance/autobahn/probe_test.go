package autobahn

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestProbe(t *testing.T) {
	if err := probe(t.Context(), upgradeServer(t)+"/any?path", false); err != nil {
		t.Errorf("server: %v", err)
	}

	secure := httptest.NewUnstartedServer(http.HandlerFunc(upgrade))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // for the client that does not trust it
	secure.EnableHTTP2 = true                           // the probe must use HTTP/1.1
	secure.StartTLS()
	defer secure.Close()
	if err := probe(t.Context(), wsURL(secure), false); err != nil {
		t.Errorf("server over TLS: %v", err)
	}
	// On any host other than loopback, the certificate would have to be valid.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, secure.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	var unknown *tls.CertificateVerificationError
	if _, err := probeTransport(false).RoundTrip(req); !errors.As(err, &unknown) {
		t.Errorf("self-signed certificate: %v", err)
	}
	if resp, err := probeTransport(true).RoundTrip(req); err != nil || resp.ProtoMajor != 1 {
		t.Errorf("self-signed certificate, insecure: %v", err)
	}
}

func TestIsLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "127.1.2.3": true, "::1": true,
		"": false, "localhost.example.com": false, "192.0.2.1": false, "0.0.0.0": false,
	} {
		if isLoopback(host) != want {
			t.Errorf("%q: %v", host, !want)
		}
	}
}

func TestProbeErrors(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "only pages here", http.StatusNotFound)
	}))
	defer plain.Close()
	err := probe(t.Context(), wsURL(plain), false)
	const want = `responded with 404 Not Found, not 101: "only pages here`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("server without WebSockets: %v", err)
	}

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	silent := "ws://" + l.Addr().String()
	cause := errors.New("canceled by the test")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		if c, err := l.Accept(); err == nil {
			_, _ = c.Read(make([]byte, 1)) // of the request
			cancel(cause)
			defer c.Close()
		}
	}()
	if err := probe(ctx, silent, false); !errors.Is(err, cause) {
		t.Errorf("silent server: %v", err)
	}
	l.Close()
	err = probe(t.Context(), silent, false)
	if err == nil || !strings.Contains(err.Error(), "no WebSocket server") {
		t.Errorf("no server: %v", err)
	}
}
