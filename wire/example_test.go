package wire_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"slices"

	"github.com/hawser-ws/hawser/wire"
)

// A client encodes a message and a server decodes it, without a network.
func Example() {
	client := wire.Encoder{Role: wire.Client}
	stream, err := client.AppendFrame(nil, wire.Header{
		Fin: true, Opcode: wire.OpText, Key: [4]byte{0x37, 0xfa, 0x21, 0x3d}, // really: from crypto/rand
	}, []byte("Hello"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("% x\n", stream)

	server := wire.Decoder{Role: wire.Server}
	f, _, err := server.Next(stream)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%v: %s\n", f.Kind, f.Payload)
	// Output:
	// 81 85 37 fa 21 3d 7f 9f 4d 51 58
	// text: Hello
}

// A Decoder takes a stream in pieces of any size. Here, a text message arrives in two
// fragments with a ping between them.
func ExampleDecoder() {
	stream := []byte("\x01\x03Hel\x89\x02hi\x80\x02lo\x88\x02\x03\xe8")

	d := wire.Decoder{Role: wire.Client, MaxMessage: 64 << 10}
	var message []byte
	for piece := range slices.Chunk(stream, 4) { // as if read from a network
		for b := piece; len(b) > 0; {
			f, n, err := d.Next(b)
			if err != nil {
				log.Fatal(err) // close the connection with (*wire.Error).Code
			}
			b = b[n:]
			switch f.Kind {
			case wire.KindText, wire.KindBinary:
				message = append(message, f.Payload...)
				if f.EndsMessage() {
					fmt.Printf("%v: %s\n", f.Kind, message)
					message = message[:0]
				}
			case wire.KindPing:
				fmt.Printf("ping: answer with pong %q\n", f.Payload)
			case wire.KindClose:
				code, reason, _ := wire.ConsumeClose(f.Payload) // the Decoder has checked it
				fmt.Printf("close: %v %q\n", code, reason)
			}
		}
	}
	_, _, err := d.Next(nil)
	fmt.Println(err == io.EOF)
	// Output:
	// ping: answer with pong "hi"
	// text: Hello
	// close: 1000 (normal closure) ""
	// true
}

// A large payload is read directly into the buffer of the message. Remaining says how much
// may be read there.
func ExampleDecoder_Remaining() {
	var d wire.Decoder
	header := wire.AppendHeader(nil, wire.Header{
		Fin: true, Opcode: wire.OpBinary, Masked: true, Key: [4]byte{1, 2, 3, 4}, Length: 6,
	})
	if _, _, err := d.Next(header); err != nil {
		log.Fatal(err)
	}
	message := make([]byte, d.Remaining())        // at most MaxMessage
	copy(message, "igohn#")                       // really: io.ReadFull(conn, message)
	if _, _, err := d.Next(message); err != nil { // unmasks message in place
		log.Fatal(err)
	}
	fmt.Printf("%s, %d to come\n", message, d.Remaining())
	// Output: hello!, 0 to come
}

// When a read times out, InFrame distinguishes an idle peer from one that has stalled within
// a frame.
func ExampleDecoder_InFrame() {
	d := wire.Decoder{Role: wire.Client}
	for _, read := range []string{"\x81\x02hi", "\x89\x04pi", "ng", "\x82"} {
		for b := []byte(read); len(b) > 0; {
			_, n, err := d.Next(b)
			if err != nil {
				log.Fatal(err)
			}
			b = b[n:]
		}
		fmt.Printf("%q: within a frame: %v\n", read, d.InFrame())
	}
	// Output:
	// "\x81\x02hi": within a frame: false
	// "\x89\x04pi": within a frame: true
	// "ng": within a frame: false
	// "\x82": within a frame: true
}

// A relay forwards text unchecked and leaves the check to the receiver.
func ExampleDecoder_allowInvalidUTF8() {
	relay := wire.Decoder{Role: wire.Client, AllowInvalidUTF8: true}
	f, _, err := relay.Next([]byte("\x81\x04caf\xe9")) // Latin-1
	fmt.Printf("%v %q %v\n", f.Kind, f.Payload, err)

	receiver := wire.Decoder{Role: wire.Client}
	_, _, err = receiver.Next([]byte("\x81\x04caf\xe9"))
	fmt.Println(err)
	// Output:
	// text "caf\xe9" <nil>
	// wire: byte 6: invalid UTF-8 (RFC 6455, section 8.1)
}

// An Encoder appends frames and refuses those that break a rule.
func ExampleEncoder() {
	e := wire.Encoder{Role: wire.Server}
	b, _ := e.AppendFrame(nil, wire.Header{Opcode: wire.OpText}, []byte("Hel"))
	b, _ = e.AppendFrame(b, wire.Header{Fin: true, Opcode: wire.OpContinuation}, []byte("lo"))
	fmt.Printf("%q\n", b)

	_, err := e.AppendFrame(nil, wire.Header{Fin: true, Opcode: wire.OpContinuation}, nil)
	fmt.Println(err)

	payload, _ := wire.AppendClose(nil, wire.StatusGoingAway, "restart")
	b, _ = e.AppendFrame(nil, wire.Header{Fin: true, Opcode: wire.OpClose}, payload)
	fmt.Printf("%q %v\n", b, e.Closed())
	// Output:
	// "\x01\x03Hel\x80\x02lo"
	// wire: byte 9: continuation without a message to continue (RFC 6455, section 5.4)
	// "\x88\t\x03\xe9restart" true
}

// The payload of a large frame does not have to pass through the Encoder. Send it after the
// header, for example with net.Buffers.
func ExampleEncoder_AppendHeader() {
	e := wire.Encoder{Role: wire.Client}
	h := wire.Header{Fin: true, Opcode: wire.OpBinary, Key: [4]byte{0xa, 0xb, 0xc, 0xd}, Length: 70000}
	header, err := e.AppendHeader(nil, h)
	if err != nil {
		log.Fatal(err)
	}
	payload := make([]byte, h.Length)
	wire.Mask(payload, h.Key, 0)
	fmt.Printf("% x, then %d bytes\n", header, len(payload))
	// Output: 82 ff 00 00 00 00 00 01 11 70 0a 0b 0c 0d, then 70000 bytes
}

func ExampleConsumeHeader() {
	b := []byte("\x82\x7e\x01\x00...")
	for _, size := range []int{3, len(b)} {
		h, n, err := wire.ConsumeHeader(b[:size])
		if err == io.ErrUnexpectedEOF {
			fmt.Println("read more")
			continue
		}
		fmt.Printf("%v frame of %d bytes after %d bytes of header\n", h.Opcode, h.Length, n)
	}
	_, _, err := wire.ConsumeHeader([]byte("\x82\x7e\x00\x7c"))
	fmt.Println(err)
	// Output:
	// read more
	// binary frame of 256 bytes after 4 bytes of header
	// wire: byte 3: length not in its shortest form (RFC 6455, section 5.2)
}

func ExampleAppendHeader() {
	h := wire.Header{Fin: true, Opcode: wire.OpPing, Length: 5}
	b := wire.AppendHeader(make([]byte, 0, wire.MaxHeaderSize), h)
	fmt.Printf("% x\n", b)
	// Output: 89 05
}

func ExampleConsumeClose() {
	code, reason, err := wire.ConsumeClose([]byte("\x03\xe9maintenance"))
	fmt.Println(code, string(reason), err)

	code, _, _ = wire.ConsumeClose(nil)
	fmt.Println(code)

	_, _, err = wire.ConsumeClose([]byte("\x03\xed"))
	fmt.Println(err)
	// Output:
	// 1001 (going away) maintenance <nil>
	// 1005 (no status received)
	// wire: byte 1: close code that must not be sent (RFC 6455, section 7.4)
}

func ExampleAppendClose() {
	payload, err := wire.AppendClose(nil, 4000, "game over")
	fmt.Printf("%q %v\n", payload, err)

	_, err = wire.AppendClose(nil, wire.StatusAbnormalClosure, "")
	fmt.Println(errors.Is(err, wire.ErrCloseCode))
	// Output:
	// "\x0f\xa0game over" <nil>
	// true
}

// Mask is its own inverse, and can mask a payload in pieces.
func ExampleMask() {
	key := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	payload := []byte("Hello")
	wire.Mask(payload, key, 0)
	fmt.Printf("% x\n", payload)

	wire.Mask(payload[:3], key, 0)
	wire.Mask(payload[3:], key, 3)
	fmt.Printf("%s\n", payload)
	// Output:
	// 7f 9f 4d 51 58
	// Hello
}

func ExampleAcceptKey() {
	// The example of RFC 6455, section 1.3.
	fmt.Println(wire.AcceptKey("dGhlIHNhbXBsZSBub25jZQ=="))
	// Output: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
}

func ExampleIsKey() {
	fmt.Println(wire.IsKey("dGhlIHNhbXBsZSBub25jZQ=="), wire.IsKey("c2hvcnQ="))
	// Output: true false
}

func ExampleParseExtensions() {
	offers, err := wire.ParseExtensions([]string{
		`permessage-deflate; client_max_window_bits; server_max_window_bits="10"`,
		"permessage-deflate, x-trace",
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, o := range offers {
		fmt.Println(o.Name)
		for _, p := range o.Params {
			fmt.Printf("  %s %q\n", p.Name, p.Value)
		}
	}
	// Output:
	// permessage-deflate
	//   client_max_window_bits ""
	//   server_max_window_bits "10"
	// permessage-deflate
	// x-trace
}

func ExampleAppendExtensions() {
	b, err := wire.AppendExtensions(nil, []wire.ExtensionSpec{
		{Name: "permessage-deflate", Params: []wire.Param{
			{Name: "client_max_window_bits", Value: "12"},
			{Name: "server_no_context_takeover"},
		}},
		{Name: "x-trace"},
	})
	fmt.Printf("%s %v\n", b, err)
	// Output: permessage-deflate; client_max_window_bits=12; server_no_context_takeover, x-trace <nil>
}

func ExampleParseProtocols() {
	fmt.Printf("%q\n", wire.ParseProtocols([]string{"graphql-ws, mqtt", "chat, my chat"}))
	// Output: ["graphql-ws" "mqtt" "chat"]
}

func ExampleIsProtocolName() {
	fmt.Println(wire.IsProtocolName("SPDY/3.1+portforward.k8s.io"), wire.IsProtocolName("my chat"))
	// Output: true false
}

func ExampleHasToken() {
	connection := []string{"keep-alive, Upgrade"} // as Firefox sends it
	fmt.Println(wire.HasToken(connection, "upgrade"))
	// Output: true
}

func ExampleIsToken() {
	fmt.Println(wire.IsToken("graphql-ws"), wire.IsToken("graphql ws"))
	// Output: true false
}

// Text that arrives in pieces is refused at the first invalid byte, without waiting for its
// end.
func ExampleUTF8() {
	var u wire.UTF8
	fmt.Println(u.Check([]byte("caf\xc3")))
	fmt.Println(u.Complete())
	fmt.Println(u.Check([]byte("\xa9 \xed\xa0\x80")))
	// Output:
	// 4 true
	// false
	// 3 false
}

// An Error says which rule was broken, at which byte, and how to close the connection.
func ExampleError() {
	d := wire.Decoder{Role: wire.Client, MaxMessage: 1000}
	_, _, err := d.Next([]byte("\x82\x7e\x04\x00"))
	fmt.Println(err)
	fmt.Println(errors.Is(err, wire.ErrMessageTooBig))

	var e *wire.Error
	if errors.As(err, &e) {
		payload, _ := wire.AppendClose(nil, e.Code(), e.Reason())
		fmt.Println(e.Code(), e.Size, e.Limit)
		fmt.Printf("%q\n", payload)
	}
	// Output:
	// wire: byte 3: message over MaxMessage: 1024 > 1000 (RFC 6455, section 10.4)
	// true
	// 1009 (message too big) 1024 1000
	// "\x03\xf1message over MaxMessage: 1024 > 1000"
}

func ExampleViolation() {
	v := wire.ErrInvalidUTF8
	fmt.Printf("%v: RFC 6455, section %s, close with %v\n", v, v.Section(), v.Code())
	// Output: invalid UTF-8: RFC 6455, section 8.1, close with 1007 (invalid payload)
}

func ExampleStatusCode() {
	for _, c := range []wire.StatusCode{wire.StatusGoingAway, wire.StatusAbnormalClosure, 4000} {
		fmt.Println(c, c.IsSendable())
	}
	// Output:
	// 1001 (going away) true
	// 1006 (abnormal closure) false
	// 4000 true
}

func ExampleOpcode() {
	for _, o := range []wire.Opcode{wire.OpText, wire.OpPing, 0x3} {
		fmt.Println(o, o.IsControl(), o.IsDefined())
	}
	// Output:
	// text false true
	// ping true true
	// reserved 0x3 false false
}
