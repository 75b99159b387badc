package fuzz

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/fuzz/internal/handshake"
	"github.com/hawser-ws/hawser/fuzz/internal/inflate"
	"github.com/hawser-ws/hawser/wire"
)

// deflaters are the extensions of all inputs, by threshold: their pools are shared, as
// those of a program are.
var deflaters sync.Map

func deflater(threshold int) *deflate.Extension {
	e, ok := deflaters.Load(threshold)
	if !ok {
		e, _ = deflaters.LoadOrStore(threshold, deflate.New(&deflate.Options{WindowBits: 15, Threshold: threshold}))
	}
	return e.(*deflate.Extension)
}

// deflatePair returns the sessions of the two ends of a connection on which just that
// is agreed; sizes of 15 go unsaid.
func deflatePair(e *deflate.Extension, p handshake.Params) (server, client wire.Session, err error) {
	offer := wire.Offer{Name: handshake.Deflate}
	add := func(wanted bool, name, value string) {
		if wanted {
			offer.Params = append(offer.Params, wire.Param{Name: name, Value: value})
		}
	}
	add(p.ServerNoContext, "server_no_context_takeover", "")
	add(p.ClientNoContext, "client_no_context_takeover", "")
	add(p.ServerBits > 0, "server_max_window_bits", strconv.Itoa(p.ServerBits))
	add(p.ClientBits > 0, "client_max_window_bits", strconv.Itoa(p.ClientBits))
	answer, server, ok := e.Accept(slices.Values([]wire.Offer{offer}))
	if !ok {
		return nil, nil, fmt.Errorf("%+v is declined", offer)
	}
	if got, ok := handshake.ParseParams(elementsOf([]wire.Offer{answer})[0], true); !ok || got != p {
		return nil, nil, fmt.Errorf("%+v is answered with %+v", offer, answer)
	}
	client, err = e.Confirm(answer)
	return server, client, err
}

// standard is what compress/flate makes of a payload. It knows no end but a final
// block: a whole message is one behind which it asks for more.
func standard(payload, dictionary []byte) (out []byte, whole bool) {
	src := bytes.NewReader(append(payload[:len(payload):len(payload)], inflate.Tail...))
	out, err := io.ReadAll(flate.NewReaderDict(src, dictionary))
	return out, errors.Is(err, io.ErrUnexpectedEOF)
}

// A chopper deals out sizes: octets of a seed in turn, and then from the first again.
type chopper struct {
	seed  uint64
	dealt int
}

// next returns a size of 0 to 255, and more than 0 at least every ninth time.
func (c *chopper) next() int {
	c.dealt++
	return max(int(byte(c.seed>>(c.dealt%8*8))), 1-min(1, c.dealt%9))
}

// unchopped is the seed that stands for no chops.
const unchopped = 0

// inflateMost is what a message may inflate to in this file, in octets.
const inflateMost = 1 << 16

// inflateMessage has a session decode a payload. It checks what the contract of
// [wire.MessageDecoder] says of every call. cut says that there would have been more
// than inflateMost.
func inflateMessage(s wire.Session, payload []byte, chop uint64) (out []byte, cut bool, err error) {
	dec, err := s.Decode(wire.RSV1)
	if err != nil {
		return nil, false, fmt.Errorf("Decode: %w", err)
	}
	defer dec.Release()
	chops := chopper{seed: chop}
	for fin := false; !fin; {
		piece, most := len(payload), inflateMost-len(out)
		if chop != unchopped {
			piece = min(piece, chops.next())
		}
		src := bytes.Clone(payload[:piece])
		payload = payload[piece:]
		fin = len(payload) == 0 && (len(src) == 0 || chop%4 == 0) // else the end comes by itself
		for more := true; more; {
			if chop != unchopped {
				most = min(inflateMost-len(out), chops.next()*chops.next()/16+(1-min(1, chops.dealt%7)))
			}
			dst := append(make([]byte, 0, 3+chops.dealt%7*50), "dst"...)
			got, took, again, err := dec.Append(dst, src, fin, most)
			made := len(got) - len(dst)
			out = append(out, got[len(dst):]...)
			switch {
			case string(got[:len(dst)]) != "dst", made > most, took > len(src):
				return out, false, fmt.Errorf("%q..., %d octets of at most %d, took %d of %d", got[:len(dst)], made, most, took, len(src))
			case cap(got) > max(cap(dst), len(dst)+most):
				return out, false, fmt.Errorf("allocated %d octets for at most %d", cap(got), len(dst)+most)
			case err != nil:
				return out, false, err
			case again && made < most, !again && took < len(src):
				return out, false, fmt.Errorf("made %d of %d, took %d of %d, more: %v", made, most, took, len(src), again)
			case again && len(out) == inflateMost:
				return out, true, nil
			}
			clear(got) // neither is kept
			clear(src[:took])
			src, more = src[took:], again
		}
	}
	return out, false, nil
}

