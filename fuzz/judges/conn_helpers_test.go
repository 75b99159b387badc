package judges

import (
	"bufio"
	"bytes"
	"net/http"
	"regexp"

	"github.com/hawser-ws/hawser/fuzz/internal/pipe"
	"github.com/hawser-ws/hawser/wire"
)

var (
	keyField = regexp.MustCompile(`(?i)sec-websocket-key: ([^\r\n]*)`)
	blank    = []byte("\r\n\r\n")
)

// newConn returns a connection to a peer that sends in and then ends the stream. A client
// first gets an answer to its opening handshake, with the given extension.
func newConn(in []byte, client bool, extension string) *pipe.Canned {
	if !client {
		return &pipe.Canned{In: in}
	}
	return &pipe.Canned{Reply: func(request []byte) []byte {
		return append(answerTo(request, extension), in...)
	}}
}

// answerTo returns the response of a server to a request.
func answerTo(request []byte, extension string) []byte {
	key := keyField.FindSubmatch(request)
	if key == nil {
		return []byte("HTTP/1.1 400 Bad Request\r\n\r\n")
	}
	a := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: " + wire.AcceptKey(string(key[1])) + "\r\n"
	if extension != "" {
		a += "Sec-WebSocket-Extensions: " + extension + "\r\n"
	}
	return []byte(a + "\r\n")
}

// framesOn returns the bytes written to a connection after the handshake.
func framesOn(c *pipe.Canned) []byte {
	_, b, _ := bytes.Cut(c.Written(), blank)
	return b
}

// A response is a ResponseWriter that can send 101 before it is hijacked.
type response struct {
	pipe.ResponseWriter
	switched bool // by WriteHeader
}

func newResponse(c *pipe.Canned) *response {
	return &response{ResponseWriter: pipe.ResponseWriter{Conn: c, Reader: bufio.NewReader(c)}}
}

func (w *response) WriteHeader(status int) {
	if status != http.StatusSwitchingProtocols {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.switched = true
	_, _ = w.Conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\n\r\n"))
}

// Flush implements [http.Flusher], as net/http's ResponseWriter does.
func (w *response) Flush() {}
