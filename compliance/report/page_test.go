package report

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// The page of a case has every block of the original suite's page.
func TestCasePage(t *testing.T) {
	r := sample()
	r.Agent, r.ID = "agent", "5.19"
	text := reading(page(t, "agent_case_5_19.html", r))
	for _, want := range []string{
		"Case 5.19", "✓ Pass", "Close: Unclean", "1002 ms", "2026-11-21 15:39:14.936 UTC",
		"Description desc", "Expected expect On closing: The suite closes first. " +
			"The peer answers with 1000 or 1002, or without a code. The closing handshake must be complete.",
		"Outcome ✓ Pass timeout, machine overloaded result " +
			"The peer sent: ping (empty), binary “0xff”. ⤬ Close: Unclean close",
		"depends on a timeout. The machine was overloaded while the case ran, so timeouts prove little.",
		"Varies: FAILED, then close UNCLEAN.", "Run 1: ✕ Fail was ⤬ Close: Unclean was closed",
		"Basis of the verdict quoted too SHOULD RFC 6455, section 5.6",
		"Tested rule quoted MUST RFC 6455, section 5.5",
		"Remark more and this MAY RFC 6455, section 5.7", "Received timeout A ping empty binary ff",
		"Expected for ✓ Pass pong a&b text κόσμε 𝄞", "Expected for ≈ Non-strict Nothing.",
		"Verdicts OK, close UNCLEAN",
		"isServer yes", "closedByMe yes", "failedByMe yes", "droppedByMe yes", "wasClean yes",
		"wasNotCleanReason why",
		"wasServerConnectionDropTimeout yes", "wasOpenHandshakeTimeout yes", "wasCloseHandshakeTimeout yes",
		"localCloseCode 1000", "localCloseReason bye", "remoteCloseCode 1001", "remoteCloseReason gone",
		"Request GET /", "Response HTTP/1.1 101",
		"Bytes received 155 bytes in 4 reads " +
			"Read size Count Bytes 4 1 4 11 2 22 129 1 129 Total 4 155",
		"Bytes sent 8 bytes in 1 write Write size Count",
		"Frames received 3 frames Opcode Count text (1) 1 pong (10) 2 Total 3",
		"Frames sent 2 frames Opcode Count ping (9) 2 Total 2",
		"000 → sent: wrote 3 bytes sync 81 82 83", "001 ← received: read 1 byte 8a",
		"text (1) 9 bytes FIN RSV1 mask 01020304 repeated to 100 bytes in writes of 7 bytes sync x",
		"continuation (0) 0 bytes no FIN no mask",
		"close (8) 2 bytes FIN RSV2 mask 0a0b0c0d status 1000 03 e8",
		"Wait for 1.5 s tag A", "End of the wait tag A", "Fail the connection after 2 s",
		"Fail the connection now",
		"Close the connection after 3 s", "Close the connection now", "Logging resumed",
		"TCP dropped by the suite",
		"quoted MUST RFC 6455, section 5.5",
		"The suite sent bytes that the peer should have refused: " +
			"bad (bytes 13 to 14 after the handshake, marked)",
		"Compressed to 200.0 % 116.7 %", "Bytes of the opening handshake 11 12",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestEmptyCasePage(t *testing.T) {
	r := empty()
	r.RemoteCloseZero = true
	text := reading(page(t, "a_case_1_1_1.html", r))
	for _, want := range []string{"Not described.", "Bytes and frames were not counted.",
		"Logging was switched off during the case.", "TCP dropped by the peer", "remoteCloseCode 0",
		"localCloseCode none"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, without := range []string{"Compression", "Broken rule", "Violation", "Quick run",
		"Other peers", "Started",
		"Messages, pings and pongs", "timeout", "overloaded", "Varies", "Remark", "Repeat", "failure"} {
		if strings.Contains(text, without) {
			t.Errorf("%q in\n%s", without, text)
		}
	}
}

// The dump marks the bytes of the offense.
func TestOffenseMarks(t *testing.T) {
	r := empty()
	r.Offense = &Offense{Start: 6, Octets: []byte("abcdefghij"), Offset: 7, Length: 2, What: "why"}
	html := page(t, "a_case_1_1_1.html", r)
	want := `<span class="at">0006</span>61 62 63 64 65 66 67 <mark>68</mark> ` +
		`<span class="as">abcdefg<mark>h</mark></span></div>` +
		`<div><span class="at">000e</span><mark>69</mark> 6a                   ` +
		`<span class="as"><mark>i</mark>j</span>`
	if !strings.Contains(html, want) {
		t.Errorf("no %s in\n%s", want, html[strings.Index(html, `class="dump`):])
	}
	if text := reading(html); !strings.Contains(text, "The peer sent: why (bytes 13 to 14") {
		t.Errorf("no position of the offense in\n%s", text)
	}
}

// A page shows the beginning and the end of a long log, and the beginning of many events.
func TestLongPages(t *testing.T) {
	r := empty()
	r.CreateWirelog = true
	for i := range logHead + logTail + 50 {
		r.Wirelog = append(r.Wirelog, LogEntry{Kind: Delay, Tag: fmt.Sprint("t", i)})
	}
	for i := range shownEvents + 7 {
		r.Received = append(r.Received, Pong([]byte(fmt.Sprint("p", i))))
	}
	text := reading(page(t, "a_case_1_1_1.html", r))
	for _, want := range []string{"tag t1499 50 entries are omitted here. The JSON file has them. 1550",
		"tag t1749 TCP", "pong p199 and 7 more in the JSON file"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
}

func TestIndexPage(t *testing.T) {
	var results []*Result
	for i, agent := range []string{"b", "a"} {
		for _, id := range []string{"1.1.10", "1.1.2", "H.1.1"} {
			r := sample()
			r.Agent, r.ID, r.Behavior, r.BehaviorClose, r.Duration = agent, id, OK, OK, 12*time.Second
			if i == 0 && id == "1.1.2" {
				r.Behavior, r.BehaviorClose, r.Duration, r.RemoteCloseCode = Failed, WrongCode,
					5*time.Millisecond, 1011
			}
			results = append(results, r)
		}
	}
	results = append(results, &Result{Agent: "a", ID: "2.1", Behavior: "ODD", BehaviorClose: Unclean})
	html := page(t, "index.html", results...)
	text := reading(html)
	for _, want := range []string{
		"FAIL: 2 of 7 cases fell short", "Cases 4, 2 peers", "3 of 4 cases passed 1 fell short",
		"2 of 3 cases passed 1 fell short",
		"Behavior ✓ Pass 3 ? ODD 1",
		"All 4 Fell short 2 Peers differ 1 Verdict varies 3 Timeout 1 " +
			"Pass 3 Fail 1 ODD 1 Close: wrong code 1 Close: unclean 1",
		"Case a b 1.1 Framing: Text messages of many sizes 2 of 2 1 of 2 " +
			"1.1.2 desc Description desc Expected expect " +
			"✓ Pass close 1001 12.0 s · 2.000/1.167 varies: FAILED, then OK " +
			"✕ Fail close ≠ 1011 5 ms · 2.000/1.167 timeout, machine overloaded " +
			"varies: FAILED with close UNCLEAN, then FAILED with close WRONG CODE 1.1.10",
		"2 Pings and pongs 0 of 1 2.1 ? ODD close ⤬ unclean · not run",
		"H.1 Opening handshake of a server 1 of 1 1 of 1 H.1.1",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, want := range []string{`<a class="v bad" href="b_case_1_1_2.html"`,
		`id="case-1-1-2" data-f="varies|b:OK|c:OK|short|waited|b:FAILED|c:WRONG CODE|differ"`} {
		if !strings.Contains(html, want) {
			t.Errorf("no %s", want)
		}
	}
	// The page loads nothing from other sites, and links only to RFCs.
	html = strings.ReplaceAll(html, `href="https://`, "")
	external := regexp.MustCompile(`(?i)(src|srcset|action)=|@import|url\(|<link|href="(https?:)?//`)
	if m := external.FindString(html); m != "" {
		t.Errorf("the page is not self-contained: %s", m)
	}
}

func TestManyAgents(t *testing.T) {
	for n, want := range map[int]string{3: "few n3", 4: "some n4", 7: "many n7"} {
		var results []*Result
		for i := range n {
			results = append(results, &Result{Agent: strconv.Itoa(i), ID: "1.1.1", Behavior: OK,
				BehaviorClose: OK})
		}
		html := page(t, "index.html", results...)
		if !strings.Contains(html, `<div class="matrix `+want+`"`) {
			t.Errorf("%d agents: the matrix does not have the classes %s", n, want)
		}
	}
}

// The page of a case quotes the rule that a close violates.
func TestCloseRules(t *testing.T) {
	mine, theirs := &ExpectedClose{ClosedByMe: true, CloseCode: []int{1000}},
		&ExpectedClose{CloseCode: []int{1007}}
	for name, c := range map[string]struct {
		r    Result
		want string
	}{
		"unclean": {Result{BehaviorClose: Unclean, ExpectedClose: mine},
			"MUST send a Close frame in response"},
		"not dropped": {Result{BehaviorClose: Unclean, ExpectedClose: mine,
			Close: Close{WasServerConnectionDropTimeout: true}}, "The server MUST close"},
		"code of ours": {Result{BehaviorClose: WrongCode, ExpectedClose: mine}, "typically echos"},
		"code of theirs": {Result{BehaviorClose: WrongCode, ExpectedClose: theirs},
			"appropriate status code"},
		"left open": {Result{BehaviorClose: FailedByClient, ExpectedClose: mine},
			"The server MUST close"},
		"did not fail": {Result{BehaviorClose: Failed, ExpectedClose: theirs,
			Close: Close{ClosedByMe: true}}, "appropriate status code"},
		"dropped early": {Result{BehaviorClose: Failed, ExpectedClose: mine},
			"MUST send a Close control frame"},
		"closed early": {Result{BehaviorClose: Failed, ExpectedClose: mine, IsServer: true,
			Close: Close{WasClean: true}}, "Clients SHOULD NOT close"},
		"server may close": {Result{BehaviorClose: Failed, ExpectedClose: mine, Close: Close{WasClean: true}},
			""},
		"other":            {Result{BehaviorClose: Failed, ExpectedClose: theirs}, ""},
		"nothing expected": {Result{BehaviorClose: Unclean}, ""},
		"passed":           {Result{BehaviorClose: OK, ExpectedClose: mine}, ""},
		"declined": {Result{Behavior: Unimplemented, BehaviorClose: Unclean, ExpectedClose: mine},
			""},
	} {
		var got string
		for _, v := range rulesOf(&c.r) {
			got += v.Text
		}
		if got == "" != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{took(1002 * time.Millisecond), "1002 ms"}, {took(12340 * time.Millisecond), "12.3 s"},
		{took(90 * time.Minute), "90 min"},
		{thousands(0), "0"}, {thousands(999), "999"}, {thousands(1234567), "1,234,567"},
		{thousands(-123456), "-123,456"},
		{ratios(nil), ""}, {ratios(new(Traffic)), "–/–"},
		{short(""), ""}, {short("One. Two."), "One."},
		{short(strings.Repeat("é ", 200)), strings.Repeat("é ", 59) + "…"},
		{gloss("474554202f ..."), "GET /"}, {gloss("00010203"), ""}, {gloss("zz"), ""},
		{pairs("0a0b0c ..."), "0a 0b 0c …"}, {pairs("abc"), "ab c"},
		{strings.Join(paragraphs("a\n  b<br><br>c\n\n\td<BR/>"), "|"), "a b|c|d"},
		{opcode(3), "reserved (3)"}, {anchor("5.19"), "case-5-19"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
	term, underscore := ruleView{Rule: &Rule{Text: "a _b_ c"}}, ruleView{Rule: &Rule{Text: "a_b"}}
	want := [][]span{{{"a ", false}, {"b", true}, {" c", false}}, {{"a_b", false}}}
	if diff := cmp.Diff(want, [][]span{term.Spans(), underscore.Spans()}); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
	for text, hex := range map[string]bool{"0x03e8": true, "0x": false, "0xzz": false, "0xabc": false,
		"0x03e8 ...": true, "x": false} {
		if _, got := payloadText(text); got != hex {
			t.Errorf("payloadText(%q) is hexadecimal: %v, want %v", text, got, hex)
		}
	}
}

// The contrast of text is at least 4.5 to 1 (WCAG 2, 1.4.3). That of graphical objects, such as a
// tile or the border of a field, is at least 3 to 1 (1.4.11). This applies to both color schemes.
func TestContrast(t *testing.T) {
	for pair, least := range contrasts {
		for _, scheme := range []string{"light", "dark"} {
			palette := colors(scheme)
			a, b, _ := strings.Cut(pair, "/")
			if got := contrast(t, palette[a], palette[b]); got < least {
				t.Errorf("%s: %s has %.2f, want %v", scheme, pair, got, least)
			}
		}
	}
	// Opacity would change the colors.
	for _, name := range []string{"page.css", "index.css", "case.css"} {
		for line := range strings.Lines(asset(name)) {
			if strings.Contains(line, "opacity:") &&
				!regexp.MustCompile(`^\.chips input|^height: 5px`).MatchString(line) {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
}

// contrasts maps pairs of adjacent colors in the styles to the required contrast.
var contrasts = func() map[string]float64 {
	m := make(map[string]float64)
	for _, pair := range strings.Fields("ink/paper ink/card soft/paper soft/card sea/paper sea/card " +
		"ok/card ok/ok-bg info/card info/info-bg lax/card lax/lax-bg none/card none/none-bg " +
		"bad/card bad/paper bad/bad-bg bad/mark ink/lax-bg paper/ink ink/bad-bg soft/bad-bg") {
		m[pair] = 4.5
	}
	for _, pair := range strings.Fields("edge/card edge/paper bad-solid/paper ok/paper lax/paper " +
		"none/paper info/paper") {
		m[pair] = 3
	}
	return m
}()

// colors returns the variables of page.css in the light or dark color scheme.
func colors(scheme string) map[string]string {
	text := asset("page.css")
	if scheme == "light" {
		text, _, _ = strings.Cut(text, "prefers-color-scheme: dark")
	}
	m := make(map[string]string)
	for _, v := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(text, -1) {
		m[v[1]] = v[2]
	}
	return m
}

// A phone shows the title of each case, because it has no pointer to hover with.
func TestTitlesOnPhone(t *testing.T) {
	_, phone, ok := strings.Cut(asset("index.css"), "@media (max-width: 46rem) {")
	if !ok || !strings.Contains(phone, ".matrix summary span { white-space: normal; }") ||
		regexp.MustCompile(`summary span \{[^}]*(display: none|visibility: hidden)`).MatchString(phone) {
		t.Error("the style for a phone hides or cuts titles")
	}
}

// Verdicts with different colors have tiles of different shapes (WCAG 2, 1.4.1).
func TestTileShapes(t *testing.T) {
	css, shapes := asset("index.css"), make(map[string]string)
	for _, l := range looks {
		m := regexp.MustCompile(`\.tiles a\.` + l.Class + ` \{(.*)\}`).FindStringSubmatch(css)
		if m == nil {
			t.Fatalf("the tile of %s has no shape", l.Verdict)
		}
		if other, ok := shapes[m[1]]; ok && other != l.Class {
			t.Errorf("%s and %s have the same shape", other, l.Class)
		}
		shapes[m[1]] = l.Class
	}
}

func contrast(t *testing.T, a, b string) float64 {
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + .05) / (min(x, y) + .05)
}

func luminance(t *testing.T, color string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimPrefix(color, "#"), 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	part := func(shift int) float64 {
		c := float64(n>>shift&255) / 255
		if c <= .04045 {
			return c / 12.92
		}
		return math.Pow((c+.055)/1.055, 2.4)
	}
	return .2126*part(16) + .7152*part(8) + .0722*part(0)
}

// If a case fell short, the first event that differs from the expected ones is marked.
func TestOutcome(t *testing.T) {
	a, b, c := Pong([]byte("a")), Pong([]byte("b")), Pong([]byte("c"))
	for _, x := range []struct {
		behavior Verdict
		received []Event
		want     int // index of the marked event, or -1
	}{
		{Failed, []Event{a, c, b}, 1}, {Failed, []Event{c}, 0}, {Failed, []Event{a, b, c}, 2},
		{Failed, []Event{a}, -1},
		{Failed, []Event{a, b}, -1}, {Failed, []Event{c, c}, -1}, {OK, []Event{c}, -1},
		{Unimplemented, []Event{c}, -1},
	} {
		r := &Result{Behavior: x.behavior, Received: x.received,
			Expected: map[Verdict][]Event{NonStrict: {c, c}, OK: {a, b}}}
		expected, observed := outcome(r)
		if len(expected) != 2 || expected[0].Look.Verdict != OK {
			t.Fatalf("expected %+v", expected)
		}
		got := -1
		for i, e := range observed.Events {
			if e.Differs {
				got = i
			}
		}
		if got != x.want {
			t.Errorf("%s, %v: marked %d, want %d", x.behavior, x.received, got, x.want)
		}
	}
}

// A page is valid UTF-8, even if the data of a peer is not.
func TestInvalidUTF8(t *testing.T) {
	for _, single := range []bool{false, true} {
		dir, r := t.TempDir(), sample()
		r.Agent, r.ID, r.Behavior = "a", "1.1.1", Failed
		r.Result, r.HTTPResponse = "it sent é\xe9.", "HTTP/1.1 101 \xff\x80\r\nServer: \xc3\r\n\r\n"
		if err := Write(dir, []*Result{r}, Options{Single: single}); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string][]string{"index.html": {`it sent é\xe9.`},
			"a_case_1_1_1.html": {`101 \xff\x80`, `: \xc3`}} {
			if single {
				name = "index.html"
			}
			html, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil || !utf8.Valid(html) {
				t.Errorf("%s is not UTF-8, or cannot be read: %v", name, err)
			}
			for _, want := range want {
				if !strings.Contains(string(html), want) {
					t.Errorf("%s: no %s", name, want)
				}
			}
		}
	}
}

// A command does not wrap within a word, such as after the dash of a flag.
func TestCommandBreaksAtSpaces(t *testing.T) {
	dir := t.TempDir()
	r := &Result{Agent: "a", ID: "1.1.1", Behavior: Failed, BehaviorClose: OK}
	if err := Write(dir, []*Result{r}, Options{URL: "ws://h/", Flags: []string{"-quick"}}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"index.html", "a_case_1_1_1.html"} {
		html, err := os.ReadFile(filepath.Join(dir, name))
		if want := `<span class="word">-quick</span> <span class="word">-cases</span> <span`; err != nil ||
			!strings.Contains(string(html), want) {
			t.Errorf("%s: no %s, %v", name, want, err)
		}
	}
	if !strings.Contains(asset("page.css"), ".word { display: inline-block;") {
		t.Error("the style lets a line end within a word")
	}
}

// A remark on a rule that the page already quotes does not quote it again.
func TestRemarkQuotesOnce(t *testing.T) {
	rule := Rule{"RFC 6455, section 8.1", rfc6455 + "8.1", "MUST", "Fail it."}
	r := &Result{Agent: "a", ID: "6.4.1", Behavior: NonStrict, BehaviorClose: OK, Rule: &rule,
		Aside: &Aside{"When is open.", rule}}
	if text := reading(page(t, "a_case_6_4_1.html", r)); strings.Count(text, "Fail it.") != 1 ||
		!strings.Contains(text, "Remark When is open.") {
		t.Errorf("the rule is not quoted once, or the remark is missing:\n%s", text)
	}
}
