package load

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/wire"
)

// reply appends a frame of a server.
func reply(b []byte, h wire.Header, p []byte) []byte {
	h.Length = int64(len(p))
	return append(wire.AppendHeader(b, h), p...)
}

func text(fin bool) wire.Header { return wire.Header{Fin: fin, Opcode: wire.OpText} }

func rest(fin bool) wire.Header { return wire.Header{Fin: fin, Opcode: wire.OpContinuation} }

// takeAll gives an echo the pieces that end at cuts. It returns when the batch is complete.
func takeAll(e *echo, b []byte, cuts []int) (done bool, err error) {
	from := 0
	for _, to := range append(cuts, len(b)) {
		if done {
			return false, errors.New("complete too early")
		}
		if done, err = e.take(b[from:to]); err != nil {
			return false, err
		}
		from = to
	}
	return done, nil
}

// A server may divide a message into other fragments, and send pings.
func TestEchoForms(t *testing.T) {
	batch := &Batch{}
	batch.Add(wire.OpText, []byte("hello"), []byte(" world"))
	batch.Add(wire.OpText, bytes.Repeat([]byte("long"), 100))
	batch.Add(wire.OpText, nil)
	long := batch.Want[len("hello world"):]
	ping := wire.Header{Fin: true, Opcode: wire.OpPing}

	var whole, parts []byte
	whole = reply(reply(reply(whole, text(true), []byte("hello world")), text(true), long), text(true), nil)
	parts = reply(reply(reply(parts, text(false), nil), ping, []byte("p")), rest(false), []byte("hello"))
	parts = reply(reply(parts, rest(true), []byte(" world")), text(false), long[:150])
	parts = reply(reply(parts, rest(true), long[150:]), text(true), nil)

	for name, b := range map[string][]byte{"whole": whole, "parts": parts} {
		for cut := range len(b) {
			e := &echo{}
			e.expect(batch, true)
			if done, err := takeAll(e, b, []int{cut}); !done || err != nil {
				t.Fatalf("%s, cut at %d: complete %v, error %v", name, cut, done, err)
			}
		}
		e := &echo{}
		for range 3 { // the state of one batch does not affect the next
			e.expect(batch, true)
			var each []int
			for i := range len(b) - 1 {
				each = append(each, i+1)
			}
			if done, err := takeAll(e, b, each); !done || err != nil {
				t.Fatalf("%s, byte by byte: complete %v, error %v", name, done, err)
			}
		}
	}
}

// Every byte counts.
func TestEchoDiffers(t *testing.T) {
	batch := &Batch{}
	batch.Add(wire.OpText, bytes.Repeat([]byte("0123456789"), 30))
	good := reply(nil, text(true), batch.Want)
	for i := range good {
		b := slices.Clone(good)
		b[i] ^= 1
		e := &echo{}
		e.expect(batch, true)
		done, err := e.take(b)
		if header := i < 4; !header && !errors.Is(err, ErrDiffers) {
			t.Errorf("byte %d differs: complete %v, error %v", i, done, err)
		}
		if done && i != 0 { // whether the message is text or binary does not matter
			t.Errorf("byte %d differs, but the batch is complete", i)
		}
	}
	for name, b := range map[string][]byte{
		"a byte more":     append(slices.Clone(good), 0),
		"a second echo":   append(slices.Clone(good), good...),
		"shorter":         reply(nil, text(true), batch.Want[1:]),
		"longer":          reply(nil, text(true), append(slices.Clone(batch.Want), 0)),
		"empty":           reply(nil, text(true), nil),
		"a close frame":   reply(nil, wire.Header{Fin: true, Opcode: wire.OpClose}, nil),
		"a masked frame":  reply(nil, wire.Header{Fin: true, Opcode: wire.OpText, Masked: true}, batch.Want),
		"compressed":      reply(nil, wire.Header{Fin: true, Opcode: wire.OpText, RSV: wire.RSV1}, batch.Want),
		"two in a row":    reply(reply(nil, text(true), batch.Want[:10]), text(true), batch.Want[10:]),
		"invalid header":  {0x81, 126, 0, 1},
		"64-bit negative": {0x81, 127, 0xff, 0, 0, 0, 0, 0, 0, 0},
	} {
		e := &echo{}
		e.expect(batch, true)
		if done, err := e.take(b); err == nil {
			t.Errorf("%s: complete %v, want an error", name, done)
		}
	}
}

// A long echo is compared at the ends of each piece.
func TestEchoSampled(t *testing.T) {
	batch := &Batch{}
	batch.Add(wire.OpBinary, bytes.Repeat([]byte("0123456789"), 100))
	for _, i := range []int{4, 4 + 63, 1003 - 63, 1003} {
		b := reply(nil, wire.Header{Fin: true, Opcode: wire.OpBinary}, batch.Want)
		b[i] ^= 1
		e := &echo{}
		e.expect(batch, false)
		if _, err := e.take(b); !errors.Is(err, ErrDiffers) {
			t.Errorf("byte %d differs: error %v", i, err)
		}
	}
}

