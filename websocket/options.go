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

// Default values of the fields of [Limits].
const (
	DefaultMaxMessage         = wire.DefaultMaxMessage        // 1 MiB
	DefaultMaxEmptyFragments  = wire.DefaultMaxEmptyFragments // 1,024 frames
	DefaultMaxControls        = wire.DefaultMaxControls       // 1,000 frames
	DefaultHandshakeTimeout   = 10 * time.Second
	DefaultCloseTimeout       = 5 * time.Second
	DefaultWriteTimeout       = 30 * time.Second
	DefaultPongTimeout        = 30 * time.Second
	DefaultMaxResponseHeader  = 64 << 10 // bytes
	DefaultMaxHandshakeFields = 8 << 10  // bytes
)

// Limits caps the resources that a peer can use. For each limit, 0 means the default, and a
// negative value means no limit.
type Limits struct {
	// MaxMessage is the largest message that is read, in bytes: the total of its fragments, after
	// decompression. A larger message closes the connection with 1009 before it is gathered.
	// [Conn.SetMaxMessage] changes the limit later. Default: DefaultMaxMessage, 1 MiB.
	MaxMessage int64

	// Budget caps the memory for messages of all connections that share it, in addition to
	// MaxMessage. A message for which there is no room closes the connection with 1013. Default: no
	// cap.
	Budget *Budget

	// MaxWriteFrame is the largest payload of a data frame that is sent, in bytes. A longer message
	// is sent in fragments, with control frames between them if any are due. It is for gateways
	// that refuse large frames: some accept at most 32 KiB. Frames that are read are limited only
	// by MaxMessage. Default: no limit.
	MaxWriteFrame int64

	// MaxEmptyFragments is how many consecutive frames of a message may be empty without ending it.
	// One more closes the connection with 1008. Default: DefaultMaxEmptyFragments, 1,024.
	MaxEmptyFragments int

	// MaxControls is how many pings and pongs may arrive at once. It is the size of a token bucket
	// that refills at 50 a second, whether data arrives between them or not. One more closes the
	// connection with 1008. Pongs that answer pings of this side do not count. Default:
	// DefaultMaxControls, 1,000.
	MaxControls int

	// HandshakeTimeout limits the opening handshake. On a client, that is all of Dial. On a server,
	// it limits sending the response and, separately, waiting for the end of an empty chunked body.
	// Default: DefaultHandshakeTimeout, 10 s.
	HandshakeTimeout time.Duration

	// CloseTimeout limits the closing handshake. It also limits how long our close frame may take
	// after the peer's, or after a protocol violation, and how long a client waits after the
	// handshake for its server to close TCP. After that TCP is closed. Default:
	// DefaultCloseTimeout, 5 s.
	CloseTimeout time.Duration

	// WriteTimeout is how long a write waits for a peer that takes nothing. A message may take
	// longer while the peer takes some of it. Where progress cannot be seen, as over TLS on
	// Windows, the limit is for each 256 KiB, and over a transport without deadlines for each 32
	// KiB. Once the limit is exceeded, nothing more can be written, and the connection ends within
	// a second of the last read. It also limits how long a message waits for an idle MessageWriter,
	// which does not end the connection; see [ErrMessageOpen]. Default: DefaultWriteTimeout, 30 s.
	WriteTimeout time.Duration

	// MessageTimeout is how long reads may wait in total for the rest of a message, or of a control
	// frame, of which a part has arrived. A message that takes longer closes the connection with
	// 1008, because its peer may be sending a byte at a time. The time between reads and between
	// messages does not count. A pause between two fragments does. Default: no limit.
	MessageTimeout time.Duration

	// PingInterval is how long a read waits for a silent peer before this side sends a ping (RFC
	// 6455, section 5.5.2). Any byte that arrives ends the silence. A ping is sent exactly this
	// long after a pong, and up to a quarter later after other bytes. A server on the internet
	// should set it, for example to 30 s: by default, common proxies such as nginx close a
	// connection after 60 s of silence, and a peer that vanishes, as phones do, sends nothing that
	// would end the connection. Each connection needs less than 240 bytes of memory for it, and no
	// goroutine. Default: no pings.
	PingInterval time.Duration

	// PongTimeout is how long the peer may stay silent after a ping of PingInterval has been given
	// to the transport. After that the connection ends with [ErrNoPong]. The time starts anew
	// whenever the peer is seen to have taken bytes from this side, because it may read slowly and
	// have much to read before the ping. Over TCP and TLS on Linux and macOS, acknowledged bytes
	// count. Elsewhere, only the bytes of a waiting write count, in the units of WriteTimeout. If
	// the peer takes nothing, so that the ping cannot leave, the time begins when the ping is due.
	// Without PingInterval, PongTimeout has no effect. If it is negative, there are only pings, and
	// silence never ends the connection. Default: DefaultPongTimeout, 30 s.
	PongTimeout time.Duration

	// MaxResponseHeader is the largest header of a handshake response that a client reads, in
	// bytes. The corresponding limit of a server is Server.MaxHeaderBytes of net/http. Default:
	// DefaultMaxResponseHeader, 64 KiB.
	MaxResponseHeader int64

	// MaxHandshakeFields is the largest total size of the Sec-WebSocket fields of a request that a
	// server accepts, in bytes, names included. Raise it for subprotocols that carry tokens. The
	// whole header is limited by Server.MaxHeaderBytes. Default: DefaultMaxHandshakeFields, 8 KiB.
	MaxHandshakeFields int64
}

