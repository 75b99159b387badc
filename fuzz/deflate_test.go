package fuzz

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/fuzz/internal/handshake"
	"github.com/hawser-ws/hawser/fuzz/internal/inflate"
	"github.com/hawser-ws/hawser/fuzz/internal/permessage"
	"github.com/hawser-ws/hawser/wire"
)

// FuzzInflate decodes a series of messages, and compares the result with a slow reader
// of RFC 1951 and with compress/flate. All must return the same bytes, or fail at the
// same byte, with windows of all sizes, with and without context takeover. A second
// decoder reads the same messages, with the input and the output in pieces. Neither decoder
// may append more bytes than it is allowed.
func FuzzInflate(f *testing.F) {
	addInflates(f)
	f.Fuzz(func(t *testing.T, data []byte, setup uint16, chop uint64) {
		p := handshake.Params{ServerBits: 8 + int(setup&7), ServerNoContext: setup&noTakeover != 0}
		p.ClientBits, p.ClientNoContext = p.ServerBits, p.ServerNoContext
		var whole, pieces wire.Session
		for _, s := range []*wire.Session{&whole, &pieces} {
			server, client, err := permessage.Pair(0, 15, p)
			if err != nil {
				t.Fatal(err)
			}
			if *s = server; setup&clientDecodes != 0 {
				*s = client
			}
			defer server.(io.Closer).Close()
			defer client.(io.Closer).Close()
		}
		// As package deflate documents, a peer asked for 8 bits may use 9.
		model := &inflate.Stream{Window: 1 << max(p.ServerBits, 9), Most: permessage.Most}
		payloads := permessage.Split(data)
		if setup&crafted != 0 {
			payloads = permessage.Crafted(data)
		}
		for i, payload := range payloads {
			if p.ServerNoContext {
				model.Window = 1 << 15 // within a message, as package deflate documents
				model.Forget()
			}
			dictionary := bytes.Clone(model.Dictionary())
			m, wrong := model.Message(payload)
			var out []byte
			var cut bool
			var err error
			// The two decoders are open at the same time.
			again, againCut, againErr := permessage.Decode(pieces, payload, chop, func() {
				out, cut, err = permessage.Decode(whole, payload, permessage.Unchopped, nil)
			})
			if err := checkInflated(out, cut, err, m, wrong); err != nil {
				t.Fatalf("message %d, %x: %v", i, payload, err)
			}
			if !bytes.Equal(again, out) || againCut != cut || fmt.Sprint(againErr) != fmt.Sprint(err) {
				t.Fatalf("message %d, %x: %d bytes, %v, %v; in pieces %d, %v, %v",
					i, payload, len(out), cut, err, len(again), againCut, againErr)
			}
			// compress/flate stops at a final block, and all its windows have the same size.
			if m.Finals == 0 && !m.Early && !m.Cut && !errors.Is(wrong, inflate.ErrDistance) {
				want, whole := inflate.Standard(payload, dictionary)
				if !bytes.Equal(m.Out, want) || whole != (wrong == nil) && !errors.Is(wrong, inflate.ErrEnd) {
					t.Fatalf("message %d, %x: %d bytes, %v; compress/flate has %d, whole %v",
						i, payload, len(m.Out), wrong, len(want), whole)
				}
			}
			if cut || err != nil {
				return // the connection would have ended
			}
		}
	})
}

// The bits of setup for FuzzInflate. The low three are the bits of the window, less 8.
const (
	noTakeover    = 1 << 3
	crafted       = 1 << 4 // the messages are made by inflate.Craft
	clientDecodes = 1 << 5
)

// addInflates adds scripts of inflate.Craft, and payloads of compress/flate.
func addInflates(f *testing.F) {
	for i := range uint16(512) {
		rnd, setup := rand.New(rand.NewPCG(uint64(i), 1)), i&63
		script := make([]byte, 200)
		for i := range script {
			script[i] = byte(rnd.Uint32())
		}
		f.Add(script, setup|crafted, rnd.Uint64())
		if i < 64 {
			f.Add(permessage.Framed(sampleMessages(rnd, setup)), setup&^crafted, rnd.Uint64())
		}
	}
	for bits := range uint16(8) {
		rnd := rand.New(rand.NewPCG(uint64(bits), 3))
		for beyond := range byte(4) {
			f.Add(farReference(rnd, byte(bits), beyond), bits|crafted, rnd.Uint64())
		}
	}
	f.Add([]byte("\x01\x00\x00\x00\x00\x02\x00\x03\x00"), uint16(7), uint64(0x01010101))
}

// farReference returns a script of inflate.Craft that fills the window with literals and
// long references in turn. A second message refers to its far end, or up to three bytes
// beyond it.
func farReference(rnd *rand.Rand, bits, beyond byte) []byte {
	const fixedBlock, endBlock, reference, longest, short = 1, 1, 0x90, 28, 10
	script := []byte{fixedBlock, 255}
	for i := range 255 {
		if b := byte(rnd.Uint32()); i%2 == 0 {
			script = append(script, b&0x7f)
		} else {
			script = append(script, reference+longest, 0, b&15)
		}
	}
	return append(script, endBlock, fixedBlock, 1, reference+short, 0, 0xa0|beyond<<3|bits, endBlock)
}