// An answer before any message is not an echo.
func TestEchoUnexpected(t *testing.T) {
	for _, p := range []string{"", "hi"} {
		e := &echo{}
		if _, err := e.take(reply(nil, text(true), []byte(p))); err == nil {
			t.Errorf("message %q: no error", p)
		}
	}
}

// The frames of batches are those of a client: the decoder of a server accepts them.
func TestBatch(t *testing.T) {
	b := &Batch{}
	b.Add(wire.OpText, []byte("one"))
	b.Add(wire.OpBinary, []byte("t"), []byte("wo"), bytes.Repeat([]byte{3}, 70000))
	d := wire.Decoder{Role: wire.Server}
	var got []byte
	ends := 0
	for in := slices.Clone(b.Frames); len(in) > 0; {
		f, n, err := d.Next(in)
		if err != nil {
			t.Fatal(err)
		}
		in = in[n:]
		got = append(got, f.Payload...)
		if f.Header.Fin && f.Offset+int64(len(f.Payload)) == f.Header.Length {
			ends++
		}
	}
	if !bytes.Equal(got, b.Want) || ends != 2 || b.Messages != 2 {
		t.Errorf("the decoder has %d bytes and %d messages, want %d and %d", len(got), ends, len(b.Want), b.Messages)
	}
}

// Compressed echoes are inflated, over any number of rounds through the messages.
func TestEchoCompressed(t *testing.T) {
	for _, c := range []Compression{NoTakeover, Takeover} {
		ext := deflate.MustNew(&deflate.Options{NoContextTakeover: c == NoTakeover, Threshold: -1})
		offers, err := wire.ParseExtensions([]string{c.offer()})
		if err != nil {
			t.Fatal(err)
		}
		answer, server, ok := ext.Accept(slices.Values(offers))
		if !ok {
			t.Fatal("declined")
		}
		s, err := c.extension().Confirm(answer)
		if err != nil {
			t.Fatal(err)
		}
		messages := [][]byte{[]byte("first message"), []byte("second message"), []byte("third message")}
		batches, err := compress(s, messages)
		if err != nil {
			t.Fatal(err)
		}
		e := &echo{session: s}
		for i := range 9 {
			b := &batches[i%3]
			dec, err := server.Decode(wire.RSV1)
			if err != nil {
				t.Fatal(err)
			}
			z := slices.Clone(b.Frames[6:]) // all are short
			wire.Mask(z, [4]byte(b.Frames[2:6]), 0)
			p, _, _, err := dec.Append(nil, z, true, 1000)
			dec.Release()
			if err != nil || string(p) != string(messages[i%3]) {
				t.Fatalf("message %d is %q, want %q (error %v)", i, p, messages[i%3], err)
			}
			z, err = server.Encode(wire.MessageInfo{Text: true, Size: int64(len(p))}).Append(nil, p, true)
			if err != nil {
				t.Fatal(err)
			}
			out := reply(nil, wire.Header{Fin: true, Opcode: wire.OpText, RSV: wire.RSV1}, z)
			e.expect(b, true)
			if done, err := takeAll(e, out, []int{rand.IntN(len(out))}); !done || err != nil {
				t.Fatalf("echo %d: complete %v, error %v", i, done, err)
			}
		}
		other := &Batch{Want: []byte("another message"), Messages: 1}
		z, err := server.Encode(wire.MessageInfo{Text: true, Size: 5}).Append(nil, []byte("wrong"), true)
		if err != nil {
			t.Fatal(err)
		}
		e.expect(other, true)
		if _, err := e.take(reply(nil, wire.Header{Fin: true, Opcode: wire.OpText, RSV: wire.RSV1}, z)); !errors.Is(err, ErrDiffers) {
			t.Errorf("a wrong message: error %v", err)
		}
	}
}

// A server that turns takeover off, or compresses nothing, is not measured with takeover.
func TestDeclined(t *testing.T) {
	for _, answer := range []string{"", "permessage-deflate; server_no_context_takeover", "permessage-deflate; client_no_context_takeover"} {
		_, err := Takeover.session(Takeover.extension(), []string{answer})
		var d *DeclinedError
		if !errors.As(err, &d) {
			t.Errorf("answer %q: error %v", answer, err)
		}
	}
	if s, err := Takeover.session(Takeover.extension(), []string{"permessage-deflate"}); s == nil || err != nil {
		t.Errorf("session %v, error %v", s, err)
	}
}