// FuzzInflate: the decoder makes of a series of messages what a slow reading of RFC
// 1951 and compress/flate make of it, or fails at the same octet; with windows of all
// sizes, with takeover and without; in any chops of input and output the same; and
// never appends more than it may. The bits of setup: 0 to 2 the size of the window,
// 3 no takeover, 4 the messages are made by inflate.Craft, 5 a client decodes.
func FuzzInflate(f *testing.F) {
	for setup := range uint16(64) {
		rnd := rand.New(rand.NewPCG(uint64(setup), 1))
		script := make([]byte, 200)
		for i := range script {
			script[i] = byte(rnd.Uint32())
		}
		f.Add(script, setup|1<<4, rnd.Uint64())
		f.Add(framed(sampleMessages(rnd, setup)), setup&^(1<<4), rnd.Uint64())
	}
	f.Add([]byte("\x01\x00\x00\x00\x00\x02\x00\x03\x00"), uint16(7), uint64(0x01010101))
	f.Fuzz(func(t *testing.T, data []byte, setup uint16, chop uint64) {
		p := handshake.Params{ServerBits: 8 + int(setup&7), ServerNoContext: setup&8 != 0}
		p.ClientBits, p.ClientNoContext = p.ServerBits, p.ServerNoContext
		var whole, pieces wire.Session
		for _, s := range []*wire.Session{&whole, &pieces} {
			server, client, err := deflatePair(deflater(0), p)
			if err != nil {
				t.Fatal(err)
			}
			if *s = server; setup&(1<<5) != 0 {
				*s = client
			}
			defer server.Close()
			defer client.Close()
		}
		// A peer that is told 8 bits may use 9, as the package's documentation says.
		model := &inflate.Stream{Window: 1 << max(p.ServerBits, 9), Most: inflateMost}
		payloads := split(data)
		if setup&(1<<4) != 0 {
			payloads = craft(data)
		}
		for i, payload := range payloads {
			if p.ServerNoContext {
				model.Window = 1 << 15 // within a message, as documented too
				model.Forget()
			}
			dictionary := bytes.Clone(model.Dictionary())
			m, wrong := model.Message(payload)
			out, cut, err := inflateMessage(whole, payload, unchopped)
			if err := checkInflated(out, cut, err, m, wrong); err != nil {
				t.Fatalf("message %d, %x: %v", i, payload, err)
			}
			again, againCut, againErr := inflateMessage(pieces, payload, chop)
			if !bytes.Equal(again, out) || againCut != cut || fmt.Sprint(againErr) != fmt.Sprint(err) {
				t.Fatalf("message %d, %x: %d octets, %v, %v; in pieces %d, %v, %v", i, payload, len(out), cut, err, len(again), againCut, againErr)
			}
			// compress/flate ends with a final block, and has windows of one size.
			if m.Finals == 0 && !m.Early && !m.Cut && !errors.Is(wrong, inflate.ErrDistance) {
				want, whole := standard(payload, dictionary)
				if !bytes.Equal(m.Out, want) || whole != (wrong == nil) && !errors.Is(wrong, inflate.ErrEnd) {
					t.Fatalf("message %d, %x: %d octets, %v; compress/flate has %d, whole %v", i, payload, len(m.Out), wrong, len(want), whole)
				}
			}
			if cut || err != nil {
				return // as the connection does
			}
		}
	})
}

// checkInflated compares what the decoder has made with what the model has.
func checkInflated(out []byte, cut bool, err error, m inflate.Message, wrong error) error {
	if !bytes.Equal(out, m.Out) || cut != m.Cut || (err == nil) != (wrong == nil) {
		return fmt.Errorf("%d octets, cut %v, %v; want %d, %v, %v", len(out), cut, err, len(m.Out), m.Cut, wrong)
	}
	var e *deflate.Error
	if err != nil && (!errors.As(err, &e) || e.Section != "7.2.2" || e.Offset != int64(len(m.Out))) {
		return fmt.Errorf("the error is %#v, after %d octets", err, len(m.Out))
	}
	if errors.Is(wrong, inflate.ErrEnd) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%v; want %v", err, wrong)
	}
	return nil
}

