package suite

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
)

// A target is a server under test.
type target struct {
	network, addr string
	host          string // of the Host field
	path          string // of the request, with query
	tls           *tls.Config
}

// scheme returns the scheme of the target in HTTP.
func (t *target) scheme() string {
	if t.tls != nil {
		return "https"
	}
	return "http"
}

// parseTarget parses a URL: ws, wss, http, https, or ws+unix:///socket:/path.
func parseTarget(raw string, conf *tls.Config) (*target, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, err
	}
	t := &target{network: "tcp", addr: u.Host, host: u.Host, path: u.RequestURI()}
	scheme, unix := strings.CutSuffix(u.Scheme, "+unix")
	port := "80"
	switch scheme {
	case "ws", "http":
	case "wss", "https":
		port = "443"
		t.tls = &tls.Config{}
		if conf != nil {
			t.tls = conf.Clone()
		}
		if t.tls.ServerName == "" {
			t.tls.ServerName = u.Hostname()
		}
		t.tls.NextProtos = []string{"http/1.1"}
	default:
		return nil,
			fmt.Errorf("%q is not the URL of a WebSocket server: it must begin with ws://, wss:// or "+
				"ws+unix://",
				raw)
	}
	if unix {
		sock, path, _ := strings.Cut(u.Path, ":")
		t.network, t.addr, t.host, t.path = "unix", sock, "localhost", "/"
		if path != "" {
			t.path = path
		}
		if t.tls != nil && t.tls.ServerName == "" {
			t.tls.ServerName = "localhost"
		}
		return t, nil
	}
	if u.Hostname() == "" {
		return nil, fmt.Errorf("%q has no host", raw)
	}
	if u.Port() == "" {
		t.addr = net.JoinHostPort(u.Hostname(), port)
	}
	return t, nil
}

// dial connects to the target. It does not perform the opening handshake.
func (t *target) dial(ctx context.Context, limit time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if t.tls != nil {
		d := tls.Dialer{Config: t.tls}
		return d.DialContext(ctx, t.network, t.addr)
	}
	var d net.Dialer
	return d.DialContext(ctx, t.network, t.addr)
}

// request returns the request of an opening handshake (RFC 6455, section 4.1).
func (t *target) request(o *Options, key, extensions string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b,
		"GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nUpgrade: websocket\r\nConnection: "+
			"Upgrade\r\nSec-WebSocket-Key: %s\r\n", t.path, t.host, userAgent, key)
	if extensions != "" {
		fmt.Fprintf(&b, "Sec-WebSocket-Extensions: %s\r\n", extensions)
	}
	b.WriteString("Sec-WebSocket-Version: 13\r\n")
	_ = o.Header.Write(&b) // a bytes.Buffer does not fail
	b.WriteString("\r\n")
	return b.Bytes()
}

const userAgent = "wscheck"

func newKey() string {
	var b [16]byte
	rand.Read(b[:])
	return base64.StdEncoding.EncodeToString(b[:])
}
