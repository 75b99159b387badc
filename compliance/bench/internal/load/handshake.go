package load

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/wire"
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

// accepted checks the server's part, which request's key determines. It reports whether it is complete.
func accepted(b []byte) (complete bool, err error) {
	if !bytes.HasSuffix(b, []byte("\r\n\r\n")) {
		return false, nil
	}
	if !bytes.HasPrefix(b, []byte("HTTP/1.1 101 ")) || !bytes.Contains(b, []byte("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")) {
		return false, fmt.Errorf("the server refused the handshake with %q", b)
	}
	return true, nil
}

// response waits for the response to a request. It returns the Sec-WebSocket-Extensions fields.
func response(s socket, in []byte) (extensions []string, err error) {
	var got []byte
	for {
		if err := s.wait(); err != nil {
			return nil, err
		}
		n, err := s.read(in)
		if err != nil {
			return nil, fmt.Errorf("the server ended the handshake after %q: %w", got, err)
		}
		got = append(got, in[:n]...)
		if complete, err := accepted(got); err != nil {
			return nil, err
		} else if complete {
			break
		}
	}
	res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(got)), nil)
	if err != nil {
		return nil, err
	}
	return res.Header.Values("Sec-WebSocket-Extensions"), nil
}

// Compression is a kind of compression that a client offers.
type Compression int

const (
	Plain Compression = iota
	NoTakeover
	Takeover
)

func (c Compression) offer() string {
	switch c {
	case NoTakeover:
		return "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
	case Takeover:
		return "permessage-deflate; client_max_window_bits"
	}
	return ""
}

// DeclinedError means that a server does not compress in the way that was offered.
type DeclinedError struct{ Answer []string }

func (e *DeclinedError) Error() string {
	return fmt.Sprintf("the server does not compress in this way; its answer is %q", e.Answer)
}

// extension returns the client's side, or nil.
func (c Compression) extension() wire.Extension {
	if c == Plain {
		return nil
	}
	return deflate.MustNew(&deflate.Options{Offers: c.offer(), Threshold: -1})
}

// session returns the state of a connection whose server answered an offer.
func (c Compression) session(ext wire.Extension, answer []string) (wire.Session, error) {
	if c == Plain {
		return nil, nil
	}
	agreed, err := wire.ParseExtensions(answer)
	if err != nil {
		return nil, err
	}
	if len(agreed) != 1 || c == Takeover && forgets(agreed[0]) {
		return nil, &DeclinedError{answer}
	}
	return ext.Confirm(agreed[0])
}

// forgets reports whether an answer turns context takeover off for a side.
func forgets(answer wire.ExtensionSpec) bool {
	for _, p := range answer.Params {
		if p.Name == "server_no_context_takeover" || p.Name == "client_no_context_takeover" {
			return true
		}
	}
	return false
}

// compress makes a batch of each message. With context takeover, a connection must send them in this order. It
// may begin again after the last one: the bytes to which a frame refers are then at the same distance as before.
func compress(s wire.Session, messages [][]byte) (all []Batch, err error) {
	for _, m := range messages {
		z, err := s.Encode(wire.MessageInfo{Text: true, Size: int64(len(m))}).Append(nil, m, true)
		if err != nil {
			return nil, err
		}
		b := Batch{Messages: 1, Want: m}
		b.addFrame(wire.Header{Fin: true, RSV: wire.RSV1, Opcode: wire.OpText}, z)
		all = append(all, b)
	}
	return all, nil
}
