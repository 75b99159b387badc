package interop

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/websocket"
)

const alike = 64 // the number of similar JSON messages

// An exchange sends messages over one connection and reads their echoes.
type exchange struct {
	*testing.T
	ctx    context.Context
	c      *websocket.Conn
	tap    *tap
	random *rand.ChaCha8
	total  int // the number of echoes
}

func newExchange(ctx context.Context, t *testing.T, c *websocket.Conn, tap *tap) *exchange {
	return &exchange{T: t, ctx: ctx, c: c, tap: tap, random: rand.NewChaCha8([32]byte{1})}
}

// echo sends messages without waiting for their echoes, reads the echoes, and returns the
// counts of both on the wire.
func (x *exchange) echo(messages ...websocket.Message) (in, out counts) {
	x.Helper()
	in0, out0 := x.tap.counts()
	written := make(chan error, 1)
	go func() {
		for _, m := range messages {
			if err := x.c.Write(x.ctx, m.Type, m.Data); err != nil {
				written <- err
				return
			}
		}
		written <- nil
	}()
	for _, m := range messages {
		x.expect(m)
	}
	if err := <-written; err != nil {
		x.Fatal(err)
	}
	in, out = x.tap.counts()
	in, out = in.since(in0), out.since(out0)
	if in.messages != len(messages) || out.messages != len(messages) || in.malformed+out.malformed > 0 {
		x.Fatalf("%d messages were sent as %+v and received as %+v", len(messages), out, in)
	}
	return in, out
}

// expect reads a message and compares it with m.
func (x *exchange) expect(m websocket.Message) {
	x.Helper()
	typ, p, err := x.c.Read(x.ctx)
	if err != nil {
		x.Fatalf("after %d messages, no echo of %d bytes of %v: %v", x.total, len(m.Data), m.Type, err)
	}
	if typ != m.Type || !bytes.Equal(p, m.Data) {
		x.Fatalf("after %d messages, the echo of %d bytes of %v is %d bytes of %v, or differs",
			x.total, len(m.Data), m.Type, len(p), typ)
	}
	x.total++
}

func (x *exchange) bytes(n int) []byte {
	p := make([]byte, n)
	x.random.Read(p)
	return p
}

// log returns n bytes of lines with the same beginning and random letters at the end. They
// compress by a third at most.
func (x *exchange) log(n int) []byte {
	var b []byte
	for len(b) < n {
		b = append(b, "entry of the log: "...)
		b = append(b, base64.StdEncoding.EncodeToString(x.bytes(60))...)
		b = append(b, '\n')
	}
	return b[:n]
}

// json returns a message of 1 KiB in JSON. All such messages are similar, and within one only
// the syntax is repeated.
func (x *exchange) json() websocket.Message {
	var b bytes.Buffer
	b.WriteString(`{"type":"trades","trades":[`)
	for i := 0; b.Len() < 930; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		r := x.random.Uint64()
		symbol, side := []string{"WOOL", "SALT", "IRON", "RYE"}[r&3], []string{"buy", "sell"}[r>>26&1]
		fmt.Fprintf(&b, `{"id":%d,"symbol":"%s-EUR","price":%d.%02d,"volume":%d,"side":"%s"}`,
			r>>44, symbol, 100+r>>2&127, r>>9%100, r>>16&1023, side)
	}
	b.WriteString(`]}`)
	b.WriteString(strings.Repeat(" ", 1024-b.Len()))
	return websocket.Message{Type: websocket.Text, Data: b.Bytes()}
}

// text returns n bytes of words in several scripts.
func (x *exchange) text(n int) websocket.Message {
	words := strings.Fields("halyard Süd größer côté вёсла παλίρροια 港 船荷証券 🌊 knot the and of")
	var b []byte
	for len(b) < n {
		b = append(b, words[x.random.Uint64()%uint64(len(words))]...)
		b = append(b, ' ')
	}
	b = []byte(strings.ToValidUTF8(string(b[:n]), ""))
	b = append(b, strings.Repeat(".", n-len(b))...)
	return websocket.Message{Type: websocket.Text, Data: b}
}

// messages sends the messages of a row, and returns the figures of the similar ones.
func (x *exchange) messages(h handshake, traits traits) figures {
	x.Helper()
	if h.answer == "" {
		x.plain()
		return figures{}
	}
	f := x.compressed()
	x.threshold()
	x.kinds()
	x.streamed(false)
	if !traits.oneFrame {
		x.streamed(true)
	}
	x.fragments(traits)
	x.compressed() // the contexts must still be right
	return f
}

// plain sends messages over a connection without compression.
func (x *exchange) plain() {
	x.Helper()
	in, out := x.echo(x.json(), x.text(1<<16), x.json())
	if in.compressed+out.compressed > 0 {
		x.Errorf("without compression, messages were sent as %+v and received as %+v", out, in)
	}
	x.kinds()
}

// broken sends the similar messages, and one that does not compress, until the connection
// fails. It must fail after the number of messages and in the way that the row says.
func (x *exchange) broken(h handshake, p peer) {
	x.Helper()
	var err error
	n := 0
	for ; n <= alike && err == nil; n++ {
		m := x.json()
		if n == alike {
			m = websocket.Message{Type: websocket.Binary, Data: x.bytes(1 << 16)}
		}
		if err = x.roundTrip(m); err != nil {
			break
		}
	}
	if err == nil {
		x.Fatalf("all %d messages were echoed, want a failure after %d", n, h.echoes)
	}
	r := p.stop()
	closure := x.c.Closure()
	code := closure.Sent.Code
	if closure.ByPeer {
		code = closure.Received.Code
	}
	if n != h.echoes || int(code) != h.status || !strings.Contains(err.Error()+" "+r.Error, h.broken) {
		x.Errorf("the connection failed after %d messages with code %d and %v; the peer reports %+v; "+
			"want %d messages, code %d and %s", n, code, err, r, h.echoes, h.status, h.broken)
	}
}

