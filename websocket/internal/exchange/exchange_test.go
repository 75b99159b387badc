package exchange

import (
	"io"
	"net"
	"net/http"
	"testing"
)

// The bytes after the header are copied, so that they do not keep the buffer of the header alive.
func TestRest(t *testing.T) {
	const frame = "\x81\x05hello"
	ours, theirs := net.Pipe()
	go func() {
		io.WriteString(theirs, "HTTP/1.1 101 Yes\r\n\r\n"+frame)
		theirs.Close()
	}()
	r, err := read(ours, &http.Request{Method: "GET"}, -1, func(nc net.Conn) { nc.Close() }, false)
	if err != nil || string(r.Rest) != frame || cap(r.Rest) >= 2*len(frame)+16 {
		t.Errorf("got %q in a buffer of %d bytes, %v, want %q in a small one",
			r.Rest, cap(r.Rest), err, frame)
	}
}
