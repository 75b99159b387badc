package report

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWriteLarge(t *testing.T) {
	if *sampleDir == "" {
		t.Skip("runs only with -sample")
	}
	opts := Options{Tool: "wscheck v0.1.0", Generated: time.Date(2026, 11, 21, 16, 5, 0, 0, time.UTC)}
	if err := Write(*sampleDir+"-large", large(sampleAgents...), opts); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkWrite(b *testing.B) {
	results := large(sampleAgents[0])
	for b.Loop() {
		if err := Write(b.TempDir(), results, Options{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*len(results)), "µs/case")
}

func TestWriteFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	r := sample()
	r.Agent, r.ID = "127.0.0.1:19466", "12.4.3"
	older := *r
	older.Behavior = Failed
	if err := Write(dir, []*Result{&older, nil, r}, Options{}); err != nil {
		t.Fatal(err)
	}
	got := files(t, dir)
	want := []string{"127_0_0_1_19466_case_12_4_3.html", "127_0_0_1_19466_case_12_4_3.json", "index.html",
		"index.json"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	for name, text := range got {
		if text == "" {
			t.Errorf("%s is empty", name)
		}
	}
	wantIndex := `{
   "127.0.0.1:19466": {
      "12.4.3": {
         "behavior": "OK",
         "behaviorClose": "UNCLEAN",
         "duration": 1002,
         "remoteCloseCode": 1001,
         "reportfile": "127_0_0_1_19466_case_12_4_3.json"
      }
   }
}
`
	if diff := cmp.Diff(wantIndex, got["index.json"]); diff != "" {
		t.Errorf("index.json (-want +got):\n%s", diff)
	}
	read, err := Read(dir)
	if err != nil || len(read) != 1 || read[0].Behavior != OK || read[0].Wirelog[0] != r.Wirelog[0] {
		t.Errorf("read %v, %v", read, err)
	}
	if x, err := ReadIndex(filepath.Join(dir, "index.json")); err != nil ||
		!slices.Equal(x.Agents(), []string{r.Agent}) {
		t.Errorf("index %v, %v", x, err)
	}
}

// Names of agents come from the network. They may contain markup and paths.
func TestWriteHostileAgents(t *testing.T) {
	agents := []string{"<script>alert(1)</script>", "../../etc/passwd", "..", "", "/", "a b", "a.b", "a_b",
		"A-B", "語", "a b 2",
		"javascript:alert(1)", `"><img src=x onerror=alert(1)>`, strings.Repeat("x", 5000), "a\x00b\r\n"}
	var results []*Result
	for _, agent := range agents {
		for _, id := range []string{"1.1.1", "../1", "1 1 1"} {
			r := sample()
			r.Agent, r.ID = agent, id
			r.Description, r.Expectation, r.Result, r.ResultClose = agent, agent, agent, agent
			r.HTTPRequest, r.HTTPResponse, r.RemoteCloseReason = agent, agent+"\r\n<script>: <script>\r\n",
				agent
			r.Received = []Event{{Kind: agent, Data: agent}}
			r.Behavior, r.BehaviorClose = Verdict(agent), Verdict(agent)
			r.Wirelog = append(r.Wirelog, LogEntry{Kind: RxFrame, Text: "<script>"})
			r.Rule = &Rule{URL: "javascript:alert(1)", Text: "<script>"}
			results = append(results, r)
		}
	}
	parent := t.TempDir()
	if err := Write(filepath.Join(parent, "a", "b"), results,
		Options{Title: "<script>", Tool: "<script>"}); err != nil {
		t.Fatal(err)
	}
	count := 0
	filepath.WalkDir(parent, func(path string, e fs.DirEntry, err error) error {
		if !e.IsDir() {
			count++
			if filepath.Dir(path) != filepath.Join(parent, "a", "b") {
				t.Errorf("%s is outside of the directory", path)
			}
		}
		return err
	})
	if want := len(results)*2 + 2; count != want {
		t.Errorf("%d files, want %d", count, want)
	}
	for name, text := range files(t, filepath.Join(parent, "a", "b")) {
		if !strings.HasSuffix(name, ".html") {
			continue
		}
		if n := strings.Count(text, "<script"); n != 1 || strings.Contains(text, "<img") ||
			strings.Contains(text, `href="javascript:`) {
			t.Errorf("%s has %d scripts, want 1, or has markup from an agent", name, n)
		}
	}
	if read, err := Read(filepath.Join(parent, "a", "b")); err != nil || len(read) != len(results) {
		t.Errorf("read %d of %d: %v", len(read), len(results), err)
	}
}

func TestFileNames(t *testing.T) {
	x := make(Index)
	for _, agent := range []string{"127.0.0.1:19466", "Foo  Bar/1.0 ", "foo--bar 1 0", "語", "--"} {
		x[agent] = map[string]Entry{"5.19": {}}
	}
	names := make(map[string]string)
	for name, r := range fileNames(x) {
		names[r.agent] = name
	}
	want := map[string]string{
		"127.0.0.1:19466": "127_0_0_1_19466_case_5_19",
		"Foo  Bar/1.0 ":   "foo__bar_1_0_case_5_19",
		"foo--bar 1 0":    "foo__bar_1_0_2_case_5_19",
		"--":              "agent_case_5_19",
		"語":               "agent_2_case_5_19",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("file names by agent (-want +got):\n%s", diff)
	}
}

func TestWriteErrors(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	err := Write(filepath.Join(file, "below"), nil, Options{})
	if err == nil || !strings.Contains(err.Error(), "cannot write") {
		t.Errorf("below a file: %v", err)
	}
	// A directory has the name of a file.
	blocked := filepath.Join(dir, "blocked")
	if err := os.MkdirAll(filepath.Join(blocked, "index.html"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Write(blocked, []*Result{sample()}, Options{}); err == nil {
		t.Error("index.html is a directory: no error")
	}
	if got := glob(t, blocked, "*.tmp"); len(got) > 0 {
		t.Errorf("temporary files are left: %v", got)
	}
	if _, err := os.Stat(filepath.Join(blocked, "index.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("index.json was written without index.html")
	}
	if err := Write(t.TempDir(), []*Result{{Wirelog: []LogEntry{{Kind: "XX"}}}}, Options{}); err == nil {
		t.Error("an unknown log entry: no error")
	}
}

func TestReadErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := Read(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing there: %v", err)
	}
	index := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, "index.json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	index("[]")
	if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), "not an index") {
		t.Errorf("no index: %v", err)
	}
	outside := filepath.Join(t.TempDir(), "r.json")
	data, _ := json.Marshal(sample())
	if err := os.WriteFile(outside, data, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"missing.json", outside, "../x.json", "index.json/x"} {
		index(fmt.Sprintf(`{"a": {"1.1": {"reportfile": %q}}}`, file))
		if _, err := Read(dir); err == nil {
			t.Errorf("%s: no error", file)
		}
	}
	index(`{"a": {"1.1": {"reportfile": "index.json"}}}`)
	if r, err := Read(dir); err != nil || len(r) != 1 {
		t.Errorf("a case with unknown keys: %v, error %v", r, err)
	}
}

var sampleDir = flag.String("sample", "", "write a sample report to `DIR`")

// TestSample writes a report with all kinds of results.
func TestSample(t *testing.T) {
	dir := *sampleDir
	if dir == "" {
		dir = t.TempDir()
	}
	opts := Options{Title: "WebSocket conformance", Tool: "wscheck v0.1.0", Quick: true, Partial: true,
		Generated: time.Date(2026, 11, 21, 16, 5, 0, 0, time.UTC),
		Titles:    map[string]string{"H.1": "The request"}}
	if err := Write(dir, sampleReport(), opts); err != nil {
		t.Fatal(err)
	}
	read, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := len(latest(sampleReport())); len(read) != want {
		t.Errorf("read %d results of %d", len(read), want)
	}
}
