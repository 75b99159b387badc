//go:build unix

package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	coder "github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"
	"github.com/klauspost/compress/flate"
	"github.com/lxzan/gws"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A server echoes compressed messages.
type server struct {
	name     string
	takeover bool // it supports context takeover
	handler  func(takeover bool) http.Handler
}

// servers are the servers to measure. The others are compared with the first one that supports the measured
// options.
var servers = []server{
	{"bare", false, func(bool) http.Handler { return http.HandlerFunc(bareEcho) }},
	{"coder", true, coderEcho},
	{"hawser", true, hawserEcho},
	{"gorilla", false, gorillaEcho},
	{"gws", true, gwsEcho},
}

func hawserEcho(takeover bool) http.Handler {
	ext := deflate.MustNew(&deflate.Options{NoContextTakeover: !takeover})
	opts := &websocket.AcceptOptions{Extensions: []wire.Extension{ext}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, opts)
		if err != nil {
			return
		}
		defer c.CloseNow()
		for ctx := c.Context(); ; {
			typ, p, err := c.Read(ctx)
			if err != nil {
				return
			}
			if err := c.Write(ctx, typ, p); err != nil {
				return
			}
		}
	})
}

func coderEcho(takeover bool) http.Handler {
	opts := &coder.AcceptOptions{CompressionMode: coder.CompressionNoContextTakeover}
	if takeover {
		opts.CompressionMode = coder.CompressionContextTakeover
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := coder.Accept(w, r, opts)
		if err != nil {
			return
		}
		defer c.CloseNow()
		for {
			typ, p, err := c.Read(r.Context())
			if err != nil {
				return
			}
			if err := c.Write(r.Context(), typ, p); err != nil {
				return
			}
		}
	})
}

func gorillaEcho(bool) http.Handler {
	up := gorilla.Upgrader{EnableCompression: true}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		for {
			typ, p, err := c.ReadMessage()
			if err != nil {
				return
			}
			if err := c.WriteMessage(typ, p); err != nil {
				return
			}
		}
	})
}

type gwsHandler struct{ gws.BuiltinEventHandler }

func (gwsHandler) OnMessage(c *gws.Conn, m *gws.Message) {
	defer m.Close()
	_ = c.WriteMessage(m.Opcode, m.Bytes())
}

func gwsEcho(takeover bool) http.Handler {
	up := gws.NewUpgrader(gwsHandler{}, &gws.ServerOption{PermessageDeflate: gws.PermessageDeflate{
		Enabled: true, ServerContextTakeover: takeover, ClientContextTakeover: takeover,
		Threshold: 128,
	}})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := up.Upgrade(w, r)
		if err != nil {
			return
		}
		c.ReadLoop()
	})
}

// bareEcho does only what an echo without context takeover requires. It parses and unmasks frames, inflates
// and compresses with klauspost/compress/flate at the fastest level, and writes. It supports no control
// frames, no fragments and no limits.
func bareEcho(w http.ResponseWriter, r *http.Request) {
	nc, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer nc.Close()
	_ = nc.SetDeadline(time.Time{})
	fmt.Fprintf(nc, "HTTP/1.1 101 Switching Protocols\r\n"+
		"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n"+
		"Sec-WebSocket-Extensions: permessage-deflate; "+
		"server_no_context_takeover; client_no_context_takeover\r\n\r\n",
		wire.AcceptKey(r.Header.Get("Sec-WebSocket-Key")))
	_ = echoFrames(nc, rw.Reader)
}

var compressors = sync.Pool{New: func() any {
	w, err := flate.NewWriter(nil, flate.BestSpeed)
	if err != nil {
		panic(err)
	}
	return w
}}

func echoFrames(w io.Writer, in *bufio.Reader) error {
	var packed, out bytes.Buffer
	src := bytes.NewReader(nil)
	inflate := flate.NewReader(src)
	message := make([]byte, 64<<10)
	for {
		head, err := in.Peek(8)
		if err != nil {
			return err
		}
		n := int(head[1] & 127)
		size, key := 6, head[2:6]
		if n == 126 {
			n, size, key = int(head[2])<<8|int(head[3]), 8, head[4:8]
		}
		mask := [4]byte(key)
		_, _ = in.Discard(size)
		packed.Reset()
		if _, err := io.CopyN(&packed, in, int64(n)); err != nil {
			return err
		}
		wire.Mask(packed.Bytes(), mask, 0)
		packed.WriteString("\x00\x00\xff\xff\x01\x00\x00\xff\xff")
		src.Reset(packed.Bytes())
		_ = inflate.(flate.Resetter).Reset(src, nil)
		n, err = io.ReadFull(inflate, message)
		if !errors.Is(err, io.ErrUnexpectedEOF) { // the message is shorter than the buffer
			return err
		}
		out.Reset()
		out.WriteString("\xc1\x7e\x00\x00")
		c := compressors.Get().(*flate.Writer)
		c.Reset(&out)
		_, _ = c.Write(message[:n])
		_ = c.Flush()
		compressors.Put(c)
		b := out.Bytes()
		b = b[:len(b)-4]
		b[2], b[3] = byte((len(b)-4)>>8), byte(len(b)-4)
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
}