// setDefaults sets every zero to the default.
func (l *Limits) setDefaults() {
	setDefault(&l.MaxMessage, DefaultMaxMessage)
	setDefault(&l.MaxEmptyFragments, DefaultMaxEmptyFragments)
	setDefault(&l.MaxControls, DefaultMaxControls)
	setDefault(&l.HandshakeTimeout, DefaultHandshakeTimeout)
	setDefault(&l.CloseTimeout, DefaultCloseTimeout)
	setDefault(&l.WriteTimeout, DefaultWriteTimeout)
	setDefault(&l.PongTimeout, DefaultPongTimeout)
	setDefault(&l.MaxResponseHeader, DefaultMaxResponseHeader)
	setDefault(&l.MaxHandshakeFields, DefaultMaxHandshakeFields)
}

func setDefault[T int | int64 | time.Duration](v *T, def T) {
	if *v == 0 {
		*v = def
	}
}

// AcceptOptions configure the server's side of a connection. A nil pointer means the zero value.
// Accept only reads them. If they are invalid, every request is refused with 500.
type AcceptOptions struct {
	// Subprotocols are the subprotocols of the server in order of preference. Each is one or more
	// visible ASCII characters other than a comma. The first one that the client also offers,
	// exactly as spelled, is chosen. Without one, the connection has no subprotocol (RFC 6455,
	// section 4.2.2).
	Subprotocols []string

	// Extensions are negotiated in this order. At most one takes effect.
	Extensions []wire.Extension

	// Origins are patterns of the origins whose pages may connect, in addition to the request's own
	// host (RFC 6455, section 10.2). A request without an Origin field does not come from a browser
	// and is not checked. A pattern is scheme://host:port:
	//
	//	https://app.example.com    one origin
	//	https://*.example.com      all its subdomains; not example.com itself
	//	app.example.com            any scheme, each with its own default port
	//	localhost:*                any scheme and any port
	//	chrome-extension://abcdef  a browser extension
	//	null                       sandboxed frames, local files, some redirects
	//
	// A * matches any sequence of characters, dots included, within the scheme or the host, or the
	// whole port. Mind the dot: *example.com also matches evilexample.com. A pattern whose host
	// consists of stars and dots, such as https://*, matches every web page and is an error. ASCII
	// letters match in either case.
	//
	// The request's own host is its Host field. Behind a proxy that changes that field, list the
	// public origin here. Over TLS, a page that this host served without TLS (http://) has another
	// origin and is refused unless that origin is listed.
	//
	// A request of any other origin is refused with 403, with an error that names the origin and the
	// host. See [Handler] for when it is logged.
	Origins []string

	// InsecureAnyOrigin turns the check of the Origin field off. Any web page can then use this
	// server with the cookies of the page's visitors.
	InsecureAnyOrigin bool

	// Header holds additional fields for the 101 response. A field that ResponseWriter.Header has
	// as well is sent from both. Names keep their case. It is an error to set a field of the
	// handshake or one about the length of a body, or to use control characters in a value.
	Header http.Header

	Limits Limits

	// Group, if set, holds the connection while it is open. It limits how many connections there
	// are, and shuts them down. Handlers may share it, and Configure may choose one for each
	// request.
	Group *Group

	// Events, if set, are called as things happen on the connection, for logs and metrics.
	Events *Events

	// Configure, if set, is called for each request, before the request is checked, with a copy of
	// these options. It may change the copy: subprotocols, limits and origins for this request
	// alone. An error refuses the request. A [*HandshakeError] whose Status is 400 to 599 is
	// answered with that status and, unless it is 500, the text of its Err. Any other error,
	// including one of Dial, means 403, and the client does not get its text.
	Configure func(r *http.Request, o *AcceptOptions) error
}

