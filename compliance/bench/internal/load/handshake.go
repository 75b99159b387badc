package load

import (
	"bytes"
	"fmt"
)

// request is the client's part of the opening handshake.
func request(addr, extensions string) []byte {
	b := fmt.Appendf(nil, "GET / HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n", addr)
	if extensions != "" {
		b = fmt.Appendf(b, "Sec-WebSocket-Extensions: %s\r\n", extensions)
	}
	return append(b, "\r\n"...)
}

// response checks the server's part. It reports whether it is complete.
func response(b []byte) (complete bool, err error) {
	if !bytes.HasSuffix(b, []byte("\r\n\r\n")) {
		return false, nil
	}
	const accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
	if !bytes.HasPrefix(b, []byte("HTTP/1.1 101 ")) || !bytes.Contains(b, []byte(accept)) {
		return false, fmt.Errorf("the server answered %q", b)
	}
	return true, nil
}