func (x *exchange) roundTrip(m websocket.Message) error {
	if err := x.c.Write(x.ctx, m.Type, m.Data); err != nil {
		return err
	}
	typ, data, err := x.c.Read(x.ctx)
	if err == nil && (typ != m.Type || !bytes.Equal(data, m.Data)) {
		err = fmt.Errorf("the echo of %d bytes of %v is %d bytes of %v, or differs",
			len(m.Data), m.Type, len(data), typ)
	}
	return err
}

// compressed sends 64 similar messages. All must be compressed, and ours must be in one frame
// each, since some peers cannot join compressed fragments.
func (x *exchange) compressed() figures {
	x.Helper()
	messages := make([]websocket.Message, alike)
	for i := range messages {
		messages[i] = x.json()
	}
	in, out := x.echo(messages...)
	if in.compressed != alike || out.compressed != alike || out.frames != alike {
		x.Errorf("%d messages were sent as %+v and received as %+v", alike, out, in)
	}
	return figures{alike * 1024, in.bytes, out.bytes}
}

// threshold sends messages of sizes around the threshold for compression.
func (x *exchange) threshold() {
	x.Helper()
	const least = deflate.DefaultThreshold
	for _, n := range []int{least - 1, least, least + 1} {
		for _, typ := range []websocket.MessageType{websocket.Text, websocket.Binary} {
			_, out := x.echo(websocket.Message{Type: typ, Data: bytes.Repeat([]byte("a"), n)})
			want := n >= least
			if want != (out.compressed == 1) || want != (out.bytes < int64(n)) {
				x.Errorf("%d bytes of %v were sent as %+v", n, typ, out)
			}
		}
	}
}

// kinds sends messages of many kinds and sizes.
func (x *exchange) kinds() {
	x.Helper()
	entries := x.log(1 << 10)
	binary := []([]byte){
		nil, {0}, {0xff}, x.bytes(125), x.bytes(126), x.bytes(128), x.bytes(1 << 10),
		make([]byte, 1<<16-1), make([]byte, 1<<16), x.bytes(1 << 16), bytes.Repeat(x.bytes(300), 200),
		append(x.log(1<<19), bytes.Repeat(entries, 1<<9)...), // 1 MiB
	}
	var messages []websocket.Message
	for _, p := range binary {
		messages = append(messages, websocket.Message{Type: websocket.Binary, Data: p})
	}
	for _, n := range []int{0, 1, 2, 125, 126, 129, 1 << 10, 1 << 12, 1 << 16, 1<<16 + 1} {
		messages = append(messages, x.text(n), x.json())
	}
	x.echo(messages...)
}

// streamed sends a message with a Writer. It must be one frame, or several if it is flushed.
func (x *exchange) streamed(flush bool) {
	x.Helper()
	_, out0 := x.tap.counts()
	w, err := x.c.Writer(x.ctx, websocket.Text)
	if err != nil {
		x.Fatal(err)
	}
	var whole []byte
	for range 40 {
		p := x.log(5_000)
		whole = append(whole, p...)
		if _, err := w.Write(p); err != nil {
			x.Fatal(err)
		}
		if flush {
			if err := w.Flush(); err != nil {
				x.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		x.Fatal(err)
	}
	x.expect(websocket.Message{Type: websocket.Text, Data: whole})
	_, out := x.tap.counts()
	out = out.since(out0)
	most := int64(len(whole) * 2 / 3)
	if out.messages != 1 || out.compressed != 1 || out.bytes > most || flush != (out.frames > 1) {
		x.Errorf("%d streamed bytes were sent as %+v, flushed: %v", len(whole), out, flush)
	}
}

// fragments asks for messages in several frames.
func (x *exchange) fragments(traits traits) {
	x.Helper()
	for _, n := range []int{600, 300_000} {
		if traits.noFragments {
			return
		}
		p := append([]byte("fragment "), x.log(n)...)
		in, _ := x.echo(websocket.Message{Type: websocket.Text, Data: p})
		if n == 600 && traits.noSmallFragments {
			continue
		}
		if in.frames < 2 || in.compressed != 1 {
			x.Errorf("%d bytes in fragments were received as %+v", len(p), in)
		}
	}
}

// end closes the connection with 1000, or asks the peer to.
func (x *exchange) end(peerCloses bool) {
	x.Helper()
	if !peerCloses {
		if err := x.c.Close(x.ctx, websocket.StatusNormalClosure, "done"); err != nil {
			x.Error(err)
		}
		return
	}
	if err := x.c.Write(x.ctx, websocket.Text, []byte("close")); err != nil {
		x.Fatal(err)
	}
	_, _, err := x.c.Read(x.ctx)
	var e *websocket.CloseError
	if !errors.As(err, &e) || e.Code != websocket.StatusNormalClosure || e.Reason != "bye" {
		x.Errorf("the peer closed with %v, want 1000 bye", err)
	}
}