// DialOptions configure the client's side of a connection. A nil pointer means the zero value. They
// are copied: later changes have no effect. Options that cannot be sent as they are, such as a
// field with a line break, are an error before anything is sent.
type DialOptions struct {
	// Subprotocols are offered to the server, in order of preference. They must be distinct. Each
	// is one or more bytes from U+0021 to U+007E other than a comma, and is sent as it is. RFC
	// 6455, section 4.1, requires tokens, but Kubernetes, for one, uses other names. The server may
	// choose one or none; see [Conn.Subprotocol].
	Subprotocols []string

	// Extensions are offered to the server, in this order. At most one takes effect.
	Extensions []wire.Extension

	// Header holds additional fields for the request, such as Authorization, Origin or Cookie.
	// Names keep their case. Host sets the request's Host. It is an error to set fields of the
	// handshake itself (Upgrade, Connection, Sec-WebSocket-*, Content-Length, Transfer-Encoding,
	// Trailer), or Proxy-Authorization: a proxy's credentials belong in the userinfo of its URL, or
	// are set by ProxyConnect.
	Header http.Header

	// Jar, if set, provides the cookies of the request, in addition to a Cookie field in Header,
	// and stores the cookies of every response from a server. It is used with http and https URLs.
	Jar http.CookieJar

	// TLSConfig is cloned and used for wss. ALPN is always http/1.1. For an https proxy without
	// ProxyTLSConfig, only its RootCAs, clock, versions and the like are used: the proxy's own name
	// is verified even if InsecureSkipVerify is set, and it gets no client certificate.
	TLSConfig *tls.Config

	// Proxy chooses a proxy for a request as in [http.Transport]. The request's URL has the scheme
	// http or https. The proxy's URL has the scheme http, https, socks5 or socks5h. An HTTP proxy
	// gets a CONNECT request, for ws URLs too (RFC 6455, section 4.1). socks5 and socks5h are the
	// same: the proxy resolves names. The userinfo of the proxy's URL is sent only to the proxy.
	// The proxy learns only the host and port of the server. The user name and password must be
	// percent-encoded: an "@" after the host is an error. nil means [http.ProxyFromEnvironment]. To
	// use no proxy, set a function that returns nil, nil. Unix sockets have no proxy.
	Proxy func(*http.Request) (*url.URL, error)

	// NetDial, if set, opens the connection to the server or its proxy. network is "tcp" with addr
	// host:port, or "unix" with addr the path of the socket. It must obey ctx. Dial performs TLS
	// and proxy requests over the connection that it returns.
	NetDial func(ctx context.Context, network, addr string) (net.Conn, error)

	// DialTLS, if set, opens the connection to the server of a wss URL and performs the TLS
	// handshake, for programs that use another TLS. It is called instead of NetDial, with the same
	// arguments, and TLSConfig is not used. It must obey ctx, verify the server, and negotiate no
	// other protocol than http/1.1. It is not called for a connection through a proxy.
	DialTLS func(ctx context.Context, network, addr string) (net.Conn, error)

	// MaxRedirects is how many redirects are followed (301, 302, 303, 307, 308). 0 or less means
	// none. A redirect to another host or port is followed with the User-Agent of Header, the
	// offers, and the cookies that Jar has for it, but without other fields of Header, userinfo or
	// client certificates, even if a later redirect leads back. Do not set MaxRedirects if the name
	// of a subprotocol is a secret. A redirect from wss to ws, or to a Unix socket, fails. See also
	// CheckRedirect.
	MaxRedirects int

	// CheckRedirect, if set, is called before a redirect is followed, as in [http.Client]. It has no
	// effect without MaxRedirects. req is the upcoming request, with the fields that will be sent,
	// and via holds the previous requests, oldest first. Changes to req.Header are sent, even to
	// another host, except that the fields of the handshake itself stay the same. Host sets the
	// request's Host, as in Header. Other changes to req have no effect. If CheckRedirect returns an
	// error, Dial returns the redirect and an error that wraps it. [http.ErrUseLastResponse] means
	// not to follow this redirect: Dial returns as it does without MaxRedirects.
	CheckRedirect func(req *http.Request, via []*http.Request) error

	// ProxyConnect, if set, is called before each CONNECT request to an HTTP proxy. It may set
	// fields of req.Header, such as Proxy-Authorization with a scheme other than Basic (RFC 9110,
	// section 11.7). It is an error to set Host or, as in Header, a field of the handshake itself.
	// Other changes to req have no effect. ProxyConnect must obey ctx, which ends with Dial.
	//
	// In the first call, challenge is nil, and req has the credentials in the userinfo of the
	// proxy's URL, if any. After a response with status 407, ProxyConnect is called again with a new
	// req and that response, whose Body is in memory and has at most 1,024 bytes. The request is
	// sent over the same connection, as NTLM and Negotiate require, if the proxy keeps it open and
	// the body has at most 64 KiB, and otherwise over a new connection.
	//
	// A 407 is final after five calls with a challenge, or if ProxyConnect sets the same fields as
	// before. If ProxyConnect returns an error, Dial returns the challenge, if any, and an error
	// that wraps it.
	ProxyConnect func(ctx context.Context, req *http.Request, challenge *http.Response) error

	// ProxyTLSConfig, if set, is cloned and used for the TLS connection to an https proxy.
	// ServerName defaults to the host of the proxy's URL. NextProtos defaults to http/1.1 and must
	// not contain h2. nil means the settings of TLSConfig that are described there.
	ProxyTLSConfig *tls.Config

	Limits Limits

	// Events, if set, are called as things happen on the connection, for logs and metrics.
	Events *Events
}
