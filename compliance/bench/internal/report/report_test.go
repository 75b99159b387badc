package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/compliance/bench/internal/stats"
)

// sample is a report with a row of each kind.
func sample() *Report {
	return &Report{
		Date:     time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC),
		Duration: time.Minute,
		Machine:  Machine{CPU: "a <processor>", Cores: 2, Kernel: "Linux 6", Go: "go1.26"},
		Versions: map[string]string{"other": "1.2.3"},
		Servers:  []string{"raw", "hawser", "other", "late"},
		Rows: []*Row{
			{Name: "small", Title: "small", Unit: Micros, Base: "raw", Cells: map[string]*Cell{
				"raw":    {Values: stats.Samples{10, 20, 30}, Calls: stats.Samples{3, 3, 3}, P50: stats.Samples{1, 2, 3}, P99: stats.Samples{100, 200, 300}},
				"hawser": {Values: stats.Samples{12, 22, 45}, Mallocs: stats.Samples{0, 0, 0.5}},
				"other":  {Values: stats.Samples{100, 2000, 600, 7}},
				"late":   {Note: "the echo differs"},
			}},
			{Name: "packed", Title: "packed", Unit: Micros, Base: "hawser", Cells: map[string]*Cell{
				"hawser": {Values: stats.Samples{10, 10, 10}},
				"other":  {Note: "declined"},
				"late":   {Values: stats.Samples{5, 6}}, // the run ended early
			}},
			{Name: "idle", Title: "idle", Unit: KiB, Cells: map[string]*Cell{
				"raw":    {Values: stats.Samples{4}},
				"hawser": {Values: stats.Samples{8, 9}, Collected: stats.Samples{7, 7.5}},
			}},
		},
		Scales: []*Scale{{
			Name: "conns", Title: "by connections", X: "connections", Unit: Micros,
			Points: map[string][]Point{
				"raw":    {{X: 10, Values: stats.Samples{5}}, {X: 100, Values: stats.Samples{6}}, {X: 1000, Values: stats.Samples{9}}},
				"hawser": {{X: 10, Values: stats.Samples{6}}, {X: 100, Values: stats.Samples{6.5}}},
			},
			Notes: []string{"No more."},
		}},
	}
}

const summary = `| CPU time of a message | base | raw | hawser | other | late |
| --- | --: | --: | --: | --: | --: |
| small | raw, 20.0 µs | 1 | 1.20 (1.10 to 1.50) | 20.0 (10.0 to 100) | failed |
| packed | hawser, 10.0 µs | - | 1 | declined | 0.60 (0.50 to 0.60) |

| memory of a connection in KiB | raw | hawser |
| --- | --: | --: |
| idle | 4.00 | 9.00 |
| the same after a collection | - | 7.50 |

Measured on 2026-12-01 with go1.26 on 2 cores of a <processor>, Linux 6: the medians of 4 repetitions (2 of memory), with intervals that have the smallest and the largest. Versions: other 1.2.3.
`

const details = `
### small

| server | CPU µs | ÷ raw | reads and writes | allocations | p50 µs | p99 µs |
| --- | --: | --: | --: | --: | --: | --: |
| raw | 20.0 | 1 | 3.00 | - | 2.00 | 200 |
| hawser | 22.0 | 1.20 (1.10 to 1.50) | - | 0.00 | - | - |
| other | 600 | 20.0 (10.0 to 100) | - | - | - | - |
| late | the echo differs |  |  |  |  |  |

### packed

| server | CPU µs | ÷ hawser | reads and writes | allocations | p50 µs | p99 µs |
| --- | --: | --: | --: | --: | --: | --: |
| hawser | 10.0 | 1 | - | - | - | - |
| other | declined |  |  |  |  |  |
| late | 6.00 | 0.60 (0.50 to 0.60) | - | - | - | - |

### by connections

| connections | 10 | 100 | 1000 |
| --- | --: | --: | --: |
| raw | 5.00 | 6.00 | 9.00 |
| hawser | 6.00 | 6.50 | - |

No more.
`

const charts = `
![The ratios as bars](chart.svg)

![by connections, by connections](conns.svg)

No more.
`

