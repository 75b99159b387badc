package suite

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/hawser-ws/hawser/wire"
)

// check is what a server asks of a request (RFC 6455, section 4.2.1). It finds the
// value of Sec-WebSocket-Accept.
func (q *clientRequest) check() error {
	f := q.head.fields
	keys := f.Values("Sec-Websocket-Key")
	switch {
	case !strings.HasSuffix(q.head.line, " HTTP/1.1"):
		return errors.New("the request is not of HTTP/1.1")
	case f.Get("Host") == "":
		return errors.New("no field Host")
	case !wire.HasToken(f.Values("Upgrade"), "websocket"):
		return fmt.Errorf("field Upgrade is %q, not websocket", f.Get("Upgrade"))
	case !wire.HasToken(f.Values("Connection"), "upgrade"):
		return errors.New("field Connection does not have Upgrade")
	case len(keys) != 1 || !wire.IsKey(keys[0]):
		return fmt.Errorf("field Sec-WebSocket-Key is %q, not 16 octets in base64", keys)
	case f.Get("Sec-Websocket-Version") != "13":
		return fmt.Errorf("field Sec-WebSocket-Version is %q, not 13", f.Get("Sec-Websocket-Version"))
	}
	q.accept, q.extensions = wire.AcceptKey(keys[0]), f.Values("Sec-Websocket-Extensions")
	return nil
}

// answer sends the response of p, a server, to a request that is in order (RFC 6455,
// section 4.2.2). Extensions that cannot be read are declined.
func (p *peer) answer(q *clientRequest) {
	p.res.HTTPRequest = string(q.raw)
	for _, b := range q.reads {
		p.logRx(b)
		p.traffic.PreopenIncomingOctetsWireLevel += int64(len(b))
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 101 Switching Protocols\r\nServer: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\n", userAgent, q.accept)
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
	if p.c.Heavy { // it may have to wait for its turn
		p.release()
	}
}
