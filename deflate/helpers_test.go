package deflate_test

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/wire"
)

// accept returns a server's answer to the offers in field, or "" if it declines them.
func accept(t testing.TB, e *deflate.Extension, field string) (string, wire.Session) {
	t.Helper()
	offers, err := wire.ParseExtensions([]string{field})
	if err != nil {
		t.Fatalf("%s: %v", field, err)
	}
	answer, s, ok := e.Accept(slices.Values(offers))
	if !ok {
		if answer.Name != "" || s != nil {
			t.Errorf("%s: declined, but with %v, %v", field, answer, s)
		}
		return "", nil
	}
	return render(t, answer), s
}

// confirm passes a server's answer, field, to a client.
func confirm(t testing.TB, e *deflate.Extension, field string) (wire.Session, error) {
	t.Helper()
	answers, err := wire.ParseExtensions([]string{field})
	if err != nil || len(answers) != 1 {
		t.Fatalf("%s: %v, %v", field, answers, err)
	}
	return e.Confirm(answers[0])
}

// render returns specs as the value of a field.
func render(t testing.TB, specs ...wire.ExtensionSpec) string {
	t.Helper()
	b, err := wire.AppendExtensions(nil, specs)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// agree returns the sessions of a server and a client that have negotiated with each other.
func agree(t testing.TB, server, client *deflate.Options) (s, c wire.Session) {
	t.Helper()
	e := deflate.MustNew(client)
	answer, s := accept(t, deflate.MustNew(server), render(t, e.Offer(nil)...))
	c, err := confirm(t, e, answer)
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

// both returns the sessions of a server and a client with the options of windows.
func both(t testing.TB, bits int, noTakeover bool) (s, c wire.Session) {
	return agree(t, windows(bits, noTakeover), windows(bits, noTakeover))
}

// windows returns options with windows of the given bits in both directions, and with which
// every message is compressed.
func windows(bits int, noTakeover bool) *deflate.Options {
	return &deflate.Options{
		WindowBits: bits, MaxReceiveWindowBits: bits, NoContextTakeover: noTakeover, Threshold: -1,
	}
}

// encode returns the payload of a message, encoded in pieces of up to piece bytes, or whole
// if piece is 0.
func encode(t testing.TB, s wire.Session, p []byte, piece int) []byte {
	t.Helper()
	size := int64(len(p))
	if piece > 0 {
		size = -1
	}
	enc := s.Encode(wire.MessageInfo{Size: size})
	if enc == nil {
		t.Fatal("a message of", len(p), "bytes is not compressed")
	}
	var z []byte
	for {
		n := len(p)
		if piece > 0 {
			n = min(n, piece)
		}
		before := len(z)
		var err error
		if z, err = enc.Append(z, p[:n], n == len(p)); err != nil {
			t.Fatal(err)
		}
		if len(z) < before {
			t.Fatal("Append shortened dst")
		}
		if p = p[n:]; len(p) == 0 {
			return z
		}
	}
}

// A feeding says how a message is passed to a decoder.
type feeding struct {
	piece   int  // bytes for each call; 0 means all
	most    int  // max for each call; 0 means no limit
	lastNil bool // fin is set in a last call without bytes
}

func (f feeding) String() string {
	return fmt.Sprintf("piece=%d,max=%d,lastNil=%v", f.piece, f.most, f.lastNil)
}

// decode inflates a message, and checks that the decoder fulfills the contract of
// wire.MessageDecoder.
func decode(t testing.TB, s wire.Session, z []byte, f feeding) ([]byte, error) {
	t.Helper()
	dec, err := s.Decode(wire.RSV1)
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Release()
	most := f.most
	if most == 0 {
		most = 1 << 30
	}
	var out []byte
	for {
		n := len(z)
		if f.piece > 0 {
			n = min(n, f.piece)
		}
		p := slices.Clone(z[:n])
		z = z[n:]
		fin := len(z) == 0 && !f.lastNil
		for more := true; more; {
			dst := append(make([]byte, 0, len(out)%97), "dst"...)
			got, took, again, err := dec.Append(dst, p, fin, most)
			n := len(got) - len(dst)
			out = append(out, got[len(dst):]...)
			switch {
			case err != nil:
				return out, err
			case string(got[:len(dst)]) != "dst":
				t.Fatalf("dst was changed to %q", got[:len(dst)])
			case n > most || again && n < most:
				t.Fatalf("appended %d bytes of at most %d, more: %v", n, most, again)
			case took > len(p) || !again && took < len(p):
				t.Fatalf("took %d of %d bytes, more: %v", took, len(p), again)
			}
			clear(got) // the decoder must not refer to dst and src later
			clear(p[:took])
			p, more = p[took:], again
		}
		if fin {
			return out, nil
		}
		if len(z) == 0 {
			f.lastNil = false
		}
	}
}

// inflateStd inflates a message with compress/flate. before has the earlier messages.
func inflateStd(z, before []byte) ([]byte, error) {
	const end = "\x00\x00\xff\xff\x01\x00\x00\xff\xff"
	if len(before) > 1<<15 {
		before = before[len(before)-1<<15:]
	}
	r := flate.NewReaderDict(io.MultiReader(bytes.NewReader(z), strings.NewReader(end)), before)
	return io.ReadAll(r)
}

// A peer compresses with compress/flate and does not refer further back than its window: it
// writes blocks of half a window, with the half before as dictionary.
type peer struct {
	window   int
	takeover bool
	history  []byte
	rnd      *rand.Rand
}

// message returns msg compressed.
func (p *peer) message(t testing.TB, msg []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	if !p.takeover {
		p.history = nil
	}
	for rest := msg; ; {
		dict := p.history[max(0, len(p.history)-p.window/2):]
		w, err := flate.NewWriterDict(&out, 1+p.rnd.IntN(9), dict)
		if err != nil {
			t.Fatal(err)
		}
		n := min(len(rest), p.window/2)
		if _, err := w.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		p.history = append(p.history, rest[:n]...)
		rest = rest[n:]
		last := len(rest) == 0
		if !last && p.rnd.IntN(4) == 0 {
			_ = w.Close() // writes a final block in the middle of a message
			continue
		}
		_ = w.Flush()
		if last {
			return out.Bytes()[:out.Len()-4]
		}
	}
}

// ownBits returns the window with which a side compresses unless its peer asks for less.
func ownBits(o *deflate.Options) int {
	if o != nil && o.WindowBits > 0 {
		return o.WindowBits
	}
	return 15
}

// checkHonored checks that a server's session conforms to its answer, and that it uses as much
// of the window as own allows: the window, in bits, of the session's options.
func checkHonored(t *testing.T, own int, answer string, s wire.Session) {
	t.Helper()
	ours, theirs := 15, 15
	for _, p := range strings.Split(answer, "; ") {
		_, _ = fmt.Sscanf(p, "server_max_window_bits=%d", &ours)
		_, _ = fmt.Sscanf(p, "client_max_window_bits=%d", &theirs)
	}
	rnd := rand.New(rand.NewPCG(7, 7))
	w := strict{size: 1 << ours}
	for range 3 {
		if strings.Contains(answer, "server_no_context_takeover") {
			w.forget()
		}
		p := textMessage(rnd, 40_000)
		if got, err := w.message(encode(t, s, p, 0)); err != nil || !bytes.Equal(got, p) {
			t.Fatalf("%s: %v", answer, err)
		}
	}
	if own = min(own, ours); own > 8 && w.longest <= 1<<(own-1) {
		t.Errorf("%s: the longest distance is %d: the window is smaller than agreed", answer, w.longest)
	}

	// A reference to an earlier message, with the longest distance that the answer allows.
	first := new(crafter).stored(0, "abc"+strings.Repeat("x", 1<<theirs-3)).message()
	if _, err := decode(t, s, first, feeding{}); err != nil {
		t.Fatal(err)
	}
	got, err := decode(t, s, new(crafter).fixed(0).match3(1<<theirs).end().message(), feeding{})
	forgets := strings.Contains(answer, "client_no_context_takeover")
	if (err == nil && string(got) == "abc") == forgets {
		t.Errorf("%s: reference to an earlier message: %q, %v, forgets: %v", answer, got, err, forgets)
	}
}

// exchange sends p from one session to the other.
func exchange(t testing.TB, from, to wire.Session, p []byte) {
	t.Helper()
	got, err := decode(t, to, encode(t, from, p, 0), feeding{})
	if err != nil || !bytes.Equal(got, p) {
		t.Fatal(err)
	}
}

// allocated returns the number of bytes allocated so far.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// mallocs returns the number of allocations so far.
func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// heap returns the number of live bytes. It takes three collections to empty the pools.
func heap() uint64 {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
