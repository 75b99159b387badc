package permessage

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/fuzz/internal/handshake"
	"github.com/hawser-ws/hawser/wire"
)

func pair(t *testing.T, p handshake.Params) (server, client wire.Session) {
	t.Helper()
	server, client, err := Pair(-1, 15, p)
	if err != nil {
		t.Fatal(err)
	}
	return server, client
}

// TestDirection checks that a Direction accepts what was agreed, and refuses a window that
// is too large and context takeover that was not agreed.
func TestDirection(t *testing.T) {
	script := []byte{}
	for _, tt := range []struct {
		made, agreed    int // bits of the window
		over, forbidden bool
		ok              bool
	}{
		{10, 10, true, false, true},
		{15, 10, true, false, false},
		{15, 15, true, true, false},
		{15, 15, false, true, true},
	} {
		server, client := pair(t,
			handshake.Params{ServerBits: tt.made, ServerNoContext: !tt.over, ClientBits: 15})
		w := NewDirection(server, client, tt.agreed, tt.forbidden)
		noise := NewDirection(server, client, 15, false).Message(0, 4000<<4&^15, &script)
		var err error
		for range 3 {
			if e := w.Send(noise[:3000], 0, 0, -1); e != nil {
				err = e
			}
		}
		if (err == nil) != tt.ok {
			t.Errorf("%+v: %v", tt, err)
		}
	}
}

// greedy is a session whose decoder breaks its contract.
type greedy struct {
	wire.Session
	fault string
}

func (g greedy) Decode(rsv byte) (wire.MessageDecoder, error) {
	d, err := g.Session.Decode(rsv)
	return greedyDecoder{d, g.fault}, err
}

type greedyDecoder struct {
	wire.MessageDecoder
	fault string
}

func (g greedyDecoder) Append(dst, src []byte, fin bool, most int) ([]byte, int, bool, error) {
	switch g.fault {
	case "more than max":
		most++
	case "keeps less":
		if len(src) > 0 {
			return dst, len(src) - 1, false, nil
		}
	case "allocates":
		dst = slices.Grow(dst, 1<<20)
	case "spoils dst":
		dst[0] = 'X'
	}
	return g.MessageDecoder.Append(dst, src, fin, most)
}

func TestDecodeHoldsToTheContract(t *testing.T) {
	for _, fault := range []string{"", "more than max", "keeps less", "allocates", "spoils dst"} {
		server, client := pair(t, handshake.Params{ServerBits: 15, ClientBits: 15})
		message := []byte(strings.Repeat("a message of words, ", 100))
		payload, err := Encode(server.Encode(wire.MessageInfo{Size: -1}), message, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		out, cut, err := Decode(greedy{client, fault}, payload[3:], 0x0505050505050505, nil)
		if right := err == nil && !cut && bytes.Equal(out, message); right != (fault == "") {
			t.Errorf("%q: %d bytes, %v, %v", fault, len(out), cut, err)
		}
	}
}

// TestDecodeEnds checks that a message of more than Most bytes is cut there, and that
// Decode ends, with pieces of any size.
func TestDecodeEnds(t *testing.T) {
	message := make([]byte, Most+1)
	for shift := range 64 {
		server, client := pair(t, handshake.Params{ServerBits: 15, ClientBits: 15})
		payload, err := Encode(server.Encode(wire.MessageInfo{Size: -1}), message, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		out, cut, err := Decode(client, payload[3:], 1<<shift, nil)
		if err != nil || !cut || !bytes.Equal(out, message[:Most]) {
			t.Errorf("1<<%d: %d bytes, cut %v, %v", shift, len(out), cut, err)
		}
	}
}

func TestSplit(t *testing.T) {
	for _, payloads := range [][][]byte{nil, {[]byte("abc"), {}, []byte("d")}} {
		if diff := cmp.Diff(payloads, Split(Framed(payloads))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	if got := Split([]byte("\xff\xffab")); len(got) != 1 || string(got[0]) != "ab" {
		t.Errorf("%q", got)
	}
}
