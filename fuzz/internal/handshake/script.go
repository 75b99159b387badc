package handshake

import "strings"

// Request returns the request for a script. Most of the request is valid, so that the changes
// of a fuzzer cause faults of grammar rather than of spelling. The first byte selects the start
// line, the second the required lines to leave out, and each further byte adds a line.
func Request(script []byte) []byte {
	return compose(script, requestStarts, requestRequired, requestMore, "\x81\x81\x01\x02\x03\x04h")
}

// Lines returns the bytes of a script, after the second, for which Request adds a line of
// the given field.
func Lines(field string) (all []byte) {
	for i, line := range requestMore {
		if strings.HasPrefix(line, field+": ") {
			all = append(all, byte(i))
		}
	}
	return all
}

// Response returns the response for a script in the same way. Words in braces are to be
// replaced by the values for a key.
func Response(script []byte) []byte {
	return compose(script, responseStarts, responseRequired, responseMore, "\x82\x02ab\x89\x00")
}

// maxHead limits the lines of a script, in bytes: one byte may add a line of 4 KB, and the
// models are slow. All limits that the targets test are far smaller.
const maxHead = 128 << 10

func compose(script []byte, starts, required, more []string, trailing string) []byte {
	next := func() (b byte) {
		if len(script) > 0 {
			b, script = script[0], script[1:]
		}
		return b
	}
	lines := []string{starts[int(next())%len(starts)]}
	without := next()
	for i, line := range required {
		if without>>i&1 == 0 {
			lines = append(lines, line)
		}
	}
	for size := 0; len(script) > 0 && size < maxHead; {
		b := int(next())
		line := more[b%len(more)]
		if strings.HasSuffix(line, ":") { // its value is in the script
			n := min(int(next())%64, len(script))
			line += string(script[:n])
			script = script[n:]
		}
		if b == 0xff {
			lines = append(lines, "")
		}
		lines = append(lines, line)
		size += len(line)
	}
	return []byte(strings.Join(lines, "\r\n") + "\r\n\r\n" + trailing)
}

var requestStarts = []string{
	"GET / HTTP/1.1", "GET /chat?x=y HTTP/1.1", "GET / HTTP/1.2", "GET / HTTP/1.0", "GET / HTTP/2.0",
	"get / HTTP/1.1",
	"POST / HTTP/1.1", "HEAD / HTTP/1.1", "OPTIONS * HTTP/1.1", "CONNECT a:80 HTTP/1.1",
	"GET http://example.com:80/ HTTP/1.1",
	"GET https://[::1]:443/ HTTP/1.1", "GET / HTTP/0.9",
}

var requestRequired = []string{
	"Host: example.com", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
	"Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==",
}

var requestMore = []string{
	"Host: example.com:80", "Host: EXAMPLE.COM:443", "Host: [0:0::1]:80", "Host: a.example", "Host: x:0080",
	"Host: [::1", "Host: example.com:", "Host: [::1%25a]",
	"upgrade: WEBSOCKET", "Upgrade: h2c, websocket", "Upgrade: websocket/13", "Upgrade: web\u017focket",
	"Upgrade: ,,websocket ,", "Upgrade: \"websocket\"",
	"connection: keep-alive, uPGRADE", "Connection: close", "Connection: Upgrade;x",
	"Connection: keep-alive\tupgrade", "Connection: xupgrade",
	"Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODx==", "sec-websocket-key: AAECAwQFBgcICQoLDA0ODw",
	"Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODxA=",
	"SEC-WEBSOCKET-KEY: AAECAwQFBgcICQoLDA0O_w==", "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODxAR",
	"Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0O Dw==",
	"Sec-WebSocket-Version: 013", "sec-websocket-version: 8", "Sec-WebSocket-Version: 13, 8",
	"Sec-WebSocket-Version: +13", "Sec-WebSocket-Version:  13\t", "Sec-WebSocket-Version: 1 3",
	"Origin: http://example.com", "Origin: HTTPS://example.com", "Origin: http://example.com:80",
	"Origin: https://example.com:80", "Origin: null", "Origin: file://",
	"Origin: http://[::1]", "Origin: http://[::1%25a]", "Origin: ws://a.example:80",
	"Origin: http://localhost:7", "Origin: http://axb.c:8080", "origin: https://app.example.com",
	"Origin: http://example.com/", "Origin: http://example.com:080", "Origin: http://example.com:65536",
	"Origin: http://example.com http://b", "Origin: x://a.example", "Origin: http://sub.example.com",
	"Origin: http://xexample.com", "Origin: http://example.com.b", "Origin: example.com",
	"Origin: EXAMPLE.com:443", "Origin: [::1]:80/", "Origin: file:///", "Origin: ws://example.com//",
	"Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Protocol: ,x , chat,,v2.json",
	"Sec-WebSocket-Protocol: CHAT", "Sec-WebSocket-Protocol: ,", "Sec-WebSocket-Protocol: chat\x7f",
	"Sec-WebSocket-Protocol: a/b", "Sec-WebSocket-Protocol: a b, SPDY/3.1+portforward.k8s.io, chat",
	"Sec-WebSocket-Extensions: permessage-deflate",
	"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
	"Sec-WebSocket-Extensions: Permessage-Deflate",
	"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=08",
	"Sec-WebSocket-Extensions: permessage-deflate ;server_max_window_bits = \"1\\0\" ,",
	"Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; x",
	"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8; client_max_window_bits=15",
	"Sec-WebSocket-Extensions: a;b;c=d;e=\"f\"", "Sec-WebSocket-Extensions: a; b=\"\"",
	"Sec-WebSocket-Extensions: a b", "Sec-WebSocket-Extensions: a=b",
	"Content-Length: 0", "Content-Length: 1", "Transfer-Encoding: chunked",
	"Transfer-Encoding: chunked\r\n\r\n0", "Transfer-Encoding: identity", "Trailer: x",
	"Expect: 100-continue",
	"Sec-WebSocket-Accept: x", "X-Y: z", "Cookie: a=b", "Upgrade:", "Connection:", "Sec-WebSocket-Key:",
	"Sec-WebSocket-Version:", "Origin:", "Host:", "Sec-WebSocket-Protocol:", "Sec-WebSocket-Extensions:",
	"Sec-WebSocket-Extensions: permessage-deflate;",
	"Sec-WebSocket-Fill: " + strings.Repeat("f", 4000),
	"Sec-WebSocket-Protocol: " + strings.Repeat("p,", 2000), "Origin: http://" + strings.Repeat("o", 600),
}

