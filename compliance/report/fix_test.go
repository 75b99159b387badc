package report

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var (
	ruleA = &Rule{"RFC 6455, section 5.5", rfc6455 + "5.5", "MUST", "A sentence."}
	ruleB = &Rule{"RFC 6455, section 5.6", rfc6455 + "5.6", "SHOULD", "Another sentence."}
)

// some returns results that passed and results that violate different rules.
func some() []*Result {
	return []*Result{
		{ID: "1.1.1", Behavior: OK, BehaviorClose: OK},
		{ID: "2.1", Behavior: NonStrict, BehaviorClose: OK, Rule: ruleB, Result: "It was late."},
		{ID: "3.1", Behavior: Failed, BehaviorClose: OK, Rule: ruleB, Broken: ruleA, Result: "It was wrong.",
			Description: "Be wrong.", Waited: true},
		{ID: "3.2", Behavior: Failed, BehaviorClose: OK, Rule: ruleA, Result: "It was wrong, too.",
			Expected: map[Verdict][]Event{OK: {Pong(nil)}},
			Received: []Event{Timeout("A"), Message([]byte("hello"), false), {Kind: "ping", Data: Text(nil)}}},
		{ID: "4.1", Behavior: Failed, BehaviorClose: OK, Result: "No sentence."},
		{ID: "7.1", Behavior: OK, BehaviorClose: WrongCode, Result: "Fine.", ResultClose: "The code was 1.",
			Rule:          ruleB,
			ExpectedClose: &ExpectedClose{ClosedByMe: true}},
		{ID: "9.1", Behavior: OK, BehaviorClose: OK, Result: "A pong arrived.",
			Earlier: []Run{{Failed, OK, "No pong arrived.", ""}},
			Aside:   &Aside{"A remark.", *ruleB}},
		{ID: "12.1.1", Behavior: Unimplemented, BehaviorClose: OK},
	}
}

// The report begins with the cases that fell short: the worst rule first, with the text of the
// rule, the outcome of each case and the command to repeat it.
func TestFixes(t *testing.T) {
	dir := t.TempDir()
	opts := Options{URL: "ws://h/", Flags: []string{"-header", "A: b"}, Exclude: []string{"6.*", "7.2"},
		Elapsed: 83 * time.Second}
	if err := Write(dir, some(), opts); err != nil {
		t.Fatal(err)
	}
	text := reading(files(t, dir)["index.html"])
	last := 0
	for _, want := range []string{
		"FAIL: 5 of 8 cases fell short, 1 skipped " +
			"URL ws://h/ Cases 8 Duration 1 min 23 s Flags -header 'A: b' Excluded 6.*, 7.2",
		"Fix these first", "5 cases fell short",
		"2 cases A sentence. MUST RFC 6455, section 5.5",
		"3.1 ✕ Fail Be wrong. It was wrong. timeout",
		"3.2 ✕ Fail It was wrong, too. The peer sent: text “hello”, ping (empty).",
		"Repeat these 2 cases wscheck fuzzingclient ws://h/ -header 'A: b' -cases 3.1,3.2",
		"1 case Opcodes No RFC rule is known. 4.1 ✕ Fail No sentence.",
		"1 case When sending a Close frame", "7.1 ≠ Close: wrong code The code was 1.",
		"1 case Another sentence. SHOULD RFC 6455, section 5.6 2.1 ≈ Non-strict It was late.",
		"Verdicts that vary", "9.1 ✓ Pass No pong arrived. varies: FAILED, then OK Remark: A remark.",
		"Skipped 1 case that the peer declined, as it may. 12.1 JSON 1",
		"Summary Server", "12 Compression by payload skipped", "All cases",
	} {
		i := strings.Index(text[last:], want)
		if i < 0 {
			t.Fatalf("no %q in\n%s", want, text[last:])
		}
		last += i
	}
}

func TestNothingToFix(t *testing.T) {
	text := reading(page(t, "index.html", some()[0], some()[7]))
	if !strings.Contains(text, "PASS: 1 of 2 cases, 1 skipped") ||
		!strings.Contains(text, "Nothing to fix") || strings.Contains(text, "Fix these") {
		t.Errorf("the page does not say that there is nothing to fix:\n%s", text)
	}
}