// split takes messages apart, each behind its length in two octets.
func split(data []byte) (payloads [][]byte) {
	for len(data) > 2 && len(payloads) < 32 {
		n := min(int(binary.LittleEndian.Uint16(data)), len(data)-2)
		payloads = append(payloads, data[2:2+n:2+n])
		data = data[2+n:]
	}
	return payloads
}

// framed is the opposite of split.
func framed(payloads [][]byte) (data []byte) {
	for _, p := range payloads {
		data = append(binary.LittleEndian.AppendUint16(data, uint16(len(p))), p...)
	}
	return data
}

func craft(script []byte) (payloads [][]byte) {
	for len(script) > 0 && len(payloads) < 32 {
		var p []byte
		p, script = inflate.Craft(script)
		payloads = append(payloads, p)
	}
	return payloads
}

// sampleMessages are payloads as the encoder and compress/flate make them.
func sampleMessages(rnd *rand.Rand, setup uint16) (payloads [][]byte) {
	var history bytes.Buffer
	w, _ := flate.NewWriter(&history, 1+int(setup%9)) // the level is one
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

// FuzzDeflate: what the encoders of both ends of a connection make of random messages,
// in pieces, plain or broadcast, is read as the same messages by a slow inflater, by
// compress/flate and by the decoder at the other end, with no reference beyond the
// agreed window, nor into another message where no context is taken over. Two
// connections share the extension. The bits of setup: 0 to 2 and 3 to 5 the windows of
// server and client, 6 and 7 their flags against takeover, 8 and 9 the threshold.
func FuzzDeflate(f *testing.F) {
	for i := range uint64(48) {
		rnd := rand.New(rand.NewPCG(i, 2))
		script := make([]byte, 30+rnd.IntN(100))
		for i := range script {
			script[i] = byte(rnd.Uint32())
		}
		f.Add(script, uint16(i*0x155+i/8))
	}
	f.Fuzz(func(t *testing.T, script []byte, setup uint16) {
		p := handshake.Params{
			ServerBits: 8 + int(setup&7), ClientBits: 8 + int(setup>>3&7),
			ServerNoContext: setup&(1<<6) != 0, ClientNoContext: setup&(1<<7) != 0,
		}
		threshold := []int{-1, 0, 1, 3000}[setup>>8&3]
		var ways []*way // two for each connection
		for range 2 {
			server, client, err := deflatePair(deflater(threshold), p)
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			defer client.Close()
			ways = append(ways, newWay(server, client, p.ServerBits, p.ServerNoContext),
				newWay(client, server, p.ClientBits, p.ClientNoContext))
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
		for left := 80 << 10; len(script) > 0 && left > 0; {
			op := next()
			w := ways[op&3]
			message := w.message(op>>2&7, int(next())<<8|int(next()), &script)
			message = message[:min(len(message), left)]
			left -= len(message) + 64
			if err := w.send(message, op>>5, next(), threshold); err != nil {
				t.Fatalf("setup %+v, threshold %d, way %d, %d octets: %v", p, threshold, op&3, len(message), err)
			}
		}
	})
}

// A way is one direction of a connection, with what there is to judge it.
type way struct {
	from, to  wire.Session
	noContext bool
	model     *inflate.Stream
	last      []byte // messages, to have them again
}

func newWay(from, to wire.Session, bits int, noContext bool) *way {
	return &way{from: from, to: to, noContext: noContext, model: &inflate.Stream{Window: 1 << bits}}
}

// message makes a message of a kind. The low four bits of size shift the rest, so that
// small ones are as frequent as large ones.
func (w *way) message(kind byte, size int, script *[]byte) []byte {
	n := size >> (size & 15)
	switch kind {
	case 0, 1: // noise
		noise := rand.New(rand.NewPCG(uint64(size), 3))
		p := make([]byte, n)
		for i := range p {
			p[i] = byte(noise.Uint32())
		}
		return p
	case 2: // a run
		return bytes.Repeat([]byte{byte(size)}, n)
	case 3: // as the script has it
		n = min(n, len(*script))
		p := (*script)[:n:n]
		*script = (*script)[n:]
		return p
	case 4, 5: // what was there so many octets ago: at the window's edge, within and beyond
		back := min(len(w.last), w.model.Window+size%5-2)
		return bytes.Clone(w.last[len(w.last)-back:][:min(n, back)])
	default: // text
		var p []byte
		for i := 0; len(p) < n; i++ {
			p = fmt.Appendf(p, `{"seq":%d,"user":"u%d","ok":true},`, i*size, i*7%13)
		}
		return p[:n]
	}
}

// send sends a message and judges it. Of how, bit 0 sends it plain and bit 1 as a
// broadcast; it goes in pieces of the size that piece stands for, or whole.
func (w *way) send(message []byte, how, piece byte, threshold int) error {
	w.last = append(w.last, message...)
	w.last = w.last[max(0, len(w.last)-1<<16):]
	info := wire.MessageInfo{Plain: how&1 != 0, Size: int64(len(message))}
	if piece > 0 {
		info.Size = -1
	}
	plain := info.Plain || info.Size >= 0 && info.Size < int64(threshold)
	shared := w.from.(wire.SharedSession)
	if _, ok := shared.SharedKey(info); ok == plain {
		return fmt.Errorf("%+v has a shared form: %v", info, ok)
	}
	var payload []byte
	var err error
	switch enc := w.from.Encode(info); {
	case (enc == nil) != plain:
		return fmt.Errorf("%+v is encoded: %v", info, enc != nil)
	case plain:
		return nil
	case how&2 != 0:
		if payload, err = shared.AppendShared([]byte("dst"), message); err != nil {
			return fmt.Errorf("AppendShared: %w", err)
		}
		if how&4 != 0 { // it goes to others
			return w.judgeShared(payload[3:], message)
		}
		shared.SharedSent(message)
	default:
		if payload, err = encodePieces(enc, message, int(piece)*int(piece)/8); err != nil {
			return err
		}
	}
	if !bytes.HasPrefix(payload, []byte("dst")) {
		return fmt.Errorf("%q... was dst", payload[:min(len(payload), 3)])
	}
	return w.judge(payload[3:], message, piece, how&2 != 0)
}

// encodePieces encodes a message; a size of 0 means whole.
func encodePieces(enc wire.MessageEncoder, message []byte, size int) (payload []byte, err error) {
	payload = []byte("dst")
	for fin := false; !fin; {
		n := len(message)
		if size > 0 {
			n = min(n, size)
		}
		src := bytes.Clone(message[:n])
		message = message[n:]
		fin = len(message) == 0
		if payload, err = enc.Append(payload, src, fin); err != nil {
			return nil, fmt.Errorf("Append: %w", err)
		}
		clear(src) // it is not kept
	}
	return payload, nil
}

// judgeShared judges a message that refers to nothing before it, and goes elsewhere.
func (w *way) judgeShared(payload, message []byte) error {
	alone := inflate.Stream{Window: w.model.Window}
	if m, err := alone.Message(payload); err != nil || !bytes.Equal(m.Out, message) {
		return fmt.Errorf("%x: broadcast: %d octets, %w", payload, len(m.Out), err)
	}
	return nil
}

// judge lets the model, compress/flate and the other end read a payload.
func (w *way) judge(payload, message []byte, chop byte, shared bool) error {
	if w.noContext {
		w.model.Forget()
	}
	if shared {
		if err := w.judgeShared(payload, message); err != nil {
			return err
		}
	}
	dictionary := bytes.Clone(w.model.Dictionary())
	m, err := w.model.Message(payload)
	if err != nil || m.Finals > 0 || !bytes.Equal(m.Out, message) {
		return fmt.Errorf("%x: %d octets, %d final blocks, longest distance %d, window %d, %w",
			payload, len(m.Out), m.Finals, m.Longest, w.model.Window, err)
	}
	if out, whole := standard(payload, dictionary); !whole || !bytes.Equal(out, message) {
		return fmt.Errorf("%x: compress/flate has %d octets, whole %v", payload, len(out), whole)
	}
	if out, cut, err := inflateMessage(w.to, payload, uint64(chop)*0x0103070b13170305); err != nil || cut || !bytes.Equal(out, message) {
		return fmt.Errorf("%x: the other end has %d octets, %v, %w", payload, len(out), cut, err)
	}
	return nil
}
