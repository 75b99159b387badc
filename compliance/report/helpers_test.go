package report

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// page writes a report of results and returns one of its pages.
func page(t *testing.T, name string, results ...*Result) string {
	t.Helper()
	dir := t.TempDir()
	if err := Write(dir, results, Options{}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var tags = regexp.MustCompile(`(?s)<(style|script)>.*?</(style|script)>|<[^>]*>`)

// reading returns the text of a page without markup.
func reading(html string) string {
	html = tags.ReplaceAllString(html, " ")
	html = strings.NewReplacer("&#39;", "'", "&#34;", `"`, "&lt;", "<", "&gt;", ">", "&#43;", "+", "&amp;",
		"&").Replace(html)
	return strings.Join(strings.Fields(html), " ")
}

// files returns the content of the files in a directory by name.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	m := make(map[string]string)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		m[e.Name()] = string(data)
	}
	return m
}

func glob(t *testing.T, dir, pattern string) []string {
	t.Helper()
	m, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// sample returns a result with a value in every field.
func sample() *Result {
	return &Result{
		Agent: "agent <a>/1", ID: "5.19", Case: 63, Description: "desc", Expectation: "expect",
		Started: time.Date(2026, 11, 21, 15, 39, 14, 936e6, time.UTC), Duration: 1002 * time.Millisecond,
		Behavior: OK, BehaviorClose: Unclean,
		Expected: map[Verdict][]Event{OK: {Pong([]byte("a&b")), Message([]byte("κόσμε 𝄞"), false)},
			NonStrict: {}},
		Received:    []Event{Timeout("A"), {Kind: "ping", Data: Text(nil)}, Message([]byte{0xff}, true)},
		Result:      "result",
		ResultClose: "close",
		ExpectedClose: &ExpectedClose{ClosedByMe: true, CloseCode: []int{1000, 1002}, RequireClean: true,
			WrongEndpointIsFatal: true},
		Close: Close{ClosedByMe: true, FailedByMe: true, DroppedByMe: true, WasClean: true,
			WasNotCleanReason:              "why",
			WasServerConnectionDropTimeout: true, WasOpenHandshakeTimeout: true,
			WasCloseHandshakeTimeout: true,
			LocalCloseCode:           1000, LocalCloseReason: "bye", RemoteCloseCode: 1001,
			RemoteCloseReason: "gone"},
		IsServer: true, HTTPRequest: "GET /\r\n", HTTPResponse: "HTTP/1.1 101\r\n",
		ReportTime: true, ReportCompressionRatio: true,
		Traffic:     &Traffic{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
		CreateStats: true, RxOctetStats: map[int]int{4: 1, 129: 1, 11: 2}, TxOctetStats: map[int]int{8: 1},
		RxFrameStats: map[int]int{10: 2, 1: 1}, TxFrameStats: map[int]int{9: 2},
		CreateWirelog: true,
		Wirelog: []LogEntry{
			{Kind: TxBytes, Size: 3, Text: "818283", Sync: true},
			{Kind: RxBytes, Size: 1, Text: "8a"},
			{Kind: TxFrame, Size: 9, Text: "x", Opcode: 1, Fin: true, RSV: 4, Mask: "01020304", Repeat: 100,
				Chop: 7, Sync: true},
			{Kind: TxFrame},
			{Kind: RxFrame, Size: 2, Text: "0x03e8", Opcode: 8, Fin: true, RSV: 2, Masked: true,
				Mask: "0a0b0c0d"},
			{Kind: Delay, Seconds: 1.5, Tag: "A"}, {Kind: DelayOver, Tag: "A"}, {Kind: Delay, Seconds: 1},
			{Kind: KillAfter, Seconds: 2}, {Kind: Kill}, {Kind: CloseAfter, Seconds: 3}, {Kind: CloseNow},
			{Kind: WirelogMode, On: true},
		},
		Rule: &Rule{Section: "RFC 6455, section 5.5", URL: "https://example.org/", Level: "MUST",
			Text: "quoted"},
		Broken: &Rule{Section: "RFC 6455, section 5.6", URL: "https://example.org/6", Level: "SHOULD",
			Text: "quoted too"},
		Aside: &Aside{Text: "more", Rule: Rule{Section: "RFC 6455, section 5.7",
			URL: "https://example.org/7", Level: "MAY", Text: "and this"}},
		Offense: &Offense{Sent: true, Start: 12, Octets: []byte{1, 2, 3}, Offset: 1, Length: 2, What: "bad"},
		Quick:   true,
		Waited:  true,
		Late:    true,
		Earlier: []Run{{Behavior: Failed, BehaviorClose: Unclean, Result: "was", ResultClose: "was closed"}},
	}
}

// empty returns the result of a connection that did not open, in which all optional fields are unset.
func empty() *Result {
	return &Result{Agent: "a", ID: "1.1.1", Behavior: Failed, BehaviorClose: Failed}
}
