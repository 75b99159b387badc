package wire_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/hawser-ws/hawser/wire"
)

func TestParseExtensions(t *testing.T) {
	tests := []struct {
		values []string
		want   []wire.ExtensionSpec
	}{
		{nil, nil},
		// Empty fields, as peers send that use no extension.
		{[]string{""}, nil},
		{[]string{" \t"}, nil},
		{[]string{" , ,"}, nil},
		{[]string{",", ""}, nil},
		{[]string{"foo"}, []wire.ExtensionSpec{offer("foo")}},
		{[]string{"foo, bar; baz=2"}, []wire.ExtensionSpec{offer("foo"), offer("bar", "baz", "2")}},
		{[]string{"foo", "bar; baz=2"}, []wire.ExtensionSpec{offer("foo"), offer("bar", "baz", "2")}},
		{[]string{"mux; max-channels=4; flow-control, deflate-stream"},
			[]wire.ExtensionSpec{
				offer("mux", "max-channels", "4", "flow-control", ""), offer("deflate-stream"),
			}},
		{[]string{"permessage-deflate; client_max_window_bits; server_max_window_bits=10, " +
			"permessage-deflate"},
			[]wire.ExtensionSpec{
				offer("permessage-deflate", "client_max_window_bits", "", "server_max_window_bits", "10"),
				offer("permessage-deflate"),
			}},
		// Case, order and duplicates are kept.
		{[]string{"Foo;A=b;a=B;A=b, foo, Foo"},
			[]wire.ExtensionSpec{offer("Foo", "A", "b", "a", "B", "A", "b"), offer("foo"), offer("Foo")}},
		// White space may separate any two tokens, and elements may be empty.
		{[]string{" \tfoo \t; \ta \t= \tb\t ; c ,\t, ,bar "},
			[]wire.ExtensionSpec{offer("foo", "a", "b", "c", ""), offer("bar")}},
		{[]string{",foo,", "", " ", ",", "bar,,"}, []wire.ExtensionSpec{offer("foo"), offer("bar")}},
		// Quoted strings.
		{[]string{`foo; a="b"; c = "d" ; e="10"`},
			[]wire.ExtensionSpec{offer("foo", "a", "b", "c", "d", "e", "10")}},
		{[]string{`foo; a="\b\1c"`}, []wire.ExtensionSpec{offer("foo", "a", "b1c")}},
		{[]string{"!#$%&'*+-.^_`|~09azAZ;x=!#$%&'*+-.^_`|~"},
			[]wire.ExtensionSpec{offer("!#$%&'*+-.^_`|~09azAZ", "x", "!#$%&'*+-.^_`|~")}},
	}
	for _, tt := range tests {
		got, err := wire.ParseExtensions(tt.values)
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%q: %v, %v, want %v", tt.values, got, err, tt.want)
		}
	}
}

