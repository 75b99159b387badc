package fuzz

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/fuzz/internal/model"
	"github.com/hawser-ws/hawser/fuzz/internal/permessage"
	"github.com/hawser-ws/hawser/fuzz/internal/seeds"
	"github.com/hawser-ws/hawser/wire"
)

// lines splits text into the lines of a field.
func lines(text string) []string {
	if len(text) > 1<<12 {
		text = text[:1<<12]
	}
	return strings.Split(text, "\n")
}

// addField adds the values that a field has in the compliance suite's cases.
func addField(f *testing.F, name string) {
	seen := make(map[string]bool)
	for _, h := range seeds.Heads() {
		for line := range strings.SplitSeq(string(h.Data), "\r\n") {
			field, value, _ := strings.Cut(line, ":")
			if value = strings.TrimSpace(value); strings.EqualFold(field, name) && !seen[value] {
				seen[value] = true
				f.Add(value)
			}
		}
	}
}

// agree compares the error for lines with the fault of the model. It returns false if
// both refuse the lines.
func agree(t *testing.T, lines []string, err error, fault *model.FieldFault) (ok bool) {
	if fault == nil {
		if err != nil {
			t.Fatalf("%q: %v, but the model finds no fault", lines, err)
		}
		return true
	}
	var e *wire.Error
	if !errors.As(err, &e) || e.Violation != wire.ErrFieldSyntax || e.Size != 0 || e.Limit != 0 ||
		e.Offset < int64(fault.Quote) || e.Offset > int64(fault.At) {
		t.Fatalf("%q: %#v, want %+v", lines, err, *fault)
	}
	return false
}

// checkAllocations checks that parse allocates a limited number of bytes for each byte of a long
// text, which repeats the input. A quadratic parser would allocate thousands for each. The
// time is not measured: a parser that reads its input again and again makes the executions
// of the target a hundred times fewer.
func checkAllocations(t *testing.T, text string, parse func(text string)) {
	const long, each = 1 << 14, 256
	if text == "" || len(text) > 1<<8 || len(text)%8 != 0 { // one input in eight is enough
		return
	}
	text = strings.Repeat(text, long/len(text))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	parse(text)
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > each*long {
		t.Fatalf("%d bytes were allocated for %d of %.200q", n, len(text), text)
	}
}

// FuzzExtensions compares the parser of Sec-WebSocket-Extensions with a slow reader of
// the grammar: the elements, their parameters and the offset of a fault. A line of the
// input is a line of the field. Encoding the result and parsing it must give the same result.
func FuzzExtensions(f *testing.F) {
	for _, s := range []string{
		"permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate",
		"foo", "foo\nbar; baz=2",
		"mux; max-channels=4; flow-control, deflate-stream", "a;b=\"c\";d=\"\\e\"", ",,a ,\t, b\n\n,",
		"", "\n", "a;", "a;b=", "a=b", "a b",
		"a;b=\"\"", "a;b=\"c", "a;b=\"c d\"", "a;b=\"c\\", "a;b=\"c\nd\"", "\"a\"", "a;\"b\"=c", "a;b=\"c\"d",
		"a\x00", "\u00e9", "a;b=c;b=d,a;b=c",
		"x; y = z ; w\t=\t\"v\" ,", "a;b==c", "a;b=c=d", "a/b", "a;b=\"\\\"\"", " a;b=\"\\\n\"",
	} {
		f.Add(s)
	}
	addField(f, "Sec-WebSocket-Extensions")
	f.Fuzz(func(t *testing.T, text string) {
		in := lines(text)
		got, err := wire.ParseExtensions(in)
		want, fault := model.Extensions(in)
		if !agree(t, in, err, fault) {
			if got != nil {
				t.Fatalf("%q: %v with the error %v", in, got, err)
			}
			return
		}
		if diff := cmp.Diff(want, permessage.Elements(got)); diff != "" {
			t.Fatalf("%q differs from the model (-want +got):\n%s", in, diff)
		}
		b, err := wire.AppendExtensions([]byte("before"), got)
		if err != nil || !strings.HasPrefix(string(b), "before") {
			t.Fatalf("%q: %q, %v", in, b, err)
		}
		written := string(b[len("before"):])
		back, err := wire.ParseExtensions([]string{written})
		if diff := cmp.Diff(got, back); err != nil || diff != "" {
			t.Fatalf("%q, encoded as %q, is parsed differently: %v (-want +got):\n%s",
				in, written, err, diff)
		}
		again, fault := model.Extensions([]string{written})
		if diff := cmp.Diff(want, again); fault != nil || diff != "" {
			t.Fatalf("the model reads %q, encoded as %q, differently: %v (-want +got):\n%s",
				in, written, fault, diff)
		}
		checkAllocations(t, text, func(text string) { _, _ = wire.ParseExtensions(lines(text)) })
		checkAllocations(t, text+",", func(text string) { _, _ = wire.ParseExtensions([]string{text}) })
	})
}