// checkInflated compares the result of the decoder with the model's.
func checkInflated(out []byte, cut bool, err error, m inflate.Message, wrong error) error {
	if !bytes.Equal(out, m.Out) || cut != m.Cut || (err == nil) != (wrong == nil) {
		return fmt.Errorf("%d bytes, cut %v, %v; want %d, %v, %v",
			len(out), cut, err, len(m.Out), m.Cut, wrong)
	}
	var e *deflate.Error
	if err != nil && (!errors.As(err, &e) || e.Section != "7.2.2" || e.Offset != int64(len(m.Out))) {
		return fmt.Errorf("the error is %#v, after %d bytes", err, len(m.Out))
	}
	if errors.Is(wrong, inflate.ErrEnd) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%v; want %v", err, wrong)
	}
	return nil
}

// sampleMessages returns payloads made by compress/flate.
func sampleMessages(rnd *rand.Rand, setup uint16) (payloads [][]byte) {
	var history bytes.Buffer
	w, _ := flate.NewWriter(&history, 1+int(setup%9)) // the level is valid
	for range 3 {
		history.Reset()
		for range 10 + rnd.IntN(30) {
			fmt.Fprintf(w, `{"id":%d,"name":"item %d"},`, rnd.IntN(1000), rnd.IntN(10))
		}
		w.Flush()
		payloads = append(payloads, bytes.Clone(bytes.TrimSuffix(history.Bytes(), []byte(inflate.Tail))))
	}
	return payloads
}

// FuzzDeflate encodes messages at both ends of two connections that share their
// extension: whole, in pieces with a message of another encoder between them, plain, and
// as broadcasts. A slow inflater, compress/flate and the decoder at the other end must
// read the same messages. No reference may reach beyond the agreed window, or into another
// message without context takeover.
//
// The bits of setup: 0 to 2 are the window of the server, 3 to 5 that of the client, 6 and 7
// their no_context_takeover flags, 8 and 9 the threshold. Bit 10 selects the default window
// of the encoders instead of 15 bits.
func FuzzDeflate(f *testing.F) {
	addDeflates(f)
	f.Fuzz(func(t *testing.T, script []byte, setup uint16) {
		p := handshake.Params{
			ServerBits: 8 + int(setup&7), ClientBits: 8 + int(setup>>3&7),
			ServerNoContext: setup&(1<<6) != 0, ClientNoContext: setup&(1<<7) != 0,
		}
		threshold := []int{-1, 0, 1, 3000}[setup>>8&3]
		bits := []int{15, 0}[setup>>10&1]
		var directions []*permessage.Direction // two for each connection
		for range 2 {
			server, client, err := permessage.Pair(threshold, bits, p)
			if err != nil {
				t.Fatal(err)
			}
			defer server.(io.Closer).Close()
			defer client.(io.Closer).Close()
			directions = append(directions,
				permessage.NewDirection(server, client, p.ServerBits, p.ServerNoContext),
				permessage.NewDirection(client, server, p.ClientBits, p.ClientNoContext))
		}
		if threshold == 0 {
			threshold = deflate.DefaultThreshold
		}
		next := func() (b byte) {
			if len(script) > 0 {
				b, script = script[0], script[1:]
			}
			return b
		}
		left := 80 << 10
		var send func(busy *permessage.Direction) error
		send = func(busy *permessage.Direction) error {
			op := next()
			w := directions[op&3]
			if w == busy {
				return nil
			}
			message := w.Message(op>>2&7, int(next())<<8|int(next()), &script)
			message = message[:min(len(message), max(left, 0))]
			left -= len(message) + 64
			if w.Meanwhile = nil; busy == nil { // another encoder works in the middle of the message
				w.Meanwhile = func() error { return send(w) }
			}
			how := [8]byte{0, 0, 0, 0, 2, 6, 6, 1}[op>>5]
			if err := w.Send(message, how, next(), threshold); err != nil {
				return fmt.Errorf("direction %d, %d bytes: %w", op&3, len(message), err)
			}
			return nil
		}
		for len(script) > 0 && left > 0 {
			if err := send(nil); err != nil {
				t.Fatalf("setup %+v, threshold %d: %v", p, threshold, err)
			}
		}
	})
}

// addDeflates adds random scripts, and every series of three steps.
func addDeflates(f *testing.F) {
	for i := range uint64(256) {
		rnd := rand.New(rand.NewPCG(i, 2))
		script := make([]byte, 30+rnd.IntN(100))
		for i := range script {
			script[i] = byte(rnd.Uint32())
		}
		f.Add(script, uint16(i*0x155+i/8))
	}
	// A step is a message of the server of one of the connections, such a message in the
	// middle of a message of the other server, or a broadcast. Two messages follow each
	// series.
	for i := range 6 * 6 * 6 {
		var script []byte
		add := func(op, piece byte) { // about 2 KB of text, a little more each time
			script = append(script, op, 8, byte(len(script)<<4), piece)
		}
		const one, other, sent, toOthers = 7 << 2, 7<<2 | 2, 7<<2 | 4<<5, 7<<2 | 5<<5
		for _, step := range []int{i % 6, i / 6 % 6, i / 36, 0, 1} {
			switch step {
			case 0:
				add(one, 0)
			case 1:
				add(other, 0)
			case 2:
				add(one, 100) // in two pieces
				add(other, 0)
			case 3:
				add(other, 100)
				add(one, 0)
			case 4:
				add(sent, 0)
			case 5:
				add(toOthers, 0)
			}
		}
		f.Add(script, uint16(4|4<<3))
	}
}

