package suite

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/compliance/internal/selfsigned"
	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/testee"
)

// A tlsClient connects to a URL. config has the certificate of the server.
type tlsClient func(ctx context.Context, url string, config *tls.Config)

// playTLS runs cases with a client of a wss URL. host is a name or an address.
func playTLS(t *testing.T, host string, client tlsClient, ids ...string) map[string]*report.Result {
	t.Helper()
	cert, err := selfsigned.New()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	own := &tls.Config{Certificates: []tls.Certificate{cert}}
	roots := x509.NewCertPool()
	roots.AddCert(cert.Leaf)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	s := &Server{Cases: casesMatching(t, ids...),
		Options: &Options{TLS: own, HandshakeTimeout: 20 * time.Second}}
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.Serve(ctx, tls.NewListener(l, own)) })
	defer wg.Wait()
	defer cancel()
	results := map[string]*report.Result{}
	for _, c := range s.Cases {
		client(ctx, fmt.Sprintf("wss://%s:%d/runCase?agent=test&casetuple=%s", host,
			l.Addr().(*net.TCPAddr).Port, c.ID), &tls.Config{RootCAs: roots})
		r, err := s.Wait(ctx, "test", c.ID)
		if err != nil {
			t.Fatalf("%s: %v", c.ID, err)
		}
		results[c.ID] = r
	}
	return results
}

// hawserTLS is hawser's client. It follows redirects.
func hawserTLS(ctx context.Context, url string, config *tls.Config) {
	c, err := testee.Hawser(ctx, url, config)
	if err != nil {
		return
	}
	defer c.Close()
	for {
		binary, message, err := c.Read(ctx)
		if err != nil || c.Write(ctx, binary, message) != nil {
			return
		}
	}
}

// hawser's client passes the TLS cases with OK. INFORMATIONAL would mean that a case could not test it.
func TestClientTLS(t *testing.T) {
	t.Parallel()
	for id, r := range playTLS(t, "localhost", hawserTLS, "C.11.*") {
		if !allRight(r) {
			t.Errorf("%s: %s, %s: %s %s", id, r.Behavior, r.BehaviorClose, r.Result, r.ResultClose)
		}
	}
	if r := playTLS(t, "127.0.0.1", hawserTLS, "C.11.1")["C.11.1"]; r.Behavior != report.Informational {
		t.Errorf("with an address: %s: %s", r.Behavior, r.Result)
	}
}

// Clients that use TLS wrongly do not pass.
func TestClientTLSIsCaught(t *testing.T) {
	t.Parallel()
	with := func(edit func(*tls.Config)) tlsClient {
		return func(ctx context.Context, url string, config *tls.Config) {
			edit(config)
			hawserTLS(ctx, url, config)
		}
	}
	for _, test := range []struct {
		name, id string
		client   tlsClient
		want     report.Verdict
		says     string
	}{
		{"another name", "C.11.1", with(func(c *tls.Config) {
			c.ServerName, c.InsecureSkipVerify = "other.example", true
		}), report.Failed, "server name other.example"},
		{"no name", "C.11.1", with(func(c *tls.Config) { c.ServerName = "127.0.0.1" }), report.Failed,
			"no server name"},
		{"unverified", "C.11.2", with(func(c *tls.Config) { c.InsecureSkipVerify = true }), report.Failed,
			wrongName},
		{"stays", "C.11.3", stubborn(false), report.Informational, "The peer keeps the connection"},
		{"half a message", "C.11.4", stubborn(true), report.Failed, ""},
		{"stays after the close", "C.11.6", stubborn(false), report.Failed, "still keeps the connection"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := playTLS(t, "localhost", test.client, test.id)[test.id]
			if r.Behavior != test.want || !strings.Contains(r.Result, test.says) {
				t.Errorf("%s: %s %s", r.Behavior, r.Result, r.ResultClose)
			}
		})
	}
}

// stubborn is a client that answers every close frame, and keeps TCP open after the other side has
// ended it. If message is true, it then sends part of a message.
func stubborn(message bool) tlsClient {
	return func(ctx context.Context, url string, config *tls.Config) {
		host, path, _ := strings.Cut(strings.TrimPrefix(url, "wss://"), "/")
		config.ServerName = "localhost"
		c, err := tls.Dial("tcp", host, config)
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			fmt.Fprintf(c, "GET /%s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: "+
				"Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "+
				"AQIDBAUGBwgJCgsMDQ4PEC==\r\n\r\n", path, host)
			buf := make([]byte, 4096)
			for {
				n, err := c.Read(buf)
				if err != nil {
					break
				}
				if n > 1 && buf[0] == 0x88 {
					_, _ = c.Write([]byte("\x88\x82\x00\x00\x00\x00\x03\xe8"))
				}
			}
			if message {
				_, _ = c.Write([]byte("\x81\x83\x00\x00\x00\x00Hel"))
			}
			<-ctx.Done()
		}()
	}
}
