package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/wire"
)

// A rawClient exchanges frames with the server, without package websocket.
type rawClient struct {
	*testing.T
	nc  net.Conn
	in  *bufio.Reader
	dec wire.Decoder
	enc wire.Encoder
}

// dialRaw performs the opening handshake by hand, with the key and the answer of RFC 6455, section 1.3.
func dialRaw(t *testing.T, s *server) *rawClient {
	t.Helper()
	nc, err := net.Dial("tcp", s.echoLn.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(time.Minute))
	io.WriteString(nc, "GET /any/path HTTP/1.1\r\nHost: localhost\r\n"+
		"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	in := bufio.NewReader(nc)
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	const want = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
	if got := resp.Header.Get("Sec-WebSocket-Accept"); resp.StatusCode != 101 || got != want {
		t.Fatalf("status %d, Sec-WebSocket-Accept %q, want 101, %q", resp.StatusCode, got, want)
	}
	return &rawClient{T: t, nc: nc, in: in,
		dec: wire.Decoder{Role: wire.Client, MaxMessage: -1}, enc: wire.Encoder{Role: wire.Client}}
}

// send sends a frame in pieces of n bytes.
func (c *rawClient) send(op wire.Opcode, fin bool, payload string, n int) {
	c.Helper()
	h := wire.Header{Fin: fin, Opcode: op, Key: [4]byte{1, 2, 3, 4}}
	b, err := c.enc.AppendFrame(nil, h, []byte(payload))
	if err != nil {
		c.Fatal(err)
	}
	for p := range slices.Chunk(b, n) {
		if _, err := c.nc.Write(p); err != nil {
			c.Fatal(err)
		}
	}
}

// expect reads the next message or control frame and compares it.
func (c *rawClient) expect(op wire.Opcode, payload string) {
	c.Helper()
	var got []byte
	b := make([]byte, 1)
	for {
		if _, err := c.in.Read(b); err != nil {
			c.Fatalf("read: %v, want %v %.80q", err, op, payload)
		}
		f, _, err := c.dec.Next(b)
		if err != nil {
			c.Fatal(err)
		}
		got = append(got, f.Payload...)
		if f.EndsMessage() {
			if diff := cmp.Diff(op.String()+" "+payload, f.Kind.String()+" "+string(got)); diff != "" {
				c.Fatalf("frame differs (-want +got):\n%s", diff)
			}
			return
		}
	}
}

// expectEnd checks that the server sends nothing more and closes the connection.
func (c *rawClient) expectEnd() {
	c.Helper()
	if b, err := io.ReadAll(c.in); len(b) > 0 || err != nil {
		c.Errorf("%d bytes follow the close frame, then %v", len(b), err)
	}
}
