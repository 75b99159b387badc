package websocket

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// The limits that hold where a field of [Limits] is zero.
const (
	DefaultMaxMessage         = wire.DefaultMaxMessage        // 1 MiB
	DefaultMaxEmptyFragments  = wire.DefaultMaxEmptyFragments // 1,024 frames
	DefaultMaxControls        = wire.DefaultMaxControls       // 1,000 frames
	DefaultHandshakeTimeout   = 10 * time.Second
	DefaultCloseTimeout       = 5 * time.Second
	DefaultWriteTimeout       = 30 * time.Second
	DefaultMaxResponseHeader  = 64 << 10 // bytes
	DefaultMaxHandshakeFields = 8 << 10  // bytes
)

// Limits caps the resources that a peer can use. For each limit, 0 means the default
// named beside it and a negative value means no limit.
type Limits struct {
	// MaxMessage is the largest message that is read, in bytes, over all its
	// fragments and after any decompression. A larger one is refused with 1009
	// before it is gathered. [Conn.SetMaxMessage] changes it later.
	// Default: DefaultMaxMessage, 1 MiB.
	MaxMessage int64

	// Budget bounds what the connections that share it hold of messages, beside
	// MaxMessage. A message for which there is no room is refused with 1013. Default: no
	// bound.
	Budget *Budget

	// MaxWriteFrame is the largest payload of a data frame that is sent, in bytes. A
	// longer message goes out in fragments, with control frames between them where
	// any are due. It is for gateways that refuse large frames: some take 32 KiB.
	// Frames that are read are bounded by MaxMessage alone. Default: no limit.
	MaxWriteFrame int64

	// MaxEmptyFragments is how many frames in a row may continue a message
	// without a byte of payload. One more is refused with 1008.
	// Default: DefaultMaxEmptyFragments, 1,024.
	MaxEmptyFragments int

	// MaxControls is how many pings and pongs may come at once. After that, 50 a
	// second may come, whether data comes between them or not: a token bucket of
	// this size that refills at that rate. One more is refused with 1008. Pongs that
	// answer pings of our own are free. Default: DefaultMaxControls, 1,000.
	MaxControls int

	// HandshakeTimeout bounds the opening handshake: a client's Dial as a whole; on a
	// server the response, and before it the end of an empty chunked body.
	// Default: DefaultHandshakeTimeout, 10 s.
	HandshakeTimeout time.Duration

	// CloseTimeout bounds the closing handshake. It also bounds how long our close
	// frame takes after the peer's, or after a breach, and how long a client waits
	// after the handshake for its server to close TCP. Then TCP is dropped.
	// Default: DefaultCloseTimeout, 5 s.
	CloseTimeout time.Duration

	// WriteTimeout is how long a write may wait for a peer that takes nothing. A message
	// may take longer, as long as the peer takes something of it. Where that cannot be
	// seen, as over TLS on Windows, each 256 KiB have this time; over a transport without
	// deadlines, each 32 KiB do. Once it has passed nothing more can be written, and the
	// connection ends within a second of the last read. It is also how long a message may
	// wait for an idle MessageWriter, after which the connection goes on; see
	// [ErrMessageOpen].
	// Default: DefaultWriteTimeout, 30 s.
	WriteTimeout time.Duration

	// MessageTimeout is how long reads may wait altogether for the rest of a message, or
	// of a control frame, of which a part has come. A message that takes longer is
	// refused with 1008: its peer may be sending a byte at a time. The time between
	// reads does not count, nor that between messages; a pause between two fragments
	// does. Default: no limit.
	MessageTimeout time.Duration

	// MaxResponseHeader is the largest header of a handshake response that a
	// client reads, in bytes. A server's is net/http's Server.MaxHeaderBytes.
	// Default: DefaultMaxResponseHeader, 64 KiB.
	MaxResponseHeader int64

	// MaxHandshakeFields is the largest size of the Sec-WebSocket fields of a request
	// that a server accepts, in bytes, names included: raise it for subprotocols that
	// carry tokens. The header as a whole is bounded by Server.MaxHeaderBytes.
	// Default: DefaultMaxHandshakeFields, 8 KiB.
	MaxHandshakeFields int64
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
	setDefault(&l.MaxHandshakeFields, DefaultMaxHandshakeFields)
	return l
}

func setDefault[T int | int64 | time.Duration](v *T, def T) {
	if *v == 0 {
		*v = def
	}
}