var responseStarts = []string{
	"HTTP/1.1 101 Switching Protocols", "HTTP/1.1 101", "HTTP/1.1 101 ", "HTTP/1.0 101 x", "HTTP/2.0 101 x",
	"HTTP/1.2 101 x",
	"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 x", "HTTP/1.1 103 x\r\nUpgrade: x\r\n\r\nHTTP/1.1 101 x",
	"HTTP/1.1 102 x\r\n\r\nHTTP/1.1 200 x",
	"HTTP/1.1 200 OK", "HTTP/1.1 301 x", "HTTP/1.1 400 x", "HTTP/1.1 001 x", "HTTP/1.1 +101 x",
	"http/1.1 101 x", "HTTP/1.1 1010 x", "HTTP/1.1 204 x",
}

var responseRequired = []string{"Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: {accept}"}

var responseMore = []string{
	"upgrade: WebSocket", "Upgrade: websocket, h2c", "Upgrade: websocke", "Upgrade: web\u017focket",
	"CONNECTION: x ,upgrade", "Connection: close", "Connection: Upgrade x",
	"sec-websocket-accept: {accept}", "Sec-WebSocket-Accept: {lower}", "Sec-WebSocket-Accept: {key}",
	"Sec-WebSocket-Accept: {accept}=", "Sec-WebSocket-Accept: x{accept}", "Sec-WebSocket-Accept:\t {accept} ",
	"Sec-WebSocket-Accept: {accept}, {accept}",
	"Sec-WebSocket-Protocol: chat", "sec-websocket-protocol: v2.json", "Sec-WebSocket-Protocol: Chat",
	"Sec-WebSocket-Protocol: chat, v2.json", "Sec-WebSocket-Protocol: ", "Sec-WebSocket-Protocol: none",
	"Sec-WebSocket-Extensions: permessage-deflate",
	"Sec-WebSocket-Extensions: permessage-deflate, permessage-deflate",
	"Sec-WebSocket-Extensions: permessage-deflate, x", "Sec-WebSocket-Extensions: x",
	"Sec-WebSocket-Extensions: ,", "Sec-WebSocket-Extensions: ",
	"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8",
	"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=15",
	"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits",
	"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=8",
	"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
	"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=16",
	"Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover",
	"Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; " +
		"server_no_context_takeover; server_max_window_bits=\"9\"",
	"Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; server_no_context_takeover",
	"Sec-WebSocket-Extensions: permessage-deflate; x=y", "Sec-WebSocket-Extensions: PERMESSAGE-DEFLATE",
	"Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover=1",
	"Content-Length: 7", "Transfer-Encoding: chunked", "Set-Cookie: a=b", "Sec-WebSocket-Version: 12",
	"X: " + strings.Repeat("y", 300), "X: " + strings.Repeat("z", 3000),
	"Upgrade:", "Connection:", "Sec-WebSocket-Accept:", "Sec-WebSocket-Protocol:",
	"Sec-WebSocket-Extensions:", "X-Y:", " folded: line", "broken",
}
