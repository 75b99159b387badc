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

// accept has a server answer the field of a client; "" if it declines.
func accept(t testing.TB, e *deflate.Extension, field string) (string, wire.Session) {
	t.Helper()
	offers, err := wire.ParseExtensions([]string{field})
	if err != nil {
		t.Fatalf("%s: %v", field, err)
	}
	answer, s, ok := e.Accept(slices.Values(offers))
	if !ok {
		if answer.Name != "" || s != nil {
			t.Errorf("%s: declined with %v, %v", field, answer, s)
		}
		return "", nil
	}
	return render(t, answer), s
}

// confirm has a client take the field of a server.
func confirm(t testing.TB, e *deflate.Extension, field string) (wire.Session, error) {
	t.Helper()
	answers, err := wire.ParseExtensions([]string{field})
	if err != nil || len(answers) != 1 {
		t.Fatalf("%s: %v, %v", field, answers, err)
	}
	return e.Confirm(answers[0])
}

func render(t testing.TB, offers ...wire.ExtensionSpec) string {
	t.Helper()
	b, err := wire.AppendExtensions(nil, offers)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// agree lets two sides negotiate.
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

// both returns the sessions of two sides with windows of bits bits, which compress
// everything.
func both(t testing.TB, bits int, noTakeover bool) (s, c wire.Session) {
	return agree(t, windows(bits, noTakeover), windows(bits, noTakeover))
}

// windows are options with which both windows have that many bits, which compress
// everything.
func windows(bits int, noTakeover bool) *deflate.Options {
	return &deflate.Options{WindowBits: bits, MaxReceiveWindowBits: bits, NoContextTakeover: noTakeover, Threshold: -1}
}

// encode returns the payload of a message, encoded in pieces of up to piece bytes;
// 0 means whole.
func encode(t testing.TB, s wire.Session, p []byte, piece int) []byte {
	t.Helper()
	size := int64(len(p))
	if piece > 0 {
		size = -1
	}
	enc := s.Encode(wire.MessageInfo{Size: size})
	if enc == nil {
		t.Fatal("message of", len(p), "bytes is to go out plain")
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
			t.Fatal("encoder took bytes away")
		}
		if p = p[n:]; len(p) == 0 {
			return z
		}
	}
}

// A feeding says how a message comes in.
type feeding struct {
	piece   int  // bytes a call; 0 means whole
	most    int  // max of each call; 0 means unbounded
	lastNil bool // the end of the message comes by itself
}

func (f feeding) String() string {
	return fmt.Sprintf("piece=%d,max=%d,%v", f.piece, f.most, f.lastNil)
}

// decode inflates a message, and holds the decoder to its contract.
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
				t.Fatalf("%q was dst", got[:len(dst)])
			case n > most || again && n < most:
				t.Fatalf("%d bytes of at most %d, more: %v", n, most, again)
			case took > len(p) || !again && took < len(p):
				t.Fatalf("took %d of %d bytes, more: %v", took, len(p), again)
			}
			clear(got) // neither dst nor src is kept
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

// judge inflates a message with compress/flate, given what came before it.
func judge(z, before []byte) ([]byte, error) {
	const end = "\x00\x00\xff\xff\x01\x00\x00\xff\xff"
	if len(before) > 1<<15 {
		before = before[len(before)-1<<15:]
	}
	r := flate.NewReaderDict(io.MultiReader(bytes.NewReader(z), strings.NewReader(end)), before)
	return io.ReadAll(r)
}

// A peer compresses with compress/flate and never refers further back than its
// window: it makes a block of half a window with the half before as dictionary.
type peer struct {
	window   int
	takeover bool
	history  []byte
	rnd      *rand.Rand
}

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
			_ = w.Close() // a final block in the middle of a message
			continue
		}
		_ = w.Flush()
		if last {
			return out.Bytes()[:out.Len()-4]
		}
	}
}

// ownBits returns the window that a side compresses with unless its peer asks for less.
func ownBits(o *deflate.Options) int {
	if o != nil && o.WindowBits > 0 {
		return o.WindowBits
	}
	return 15
}

// checkHonoured checks that a server's session is what its answer says, and that it
// uses as much of the window as its own bits, own, allow.
func checkHonoured(t *testing.T, own int, answer string, s wire.Session) {
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
		t.Errorf("%s: longest distance %d: the window is smaller than it may be", answer, w.longest)
	}

	// A distance as long as the answer allows, across two messages.
	first := new(crafter).stored(0, "abc"+strings.Repeat("x", 1<<theirs-3)).message()
	if _, err := decode(t, s, first, feeding{}); err != nil {
		t.Fatal(err)
	}
	got, err := decode(t, s, new(crafter).fixed(0).match3(1<<theirs).end().message(), feeding{})
	forgets := strings.Contains(answer, "client_no_context_takeover")
	if (err == nil && string(got) == "abc") == forgets {
		t.Errorf("%s: %q, %v", answer, got, err)
	}
}

func exchange(t testing.TB, from, to wire.Session, p []byte) {
	t.Helper()
	got, err := decode(t, to, encode(t, from, p, 0), feeding{})
	if err != nil || !bytes.Equal(got, p) {
		t.Fatal(err)
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// heap returns the live bytes. It takes three collections to empty the pools.
func heap() uint64 {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