// The estimate is computed from the measurements with the most connections.
func TestMillion(t *testing.T) {
	r := sample()
	if got := r.million(); got != "" {
		t.Errorf("without the memory, the estimate is %q", got)
	}
	r.Scales = append(r.Scales, &Scale{
		Name: Idle, X: "connections", Unit: KiB, Points: map[string][]Point{
			"raw":    {{X: 1000, Values: stats.Samples{100}}, {X: 5000, Values: stats.Samples{6.485760}, Kernel: stats.Samples{4}}},
			"hawser": {{X: 5000, Values: stats.Samples{1}, Kernel: stats.Samples{4, 5}}},
			"other":  {{X: 1000, Values: stats.Samples{1}}},
		},
	})
	got := r.million()
	// raw: (6.48576 + 4) KiB x 1,000,000 are 10 GiB. hawser has no CPU time with 1,000 connections.
	want := "| raw | 6.49 | 10.0 | 1.00 | 9.00 | 111,111 | 1,111,111 |\n\n"
	for _, want := range []string{want, "2026-12-01", "at 5,000 connections", "at 1,000 connections", "kernel's memory, 4.00 KiB"} {
		if !strings.Contains(got, want) {
			t.Errorf("the estimate has no %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "| hawser") || strings.Contains(got, "| other") {
		t.Errorf("the estimate has servers that were not measured:\n%s", got)
	}
	for _, points := range r.Scales[1].Points {
		for i := range points {
			points[i].Kernel = nil
		}
	}
	if got, want := r.million(), "was not measured, and is assumed to be 4 KiB"; !strings.Contains(got, want) {
		t.Errorf("the estimate has no %q:\n%s", want, got)
	}
}

func TestMarkdown(t *testing.T) {
	var b strings.Builder
	if err := sample().WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(summary+details, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// With six repetitions, the intervals have a meaning.
func TestConfidence(t *testing.T) {
	r := sample()
	c := r.Rows[0].Cells["raw"]
	c.Values = append(c.Values, c.Values...)
	if want := "6 repetitions (2 of memory), with intervals that contain the true median with 95 % confidence."; !strings.Contains(r.Summary(), want) {
		t.Errorf("the summary does not say %q:\n%s", want, r.Summary())
	}
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := sample().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var got Report
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := sample()
	for i, medians := range []map[string]Median{
		{"raw": {1, 1, 1}, "hawser": {1.2, 1.1, 1.5}, "other": {20, 10, 100}},
		{"hawser": {1, 1, 1}, "late": {0.6, 0.5, 0.6}},
		{"raw": {4, 4, 4}, "hawser": {9, 8, 9}},
	} {
		want.Rows[i].Medians = medians
	}
	if diff := cmp.Diff(want, &got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// shapes counts the elements of an SVG image, and collects its texts.
func shapes(t *testing.T, svg []byte) (count map[string]int, texts string) {
	t.Helper()
	count = map[string]int{}
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return count, texts
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		switch e := token.(type) {
		case xml.StartElement:
			count[e.Name.Local]++
		case xml.CharData:
			texts += string(e)
		}
	}
}

func TestBars(t *testing.T) {
	var b bytes.Buffer
	if err := sample().WriteBars(&b); err != nil {
		t.Fatal(err)
	}
	count, texts := shapes(t, b.Bytes())
	// A bar for each ratio, and the background; two intervals within the chart, one cut, and a line at 1 in each row.
	if count["rect"] != 5+1 || count["path"] != 2+2 {
		t.Errorf("the chart has %v", count)
	}
	for _, want := range []string{"small (raw, 20.0 µs)", "packed (hawser, 10.0 µs)", "1.20", "20.0", "0.60", "a <processor>"} {
		if !strings.Contains(texts, want) {
			t.Errorf("the chart does not say %q", want)
		}
	}
	if strings.Contains(b.String(), "NaN") || strings.Contains(b.String(), "Inf") {
		t.Error("the chart has NaN or Inf")
	}
}

func TestLines(t *testing.T) {
	r := sample()
	var b bytes.Buffer
	if err := r.Scales[0].WriteLines(&b, r.Servers); err != nil {
		t.Fatal(err)
	}
	count, texts := shapes(t, b.Bytes())
	if lines := count["path"]; lines != 3+1+2 { // at each number of connections, at 5 µs, and two servers
		t.Errorf("the chart has %d lines", lines)
	}
	for _, want := range []string{"by connections", "1000", "raw", "hawser"} {
		if !strings.Contains(texts, want) {
			t.Errorf("the chart does not say %q", want)
		}
	}
	for name, s := range map[string]*Scale{
		"none": {},
		"one":  {Points: map[string][]Point{"raw": {{X: 10, Values: stats.Samples{5}}}}},
	} {
		b.Reset()
		if err := s.WriteLines(&b, r.Servers); err != nil || strings.Contains(b.String(), "NaN") {
			t.Errorf("%s: error %v, chart %s", name, err, b.Bytes())
		}
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	if err := sample().WriteFiles(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"report.json", "report.md", "chart.svg", "conns.svg"} {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || len(b) < 100 {
			t.Errorf("%s has %d bytes (error %v)", name, len(b), err)
		}
	}
}

func TestUpdateReadme(t *testing.T) {
	path := filepath.Join(t.TempDir(), "README.md")
	write := func(s string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(s), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("before\n" + Begin + "\nold\n" + End + "\nafter\n")
	for range 2 { // the second time changes nothing
		if err := sample().UpdateReadme(path); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff("before\n"+Begin+"\n"+summary+charts+End+"\nafter\n", string(b)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(path), "chart.svg")); err != nil {
		t.Error(err)
	}
	for _, s := range []string{"", Begin + "\n", End + "\n" + Begin + "\n"} {
		write(s)
		if err := sample().UpdateReadme(path); err == nil {
			t.Errorf("a document with %q: no error", s)
		}
	}
}
