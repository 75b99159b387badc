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
		t.Errorf("a server: %v", err)
	}

	secure := httptest.NewUnstartedServer(http.HandlerFunc(upgrade))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // it tells of the client that does not trust it
	secure.EnableHTTP2 = true                           // the probe must not be led into it
	secure.StartTLS()
	defer secure.Close()
	if err := probe(t.Context(), wsURL(secure), false); err != nil {
		t.Errorf("a server over TLS: %v", err)
	}
	// Elsewhere than on loopback its certificate would have to verify.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, secure.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	var unknown *tls.CertificateVerificationError
	if _, err := probeTransport(false).RoundTrip(req); !errors.As(err, &unknown) {
		t.Errorf("a self-signed certificate: %v", err)
	}
	if resp, err := probeTransport(true).RoundTrip(req); err != nil || resp.ProtoMajor != 1 {
		t.Errorf("a self-signed certificate, accepted: %v", err)
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

func TestProbeRefuses(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "only pages here", http.StatusNotFound)
	}))
	defer plain.Close()
	if err := probe(t.Context(), wsURL(plain), false); err == nil ||
		!strings.Contains(err.Error(), "404 Not Found") || !strings.Contains(err.Error(), "only pages here") {
		t.Errorf("a server of pages: %v", err)
	}

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	silent := "ws://" + l.Addr().String()
	why := errors.New("long enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		if c, err := l.Accept(); err == nil {
			_, _ = c.Read(make([]byte, 1)) // the request has come
			cancel(why)
			defer c.Close()
		}
	}()
	if err := probe(ctx, silent, false); !errors.Is(err, why) {
		t.Errorf("a silent server: %v", err)
	}
	l.Close()
	if err := probe(t.Context(), silent, false); err == nil || !strings.Contains(err.Error(), "no WebSocket server") {
		t.Errorf("no server: %v", err)
	}
}
