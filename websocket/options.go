package websocket

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"time"

	"context"

	"github.com/hawser-ws/hawser/wire"
)

// The limits that hold where a field of [Limits] is zero.
const (
	DefaultMaxMessage        = wire.DefaultMaxMessage        // 1 MiB
	DefaultMaxEmptyFragments = wire.DefaultMaxEmptyFragments // 1,024 frames
	DefaultMaxControls       = wire.DefaultMaxControls       // 1,000 frames
	DefaultHandshakeTimeout  = 10 * time.Second
	DefaultCloseTimeout      = 5 * time.Second
	DefaultWriteTimeout      = 30 * time.Second
	DefaultMaxResponseHeader = 64 << 10 // bytes
)

// Limits bound what a peer may cost. For each, 0 means the default named beside
// it and a negative value means no limit.
type Limits struct {
	// MaxMessage is the largest message that is read, in bytes, over all its
	// fragments and after any decompression. A larger one is refused with 1009
	// before it is gathered. [Conn.SetMaxMessage] changes it later.
	// Default: DefaultMaxMessage, 1 MiB.
	MaxMessage int64

	// MaxEmptyFragments is how many frames in a row may continue a message
	// without a byte of payload. One more is refused with 1008.
	// Default: DefaultMaxEmptyFragments, 1,024.
	MaxEmptyFragments int

	// MaxControls is how many control frames may come within a minute with no
	// data frame between them. One more is refused with 1008.
	// Default: DefaultMaxControls, 1,000.
	MaxControls int

	// HandshakeTimeout bounds the opening handshake: a client's Dial as a whole,
	// a server's response. Default: DefaultHandshakeTimeout, 10 s.
	HandshakeTimeout time.Duration

	// CloseTimeout bounds the closing handshake; then TCP is dropped.
	// Default: DefaultCloseTimeout, 5 s.
	CloseTimeout time.Duration

	// WriteTimeout is how long one write may wait for a peer that does not read;
	// then the connection ends. Default: DefaultWriteTimeout, 30 s.
	WriteTimeout time.Duration

	// MaxResponseHeader is the largest header of a handshake response that a
	// client reads, in bytes. A server's is net/http's Server.MaxHeaderBytes.
	// Default: DefaultMaxResponseHeader, 64 KiB.
	MaxResponseHeader int64
}

// withDefaults returns l with every zero replaced.
func (l Limits) withDefaults() Limits {
	setDefault(&l.MaxMessage, DefaultMaxMessage)
	setDefault(&l.MaxEmptyFragments, DefaultMaxEmptyFragments)
	setDefault(&l.MaxControls, DefaultMaxControls)
	setDefault(&l.HandshakeTimeout, DefaultHandshakeTimeout)
	setDefault(&l.CloseTimeout, DefaultCloseTimeout)
	setDefault(&l.WriteTimeout, DefaultWriteTimeout)
	setDefault(&l.MaxResponseHeader, DefaultMaxResponseHeader)
	return l
}

func setDefault[T int | int64 | time.Duration](v *T, def T) {
	if *v == 0 {
		*v = def
	}
}

// AcceptOptions configure the server's side of a connection. A nil pointer is
// valid and means the zero value. They are copied: later changes have no effect.
type AcceptOptions struct {
	// Subprotocols are those the server speaks, the most wanted first. The first
	// that the client offers too is chosen; names are compared to the letter.
	// If none is common the connection has none (RFC 6455, section 4.2.2).
	Subprotocols []string

	// Extensions are negotiated in this order; at most one takes effect.
	Extensions []wire.Extension

	// Origins are patterns of origins that browsers may connect from, beside the
	// server's own: "https://*.example.com", or "example.com:8080" for any
	// scheme. * stands for any characters but "/". See RFC 6455, section 10.2.
	Origins []string

	// InsecureAnyOrigin turns the check of the Origin field off. Any web page
	// can then use this server with the cookies of whoever looks at the page.
	InsecureAnyOrigin bool

	// Header holds further fields of the 101 response, beside those that the
	// ResponseWriter already holds. Names keep their case.
	Header http.Header

	Limits Limits

	// Configure, if set, is called for each request before anything of it is
	// judged, with a copy of these options that it may change: subprotocols,
	// limits and origins for this request alone. An error refuses the request:
	// with the Status of a *HandshakeError, else with 403.
	Configure func(r *http.Request, o *AcceptOptions) error
}

// DialOptions configure the client's side of a connection. A nil pointer is valid
// and means the zero value. They are copied: later changes have no effect.
type DialOptions struct {
	// Subprotocols are offered to the server, the most wanted first.
	Subprotocols []string

	// Extensions are offered to the server; at most one takes effect.
	Extensions []wire.Extension

	// Header holds further fields of the request, such as Authorization, Origin
	// or Cookie. Names keep their case. Host sets the request's Host. Fields
	// that the handshake itself needs are refused.
	Header http.Header

	// Jar, if set, gives the request its cookies and takes those of the response.
	Jar http.CookieJar

	// TLSConfig is cloned and used for wss. ALPN is always http/1.1.
	TLSConfig *tls.Config

	// Proxy chooses a proxy for a request as in [http.Transport]: http and
	// https (by CONNECT), socks5 and socks5h. nil means
	// [http.ProxyFromEnvironment]; a function that returns nil, nil means none.
	Proxy func(*http.Request) (*url.URL, error)

	// NetDial, if set, opens the connection to the server or its proxy.
	NetDial func(ctx context.Context, network, addr string) (net.Conn, error)

	// MaxRedirects is how many redirects are followed; 0 follows none. To
	// another host only the User-Agent of Header is sent, and never from wss to
	// ws.
	MaxRedirects int

	Limits Limits
}
