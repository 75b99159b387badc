package wire_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hawser-ws/hawser/wire"
)

func TestConsumeClose(t *testing.T) {
	tests := []struct {
		payload string
		code    wire.StatusCode
		reason  string
		want    wire.Error // zero if there is no error
	}{
		{payload: "", code: wire.StatusNoStatusReceived},
		{payload: "\x03", want: wire.Error{Violation: wire.ErrClosePayload}},
		{payload: "\x03\xe8", code: wire.StatusNormalClosure},
		{payload: "\x03\xe8bye", code: wire.StatusNormalClosure, reason: "bye"},
		{payload: "\x13\x87\u20ac", code: 4999, reason: "\u20ac"},
		{payload: "\x00\x00", want: wire.Error{Violation: wire.ErrCloseCode, Offset: 1}},
		{payload: "\x03\xed", want: wire.Error{Violation: wire.ErrCloseCode, Offset: 1}},
		{payload: "\x03\xed\xff", want: wire.Error{Violation: wire.ErrCloseCode, Offset: 1}},
		{payload: "\xff\xffbye", want: wire.Error{Violation: wire.ErrCloseCode, Offset: 1}},
		{payload: "\x03\xe8\xff", want: wire.Error{Violation: wire.ErrInvalidUTF8, Offset: 2}},
		{payload: "\x03\xe8by\xed\xa0\x80", want: wire.Error{Violation: wire.ErrInvalidUTF8, Offset: 5}},
		{payload: "\x03\xe8by\xe2\x82", want: wire.Error{Violation: wire.ErrInvalidUTF8, Offset: 6}},
	}
	for _, tt := range tests {
		code, reason, err := wire.ConsumeClose([]byte(tt.payload))
		if tt.want.Violation != 0 {
			var e *wire.Error
			if !errors.As(err, &e) || *e != tt.want || code != 0 || reason != nil {
				t.Errorf("%x: %v, %q, %v, want %v", tt.payload, code, reason, err, &tt.want)
			}
			continue
		}
		if code != tt.code || string(reason) != tt.reason || err != nil {
			t.Errorf("%x: %v, %q, %v, want %v, %q", tt.payload, code, reason, err, tt.code, tt.reason)
		}
	}
}

// ConsumeClose parses what AppendClose appends, for every code.
func TestCloseRoundTrip(t *testing.T) {
	for i := range 1 << 16 {
		code := wire.StatusCode(i)
		b, err := wire.AppendClose([]byte("before"), code, "why")
		if !code.IsSendable() {
			if !errors.Is(err, wire.ErrCloseCode) || string(b) != "before" {
				t.Fatalf("%v: %q, %v", code, b, err)
			}
			continue
		}
		if err != nil || !bytes.HasPrefix(b, []byte("before")) {
			t.Fatalf("%v: %q, %v", code, b, err)
		}
		got, reason, err := wire.ConsumeClose(b[len("before"):])
		if got != code || string(reason) != "why" || err != nil {
			t.Fatalf("%v was parsed as %v, %q, %v", code, got, reason, err)
		}
	}
}

func TestAppendClose(t *testing.T) {
	b, err := wire.AppendClose([]byte("before"), wire.StatusNoStatusReceived, "")
	if string(b) != "before" || err != nil {
		t.Errorf("no code: %q, %v", b, err)
	}
	b, err = wire.AppendClose([]byte("before"), wire.StatusNoStatusReceived, "why")
	if string(b) != "before" || !errors.Is(err, wire.ErrCloseCode) {
		t.Errorf("reason without a code: %q, %v", b, err)
	}
	for reason, at := range map[string]int64{
		"\xff": 0, "ab\xc3": 3, "abc\xe2\x82d": 5, strings.Repeat("a", 200) + "\x80": 200,
	} {
		b, err := wire.AppendClose([]byte("before"), wire.StatusGoingAway, reason)
		want := wire.Error{Violation: wire.ErrInvalidUTF8, Offset: at}
		var e *wire.Error
		if !errors.As(err, &e) || *e != want || string(b) != "before" {
			t.Errorf("%q: %q, %v, want an error at byte %d", reason, b, err, at)
		}
	}
}

// A long reason is cut between runes, and no earlier than necessary.
func TestAppendCloseCuts(t *testing.T) {
	if wire.MaxCloseReason != 123 {
		t.Errorf("MaxCloseReason is %d, want 123", wire.MaxCloseReason)
	}
	for _, r := range []string{"a", "\u00e9", "\u20ac", "\U0001f600"} {
		for pad := range 5 {
			reason := strings.Repeat("x", pad) + strings.Repeat(r, 135)
			for cut := 115; cut < 135; cut++ {
				reason := reason[:cut]
				if !utf8.ValidString(reason) {
					continue
				}
				b, err := wire.AppendClose(nil, wire.StatusNormalClosure, reason)
				if err != nil || len(b) > wire.MaxControlPayload {
					t.Fatalf("reason of %d bytes: payload of %d, %v", len(reason), len(b), err)
				}
				got := string(b[2:])
				if !strings.HasPrefix(reason, got) || !utf8.ValidString(got) {
					t.Errorf("%q was cut to %q", reason, got)
				}
				if want := min(len(reason), wire.MaxCloseReason-len(r)+1); len(got) < want {
					t.Errorf("reason of %d bytes was cut to %d, want at least %d", len(reason), len(got),
						want)
				}
			}
		}
	}
}
