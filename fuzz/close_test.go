package fuzz

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/fuzz/internal/model"
	"github.com/hawser-ws/hawser/fuzz/internal/reading"
	"github.com/hawser-ws/hawser/wire"
)

// FuzzClose parses the payload of a close frame and encodes the result, and encodes a code
// and a reason and parses the result. It compares both with the model.
func FuzzClose(f *testing.F) {
	for _, s := range []string{
		"", "\x03", "\x03\xe8", "\x03\xe8bye", "\x03\xec", "\x03\xed", "\x03\xee", "\x03\xef", "\x03\xf6",
		"\x03\xf7", "\x0b\xb7", "\x0b\xb8", "\x13\x87", "\x13\x88", "\x00\x00", "\xff\xff",
		"\x03\xe8\xed\xa0\x80", "\x03\xe8\xe2\x82", "\x03\xe9caf\xc3\xa9",
	} {
		f.Add([]byte(s), uint16(1000), s, uint8(0))
	}
	for _, code := range []uint16{
		0, 999, 1000, 1003, 1004, 1005, 1006, 1007, 1014, 1015, 2999, 3000, 4999, 5000,
	} {
		f.Add([]byte{byte(code >> 8), byte(code)}, code, "", uint8(0))
		f.Add([]byte{byte(code >> 8), byte(code), 'a'}, code, "caf\u00e9\u20ac\U0001f600", uint8(118))
	}
	for before := range uint8(16) { // a character of each size around the limit of a reason
		for _, r := range []string{"\u00e9", "\u20ac", "\U0001f600"} {
			f.Add([]byte(nil), uint16(1000), r, 110+before)
		}
	}
	f.Fuzz(func(t *testing.T, payload []byte, code uint16, reason string, before uint8) {
		readClose(t, payload)
		readClose(t, append([]byte{byte(code >> 8), byte(code)}, reason...))
		writeClose(t, code, strings.Repeat("a", int(before%140))+reason[:min(len(reason), 1<<10)])
	})
}

func readClose(t *testing.T, payload []byte) {
	was := bytes.Clone(payload)
	code, reason, err := wire.ConsumeClose(payload)
	if !bytes.Equal(payload, was) {
		t.Fatalf("ConsumeClose changed % x to % x", was, payload)
	}
	wantCode, wantReason, fault := model.Close(payload)
	if fault != nil {
		var e *wire.Error
		if !errors.As(err, &e) || *e != *reading.Error(fault) || int(e.Code()) != fault.Rule.Code() ||
			code != 0 || reason != nil {
			t.Fatalf("% x: %d, %q, %#v, want %+v", payload, code, reason, err, *fault)
		}
		return
	}
	if err != nil || int(code) != wantCode || !bytes.Equal(reason, wantReason) {
		t.Fatalf("% x: %d, %q, %v, want %d, %q", payload, code, reason, err, wantCode, wantReason)
	}
	if len(reason) > 0 && &reason[0] != &payload[2] {
		t.Fatalf("% x: the reason is not a slice of the payload", payload)
	}
	if len(payload) <= wire.MaxControlPayload {
		if back, err := wire.AppendClose([]byte("before"), code, string(reason)); err != nil ||
			string(back) != "before"+string(payload) {
			t.Fatalf("AppendClose wrote % x as %q, %v", payload, back, err)
		}
	}
}

func writeClose(t *testing.T, code uint16, reason string) {
	got, err := wire.AppendClose([]byte("before"), wire.StatusCode(code), reason)
	if wire.StatusCode(code).IsSendable() != model.Sendable(int(code)) {
		t.Fatalf("%d: IsSendable is %v", code, !model.Sendable(int(code)))
	}
	good, whole := model.Text([]byte(reason))
	var want wire.Error
	switch {
	case code == 1005 && reason == "":
		if err != nil || string(got) != "before" {
			t.Fatalf("code 1005 and no reason: %q, %v, want no payload", got, err)
		}
		return
	case !model.Sendable(int(code)):
		want = wire.Error{Violation: wire.ErrCloseCode}
	case !whole:
		want = wire.Error{Violation: wire.ErrInvalidUTF8, Offset: int64(good)}
	default:
		checkWritten(t, code, reason, got, err)
		return
	}
	var e *wire.Error
	if !errors.As(err, &e) || *e != want || string(got) != "before" {
		t.Fatalf("%d %q: %q, %#v, want %#v", code, reason, got, err, want)
	}
}

// checkWritten checks the payload that AppendClose wrote. It must contain the code, and as
// many whole characters of the reason as fit.
func checkWritten(t *testing.T, code uint16, reason string, got []byte, err error) {
	if err != nil || !bytes.HasPrefix(got, []byte("before")) {
		t.Fatalf("%d %q: %q, %v", code, reason, got, err)
	}
	kept := ""
	for _, r := range reason {
		if len(kept)+len(string(r)) > 123 {
			break
		}
		kept += string(r)
	}
	got = got[len("before"):]
	gotCode, gotReason, fault := model.Close(got)
	if len(got) > 125 || fault != nil || gotCode != int(code) || string(gotReason) != kept {
		t.Fatalf("%d %q: the model reads % x as %d, %q, %+v, want the reason %q",
			code, reason, got, gotCode, gotReason, fault, kept)
	}
}
