package soak

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/hawser-ws/hawser/websocket"
)

// TestRandomMessages: every class of sizes occurs, texts are valid UTF-8, and no message begins with a
// mark.
func TestRandomMessages(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	seen := make([]int, len(sizes))
	for range 1000 {
		kind, p := randomMessage(rng)
		if mark(kind, p) != 0 {
			t.Fatalf("message begins with a mark: %.20q", p)
		}
		if kind == websocket.Text && !utf8.Valid(p) {
			t.Fatalf("text is not UTF-8: %q", p)
		}
		for i, s := range sizes {
			if len(p) >= s.min && len(p) <= s.max {
				seen[i]++
				break
			}
		}
	}
	for i, n := range seen {
		if n == 0 {
			t.Errorf("no message of %d to %d bytes", sizes[i].min, sizes[i].max)
		}
	}
}

// TestSeed: the messages depend only on the seed.
func TestSeed(t *testing.T) {
	run := func(seed uint64) []byte {
		rng := rand.New(rand.NewPCG(seed, 7))
		var all []byte
		for range 20 {
			_, p := randomMessage(rng)
			all = append(all, p...)
		}
		return all
	}
	if !bytes.Equal(run(1), run(1)) {
		t.Error("the same seed made different messages")
	}
	if bytes.Equal(run(1), run(2)) {
		t.Error("another seed made the same messages")
	}
}

func TestRandomPause(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var sum time.Duration
	for range 10000 {
		d := randomPause(rng, time.Second)
		if d < 0 || d > 3*time.Second {
			t.Fatalf("pause of %v", d)
		}
		sum += d
	}
	if mean := sum / 10000; mean < 900*time.Millisecond || mean > 1000*time.Millisecond {
		t.Errorf("mean pause %v, want 950ms", mean)
	}
}

func TestTopicMessages(t *testing.T) {
	p := appendTopic(nil, 12, appendPublish(nil, []byte("some text, with spaces")))
	if n, intact := parseTopic(p); n != 12 || !intact {
		t.Errorf("parseTopic(%q) = %d, %v", p, n, intact)
	}
	for i := len("#12 "); i < len(p); i++ {
		q := bytes.Clone(p)
		q[i] ^= 1
		if _, intact := parseTopic(q); intact {
			t.Errorf("parseTopic(%q): intact despite a changed byte", q)
		}
	}
	if n, ok := parseNumber([]byte("#end 7"), topicEnd); n != 7 || !ok {
		t.Errorf("parseNumber(#end 7) = %d, %v", n, ok)
	}
	if _, ok := parseNumber([]byte("#end x"), topicEnd); ok {
		t.Error("parseNumber(#end x): ok")
	}
}
