package echo

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"unicode/utf8"

	"github.com/coder/websocket"
)

func serveCoder(ln net.Listener, o Options) error {
	opts := &websocket.AcceptOptions{}
	switch {
	case o.Takeover:
		opts.CompressionMode = websocket.CompressionContextTakeover
	case o.Deflate:
		opts.CompressionMode = websocket.CompressionNoContextTakeover
	}
	return serveHTTP(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, opts)
		if err != nil {
			return // Accept has answered
		}
		c.SetReadLimit(maxMessage)
		go echoCoder(context.Background(), c) // not with the context of r, as Accept advises
	}))
}

// echoCoder reuses a buffer. Conn.Read would allocate and grow one for each message.
func echoCoder(ctx context.Context, c *websocket.Conn) {
	defer c.CloseNow()
	var message bytes.Buffer
	for {
		kind, r, err := c.Reader(ctx)
		if err != nil {
			return
		}
		message.Reset()
		if _, err := message.ReadFrom(r); err != nil {
			return
		}
		p := message.Bytes()
		if kind == websocket.MessageText && !utf8.Valid(p) {
			return
		}
		if err := c.Write(ctx, kind, p); err != nil {
			return
		}
	}
}
