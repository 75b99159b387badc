package deflate_test

import (
	"fmt"
	"log"
	"slices"
	"strings"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/wire"
)

// A client and a server agree on permessage-deflate, and the server sends a message. This is
// the work of a transport. Users only pass an Extension to it.
func ExampleNew() {
	server, client := deflate.MustNew(nil), deflate.MustNew(nil)

	answer, from, ok := server.Accept(slices.Values(client.Offer(nil)))
	if !ok {
		log.Fatal("declined")
	}
	to, err := client.Confirm(answer)
	if err != nil {
		log.Fatal(err)
	}
	field, _ := wire.AppendExtensions(nil, []wire.ExtensionSpec{answer})
	fmt.Println(string(field))

	message := []byte(strings.Repeat("All the world's a stage. ", 20))
	encoder := from.Encode(wire.MessageInfo{Text: true, Size: int64(len(message))})
	payload, err := encoder.Append(nil, message, true)
	if err != nil {
		log.Fatal(err)
	}

	decoder, _ := to.Decode(wire.RSV1)
	defer decoder.Release()
	const limit = 1 << 20
	text, _, more, err := decoder.Append(nil, payload, true, limit)
	if err != nil || more {
		log.Fatal("invalid data, or over the limit")
	}
	fmt.Println(len(payload) < len(message)/5, string(text) == string(message))
	// Output:
	// permessage-deflate
	// true true
}

// A server with little memory keeps windows of 1 KiB, and does not compress small messages.
func ExampleOptions() {
	e := deflate.MustNew(&deflate.Options{WindowBits: 10, MaxReceiveWindowBits: 10, Threshold: 512})

	offers, _ := wire.ParseExtensions([]string{"permessage-deflate; client_max_window_bits"})
	answer, session, _ := e.Accept(slices.Values(offers))
	field, _ := wire.AppendExtensions(nil, []wire.ExtensionSpec{answer})
	fmt.Println(string(field))
	fmt.Println(session.Encode(wire.MessageInfo{Size: 511}) == nil)
	// Output:
	// permessage-deflate; client_max_window_bits=10
	// true
}

// Without context takeover, a connection keeps nothing between messages, in either direction.
// The second offer is for servers that decline the first.
func ExampleOptions_noContextTakeover() {
	e := deflate.MustNew(&deflate.Options{NoContextTakeover: true})

	for _, offer := range e.Offer(nil) {
		field, _ := wire.AppendExtensions(nil, []wire.ExtensionSpec{offer})
		fmt.Println(string(field))
	}
	// Output:
	// permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits
	// permessage-deflate; client_max_window_bits
}

// A client offers a window of 1 KiB first, and then any window.
func ExampleOptions_offers() {
	e := deflate.MustNew(&deflate.Options{
		Offers: "permessage-deflate; server_max_window_bits=10, permessage-deflate",
	})

	answers, _ := wire.ParseExtensions([]string{"permessage-deflate"})
	_, err := e.Confirm(answers[0])
	fmt.Println(err)
	// Output:
	// <nil>
}

// An invalid answer of a server fails the opening handshake.
func ExampleError() {
	client := deflate.MustNew(nil)

	answers, _ := wire.ParseExtensions([]string{"permessage-deflate; server_max_window_bits=16"})
	_, err := client.Confirm(answers[0])
	fmt.Println(err)
	// Output:
	// deflate: parameter "server_max_window_bits" is "16", not 8 to 15 (RFC 7692, section 7.1.2.1)
}

// A message is compressed once for all connections with windows of the same size.
func Example_broadcast() {
	e := deflate.MustNew(nil)
	message := []byte(strings.Repeat("All the world's a stage. ", 20))

	encoded := make(map[any][]byte)
	for _, client := range []string{
		"permessage-deflate; client_max_window_bits",
		"permessage-deflate; client_max_window_bits; server_no_context_takeover",
		"permessage-deflate; client_max_window_bits; server_max_window_bits=9",
	} {
		offers, _ := wire.ParseExtensions([]string{client})
		_, s, _ := e.Accept(slices.Values(offers))
		session := s.(wire.SharedSession)
		key, ok := session.SharedKey(wire.MessageInfo{Text: true, Size: int64(len(message))})
		if !ok {
			log.Fatal("too small to be compressed")
		}
		if encoded[key] == nil {
			encoded[key], _ = session.AppendShared(nil, message)
		}
		session.SharedSent(message) // and send encoded[key]
	}
	fmt.Println(len(encoded), "encoded forms for 3 connections")
	// Output:
	// 2 encoded forms for 3 connections
}
