package handshake_test

import (
	"io"
	"testing"

	"github.com/hawser-ws/hawser/wire/handshake"
)

// benchHeads are the heads that gorilla's client and Chrome send.
var benchHeads = []struct{ name, head string }{
	{"library", "GET /echo HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: Go-http-client/1.1\r\n" +
		"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
		"Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\n\r\n"},
	{"browser", "GET /chat?room=1 HTTP/1.1\r\nHost: app.example.com\r\nConnection: Upgrade\r\n" +
		"Pragma: no-cache\r\nCache-Control: no-cache\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) " +
		"AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36\r\nUpgrade: websocket\r\n" +
		"Origin: https://app.example.com\r\nSec-WebSocket-Version: 13\r\n" +
		"Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-US,en;q=0.9\r\n" +
		"Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
		"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"},
}

func BenchmarkRequest(b *testing.B) {
	for _, bb := range benchHeads {
		b.Run(bb.name, func(b *testing.B) {
			head, dst := []byte(bb.head), make([]byte, 0, 256)
			b.ReportAllocs()
			for b.Loop() {
				var r handshake.Request
				if _, err := r.Consume(head); err != nil {
					b.Fatal(err)
				}
				if err := r.Check(anyOrigin); err != nil {
					b.Fatal(err)
				}
				if _, err := r.AppendResponse(dst, "", nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The head of a browser arrives byte by byte.
func BenchmarkRequestBytewise(b *testing.B) {
	head := []byte(benchHeads[1].head)
	for b.Loop() {
		var r handshake.Request
		for i := range head {
			if _, err := r.Consume(head[:i]); err != io.ErrUnexpectedEOF {
				b.Fatal(err)
			}
		}
	}
}
