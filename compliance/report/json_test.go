package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRoundTrip(t *testing.T) {
	foreign := new(Result)
	data, err := os.ReadFile("testdata/foreign.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, foreign); err != nil {
		t.Fatal(err)
	}
	for _, r := range []*Result{sample(), foreign} {
		out, err := encode(r)
		if err != nil {
			t.Fatal(err)
		}
		var back Result
		if err := json.Unmarshal(out, &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(*r, back); diff != "" {
			t.Errorf("%s, read back (-want +got):\n%s", r.ID, diff)
		}
	}

	// A file of the original keeps all of its keys and nulls.
	ours, _ := json.Marshal(foreign)
	var a, b any
	json.Unmarshal(data, &a)
	json.Unmarshal(ours, &b)
	a.(map[string]any)["started"] = "2017-11-02T08:50:57.000Z" // older ones left the zero milliseconds out
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("the original's file (-before +after):\n%s", diff)
	}
}

// keys lists the keys of the original suite with their JSON types. A question mark means that
// the value may be null.
const keys = `agent:string behavior:string behaviorClose:string case:number closedByMe:bool
createStats:bool createWirelog:bool description:string droppedByMe:bool duration:number
expectation:string expected:object expectedClose:object failedByMe:bool httpRequest:string
httpResponse:string id:string isServer:bool localCloseCode:number? localCloseReason:string?
received:array remoteCloseCode:number? remoteCloseReason:string? reportCompressionRatio:bool
reportTime:bool result:string resultClose:string rxFrameStats:object rxOctetStats:object
started:string? trafficStats:object? txFrameStats:object txOctetStats:object wasClean:bool
wasCloseHandshakeTimeout:bool wasNotCleanReason:string? wasOpenHandshakeTimeout:bool
wasServerConnectionDropTimeout:bool wirelog:array`

const trafficKeys = `incomingCompressionRatio:number? incomingOctetsAppLevel:number
incomingOctetsWebSocketLevel:number incomingOctetsWireLevel:number incomingWebSocketFrames:number
incomingWebSocketMessages:number incomingWebSocketOverhead:number? outgoingCompressionRatio:number?
outgoingOctetsAppLevel:number outgoingOctetsWebSocketLevel:number outgoingOctetsWireLevel:number
outgoingWebSocketFrames:number outgoingWebSocketMessages:number outgoingWebSocketOverhead:number?
preopenIncomingOctetsWireLevel:number preopenOutgoingOctetsWireLevel:number`

func TestKeys(t *testing.T) {
	full := sample()
	full.Rule, full.Broken, full.Aside, full.Offense = nil, nil, nil, nil
	full.Quick, full.Waited, full.Late, full.Earlier = false, false, false, nil
	for name, c := range map[string]struct {
		r     *Result
		nulls bool
	}{"full": {full, false}, "empty": {empty(), true}} {
		t.Run(name, func(t *testing.T) {
			out, err := json.Marshal(c.r)
			if err != nil {
				t.Fatal(err)
			}
			var m map[string]any
			json.Unmarshal(out, &m)
			checkKeys(t, m, keys, c.nulls)
			if traffic, ok := m["trafficStats"].(map[string]any); ok {
				checkKeys(t, traffic, trafficKeys, false)
			}
		})
	}
	out, _ := json.Marshal(&Result{Traffic: new(Traffic)})
	var m map[string]any
	json.Unmarshal(out, &m)
	checkKeys(t, m["trafficStats"].(map[string]any), trafficKeys, true)

	out, _ = json.Marshal(sample())
	m = nil
	json.Unmarshal(out, &m)
	const added = " aside:object broken:object earlier:array late:bool offense:object quick:bool" +
		" rule:object waited:bool"
	checkKeys(t, m, keys+added, false)
}

func checkKeys(t *testing.T, m map[string]any, want string, nulls bool) {
	t.Helper()
	types := make(map[string]string)
	for _, field := range strings.Fields(want) {
		key, kind, _ := strings.Cut(field, ":")
		kind, nullable := strings.CutSuffix(kind, "?")
		if nullable && nulls {
			kind = "null"
		}
		types[key] = kind
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		var got string
		switch m[key].(type) {
		case string:
			got = "string"
		case float64:
			got = "number"
		case bool:
			got = "bool"
		case nil:
			got = "null"
		case []any:
			got = "array"
		default:
			got = "object"
		}
		if got != types[key] {
			t.Errorf("%s is %s %v, want %s", key, got, m[key], types[key])
		}
		delete(types, key)
	}
	if len(types) > 0 {
		t.Errorf("missing: %v", types)
	}
}

