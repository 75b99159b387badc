package echo

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"sync"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

func serveGorilla(ln net.Listener, o Options) error {
	up := websocket.Upgrader{EnableCompression: o.Deflate, WriteBufferPool: new(sync.Pool)}
	return serveHTTP(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := up.Upgrade(w, r, nil)
		if err != nil {
			return // Upgrade has answered
		}
		c.SetReadLimit(maxMessage)
		go echoGorilla(c) // net/http's goroutine ends, and its memory is freed
	}))
}

// A gorillaConn is a connection of gorilla or of its fork for fasthttp.
type gorillaConn interface {
	NextReader() (kind int, r io.Reader, err error)
	WriteMessage(kind int, message []byte) error
	Close() error
}

// echoGorilla reuses a buffer. ReadMessage would allocate and grow one for each message.
func echoGorilla(c gorillaConn) {
	defer c.Close()
	var message bytes.Buffer
	for {
		kind, r, err := c.NextReader()
		if err != nil {
			return
		}
		message.Reset()
		if _, err := message.ReadFrom(r); err != nil {
			return
		}
		p := message.Bytes()
		if kind == websocket.TextMessage && !utf8.Valid(p) {
			return
		}
		if err := c.WriteMessage(kind, p); err != nil {
			return
		}
	}
}
