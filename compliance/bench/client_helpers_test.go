//go:build unix

package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/wire"
)

// A client is a connection to a server. It writes and reads frames as bytes.
type client struct {
	nc     net.Conn
	in     *bufio.Reader
	agreed string // the server's Sec-WebSocket-Extensions field
}

// dial connects to a server and offers it extensions, unless offer is empty.
func dial(addr, offer string) (*client, error) { return dialWith(&net.Dialer{}, addr, offer) }

func dialWith(d *net.Dialer, addr, offer string) (*client, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	nc, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	nc.SetDeadline(time.Now().Add(10 * time.Minute))
	c := &client{nc: nc, in: bufio.NewReader(nc)}
	fmt.Fprintf(nc, "GET / HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n", addr)
	if offer != "" {
		fmt.Fprintf(nc, "Sec-WebSocket-Extensions: %s\r\n", offer)
	}
	fmt.Fprint(nc, "\r\n")
	res, err := http.ReadResponse(c.in, nil)
	if err == nil && res.StatusCode != http.StatusSwitchingProtocols {
		err = fmt.Errorf("status %s", res.Status)
	}
	if err != nil {
		nc.Close()
		return nil, err
	}
	c.agreed = res.Header.Get("Sec-WebSocket-Extensions")
	return c, nil
}

// exchange sends a frame and reads one. It returns the payload, which is valid until the next call, and
// whether it is compressed.
func (c *client) exchange(frame []byte) (payload []byte, compressed bool, err error) {
	if _, err := c.nc.Write(frame); err != nil {
		return nil, false, err
	}
	return c.receive()
}

// receive reads a frame. It returns what exchange does.
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

// offers returns the extensions that a client offers.
func offers(takeover bool) string {
	if takeover {
		return "permessage-deflate; client_max_window_bits"
	}
	return "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
}

// session returns the session of package deflate for the agreed extension.
func (c *client) session(offer string) (wire.Session, error) {
	answer, err := wire.ParseExtensions([]string{c.agreed})
	if err != nil || len(answer) != 1 {
		return nil, fmt.Errorf("the server agreed to %q (%w), want one extension", c.agreed, err)
	}
	return deflate.MustNew(&deflate.Options{Offers: offer, Threshold: -1}).Confirm(answer[0])
}

// frames returns messages as frames of a client.
func frames(s wire.Session, messages [][]byte) (all [][]byte, err error) {
	for _, m := range messages {
		z, err := s.Encode(wire.MessageInfo{Text: true, Size: int64(len(m))}).Append(nil, m, true)
		if err != nil {
			return nil, err
		}
		h := wire.Header{
			Fin: true, RSV: wire.RSV1, Opcode: wire.OpText,
			Masked: true, Key: [4]byte{1, 2, 3, 4}, Length: int64(len(z)),
		}
		wire.Mask(z, h.Key, 0)
		all = append(all, append(wire.AppendHeader(nil, h), z...))
	}
	return all, nil
}

// A load is a set of connections that exchange the same messages in the same order.
type load struct {
	clients []*client
	frames  [][]byte
	next    int // the index of the next frame
}

// connect opens n connections to a server. On each, it checks the echo of the first message.
func connect(addr string, n int, takeover bool, messages [][]byte) (*load, error) {
	l := &load{}
	for i := range n {
		c, err := dial(addr, offers(takeover))
		if err != nil {
			return l, err
		}
		l.clients = append(l.clients, c)
		s, err := c.session(offers(takeover))
		if err != nil {
			return l, err
		}
		if i == 0 {
			if l.frames, err = frames(s, messages); err != nil {
				return l, err
			}
		}
		if err := c.check(s, l.frames[0], messages[0]); err != nil {
			return l, err
		}
	}
	l.next = 1
	return l, nil
}

// check exchanges a message and compares it with its echo.
func (c *client) check(s wire.Session, frame, message []byte) error {
	z, compressed, err := c.exchange(frame)
	if err != nil || !compressed {
		return fmt.Errorf("the echo is compressed: %v, want true (error: %w)", compressed, err)
	}
	dec, err := s.Decode(wire.RSV1)
	if err != nil {
		return err
	}
	defer dec.Release()
	got, _, _, err := dec.Append(nil, z, true, 1<<20)
	if err != nil {
		return err
	}
	if diff := cmp.Diff(string(message), string(got)); diff != "" {
		return fmt.Errorf("the echo differs (-want +got):\n%s", diff)
	}
	return nil
}

func (l *load) close() {
	for _, c := range l.clients {
		c.nc.Close()
	}
}

// run exchanges rounds messages over each connection, over all connections at once, and returns the number of
// bytes received.
func (l *load) run(rounds int) (received int64, err error) {
	var wg sync.WaitGroup
	bytes, errs := make([]int64, len(l.clients)), make([]error, len(l.clients))
	for i, c := range l.clients {
		wg.Go(func() {
			for r := range rounds {
				z, compressed, err := c.exchange(l.frames[(l.next+r)%len(l.frames)])
				if err == nil && !compressed {
					err = io.ErrUnexpectedEOF
				}
				if err != nil {
					errs[i] = err
					return
				}
				bytes[i] += int64(len(z))
			}
		})
	}
	wg.Wait()
	l.next = (l.next + rounds) % len(l.frames)
	for i := range bytes {
		received += bytes[i]
		if errs[i] != nil {
			err = errs[i]
		}
	}
	return received, err
}
