package suite

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// maxHead bounds the head of a request or a response, in octets.
const maxHead = 64 << 10

// A target is a server under test.
type target struct {
	network, addr string
	host          string // of the Host field
	path          string // of the request, with query
	tls           *tls.Config
}

// scheme is that of HTTP.
func (t *target) scheme() string {
	if t.tls != nil {
		return "https"
	}
	return "http"
}

// parseTarget reads a URL: ws, wss, http, https, or ws+unix:///socket:/path.
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
		return nil, fmt.Errorf("%q is no URL of a WebSocket server: ws://, wss:// or ws+unix:// is missing", raw)
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
		return nil, fmt.Errorf("%q names no host", raw)
	}
	if u.Port() == "" {
		t.addr = net.JoinHostPort(u.Hostname(), port)
	}
	return t, nil
}

// dial connects, without a word of WebSocket.
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

// request makes the request of an opening handshake (RFC 6455, section 4.1).
func (t *target) request(o *Options, key, extensions string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: %s\r\n", t.path, t.host, userAgent, key)
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

// open plays the opening handshake of p, a client. rest is what came behind the
// response. The error says why there is no connection; TCP is then closed.
func (p *peer) open(t *target) (rest []byte, err error) {
	key, extensions := newKey(), ""
	if p.c.deflate != nil {
		var offers []wire.ExtensionSpec
		for _, d := range p.c.deflate.Offers {
			offers = append(offers, d.element())
		}
		b, err := wire.AppendExtensions(nil, offers)
		if err != nil {
			panic("BUG: suite: " + err.Error())
		}
		extensions = string(b)
	}
	req := t.request(p.o, key, extensions)
	p.res.HTTPRequest = string(req)
	p.logTx(req, false)
	p.traffic.PreopenOutgoingOctetsWireLevel = int64(len(req))
	_ = p.conn.SetDeadline(time.Now().Add(p.o.HandshakeTimeout))
	if _, err := p.conn.Write(req); err != nil {
		return nil, err
	}
	head, rest, err := readHead(p.conn, func(b []byte) {
		p.logRx(b)
		p.traffic.PreopenIncomingOctetsWireLevel += int64(len(b))
	})
	p.res.HTTPResponse = string(head)
	if err != nil {
		var ne net.Error
		p.res.WasOpenHandshakeTimeout = errors.As(err, &ne) && ne.Timeout()
		p.res.Waited = p.res.WasOpenHandshakeTimeout
		return nil, err
	}
	_ = p.conn.SetDeadline(time.Time{})
	return rest, p.checkResponse(head, key)
}

// readHead reads up to the empty line that ends the head of a request or response.
func readHead(c net.Conn, log func([]byte)) (head, rest []byte, err error) {
	var have []byte
	buf := make([]byte, 4096)
	for {
		n, err := c.Read(buf)
		log(buf[:n])
		have = append(have, buf[:n]...)
		if i := bytes.Index(have, []byte("\r\n\r\n")); i >= 0 {
			return have[:i+4], have[i+4:], nil
		}
		if err != nil {
			return have, nil, err
		}
		if len(have) > maxHead {
			return have, nil, errors.New("a head of more than 64 KiB")
		}
	}
}

// A head is the first line and the fields of a request or a response.
type head struct {
	line   string
	fields http.Header // names in canonical form
}

// parseHead splits a head, leniently: a line without a colon is passed over.
func parseHead(b []byte) head {
	lines := strings.Split(strings.TrimSuffix(string(b), "\r\n\r\n"), "\r\n")
	h := head{line: lines[0], fields: http.Header{}}
	for _, l := range lines[1:] {
		if name, value, ok := strings.Cut(l, ":"); ok {
			h.fields.Add(strings.TrimSpace(name), strings.TrimSpace(value))
		}
	}
	return h
}

// checkResponse is what a client asks of the response (RFC 6455, section 4.1).
func (p *peer) checkResponse(raw []byte, key string) error {
	h := parseHead(raw)
	words := strings.Fields(h.line)
	if len(words) < 2 || words[0] != "HTTP/1.1" {
		return fmt.Errorf("%q is no status line of HTTP/1.1", h.line)
	}
	f := h.fields
	switch accept := f.Values("Sec-Websocket-Accept"); {
	case words[1] != "101":
		return fmt.Errorf("the server refused the upgrade: %s", h.line)
	case !strings.EqualFold(f.Get("Upgrade"), "websocket"):
		return fmt.Errorf("field Upgrade is %q, not websocket", f.Get("Upgrade"))
	case !wire.HasToken(f.Values("Connection"), "upgrade"):
		return errors.New("field Connection does not have Upgrade")
	case len(accept) != 1 || accept[0] != wire.AcceptKey(key):
		return fmt.Errorf("field Sec-WebSocket-Accept is %q, not %q", accept, wire.AcceptKey(key))
	case f.Get("Sec-Websocket-Protocol") != "":
		return errors.New("a subprotocol that was not offered")
	}
	for _, v := range f.Values("Server") {
		if p.res.Agent == "" {
			p.res.Agent = v
		}
	}
	return p.checkExtensions(f.Values("Sec-Websocket-Extensions"))
}

func (p *peer) checkExtensions(values []string) error {
	offers, err := parseExtensions(values)
	if err != nil {
		return err
	}
	if len(offers) > 1 {
		return errors.New("more than one extension")
	}
	for _, o := range offers {
		if p.c.deflate == nil || o.Name != extensionName {
			return fmt.Errorf("extension %s was not offered", o.Name)
		}
		d, err := parseDeflate(asOriginal(o), true)
		if err != nil {
			return err
		}
		p.deflate = newDeflater(d, false)
	}
	return nil
}