// The policy decides which cases fell short and which of them are known.
func TestPolicyOnPage(t *testing.T) {
	dir := t.TempDir()
	policy := Policy{FailOn: Failed, Known: map[string]Known{"3.1": {Reason: "see #12"}, "3.2": {},
		"4.1": {}}}
	if err := Write(dir, some(), Options{Policy: policy}); err != nil {
		t.Fatal(err)
	}
	got := files(t, dir)
	text := reading(got["index.html"])
	for _, want := range []string{"PASS: 4 of 8 cases, 1 skipped, 3 known to fall short",
		"Nothing to fix Only known cases fell short.",
		"Known to fall short 3 cases that do not fail the run. " +
			"3.1 ✕ Fail Be wrong. It was wrong. timeout Known: see #12 3.2",
		"Fell short 0", "4 of 8 cases passed 3 known to fall short 1 skipped"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	text = reading(got["agent_case_3_1.html"])
	if !strings.Contains(text, "Known to fall short : see #12") || strings.Contains(text, "Next failure") {
		t.Errorf("the page does not have the known reason, or links to a failure:\n%s", text)
	}
}

// Servers come before clients, regardless of their names.
func TestServersFirst(t *testing.T) {
	text := reading(page(t, "index.html",
		&Result{Agent: "a", ID: "1.1.1", IsServer: true, Behavior: OK, BehaviorClose: OK},
		&Result{Agent: "z", ID: "1.1.1", Behavior: OK, BehaviorClose: OK}))
	if !regexp.MustCompile(`Server z .* Client a .* Case z a`).MatchString(text) {
		t.Errorf("the server is not first:\n%s", text)
	}
}

// A page links to the previous and next failures.
func TestNextFailure(t *testing.T) {
	dir := t.TempDir()
	if err := Write(dir, some(), Options{}); err != nil {
		t.Fatal(err)
	}
	text := files(t, dir)["agent_case_4_1.html"]
	for _, want := range []string{`data-key="p" href="agent_case_3_2.html"`,
		`data-key="n" href="agent_case_7_1.html"`, `rel="prev" href="agent_case_3_2.html"`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	if text = files(t, dir)["agent_case_7_1.html"]; strings.Contains(text, `data-key="n"`) ||
		!strings.Contains(text, `rel="next" href="agent_case_9_1.html"`) {
		t.Error("the page of 7.1 links to a next failure, or not to the next case")
	}
}

func TestRepeat(t *testing.T) {
	for want, o := range map[string]Options{
		"": {Tool: "agreement"},
		"wscheck fuzzingserver ws://h/ -quick -cases 5.1,H.1.1 -out repeat": {URL: "ws://h/",
			Flags: []string{"-quick"}},
		"wscheck -cases 5.1,H.1.1 -out repeat": {Command: "wscheck"},
		`wscheck testee 'ws://h/?a=b&c' -agent 'it'\''s' -cases 5.1,H.1.1 -out repeat`: {
			Command: "wscheck testee", URL: "ws://h/?a=b&c", Flags: []string{"-agent", "it's"}},
		"wscheck fuzzingserver ws://h/ -agent spectre -cases 5.1,H.1.1 -out repeat": {URL: "ws://h/",
			Flags: []string{"-agent", "spectre"}},
		`go test -run '/^(5\.1|H\.1\.1)$'`: {Command: "go test"},
	} {
		if got := o.repeat(true, "5.1", "H.1.1"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if got := quote(""); got != "''" {
		t.Errorf("an empty word is quoted as %s", got)
	}
	o := Options{URL: "ws://h/"}
	if got := (&Options{URL: "ws://h/", Flags: []string{"-spec", "f.json"}}).repeat(false, "5.1"); got != "" {
		t.Errorf("%s, want no command, because -spec does not allow -cases", got)
	}
	if got := o.repeat(false, "5.1"); got != "wscheck fuzzingclient ws://h/ -cases 5.1 -out repeat" {
		t.Errorf("the command is %s", got)
	}
}

// The report has the elapsed time and the sum of the durations, as cases may overlap.
func TestWall(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	results := []*Result{
		{ID: "1.1.1", Started: at, Duration: 40 * time.Second, Behavior: OK, BehaviorClose: OK},
		{ID: "1.1.2", Started: at.Add(time.Second), Duration: 50 * time.Second, Behavior: OK,
			BehaviorClose: OK},
		{ID: "1.1.3", Duration: time.Second, Behavior: OK, BehaviorClose: OK}, // unknown start
	}
	text := reading(page(t, "index.html", results...))
	for _, want := range []string{"Duration 51.0 s",
		"Took 51.0 s. The durations of the cases add up to 1 min 31 s, because several ran at once."} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
}

// The verdict in Options overrides that of the results.
func TestGivenVerdict(t *testing.T) {
	for text, class := range map[string]string{"PASS: 3 known": "ok", "FAIL: stale": "bad",
		"INCOMPLETE: 2 of 3": "lax"} {
		dir := t.TempDir()
		if err := Write(dir, some(), Options{Verdict: text}); err != nil {
			t.Fatal(err)
		}
		if html := files(t, dir)["index.html"]; !strings.Contains(html, `<p class="verdict `+class+`"`) ||
			!strings.Contains(html, text+"</p>") {
			t.Errorf("verdict %s does not have class %s", text, class)
		}
	}
}

var inline = regexp.MustCompile(`(?is)<(style|script)>(.*?)</`)

// A page allows only its own style and script, by their hashes, and has no others.
func TestContentPolicy(t *testing.T) {
	for _, single := range []bool{false, true} {
		dir := t.TempDir()
		if err := Write(dir, sampleReport(), Options{Single: single}); err != nil {
			t.Fatal(err)
		}
		pages, _ := filepath.Glob(filepath.Join(dir, "*.html"))
		for _, name := range pages {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			checkPolicy(t, filepath.Base(name), string(data))
		}
	}
}

func checkPolicy(t *testing.T, name, text string) {
	t.Helper()
	m := regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("%s has no Content-Security-Policy", name)
	}
	policy := html.UnescapeString(m[1])
	if !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "unsafe") {
		t.Errorf("%s: %s", name, policy)
	}
	for _, part := range inline.FindAllStringSubmatch(text, -1) {
		sum := sha256.Sum256([]byte(part[2]))
		hash := base64.StdEncoding.EncodeToString(sum[:])
		if !strings.Contains(policy, part[1]+"-src 'sha256-"+hash+"'") {
			t.Errorf("%s: the policy does not allow the page's own %s", name, part[1])
		}
	}
	markup := inline.ReplaceAllString(text, "")
	if m := regexp.MustCompile(`(?i)<[^>]*\s(style|on[a-z]+)=[^>]*>`).FindString(markup); m != "" {
		t.Errorf("%s: the policy forbids %s", name, m)
	}
}