// AcceptOptions configure the server's side of a connection. A nil pointer is
// valid and means the zero value. They are only read, and only while a request is
// accepted. A request for which they cannot be used is refused with 500 before it
// is judged.
type AcceptOptions struct {
	// Subprotocols are those the server speaks, the most wanted first; each is one or
	// more visible ASCII characters other than a comma. The first that the client
	// offers too is chosen; names are compared to the letter. If none is common the
	// connection has none (RFC 6455, section 4.2.2).
	Subprotocols []string

	// Extensions are negotiated in this order; at most one takes effect.
	Extensions []wire.Extension

	// Origins are patterns of the origins whose pages may connect, beside the
	// request's own host (RFC 6455, section 10.2). A request without an Origin
	// field does not come from a browser and is not checked. A pattern is
	// scheme://host:port:
	//
	//	https://app.example.com    one origin
	//	https://*.example.com      all its subdomains; not example.com itself
	//	app.example.com            any scheme, each with its own default port
	//	localhost:*                any scheme and any port
	//	chrome-extension://abcdef  a browser extension
	//	null                       sandboxed frames, local files, some redirects
	//
	// * stands for any run of characters within the scheme or the host, dots
	// included, or for the whole port. Mind the dot: *example.com matches
	// evilexample.com too. A pattern whose host is nothing but stars and dots, such as
	// https://*, matches every web page and is an error. ASCII letters match in either
	// case.
	//
	// The request's own host is its Host field alone: behind a proxy that changes it,
	// list the public origin here. Over TLS, pages that came without it (http://) are of
	// another origin than their host.
	Origins []string

	// InsecureAnyOrigin turns the check of the Origin field off. Any web page
	// can then use this server with the cookies of whoever looks at the page.
	InsecureAnyOrigin bool

	// Header holds further fields of the 101 response, beside those that the
	// ResponseWriter already holds; a field that both have is sent from both.
	// Names keep their case. The fields of the handshake and those of the length
	// of a body are refused, as are control characters in values.
	Header http.Header

	Limits Limits

	// Configure, if set, is called for each request before anything of it is
	// judged, with a copy of these options that it may change: subprotocols,
	// limits and origins for this request alone. An error refuses the request. A
	// [*HandshakeError] whose Status is 400 to 599 says with which status, and its
	// Err is told to the client; any other error, one of Dial included, means 403 and is
	// not told.
	Configure func(r *http.Request, o *AcceptOptions) error
}

// DialOptions configure the client's side of a connection. A nil pointer is valid
// and means the zero value. They are copied: later changes have no effect. What
// cannot be sent as it is, such as a field with a line break, is an error before
// anything is sent.
type DialOptions struct {
	// Subprotocols are offered to the server, the most wanted first. They are distinct.
	// Each is one or more bytes from U+0021 to U+007E other than a comma, and is sent
	// as it is. RFC 6455, section 4.1, asks for tokens, but Kubernetes, for one, uses
	// other names. The server may choose one or none; see [Conn.Subprotocol].
	Subprotocols []string

	// Extensions are offered to the server, in this order; at most one takes
	// effect.
	Extensions []wire.Extension

	// Header holds further fields of the request, such as Authorization, Origin
	// or Cookie. Names keep their case. Host sets the request's Host. Fields
	// that the handshake itself needs are refused (Upgrade, Connection,
	// Sec-WebSocket-*, Content-Length, Transfer-Encoding, Trailer), and so is
	// Proxy-Authorization: a proxy's credentials are the userinfo of its URL.
	Header http.Header

	// Jar, if set, gives the request its cookies, beside a Cookie of Header, and
	// takes those of every response of a server. It is asked for http and https
	// URLs.
	Jar http.CookieJar

	// TLSConfig is cloned and used for wss; ALPN is always http/1.1. To an https
	// proxy go only its RootCAs, clock, versions and the like: a proxy is
	// verified by its own name even if InsecureSkipVerify is set, and gets no
	// client certificate.
	TLSConfig *tls.Config

	// Proxy chooses a proxy for a request as in [http.Transport]; the request's
	// URL has the scheme http or https. Proxies are http and https, which are
	// asked with CONNECT for ws too (RFC 6455, section 4.1), and socks5 and
	// socks5h, which are the same: names are resolved by the proxy. The userinfo
	// of its URL goes to the proxy alone; of the request it learns only host and
	// port. The user name and the password are percent-encoded: an "@" after the
	// host is an error. nil means [http.ProxyFromEnvironment]; a function that returns nil,
	// nil means none. Unix sockets have no proxy.
	Proxy func(*http.Request) (*url.URL, error)

	// NetDial, if set, opens the connection to the server or its proxy. network
	// is "tcp", with addr host:port, or "unix", with addr the path of the socket.
	// It must obey ctx. TLS and proxies are done over what it returns.
	NetDial func(ctx context.Context, network, addr string) (net.Conn, error)

	// DialTLS, if set, opens the connection to a server of a wss URL and performs the
	// TLS handshake, for those who bring their own TLS. It is called instead of NetDial,
	// with the same arguments, and TLSConfig is not used. It must obey ctx, verify the
	// server, and negotiate no other protocol than http/1.1. Through a proxy it is not
	// called.
	DialTLS func(ctx context.Context, network, addr string) (net.Conn, error)

	// MaxRedirects is how many redirects are followed (301, 302, 303, 307, 308);
	// 0 or less follows none. A redirect to another host or port is followed
	// with the User-Agent of Header, the offers and the cookies that Jar has for
	// it, but with no other field of Header, no userinfo and no client
	// certificate; it stays so even if a later one leads back. Do not set
	// MaxRedirects if a subprotocol's name is a secret. Redirects from wss to ws
	// fail, and so do those to unix sockets.
	MaxRedirects int

	Limits Limits
}
