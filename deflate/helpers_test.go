package deflate_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
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

// jsonMessage returns JSON of about size bytes with the shape that messages have:
// the same keys, other values.
func jsonMessage(rnd *rand.Rand, size int) []byte {
	users := []string{"alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"}
	b := fmt.Appendf(nil, `{"type":"update","seq":%d,"items":[`, rnd.IntN(1e6))
	for len(b) < size-80 {
		b = fmt.Appendf(b, `{"id":%d,"user":"%s","price":%d.%02d,"qty":%d,"active":%v},`,
			rnd.IntN(1e6), users[rnd.IntN(len(users))], rnd.IntN(1000), rnd.IntN(100), rnd.IntN(50), rnd.IntN(2) == 0)
	}
	b = append(b, `null]}`...)
	return b[:min(len(b), max(size, 0))]
}

// textMessage returns size bytes of made-up words, the frequent ones short.
func textMessage(rnd *rand.Rand, size int) []byte {
	const letters = "etaoinshrdlucmfwypvbgkjqxz"
	zipf := rand.NewZipf(rnd, 1.2, 3, 3000)
	b := make([]byte, 0, size+16)
	for len(b) < size {
		word := zipf.Uint64()
		shape := rand.New(rand.NewPCG(word, 7)) // a word is always spelt the same
		for range 2 + word/200 + shape.Uint64N(4) {
			b = append(b, letters[min(shape.IntN(26), shape.IntN(26))])
		}
		b = append(b, " \n,."[max(0, rnd.IntN(12)-8)], ' ')
	}
	return b[:size]
}

// mixedMessage returns one of many kinds of message.
func mixedMessage(rnd *rand.Rand, size int) []byte {
	switch rnd.IntN(5) {
	case 0:
		return jsonMessage(rnd, size)
	case 1:
		return textMessage(rnd, size)
	case 2: // incompressible
		b := make([]byte, size)
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		return b
	case 3: // runs
		b := make([]byte, size)
		for i := 0; i < size; {
			c := byte(rnd.Uint32())
			for range 1 + rnd.IntN(600) {
				if i < size {
					b[i] = c
					i++
				}
			}
		}
		return b
	default: // the same bytes again at a distance around a power of two
		unit := make([]byte, 1<<(7+rnd.IntN(9))-3+rnd.IntN(7))
		for i := range unit {
			unit[i] = byte(rnd.Uint32())
		}
		var b []byte
		for len(b) < size {
			b = append(b, unit...)
		}
		return b[:size]
	}
}

// messages returns how many messages a test is to send: fewer if it is slow.
func messages(n int) int { return n / (1 + 3*slow) }
