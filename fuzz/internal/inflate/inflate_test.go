package inflate

import (
	"bytes"
	"compress/flate"
	"errors"
	"math/rand/v2"
	"testing"
)

// deflated returns payloads of one stream, made by compress/flate with a window of 32 KiB.
func deflated(t *testing.T, level int, messages ...[]byte) [][]byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	var payloads [][]byte
	for _, m := range messages {
		b.Reset()
		if _, err := w.Write(m); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		payloads = append(payloads, bytes.Clone(bytes.TrimSuffix(b.Bytes(), []byte(Tail))))
	}
	return payloads
}

func words(rnd *rand.Rand, n int) []byte {
	var b []byte
	for len(b) < n {
		b = append(b, []string{"the ", "window ", "of ", "a ", "reference, ", "\xff\x00"}[rnd.IntN(6)]...)
	}
	return b[:n]
}

func TestStreamReadsWhatOthersWrite(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, level := range []int{
		flate.NoCompression, flate.BestSpeed, flate.BestCompression, flate.HuffmanOnly,
	} {
		var messages [][]byte
		for range 20 {
			messages = append(messages, words(rnd, rnd.IntN(6000)))
		}
		s := Stream{Window: 1 << 15}
		for i, payload := range deflated(t, level, messages...) {
			m, err := s.Message(payload)
			if err != nil || !bytes.Equal(m.Out, messages[i]) {
				t.Fatalf("level %d, message %d: %d bytes, %v; want %d",
					level, i, len(m.Out), err, len(messages[i]))
			}
		}
	}
}

// TestStreamAgreesOnCrafted compares Stream with compress/flate on crafted payloads. Many
// of them must be valid, and there must be faults of all kinds.
func TestStreamAgreesOnCrafted(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	good, compared, early := 0, 0, 0
	faults := map[error]int{ErrEnd: 0, ErrStored: 0, ErrCode: 0, ErrSymbol: 0, ErrDistance: 0}
	for range 3000 {
		script := make([]byte, rnd.IntN(150))
		for i := range script {
			script[i] = byte(rnd.Uint32())
		}
		history := words(rnd, rnd.IntN(40000))
		s := Stream{Window: 1 << 15, history: history}
		dictionary := bytes.Clone(s.Dictionary())
		payload, _ := Craft(script)
		if rnd.IntN(8) == 0 && len(payload) > 0 {
			payload[rnd.IntN(len(payload))] ^= 1 << rnd.IntN(8)
		}
		m, err := s.Message(payload)
		for fault := range faults {
			if errors.Is(err, fault) {
				faults[fault]++
			}
		}
		if m.Early {
			early++
		}
		if err == nil {
			good++
		}
		if m.Finals > 0 || m.Early {
			continue // compress/flate stops there
		}
		compared++
		want, whole := Standard(payload, dictionary)
		if !bytes.Equal(m.Out, want) || whole != (err == nil) && !errors.Is(err, ErrEnd) {
			t.Fatalf("%x: %d bytes, %v; compress/flate has %d, whole %v",
				payload, len(m.Out), err, len(want), whole)
		}
	}
	if good < 1000 || compared < 1000 || early < 10 {
		t.Errorf("good %d, compared %d, early %d", good, compared, early)
	}
	for fault, n := range faults {
		if n < 10 {
			t.Errorf("%d times: %v", n, fault)
		}
	}
}

func TestStreamKnowsDistances(t *testing.T) {
	a := []byte("0123456789abcdefghijklmnopqrstuvwxyz!?")
	payloads := deflated(t, flate.BestCompression, a, words(rand.New(rand.NewPCG(5, 6)), 300), a)
	for _, window := range []int{256, 512} {
		s := Stream{Window: window}
		var err error
		var m Message
		for _, p := range payloads {
			m, err = s.Message(p)
		}
		if window == 256 && !errors.Is(err, ErrDistance) || window == 512 && (err != nil || m.Longest < 300) {
			t.Errorf("window %d: longest %d, %v", window, m.Longest, err)
		}
		s.Forget()
		if _, err = s.Message(payloads[2]); !errors.Is(err, ErrDistance) {
			t.Errorf("window %d, forgotten: %v", window, err)
		}
	}
}

func TestStreamStopsAtMost(t *testing.T) {
	data := words(rand.New(rand.NewPCG(9, 10)), 1000)
	for _, level := range []int{flate.NoCompression, flate.BestCompression} {
		payload := deflated(t, level, data)[0]
		for _, most := range []int{1, 500, 999, 1000, 1001} {
			s := Stream{Window: 1 << 15, Most: most}
			m, err := s.Message(payload)
			if err != nil || m.Cut != (most < 1000) || !bytes.Equal(m.Out, data[:min(most, 1000)]) {
				t.Errorf("most %d: %d bytes, cut %v, %v", most, len(m.Out), m.Cut, err)
			}
		}
	}
}

func TestStreamRefuses(t *testing.T) {
	for payload, want := range map[string]error{
		"\x06":                 ErrBlock,
		"\x00\x01\x00\x01\x00": ErrStored,
		"\x00\x05\x00\xfa\xff": ErrEnd,
		"\x04\xff":             ErrCode,
		"\x02\x02\x00":         ErrDistance,
		"\x4a":                 ErrEnd,
	} {
		s := Stream{Window: 1 << 15}
		m, err := s.Message([]byte(payload))
		if !errors.Is(err, want) {
			t.Errorf("%x: %x, %v, want %v", payload, m.Out, err, want)
		}
	}
}