// FuzzNegotiation compares the negotiation of permessage-deflate with a model of RFC 7692,
// section 7.1, and of the documented options. A server must answer any offers as the model
// does. A client must accept exactly the answers that the model accepts, the server's
// answers to its own offers among them. The sessions must follow the agreement.
//
// The bits of setup for the server: 0 to 2 are its window, 3 is no context takeover, and 4 a
// limit on the window of its peer. Bits 5 to 7, 8 and 12 are the same for the client. Bits 9
// to 11 are the limit of both.
func FuzzNegotiation(f *testing.F) {
	for i := range uint64(256) {
		rnd := rand.New(rand.NewPCG(i, 4))
		script := make([]byte, rnd.IntN(24))
		for i := range script {
			script[i] = byte(rnd.Uint32())
		}
		f.Add(script, uint16(i*0x4d))
	}
	f.Fuzz(func(t *testing.T, script []byte, setup uint16) {
		server := handshake.Side{Bits: 8 + int(setup&7), Receive: 15, NoContext: setup&8 != 0}
		client := handshake.Side{Bits: 8 + int(setup>>5&7), Receive: 15, NoContext: setup&(1<<8) != 0}
		if setup&16 != 0 {
			server.Receive = 8 + int(setup>>9&7)
		}
		if setup&(1<<12) != 0 {
			client.Receive = 8 + int(setup>>9&7)
		}
		s, c := negotiator(server), negotiator(client)
		own := c.Offer(nil)
		var kept []wire.ExtensionSpec // some of the client's own offers, in any order
		for _, b := range script {
			if o := own[int(b)%len(own)]; b < 0x80 && len(kept) < 4 {
				kept = append(kept, o)
			}
		}
		offered := scriptedOffers(script)
		for _, offers := range [][]wire.ExtensionSpec{offered, own, kept} {
			answer, err := permessage.CheckAccept(s, server, offers)
			if err != nil {
				t.Fatalf("server %+v, offers %+v: %v", server, offers, err)
			}
			if answer != nil {
				offered = append(offered, *answer)
			}
		}
		for _, answer := range offered {
			session, err := c.Confirm(answer)
			want := handshake.Confirms(permessage.Elements(own), permessage.Element(answer))
			var e *deflate.Error
			if (err == nil) != want || (session != nil) != want || !want && !errors.As(err, &e) {
				t.Fatalf("client %+v, answer %+v: %v; the model accepts: %v", client, answer, err, want)
			}
			if want {
				session.(io.Closer).Close()
			}
		}
		for _, offers := range [][]wire.ExtensionSpec{own, kept} {
			if err := permessage.CheckAgreed(s, c, server, client, offers); err != nil {
				t.Fatalf("server %+v, client %+v, offers %+v: %v", server, client, offers, err)
			}
		}
	})
}

// negotiators maps options to the extensions of FuzzNegotiation.
var negotiators sync.Map

func negotiator(s handshake.Side) *deflate.Extension {
	e, ok := negotiators.Load(s)
	if !ok {
		e, _ = negotiators.LoadOrStore(s, deflate.MustNew(&deflate.Options{
			WindowBits: s.Bits, MaxReceiveWindowBits: s.Receive, NoContextTakeover: s.NoContext,
			Threshold: -1,
		}))
	}
	return e.(*deflate.Extension)
}

// scriptedOffers returns the offers of a script. A byte below 0x20 begins an offer, and
// the others are its parameters.
func scriptedOffers(script []byte) (offers []wire.ExtensionSpec) {
	names := []string{handshake.Deflate, handshake.Deflate, handshake.Deflate, "Permessage-Deflate",
		"x-webkit-deflate-frame", ""}
	params := []string{
		"server_no_context_takeover", "client_no_context_takeover", "server_max_window_bits",
		"client_max_window_bits",
		"Server_no_context_takeover", "x", "server_max_window_bits", "client_max_window_bits",
	}
	values := []string{"", "", "8", "9", "10", "12", "15", "16", "7", "08", "+9", "x", "0", "-8", "1\u0660",
		"9 "}
	for _, b := range script {
		if b < 0x20 || len(offers) == 0 {
			offers = append(offers, wire.ExtensionSpec{Name: names[int(b)%len(names)]})
			continue
		}
		o := &offers[len(offers)-1]
		p := wire.Param{Name: params[b&7]}
		if b&3 > 1 || b > 0xe0 {
			p.Value = values[b>>3&15]
		}
		o.Params = append(o.Params, p)
	}
	return offers
}
