//go:build unix

package bench

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// A client is a connection to a server. It reads frames as bytes.
type client struct {
	nc net.Conn
	in *bufio.Reader
}

// dialWith connects to a server.
func dialWith(d *net.Dialer, addr string) (*client, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	nc, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	nc.SetDeadline(time.Now().Add(10 * time.Minute))
	c := &client{nc: nc, in: bufio.NewReader(nc)}
	fmt.Fprintf(nc, "GET / HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n", addr)
	res, err := http.ReadResponse(c.in, nil)
	if err == nil && res.StatusCode != http.StatusSwitchingProtocols {
		err = fmt.Errorf("status %s", res.Status)
	}
	if err != nil {
		nc.Close()
		return nil, err
	}
	return c, nil
}

// receive reads a frame. It returns the payload, which is valid until the next call, and whether
// it is compressed.
func (c *client) receive() (payload []byte, compressed bool, err error) {
	head, err := c.in.Peek(4)
	if err != nil {
		return nil, false, err
	}
	compressed = head[0]&0x40 != 0
	n, size := int(head[1]), 2
	if n == 126 {
		n, size = int(head[2])<<8|int(head[3]), 4
	}
	if _, err := c.in.Discard(size); err != nil {
		return nil, false, err
	}
	payload, err = c.in.Peek(n)
	if err == nil {
		_, err = c.in.Discard(n)
	}
	return payload, compressed, err
}