// FuzzOffers encodes any names and values. The slow reader of the grammar must read the same
// names and values from the field, or AppendExtensions must refuse them.
func FuzzOffers(f *testing.F) {
	for _, s := range []string{
		"foo\x00a=b\x00c", "a\x01b", "a\x00b=", "a\x00=b", "\x00", "a,b\x00c", "a\x00b=c d", "a\x00b=\"c\"",
		"\u00e9",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = text[:min(len(text), 1<<10)]
		var offers []wire.ExtensionSpec
		wrong, at := -1, 0 // the offsets of the first string that is not a token, and of the next one
		token := func(s string) {
			ok := s != ""
			for i := range len(s) {
				ok = ok && model.TokenChar(s[i])
			}
			if !ok && wrong < 0 {
				wrong = at
			}
		}
		for part := range strings.SplitSeq(text, "\x01") {
			fields := strings.Split(part, "\x00")
			o := wire.ExtensionSpec{Name: fields[0]}
			token(o.Name)
			at += len(o.Name + "; ") // or ", "
			for _, p := range fields[1:] {
				name, value, _ := strings.Cut(p, "=")
				token(name)
				if value != "" {
					token(value)
					at += len("=" + value)
				}
				at += len(name + "; ")
				o.Params = append(o.Params, wire.Param{Name: name, Value: value})
			}
			offers = append(offers, o)
		}
		b, err := wire.AppendExtensions([]byte("before"), offers)
		if wrong >= 0 {
			var e *wire.Error
			if !errors.As(err, &e) ||
				*e != (wire.Error{Violation: wire.ErrFieldSyntax, Offset: int64(wrong)}) ||
				string(b) != "before" {
				t.Fatalf("%q: %q, %#v, want an error at %d", offers, b, err, wrong)
			}
			return
		}
		if err != nil || !strings.HasPrefix(string(b), "before") {
			t.Fatalf("%q: %q, %v", offers, b, err)
		}
		got, fault := model.Extensions([]string{string(b[len("before"):])})
		if diff := cmp.Diff(permessage.Elements(offers), got); fault != nil || diff != "" {
			t.Fatalf("the model reads %q, encoded as %q, differently: %v (-want +got):\n%s",
				offers, b, fault, diff)
		}
	})
}

// FuzzProtocols compares the parser of Sec-WebSocket-Protocol with a slow reader of the
// grammar.
func FuzzProtocols(f *testing.F) {
	for _, s := range []string{
		"chat", "chat, superchat", "a\nb", "", ",", "\n,\n", " ,\ta ,", "a b", "a;b", "\"a\"", "a,\u00e9", "a,(",
		"SPDY/3.1+portforward.k8s.io, a\tb,\t c \t", "v12.stomp, v11.stomp",
	} {
		f.Add(s)
	}
	addField(f, "Sec-WebSocket-Protocol")
	f.Fuzz(func(t *testing.T, text string) {
		in := lines(text)
		got, want := wire.ParseProtocols(in), model.Protocols(in)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q differs from the model (-want +got):\n%s", in, diff)
		}
		for _, name := range got {
			if !wire.IsProtocolName(name) {
				t.Fatalf("%q: %q, which IsProtocolName refuses", in, name)
			}
		}
		if diff := cmp.Diff(got, wire.ParseProtocols([]string{strings.Join(got, ", ")})); diff != "" {
			t.Fatalf("%q, encoded again, is parsed differently (-want +got):\n%s", in, diff)
		}
		checkAllocations(t, text+",", func(text string) { _ = wire.ParseProtocols([]string{text}) })
	})
}

// FuzzTokens compares IsToken, HasToken, IsKey and AcceptKey with the model.
func FuzzTokens(f *testing.F) {
	for _, s := range []string{
		"Upgrade", "keep-alive, Upgrade", "upgrade\nclose", "websocket", "", "\u212aeep-alive", "web socket",
		"websockets", " \twebsocket\t ,",
	} {
		f.Add(s, "websocket")
		f.Add(s, "keep-alive")
		f.Add(s, s)
	}
	f.Add("keep-alive, UPGRADE", "upgrade")
	for c := range 256 {
		f.Add("x"+string([]byte{byte(c)}), string([]byte{byte(c)}))
	}
	f.Add("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=")
	f.Add("AAAAAAAAAAAAAAAAAAAAAB==", "AAAAAAAAAAAAAAAAAAAAAA==\n")
	f.Fuzz(func(t *testing.T, text, token string) {
		isToken := token != "" &&
			strings.IndexFunc(token, func(r rune) bool { return r > 127 || !model.TokenChar(byte(r)) }) < 0
		if got := wire.IsToken(token); got != isToken {
			t.Fatalf("IsToken(%q) is %v", token, got)
		}
		in := lines(text)
		has := isToken && model.Lists(in, token)
		if got := wire.HasToken(in, token); got != has {
			t.Fatalf("HasToken(%q, %q) is %v", in, token, got)
		}
		for _, key := range []string{text, token} {
			if got := wire.IsKey(key); got != model.IsKey(key) {
				t.Fatalf("IsKey(%q) is %v", key, got)
			}
			if got, want := wire.AcceptKey(key), model.AcceptKey(key); got != want {
				t.Fatalf("AcceptKey(%q) is %q, want %q", key, got, want)
			}
		}
	})
}