func TestEncodeForm(t *testing.T) {
	out, err := encode(sample())
	if err != nil {
		t.Fatal(err)
	}
	if i := bytes.IndexFunc(out, func(r rune) bool { return r > 126 }); i >= 0 {
		t.Errorf("not ASCII at %d: %q", i, out[i:i+10])
	}
	for _, want := range []string{
		"{\n   \"agent\": \"agent <a>/1\",\n   \"aside\": {\n",
		`"started": "2026-11-21T15:39:14.936Z"`,
		`"a&b"`,
		`\u03ba\u03cc\u03c3\u03bc\u03b5 \ud834\udd1e`,
		"\"rxOctetStats\": {\n      \"4\": 1,\n      \"11\": 2,\n      \"129\": 1\n   }",
		"\"NON-STRICT\": []",
	} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
	out, _ = encode(empty())
	for _, want := range []string{`"expected": {}`, `"expectedClose": {}`, `"received": []`, `"wirelog": []`,
		`"rxOctetStats": {}`} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
}

func TestZeroCloseCode(t *testing.T) {
	out, _ := json.Marshal(&Result{Close: Close{RemoteCloseZero: true}})
	if !bytes.Contains(out, []byte(`"remoteCloseCode":0`)) ||
		!bytes.Contains(out, []byte(`"localCloseCode":null`)) {
		t.Errorf("codes: %s", out)
	}
}

func TestText(t *testing.T) {
	x := strings.Repeat("x", 100)
	for _, c := range []struct{ in, text, hex string }{
		{"", "", ""},
		{"abc", "abc", "616263"},
		{"\xff\x00", "0xff00", "ff00"},
		{"κ", "κ", "ceba"},
		{x[:60], x[:60], strings.Repeat("78", 60)},
		{x[:61], x[:61] + " ...", strings.Repeat("78", 61) + " ..."},
		{x[:64], x[:64] + " ...", strings.Repeat("78", 64) + " ..."},
		{x[:65], x[:64] + " ...", strings.Repeat("78", 64) + " ..."},
		{x[:63] + "κκ", "0x" + strings.Repeat("78", 63) + "ce ...", strings.Repeat("78", 63) + "ce ..."},
		{"\xff" + x, "0xff" + strings.Repeat("78", 63) + " ...", "ff" + strings.Repeat("78", 63) + " ..."},
	} {
		if got := Text([]byte(c.in)); got != c.text {
			t.Errorf("Text(%q) = %q, want %q", c.in, got, c.text)
		}
		if got := Hex([]byte(c.in)); got != c.hex {
			t.Errorf("Hex(%q) = %q, want %q", c.in, got, c.hex)
		}
	}
}

func TestUnmarshalErrors(t *testing.T) {
	for _, in := range []string{
		`[]`,
		`{"started": "yesterday"}`,
		`{"received": [["pong"]]}`,
		`{"received": [5]}`,
		`{"received": [["message", 1, 2]]}`,
		`{"wirelog": [[]]}`,
		`{"wirelog": [5]}`,
		`{"wirelog": [[5]]}`,
		`{"wirelog": [["XX"]]}`,
		`{"wirelog": [["TI"]]}`,
		`{"wirelog": [["TI", "soon"]]}`,
		`{"wirelog": [["RO", [1]]]}`,
	} {
		if err := json.Unmarshal([]byte(in), new(Result)); err == nil {
			t.Errorf("%s: no error", in)
		}
	}
	if _, err := json.Marshal(&Result{Wirelog: []LogEntry{{Kind: "XX"}}}); err == nil {
		t.Error("a log entry of unknown kind was written")
	}
}

func ExampleTraffic_OutgoingRatio() {
	t := Traffic{OutgoingOctetsAppLevel: 400, OutgoingOctetsWebSocketLevel: 100, OutgoingOctetsWireLevel: 120}
	ratio, _ := t.OutgoingRatio()
	overhead, _ := t.OutgoingOverhead()
	_, received := t.IncomingRatio()
	fmt.Println(ratio, overhead, received)
	// Output: 0.25 0.2 false
}
