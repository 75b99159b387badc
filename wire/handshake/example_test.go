package handshake_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"strings"

	"github.com/hawser-ws/hawser/wire"
	"github.com/hawser-ws/hawser/wire/handshake"
)

const example = "GET /chat?room=1 HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\n" +
	"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
	"Sec-WebSocket-Version: 13\r\nOrigin: https://example.com\r\nCookie: session=1234\r\n" +
	"Sec-WebSocket-Protocol: chat, superchat\r\n\r\n"

// A request arrives in two pieces, and the second one ends with a frame.
func ExampleRequest_Consume() {
	pieces := []string{example[:50], example[50:] + "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"}

	var r handshake.Request
	var buf []byte
	var head int
	err := io.ErrUnexpectedEOF
	for err == io.ErrUnexpectedEOF {
		buf = append(buf, pieces[0]...) // a read from the connection
		pieces = pieces[1:]
		head, err = r.Consume(buf)
	}
	if err != nil {
		log.Fatal(err) // answer with AppendRefusal
	}
	fmt.Printf("%s %s on %s\n", r.Method, r.Target, r.Host)

	early := buf[head:]
	var d wire.Decoder
	f, _, err := d.Next(early)
	fmt.Printf("%v %s %v\n", f.Kind, f.Payload, err)
	// Output:
	// GET /chat?room=1 on example.com
	// text Hello <nil>
}

// A server lets the web pages of its own site connect, and every client that is not a browser.
// A browser sends the cookies of a server with a handshake from any page: without a check of the
// origin, any page could act as its visitor.
func ExampleRequest_Check() {
	for _, origin := range []string{"https://example.com", "https://evil.example"} {
		request := strings.Replace(example, "https://example.com", origin, 1)

		var r handshake.Request
		if _, err := r.Consume([]byte(request)); err != nil {
			log.Fatal(err)
		}
		err := r.Check(func(origin []byte) bool { return string(origin) == "https://example.com" })
		fmt.Println(origin, err)
	}
	// Output:
	// https://example.com <nil>
	// https://evil.example handshake: this Origin may not connect (RFC 6455, section 10.2)
}

// Fields has all fields of a request.
func ExampleRequest_Fields() {
	var r handshake.Request
	if _, err := r.Consume([]byte(example)); err != nil {
		log.Fatal(err)
	}
	for name, value := range r.Fields() {
		if bytes.EqualFold(name, []byte("Cookie")) {
			fmt.Printf("%s\n", value)
		}
	}
	// Output: session=1234
}

func allowOrigin(origin []byte) bool { return string(origin) == "https://example.com" }

// The server chooses a subprotocol.
func ExampleRequest_AppendResponse() {
	var r handshake.Request
	if _, err := r.Consume([]byte(example)); err != nil {
		log.Fatal(err)
	}
	if err := r.Check(allowOrigin); err != nil {
		log.Fatal(err)
	}
	b, err := r.AppendResponse(nil, r.Protocols[0], nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s", bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")))
	// Output:
	// HTTP/1.1 101 Switching Protocols
	// Upgrade: websocket
	// Connection: Upgrade
	// Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
	// Sec-WebSocket-Protocol: chat
}

// A request that is not an opening handshake gets the response that its Error says.
func ExampleAppendRefusal() {
	var r handshake.Request
	_, err := r.Consume([]byte("GET / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\n\r\nhello"))
	var e *handshake.Error
	if errors.As(err, &e) {
		b := handshake.AppendRefusal(nil, e)
		fmt.Printf("%s", bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")))
	}
	// Output:
	// HTTP/1.1 400 Bad Request
	// Connection: close
	// Sec-WebSocket-Version: 13
	// Content-Type: text/plain; charset=utf-8
	// X-Content-Type-Options: nosniff
	// Content-Length: 72
	//
	// a request with a body cannot open a WebSocket (RFC 9110, section 9.3.1)
}
