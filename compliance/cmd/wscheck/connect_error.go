package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"syscall"
	"time"
)

// The bounds of what [detectProtocol] waits for.
const (
	bannerTime = 300 * time.Millisecond
	tlsTime    = time.Second
)

// checkURL refuses what is no URL of a server to connect to.
func checkURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || !isServerURL(u) {
		return fmt.Errorf("%q is no URL of a WebSocket server, such as ws://127.0.0.1:9001, wss://example.org/echo or ws+unix:///path/of.sock:/", raw)
	}
	return nil
}

// explain says in a sentence why there was no WebSocket connection to the server at
// a URL that checkURL has let through. Where it knows no better it uses format, with
// the URL and the error.
func connectError(ctx context.Context, raw, format string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var (
		host        *net.DNSError
		op          *net.OpError
		record      tls.RecordHeaderError
		certificate *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &host):
		return fmt.Errorf("%s: %w", raw, host)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nobody listens at %s (%w)", raw, syscall.ECONNREFUSED)
	case errors.As(err, &op) && op.Op == "dial":
		return fmt.Errorf("nobody can be reached at %s: %w", raw, op.Err)
	case errors.As(err, &record):
		return fmt.Errorf("the server at %s does not speak TLS; if it is a WebSocket server its URL begins with ws", raw)
	case errors.As(err, &certificate):
		return fmt.Errorf("the certificate of %s cannot be trusted, which -insecure passes over: %w", raw,
			certificate.Err)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("the server at %s takes connections, but does not answer", raw)
	}
	if seen := detectProtocol(ctx, raw); seen != "" {
		return fmt.Errorf("the server at %s %s", raw, seen)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
		return fmt.Errorf("the server at %s closes the connection instead of answering the opening handshake",
			raw)
	}
	return fmt.Errorf(format, raw, err)
}

// look connects to a server and returns what else it is than a WebSocket server: one
// that speaks first, or speaks TLS where it was not expected. It returns "" if it
// cannot tell.
func detectProtocol(ctx context.Context, raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "wss" || u.Scheme == "wss+unix" {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, bannerTime+tlsTime)
	defer cancel()
	var d net.Dialer
	network, addr := address(u)
	conn, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return ""
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(bannerTime))
	var banner [60]byte
	if n, _ := conn.Read(banner[:]); n > 0 {
		return fmt.Sprintf("speaks before it is asked, so it is no HTTP server: %q", banner[:n])
	}
	_ = conn.SetReadDeadline(time.Time{})
	if tls.Client(conn, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(ctx) == nil { // nothing is sent
		return "speaks TLS; if it is a WebSocket server its URL begins with wss"
	}
	return ""
}
