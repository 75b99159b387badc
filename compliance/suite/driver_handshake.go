package suite

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// check validates a request as a server has to (RFC 6455, section 4.2.1). It sets accept, the value of
// Sec-WebSocket-Accept, and extensions.
func (q *clientRequest) check() error {
	f := q.head.fields
	keys := f.Values("Sec-Websocket-Key")
	switch {
	case !strings.HasSuffix(q.head.line, " HTTP/1.1"):
		return errors.New("the request line does not end in HTTP/1.1")
	case f.Get("Host") == "":
		return errors.New("the request has no Host field")
	case !wire.HasToken(f.Values("Upgrade"), "websocket"):
		return fmt.Errorf("the Upgrade field is %q, not websocket", f.Get("Upgrade"))
	case !wire.HasToken(f.Values("Connection"), "upgrade"):
		return fmt.Errorf("the Connection field is %q, which lacks the token Upgrade", f.Get("Connection"))
	case len(keys) != 1 || !wire.IsKey(keys[0]):
		return fmt.Errorf("Sec-WebSocket-Key is %q, not 16 bytes in base64", keys)
	case f.Get("Sec-Websocket-Version") != "13":
		return fmt.Errorf("Sec-WebSocket-Version is %q, not 13", f.Get("Sec-Websocket-Version"))
	}
	q.accept, q.extensions = wire.AcceptKey(keys[0]), f.Values("Sec-Websocket-Extensions")
	return nil
}

// answer accepts the valid request of a client (RFC 6455, section 4.2.2). It declines malformed offers.
func (p *driver) answer(q *clientRequest) {
	p.res.HTTPRequest = string(q.raw)
	for _, b := range q.reads {
		p.logRx(b)
		p.traffic.PreopenIncomingOctetsWireLevel += int64(len(b))
	}
	var b bytes.Buffer
	fmt.Fprintf(&b,
		"HTTP/1.1 101 Switching Protocols\r\nServer: %s\r\nUpgrade: websocket\r\nConnection: "+
			"Upgrade\r\nSec-WebSocket-Accept: %s\r\n", userAgent, q.accept)
	if offers, err := wire.ParseExtensions(q.extensions); err == nil && p.c.deflate != nil {
		if d, ok := p.c.deflate.accept(offers); ok {
			p.deflate = newDeflater(d, true)
			v, err := wire.AppendExtensions(nil, []wire.ExtensionSpec{d.element()})
			if err != nil {
				panic("BUG: suite: " + err.Error())
			}
			fmt.Fprintf(&b, "Sec-WebSocket-Extensions: %s\r\n", v)
		}
	}
	b.WriteString("\r\n")
	p.res.HTTPResponse = b.String()
	p.logTx(b.Bytes(), false)
	p.traffic.PreopenOutgoingOctetsWireLevel = int64(b.Len())
	p.held = append(p.held, parcel{data: b.Bytes()})
	if p.c.Heavy { // the case may have to wait for its turn
		p.release()
	}
}

// open performs the opening handshake as a client. rest is what was received after the response. If
// open returns an error, there is no WebSocket connection.
func (p *driver) open(t *target) (rest []byte, err error) {
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

// checkResponse validates the response as a client has to (RFC 6455, section 4.1).
func (p *driver) checkResponse(raw []byte, key string) error {
	h := parseHead(raw)
	words := strings.Fields(h.line)
	if len(words) < 2 || words[0] != "HTTP/1.1" {
		return fmt.Errorf("%q is not a status line of HTTP/1.1", h.line)
	}
	f := h.fields
	switch accept := f.Values("Sec-Websocket-Accept"); {
	case words[1] != "101":
		return fmt.Errorf("the server refused the upgrade: %s", h.line)
	case !strings.EqualFold(f.Get("Upgrade"), "websocket"):
		return fmt.Errorf("the Upgrade field is %q, not websocket", f.Get("Upgrade"))
	case !wire.HasToken(f.Values("Connection"), "upgrade"):
		return fmt.Errorf("the Connection field is %q, which lacks the token Upgrade", f.Get("Connection"))
	case len(accept) != 1 || accept[0] != wire.AcceptKey(key):
		return fmt.Errorf("Sec-WebSocket-Accept is %q, not %q", accept, wire.AcceptKey(key))
	case f.Get("Sec-Websocket-Protocol") != "":
		return fmt.Errorf("the subprotocol %q was not offered", f.Get("Sec-Websocket-Protocol"))
	}
	for _, v := range f.Values("Server") {
		if p.res.Agent == "" {
			p.res.Agent = v
		}
	}
	return p.checkExtensions(f.Values("Sec-Websocket-Extensions"))
}

func (p *driver) checkExtensions(values []string) error {
	offers, err := parseExtensions(values)
	if err != nil {
		return err
	}
	if len(offers) > 1 {
		return errors.New("the server accepted more than one extension")
	}
	for _, o := range offers {
		if p.c.deflate == nil || o.Name != extensionName {
			return fmt.Errorf("the extension %s was not offered", o.Name)
		}
		d, err := parseDeflate(asOriginal(o), true)
		if err != nil {
			return err
		}
		p.deflate = newDeflater(d, false)
	}
	return nil
}
