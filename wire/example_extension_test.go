package wire_test

import (
	"errors"
	"fmt"
	"iter"
	"log"
	"slices"

	"github.com/hawser-ws/hawser/wire"
)

// swapCase is an extension that swaps the case of ASCII letters in text messages and sets
// RSV1 on them. It has no state, so it is also its own Session.
type swapCase struct{}

func (swapCase) Offer(dst []wire.ExtensionSpec) []wire.ExtensionSpec {
	return append(dst, wire.ExtensionSpec{Name: "x-swap-case"})
}

func (swapCase) Accept(offers iter.Seq[wire.ExtensionSpec]) (wire.ExtensionSpec, wire.Session, bool) {
	for o := range offers {
		if o.Name == "x-swap-case" && len(o.Params) == 0 {
			return o, swapCase{}, true
		}
	}
	return wire.ExtensionSpec{}, nil, false
}

func (swapCase) Confirm(answer wire.ExtensionSpec) (wire.Session, error) {
	if answer.Name != "x-swap-case" || len(answer.Params) > 0 {
		return nil, errors.New("x-swap-case: unexpected answer")
	}
	return swapCase{}, nil
}

func (swapCase) Bits() (rsv, perFrame byte) { return wire.RSV1, 0 }

func (swapCase) Encode(m wire.MessageInfo) wire.MessageEncoder {
	if m.Plain || !m.Text {
		return nil
	}
	return swapper{}
}

func (swapCase) Decode(rsv byte) (wire.MessageDecoder, error) { return unswapper{}, nil }

type swapper struct{}

func (swapper) Append(dst, src []byte, fin bool) ([]byte, error) {
	for _, c := range src {
		if 'a' <= c|0x20 && c|0x20 <= 'z' {
			c ^= 0x20
		}
		dst = append(dst, c)
	}
	return dst, nil
}

type unswapper struct{ swapper }

func (u unswapper) Append(dst, src []byte, fin bool, max int) (
	out []byte, consumed int, more bool, err error,
) {
	n := min(len(src), max)
	out, err = u.swapper.Append(dst, src[:n], fin && n == len(src))
	return out, n, n < len(src), err
}

func (unswapper) Release() {}

// A client and a server agree on an extension, and a message passes through it.
func ExampleExtension() {
	var client, server wire.Extension = swapCase{}, swapCase{}

	request, _ := wire.AppendExtensions(nil, client.Offer(nil))
	offers, _ := wire.ParseExtensions([]string{string(request)})
	answer, serverSession, ok := server.Accept(slices.Values(offers))
	if !ok {
		log.Fatal("declined")
	}
	clientSession, err := client.Confirm(answer)
	if err != nil {
		log.Fatal(err)
	}

	// The server sends a message. Its first frame has RSV1 set.
	rsv, perFrame := serverSession.Bits()
	e := wire.Encoder{Role: wire.Server, RSV: rsv, FrameRSV: perFrame}
	h := wire.Header{Fin: true, Opcode: wire.OpText}
	payload := []byte("Hello")
	if enc := serverSession.Encode(wire.MessageInfo{Text: true, Size: 5}); enc != nil {
		h.RSV = rsv
		payload, _ = enc.Append(nil, payload, true)
	}
	stream, _ := e.AppendFrame(nil, h, payload)
	fmt.Printf("%s: %q\n", request, stream)

	// The client receives it.
	rsv, perFrame = clientSession.Bits()
	d := wire.Decoder{Role: wire.Client, RSV: rsv, FrameRSV: perFrame}
	f, _, err := d.Next(stream)
	if err != nil {
		log.Fatal(err)
	}
	message := f.Payload
	if f.Header.RSV&rsv != 0 {
		dec, _ := clientSession.Decode(f.Header.RSV)
		message, _, _, err = dec.Append(nil, f.Payload, f.EndsMessage(), 1<<20)
		dec.Release()
	}
	fmt.Printf("%s %v\n", message, err)
	// Output:
	// x-swap-case: "\xc1\x05hELLO"
	// Hello <nil>
}

// SharedKey and the next two methods make swapCase a SharedSession. All sessions have the
// same key, because the encoded form of a message depends only on the message.
func (swapCase) SharedKey(m wire.MessageInfo) (key any, ok bool) {
	return swapCase{}, m.Text && !m.Plain
}

func (swapCase) AppendShared(dst, src []byte) ([]byte, error) {
	return swapper{}.Append(dst, src, true)
}

func (swapCase) SharedSent(src []byte) {}

// A broadcast encodes a message once for each key.
func ExampleSharedSession() {
	sessions := []wire.Session{swapCase{}, swapCase{}, swapCase{}}
	message := []byte("Hello")

	forms := make(map[any][]byte)
	for _, session := range sessions {
		s, ok := session.(wire.SharedSession)
		if !ok {
			continue // encode the message for this connection alone
		}
		key, ok := s.SharedKey(wire.MessageInfo{Text: true, Size: 5})
		if !ok {
			continue // the message has no shared form: call Encode
		}
		if forms[key] == nil {
			fmt.Println("encoded")
			forms[key], _ = s.AppendShared(nil, message)
		}
		fmt.Printf("sent %s\n", forms[key])
		s.SharedSent(message)
	}
	// Output:
	// encoded
	// sent hELLO
	// sent hELLO
	// sent hELLO
}
