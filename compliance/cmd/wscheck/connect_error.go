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

// Time limits of [detectProtocol].
const (
	bannerTime = 300 * time.Millisecond
	tlsTime    = time.Second
)

// checkURL returns an error unless raw is the URL of a server.
func checkURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || !isServerURL(u) {
		return fmt.Errorf("invalid server URL %q; want a URL such as ws://127.0.0.1:9001, "+
			"wss://example.org/echo or ws+unix:///path/of.sock:/", raw)
	}
	return nil
}

// connectError returns an error that explains why there was no WebSocket connection to the server
// at a valid URL. If the reason is unknown, the error consists of the format, the URL and err.
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
		return fmt.Errorf("no server is listening at %s (%w)", raw, syscall.ECONNREFUSED)
	case errors.As(err, &op) && op.Op == "dial":
		return fmt.Errorf("cannot connect to %s: %w", raw, op.Err)
	case errors.As(err, &record):
		return fmt.Errorf("the server at %s does not use TLS; try a ws URL", raw)
	case errors.As(err, &certificate):
		return fmt.Errorf("the certificate of %s is not trusted; -insecure accepts it: %w", raw,
			certificate.Err)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("the server at %s accepts connections but does not answer", raw)
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

// detectProtocol connects to a server and detects protocols other than HTTP: those in which the
// server sends data first, and TLS at a ws URL. It returns "" if it cannot tell.
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
		return fmt.Sprintf("sends data before a request, so it is not an HTTP server: %q", banner[:n])
	}
	_ = conn.SetReadDeadline(time.Time{})
	client := tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) // sends no data
	if client.HandshakeContext(ctx) == nil {
		return "uses TLS; try a wss URL"
	}
	return ""
}
