package compose

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/hawser-ws/hawser/fuzz/internal/model"
)

// TestAppend writes examples of the RFC (section 5.7), masked and with a 16-bit length, and
// a frame whose length is not minimal.
func TestAppend(t *testing.T) {
	f := Frame{First: 0x81, Masked: true, Key: [4]byte{0x37, 0xfa, 0x21, 0x3d}, Form: -1, Length: 5,
		Payload: []byte("Hello")}
	if got, want := f.Append(nil), "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"; string(got) != want {
		t.Errorf("% x, want % x", got, want)
	}
	f = Frame{First: 0x82, Form: -1, Length: 256, Payload: make([]byte, 256)}
	if got := f.Append(nil); !bytes.HasPrefix(got, []byte{0x82, 0x7e, 1, 0}) || len(got) != 260 {
		t.Errorf("% x", got)
	}
	f = Frame{First: 0x82, Form: 8, Length: 1}
	if got := f.Append(nil); string(got) != "\x82\x7f\x00\x00\x00\x00\x00\x00\x00\x01" {
		t.Errorf("% x", got)
	}
}

// TestFit checks that a first byte keeps its kind and is made to fit.
func TestFit(t *testing.T) {
	for _, tt := range []struct {
		first byte
		open  bool
		want  byte
	}{
		{0x81, false, 0x81}, {0x02, false, 0x02}, {0x81, true, 0x80}, {0x09, false, 0x89}, {0x0a, true, 0x8a},
		{0x08, true, 0x88},
		{0x7f, false, 0x89}, {0xf1, false, 0xd1}, {0xf1, true, 0x90}, {0x00, false, 0x02},
	} {
		if got := fit(tt.first, tt.open, 4, 1); got != tt.want {
			t.Errorf("%#x, open %v: %#x, want %#x", tt.first, tt.open, got, tt.want)
		}
	}
}

// TestScriptReach checks that random scripts reach deep into the protocol: faults occur
// after the first frame, and every rule is broken by some script.
func TestScriptReach(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	c := model.Config{Server: true, RSV: 4, MaxFrame: 300, MaxMessage: 310, MaxEmptyFragments: 1,
		MaxControls: 2}
	faults, late := make(map[model.Rule]int), 0
	const runs = 4000
	for range runs {
		script := make([]byte, 8+random.IntN(120))
		for i := range script {
			script[i] = byte(random.Uint32())
			if random.IntN(3) > 0 {
				script[i] &= 0x4f // more that fits, with less payload
			}
		}
		frames := Script(script, c.Server, c.RSV, c.FrameRSV)
		got := model.Decode(c, Stream(frames...))
		if got.Fault == nil {
			faults[""]++
			continue
		}
		faults[got.Fault.Rule]++
		if len(got.Frames) > 1 {
			late++
		}
	}
	for _, rule := range []model.Rule{
		"", model.ReservedBits, model.ReservedOpcode, model.LengthTopBit, model.LengthNotMinimal,
		model.Unmasked, model.ControlFragment, model.ControlTooLong, model.NothingToGoOn, model.MessageOpen,
		model.CloseOneByte, model.CloseCode, model.NotUTF8, model.FrameTooBig, model.MessageTooBig,
		model.EmptyFragments, model.ControlFlood,
	} {
		if faults[rule] == 0 {
			t.Errorf("no script breaks the rule %q", rule)
		}
	}
	if late < runs/10 {
		t.Errorf("only %d of %d scripts have a fault after the first frame", late, runs)
	}
	t.Log(faults, late)
}