// Each value is refused at the given byte, whichever field of a list has it.
func TestParseExtensionsSyntax(t *testing.T) {
	tests := []struct {
		value  string
		offset int64
	}{
		{";", 0},
		{"=", 0},
		{`"foo"`, 0},
		{"foo bar", 4},
		{"foo;", 4},
		{"foo; ", 5},
		{"foo;,bar", 4},
		{"foo; ;a", 5},
		{"foo;=b", 4},
		{"foo; a=", 7},
		{"foo; a= ", 8},
		{"foo; a=,bar", 7},
		{"foo; a=;b", 7},
		{"foo; a==b", 7},
		{"foo; a=b=c", 8},
		{"foo; a=b c", 9},
		{"foo=bar", 3},
		{"foo/1", 3},
		{"foo; a=b@c", 8},
		{"foo; a:b", 6},
		{`foo; a=""`, 9},
		{`foo; a="b`, 8},
		{`foo; a="b\c`, 8},
		{`foo; a="`, 8},
		{`foo; a="b c"`, 9},
		{`foo; a="b,c"`, 9},
		{`foo; a="b;c"`, 9},
		{`foo; a="b\"c"`, 10},
		{`foo; a="b\\"`, 10}, // a backslash is not a token
		{`foo; a="\`, 8},
		{`foo; a="b\`, 9},
		{`foo; a="b"c`, 10},
		{`foo; a="b""c"`, 10},
		{`foo; "a"=b`, 5},
		{`foo; a='b c'`, 10},
		{"foo\r\nX: y", 3},
		{"foo\x00", 3},
		{"foo\x7f", 3},
		{"f\u00f6\u00f6", 1},
		{"foo; a=\"\u00f6\"", 8},
		{"foo, bar, ;", 10},
		{"foo(comment)", 3},
	}
	for _, tt := range tests {
		want := wire.Error{Violation: wire.ErrFieldSyntax, Offset: tt.offset}
		for _, values := range [][]string{{tt.value}, {"good; a=b, good", tt.value}, {tt.value, "good"}} {
			got, err := wire.ParseExtensions(values)
			var e *wire.Error
			if !errors.As(err, &e) || *e != want || got != nil {
				t.Errorf("%q: %v, %v, want an error at byte %d", values, got, err, tt.offset)
			}
		}
	}
}

func TestAppendExtensions(t *testing.T) {
	tests := []struct {
		offers []wire.ExtensionSpec
		want   string
	}{
		{nil, ""},
		{[]wire.ExtensionSpec{offer("foo")}, "foo"},
		{[]wire.ExtensionSpec{offer("foo", "a", "b", "c", ""), offer("bar")}, "foo; a=b; c, bar"},
		{[]wire.ExtensionSpec{offer("permessage-deflate", "client_max_window_bits", "12")},
			"permessage-deflate; client_max_window_bits=12"},
	}
	for _, tt := range tests {
		b, err := wire.AppendExtensions([]byte("before"), tt.offers)
		if string(b) != "before"+tt.want || err != nil {
			t.Errorf("%v: %q, %v, want %q", tt.offers, b, err, tt.want)
			continue
		}
		if len(tt.offers) == 0 {
			continue
		}
		back, err := wire.ParseExtensions([]string{tt.want})
		if err != nil || !reflect.DeepEqual(back, tt.offers) {
			t.Errorf("%q was parsed as %v, %v", tt.want, back, err)
		}
	}
	for _, bad := range []string{" ", "a b", "a,b", "a;b", "a=b", `a"b`, "a\r\nb", "a\x00", "\u00f6", "a/b"} {
		for _, offers := range [][]wire.ExtensionSpec{
			{offer(bad)}, {offer("good"), offer(bad)}, {offer("good", bad, "")}, {offer("good", "a", bad)},
			{offer("good", bad, "a"), offer("good")},
		} {
			b, err := wire.AppendExtensions([]byte("before"), offers)
			if !errors.Is(err, wire.ErrFieldSyntax) || string(b) != "before" {
				t.Errorf("%q: %q, %v, want dst and a syntax error", offers, b, err)
			}
		}
	}
	for _, tt := range []struct {
		offers []wire.ExtensionSpec
		offset int64
	}{
		{[]wire.ExtensionSpec{offer("")}, 0},
		{[]wire.ExtensionSpec{offer("foo"), offer("")}, 5},
		{[]wire.ExtensionSpec{offer("foo", "", "a")}, 5},
		{[]wire.ExtensionSpec{offer("foo", "a", "b", "c", "\"")}, 10},
	} {
		b, err := wire.AppendExtensions([]byte("before"), tt.offers)
		want := wire.Error{Violation: wire.ErrFieldSyntax, Offset: tt.offset}
		var e *wire.Error
		if !errors.As(err, &e) || *e != want || string(b) != "before" {
			t.Errorf("%q: %q, %v, want an error at byte %d", tt.offers, b, err, tt.offset)
		}
	}
}

func TestParseProtocols(t *testing.T) {
	tests := []struct {
		values []string
		want   []string
	}{
		{nil, nil},
		{[]string{"chat"}, []string{"chat"}},
		{[]string{"chat, superchat"}, []string{"chat", "superchat"}},
		{[]string{"chat", "superchat"}, []string{"chat", "superchat"}},
		{[]string{" v1.Chat\t,,\tchat ,"}, []string{"v1.Chat", "chat"}},
		{[]string{"", "chat"}, []string{"chat"}},
		// Empty fields, as peers send that use no subprotocol.
		{[]string{""}, nil},
		{[]string{" \t"}, nil},
		{[]string{" , ,", ","}, nil},
		// Names that are not tokens. The first one is Kubernetes's.
		{[]string{"SPDY/3.1+portforward.k8s.io"}, []string{"SPDY/3.1+portforward.k8s.io"}},
		{[]string{"a;b, \"c\"", "a=b"}, []string{"a;b", `"c"`, "a=b"}},
		// Elements that are not names are left out.
		{[]string{"a b, chat", "ch\tat", "\u00e9,a\r\nb,\x00,a\x7f"}, []string{"chat"}},
	}
	for _, tt := range tests {
		if got := wire.ParseProtocols(tt.values); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%q: %q, want %q", tt.values, got, tt.want)
		}
	}
}

func TestIsProtocolName(t *testing.T) {
	for c := range 256 {
		want := c > ' ' && c < 0x7f && c != ','
		char := string([]byte{byte(c)})
		for _, s := range []string{char, "a" + char, char + "a"} {
			if got := wire.IsProtocolName(s); got != want {
				t.Errorf("%q: %t", s, got)
			}
		}
	}
	if wire.IsProtocolName("") {
		t.Error("an empty name is accepted")
	}
}
