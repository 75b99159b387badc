package model

import (
	"encoding/hex"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var noLimits = Config{MaxFrame: -1, MaxMessage: -1, MaxEmptyFragments: -1, MaxControls: -1}

// TestExamples reads the examples of RFC 6455, section 5.7.
func TestExamples(t *testing.T) {
	client, server := noLimits, noLimits
	server.Server = true
	hello := []Message{{Opcode: 1, Payload: []byte("Hello")}}
	for _, tt := range []struct {
		config Config
		stream string
		frames int
		want   []Message
	}{
		{client, "81 05 48 65 6c 6c 6f", 1, hello},
		{server, "81 85 37 fa 21 3d 7f 9f 4d 51 58", 1, hello},
		{client, "01 03 48 65 6c 80 02 6c 6f", 2, hello},
		{client, "89 05 48 65 6c 6c 6f", 1, nil},
		{server, "8a 85 37 fa 21 3d 7f 9f 4d 51 58", 1, nil},
		{client, "82 7e 01 00" + strings.Repeat("00", 256), 1,
			[]Message{{Opcode: 2, Payload: make([]byte, 256)}}},
		{client, "82 7f 0000000000010000" + strings.Repeat("00", 65536), 1,
			[]Message{{Opcode: 2, Payload: make([]byte, 65536)}}},
	} {
		got := Decode(tt.config, unhex(t, tt.stream))
		if got.Fault != nil || len(got.Frames) != tt.frames {
			t.Errorf("%.40s: %d frames, want %d; fault %+v", tt.stream, len(got.Frames), tt.frames, got.Fault)
		}
		if diff := cmp.Diff(tt.want, got.Messages); diff != "" {
			t.Errorf("%.40s: messages (-want +got):\n%s", tt.stream, diff)
		}
	}
}

// TestFaults breaks each rule. The fault must be found at its byte, and not before.
func TestFaults(t *testing.T) {
	limits := Config{MaxFrame: 5, MaxMessage: 8, MaxEmptyFragments: 1, MaxControls: 1}
	server := limits
	server.Server = true
	for _, tt := range []struct {
		config Config
		good   string // the stream before the byte of the fault
		bad    string
		want   Fault
	}{
		{limits, "", "c1", Fault{Rule: ReservedBits}},
		{limits, "8900", "83", Fault{Rule: ReservedOpcode, At: 2}},
		{limits, "", "8b", Fault{Rule: ReservedOpcode}},
		{limits, "", "09", Fault{Rule: ControlFragment}},
		{limits, "", "80", Fault{Rule: NothingToGoOn}},
		{limits, "0100", "81", Fault{Rule: MessageOpen, At: 2}},
		{limits, "81", "80", Fault{Rule: Masked, At: 1}},
		{server, "81", "00", Fault{Rule: Unmasked, At: 1}},
		{limits, "89", "7e", Fault{Rule: ControlTooLong, At: 1}},
		{limits, "827e00", "7d", Fault{Rule: LengthNotMinimal, At: 3}},
		{limits, "827f00000000 0000ff", "ff", Fault{Rule: LengthNotMinimal, At: 9}},
		{limits, "827f80000000 000000", "00", Fault{Rule: LengthTopBit, At: 9}},
		{limits, "82", "06", Fault{Rule: FrameTooBig, At: 1, Size: 6, Limit: 5}},
		{limits, "0205 0102030405 80", "04", Fault{Rule: MessageTooBig, At: 8, Size: 9, Limit: 8}},
		{limits, "0200 00", "00", Fault{Rule: EmptyFragments, At: 3, Size: 2, Limit: 1}},
		{limits, "8900 8a", "00", Fault{Rule: ControlFlood, At: 3, Size: 2, Limit: 1}},
		{limits, "8801", "03", Fault{Rule: CloseOneByte, At: 2}},
		{limits, "880203", "ed", Fault{Rule: CloseCode, At: 3}},
		{limits, "880303e8", "ff", Fault{Rule: NotUTF8, At: 4}},
		{limits, "0102 e282 0002", "28", Fault{Rule: NotUTF8, At: 6}},
		{limits, "8102 e2", "82", Fault{Rule: NotUTF8, At: 4}},
		{server, "8182 01020304 c3", "2a", Fault{Rule: NotUTF8, At: 7}},
	} {
		good, bad := unhex(t, tt.good), unhex(t, tt.bad)
		if got := Decode(tt.config, good); got.Fault != nil {
			t.Errorf("%s: fault %+v before its byte", tt.good, got.Fault)
		}
		got := Decode(tt.config, append(good, bad...)).Fault
		if got == nil {
			t.Errorf("%s %s: no fault, want %+v", tt.good, tt.bad, tt.want)
			continue
		}
		got.needs = 0
		if *got != tt.want {
			t.Errorf("%s %s: %+v, want %+v", tt.good, tt.bad, *got, tt.want)
		}
	}
}

// TestAll checks that all faults of a header are returned.
func TestAll(t *testing.T) {
	got := Decode(noLimits, unhex(t, "73 fe 0001 00000000"))
	var rules []Rule
	for _, f := range got.All {
		rules = append(rules, f.Rule)
	}
	if diff := cmp.Diff([]Rule{ReservedBits, ReservedOpcode, Masked, LengthNotMinimal}, rules); diff != "" {
		t.Errorf("all faults (-want +got):\n%s", diff)
	}
	if got.Fault.Rule != ReservedBits {
		t.Errorf("the first fault is %v", got.Fault)
	}
}

// TestCoded checks that a message with an extension's bit is not validated as text, and
// that its size has no limit.
func TestCoded(t *testing.T) {
	c := Config{RSV: 4, MaxFrame: -1, MaxMessage: 3, MaxEmptyFragments: 1, MaxControls: 0}
	got := Decode(c, unhex(t, "41 03 ffffff 80 04 ffffffff"))
	if got.Fault != nil || len(got.Messages) != 1 || !got.Messages[0].Coded ||
		len(got.Messages[0].Payload) != 7 {
		t.Errorf("%+v", got)
	}
	if got := Decode(c, unhex(t, "01 00 c0")); got.Fault == nil || got.Fault.Rule != ReservedBits {
		t.Errorf("RSV1 on a continuation: %+v", got.Fault)
	}
}

// TestClosed checks that nothing is read after a close frame.
func TestClosed(t *testing.T) {
	got := Decode(noLimits, unhex(t, "88 04 03e8 6f6b ff ff"))
	if !got.Closed || got.Code != 1000 || string(got.Reason) != "ok" || got.Fault != nil ||
		len(got.Frames) != 1 {
		t.Errorf("%+v", got)
	}
}

// TestText compares Text with unicode/utf8 on all short inputs of bytes at the edges of
// ranges.
func TestText(t *testing.T) {
	edge := []byte{
		0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec,
		0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
	}
	var try func(p []byte, length int)
	try = func(p []byte, length int) {
		good, whole := Text(p)
		if want := utf8.Valid(p); whole != want {
			t.Fatalf("% x: whole %v, want %v", p, whole, want)
		}
		if whole && good != len(p) {
			t.Fatalf("% x: good %d of a whole text", p, good)
		}
		for n := range len(p) {
			if g, _ := Text(p[:n]); g != min(good, n) {
				t.Fatalf("% x: good %d, but %d of the first %d", p, good, g, n)
			}
		}
		if length > 0 {
			for _, c := range edge {
				try(append(p[:len(p):len(p)], c), length-1)
			}
		}
	}
	try(nil, 3)
	for _, first := range []byte{0xe2, 0xf0, 0xf2, 0xf4} {
		try([]byte{first}, 3)
	}
	for _, tt := range []struct {
		text string
		good int
	}{
		{"\xf4\x90", 1}, {"a\xed\xa0\x80", 2}, {"\xc0\x80", 0}, {"\xe2\x82", 2}, {"\xe2\x82z", 2},
		{"\u20ac\xff", 3},
	} {
		if good, _ := Text([]byte(tt.text)); good != tt.good {
			t.Errorf("%q: %d, want %d", tt.text, good, tt.good)
		}
	}
}

func TestMask(t *testing.T) {
	p := []byte{0, 0, 0, 0, 0, 0}
	Mask(p, [4]byte{1, 2, 3, 4}, 3)
	if string(p) != "\x04\x01\x02\x03\x04\x01" {
		t.Errorf("% x", p)
	}
}

func TestSendable(t *testing.T) {
	var got []int
	for code := range 1 << 16 {
		if Sendable(code) != Sendable(code-1) {
			got = append(got, code)
		}
	}
	if diff := cmp.Diff([]int{1000, 1004, 1007, 1015, 3000, 5000}, got); diff != "" {
		t.Errorf("changes at (-want +got):\n%s", diff)
	}
}

func TestCodes(t *testing.T) {
	for rule, want := range map[Rule]int{
		ReservedBits: 1002, NotUTF8: 1007, ControlFlood: 1008, EmptyFragments: 1008,
		FrameTooBig: 1009, MessageTooBig: 1009, CloseCode: 1002,
	} {
		if got := rule.Code(); got != want {
			t.Errorf("%s: %d, want %d", rule, got, want)
		}
	}
}
