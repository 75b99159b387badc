package exchange

import (
	"io"
	"net"
	"net/http"
	"testing"
)

// What comes behind the header is copied: it must not keep the buffer it was read
// into.
func TestRest(t *testing.T) {
	const frame = "\x81\x05hello"
	ours, theirs := net.Pipe()
	go func() {
		io.WriteString(theirs, "HTTP/1.1 101 Yes\r\n\r\n"+frame)
		theirs.Close()
	}()
	r, err := read(ours, &http.Request{Method: "GET"}, -1, func(nc net.Conn) { nc.Close() })
	if err != nil || string(r.Rest) != frame || cap(r.Rest) >= 2*len(frame)+16 {
		t.Errorf("%q in %d bytes, %v", r.Rest, cap(r.Rest), err)
	}
}
