package broken

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
)

// A Client connects and sends every message back with its type. The zero Client has no defect.
type Client struct {
	Defect string // the name of a defect in [Defects]; empty for none
}

// Echo connects to a ws URL and sends messages back until the connection ends in any way. It
// returns an error only if the opening handshake fails. The connection ends with ctx.
func (c *Client) Echo(ctx context.Context, target string) error {
	if err := check(c.Defect, ClientRole); err != nil {
		return err
	}
	u, err := url.Parse(target)
	if err != nil {
		return err
	}
	dialer := net.Dialer{Timeout: handshakeTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	t := &timed{TCPConn: conn.(*net.TCPConn), until: time.Now().Add(handshakeTimeout)}
	br := bufio.NewReader(t)
	agreed, err := defect(c.Defect).open(t, br, u)
	if err != nil {
		return err
	}
	t.until = time.Time{}
	if defect(c.Defect).broken("handshake-rest-lost") {
		br = bufio.NewReader(t)
	}
	var f *packer
	if agreed != nil {
		f = newPacker(defect(c.Defect), true, *agreed)
	}
	newPeer(defect(c.Defect), true, t, br, f).echo()
	return nil
}

// keptNonce looks random but never changes.
var keptNonce = [16]byte{0x9b, 0x41, 0xe6, 0x0d, 0x72, 0xc8, 0x1f, 0xaa, 0x05, 0xd3, 0x6c, 0x90, 0x2e, 0xf7,
	0x58, 0xb4}

// open does the client's part of the opening handshake, RFC 6455, section 4.1.
func (d defect) open(t *timed, br *bufio.Reader, u *url.URL) (*params, error) {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails
	if d.broken("handshake-key-constant") {
		nonce = [16]byte{}
	}
	if d.broken("handshake-key-kept") {
		nonce = keptNonce
	}
	key := base64.StdEncoding.EncodeToString(nonce[:])
	request := "GET " + u.RequestURI() + " HTTP/1.1\r\nHost: " + u.Host +
		"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: " + key + "\r\n"
	request += "Sec-WebSocket-Extensions: " + extensionName + "; client_max_window_bits\r\n\r\n"
	if _, err := t.Write([]byte(request)); err != nil {
		return nil, err
	}
	h, err := d.readHead(br)
	for n := 0; n < 5 && err == nil && h.interim() && !d.broken("answer-interim"); n++ {
		h, err = d.readHead(br)
	}
	if err != nil {
		return nil, err
	}
	return d.checkAnswer(h, key)
}

// interim reports whether this is an interim response, RFC 9110, section 15.2.
func (h head) interim() bool {
	fields := strings.SplitN(h.line, " ", 3)
	return len(fields) > 1 && len(fields[1]) == 3 && fields[1][0] == '1' && fields[1] != "101"
}

// checkAnswer validates the server's response.
func (d defect) checkAnswer(h head, key string) (*params, error) {
	status, rest, _ := strings.Cut(h.line, " ")
	accept, _ := h.value("Sec-WebSocket-Accept")
	switch {
	case status != "HTTP/1.1":
		return nil, fmt.Errorf("invalid status line %q", h.line)
	case rest != "101" && !strings.HasPrefix(rest, "101 ") && !d.broken("answer-status"):
		return nil, fmt.Errorf("status line %q, want 101", h.line)
	case !h.has("Upgrade", "websocket") && !d.broken("answer-upgrade"):
		return nil, fmt.Errorf("the Upgrade field is %q, want websocket", h.values("Upgrade"))
	case !h.has("Connection", "upgrade") && !d.broken("answer-connection"):
		return nil, fmt.Errorf("the Connection field is %q, want Upgrade", h.values("Connection"))
	case accept != d.acceptKey(key) && !d.broken("answer-accept"):
		return nil, fmt.Errorf("wrong Sec-WebSocket-Accept %q", accept)
	case len(h.values("Sec-WebSocket-Protocol")) > 0 && !d.broken("answer-subprotocol"):
		return nil, fmt.Errorf("unoffered subprotocol %q", h.values("Sec-WebSocket-Protocol"))
	}
	var agreed *params
	extensions, ok := h.extensions()
	if !ok {
		return nil, fmt.Errorf("malformed extensions %q", h.values("Sec-WebSocket-Extensions"))
	}
	for _, extension := range extensions {
		a, ok := d.parseParams(extension, false)
		switch {
		case ok && agreed == nil:
			agreed = &a
		case !d.broken("answer-extension"):
			return nil, fmt.Errorf("extension %q does not match an offer", extension)
		}
	}
	return agreed, nil
}
