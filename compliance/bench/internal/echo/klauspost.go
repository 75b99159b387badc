package echo

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/klauspost/compress/flate"

	"github.com/hawser-ws/hawser/wire"
)

// hijack answers the opening handshake by hand and returns the connection.
func hijack(w http.ResponseWriter, r *http.Request, fields string) (net.Conn, *bufio.ReadWriter, error) {
	nc, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, nil, err
	}
	_, err = io.WriteString(nc, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: "+wire.AcceptKey(r.Header.Get("Sec-WebSocket-Key"))+"\r\n"+fields+"\r\n")
	return nc, rw, err
}

// serveHijack answers the opening handshake on net/http, sends the first bytes back, and closes the
// connection. No library on net/http can do less.
func serveHijack(ln net.Listener, _ Options) error {
	return serveHTTP(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nc, _, err := hijack(w, r, "")
		if err != nil {
			return
		}
		defer nc.Close()
		var b [128]byte
		n, err := nc.Read(b[:])
		if err != nil {
			return
		}
		out, _, _ := turn(b[:n])
		_, _ = nc.Write(out)
	}))
}

// serveKlauspost does the minimum for a compressed echo without context takeover. It parses and unmasks frames,
// inflates and compresses with klauspost/compress/flate at the fastest level, and writes. It supports no
// control frames, no fragments and no limits.
func serveKlauspost(ln net.Listener, _ Options) error {
	return serveHTTP(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nc, rw, err := hijack(w, r, "Sec-WebSocket-Extensions: permessage-deflate; "+
			"server_no_context_takeover; client_no_context_takeover\r\n")
		if err != nil {
			return
		}
		defer nc.Close()
		_ = echoDeflate(nc, rw.Reader)
	}))
}

var compressors = sync.Pool{New: func() any {
	w, err := flate.NewWriter(nil, flate.BestSpeed)
	if err != nil {
		panic(err)
	}
	return w
}}

func echoDeflate(w io.Writer, in *bufio.Reader) error {
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
