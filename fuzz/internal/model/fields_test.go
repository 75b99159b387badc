package model

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExtensions(t *testing.T) {
	for _, tt := range []struct {
		lines []string
		want  []Extension
	}{
		{nil, nil},
		// The examples of RFC 6455, section 9.1.
		{[]string{"deflate-stream"}, []Extension{{Name: "deflate-stream"}}},
		{[]string{"mux; max-channels=4; flow-control, deflate-stream"}, []Extension{
			{"mux", []Param{{"max-channels", "4"}, {"flow-control", ""}}}, {Name: "deflate-stream"}}},
		{[]string{"private-extension"}, []Extension{{Name: "private-extension"}}},
		{[]string{"foo", "bar; baz=2"}, []Extension{{Name: "foo"}, {"bar", []Param{{"baz", "2"}}}}},
		{[]string{"", " ,\t"}, nil},
		{[]string{", a\t;b =\"\\c\\d\" ,,", ""}, []Extension{{"a", []Param{{"b", "cd"}}}}},
	} {
		got, fault := Extensions(tt.lines)
		if diff := cmp.Diff(tt.want, got); fault != nil || diff != "" {
			t.Errorf("%q: %v (-want +got):\n%s", tt.lines, fault, diff)
		}
	}
}

func TestExtensionFaults(t *testing.T) {
	for _, tt := range []struct {
		lines []string
		want  FieldFault
	}{
		{[]string{"a;", "b"}, FieldFault{0, 2, 2}},
		{[]string{"a", "b c"}, FieldFault{1, 2, 2}},
		{[]string{"a; b=", "c"}, FieldFault{0, 5, 5}},
		{[]string{"a=b"}, FieldFault{0, 1, 1}},
		{[]string{"\"a\""}, FieldFault{0, 0, 0}},
		{[]string{"a; \"b\"=c"}, FieldFault{0, 3, 3}},
		{[]string{"a; b=\"c d\""}, FieldFault{0, 7, 7}},
		{[]string{"a; b=\"c\\ d\""}, FieldFault{0, 8, 8}},
		{[]string{"a; b=\"\""}, FieldFault{0, 7, 6}},
		{[]string{"a; b=\"c"}, FieldFault{0, 7, 6}},
		{[]string{"x", "a; b=\"c\\"}, FieldFault{1, 8, 6}},
		{[]string{"a; b=\"c", "d\""}, FieldFault{0, 7, 6}},
		{[]string{"a; b=\"c\"d"}, FieldFault{0, 8, 8}},
		{[]string{"a/b"}, FieldFault{0, 1, 1}},
	} {
		got, fault := Extensions(tt.lines)
		if fault == nil || *fault != tt.want || got != nil {
			t.Errorf("%q: %v, %+v, want %+v", tt.lines, got, fault, tt.want)
		}
	}
}

func TestProtocols(t *testing.T) {
	for _, tt := range []struct{ lines, want []string }{
		{nil, nil},
		{[]string{"", " ,\t"}, nil},
		{[]string{"chat, superchat", " ,x\t"}, []string{"chat", "superchat", "x"}},
		{[]string{"a", "b;c/1", "d e,f\x00,\xff,g"}, []string{"a", "b;c/1", "g"}},
	} {
		if diff := cmp.Diff(tt.want, Protocols(tt.lines)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.lines, diff)
		}
	}
}

// TestTokenChar counts the characters that a token may have.
func TestTokenChar(t *testing.T) {
	count := 0
	for c := range 256 {
		if TokenChar(byte(c)) {
			count++
		}
	}
	if want := 128 - 33 - 18; count != want { // CHAR without CTLs and separators; HT is both
		t.Errorf("%d characters, want %d", count, want)
	}
}
