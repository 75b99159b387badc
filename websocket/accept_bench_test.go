package websocket_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
)

// A bareHijack is a ResponseWriter whose methods cost next to nothing.
type bareHijack struct {
	header http.Header
	nc     net.Conn
	brw    *bufio.ReadWriter
}

func (h *bareHijack) Header() http.Header                          { return h.header }
func (h *bareHijack) Write(p []byte) (int, error)                  { return len(p), nil }
func (h *bareHijack) WriteHeader(int)                              {}
func (h *bareHijack) Hijack() (net.Conn, *bufio.ReadWriter, error) { return h.nc, h.brw, nil }

// BenchmarkAccept measures the work that Accept adds to that of net/http, including the Conn.
func BenchmarkAccept(b *testing.B) {
	for name, add := range map[string]http.Header{
		"bare":        {},
		"subprotocol": {"Sec-Websocket-Protocol": {"chat"}},
		"browser": {
			"Origin":                   {"https://server.example"},
			"Sec-Websocket-Extensions": {"permessage-deflate; client_max_window_bits"},
		},
	} {
		b.Run(name, func(b *testing.B) {
			r := newHandshake(b)
			for k, v := range add {
				r.Header[k] = v
			}
			nc := discard{}
			w := &bareHijack{http.Header{}, nc, bufio.NewReadWriter(bufio.NewReader(nc), bufio.NewWriter(nc))}
			opts := &AcceptOptions{Subprotocols: []string{"chat"}}
			b.ReportAllocs()
			for b.Loop() {
				c, err := Accept(w, r, opts)
				if err != nil {
					b.Fatal(err)
				}
				c.CloseNow()
			}
		})
	}
}

// discard is a connection that discards what is written and returns no bytes.
type discard struct{ net.Conn }

func (discard) Write(p []byte) (int, error)      { return len(p), nil }
func (discard) SetDeadline(time.Time) error      { return nil }
func (discard) SetReadDeadline(time.Time) error  { return nil }
func (discard) SetWriteDeadline(time.Time) error { return nil }
func (discard) Close() error                     { return nil }

// BenchmarkConnection opens and closes connections over loopback, one at a time. The
// allocations are those of the server and the raw client together.
func BenchmarkConnection(b *testing.B) {
	addr, _ := serveRaw(b, Handler{Serve: func(context.Context, *Conn) error { return nil }}, nil)
	request := []byte(handshake())
	answer := []byte{0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8} // close, 1000
	buf := make([]byte, 4096)
	b.ReportAllocs()
	for b.Loop() {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := nc.Write(request); err != nil {
			b.Fatal(err)
		}
		answered := false
		for {
			n, err := nc.Read(buf)
			if err != nil {
				break
			}
			if n >= 4 && buf[n-4] == 0x88 && !answered {
				answered = true
				if _, err := nc.Write(answer); err != nil {
					b.Fatal(err)
				}
			}
		}
		nc.Close()
	}
}
