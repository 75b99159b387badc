package report

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A report in one file has a row for each case and the full results of those that fell short.
func TestSingle(t *testing.T) {
	dir := t.TempDir()
	results := sampleReport()
	if err := Write(dir, results, Options{Single: true, URL: "ws://h/"}); err != nil {
		t.Fatal(err)
	}
	got := files(t, dir)
	if len(got) != 2 || got["index.html"] == "" {
		t.Fatalf("%d files, want index.html and index.json", len(got))
	}
	if x, err := ReadIndex(dir); err != nil || len(x) != len(sampleAgents) {
		t.Errorf("the index has %d agents: %v", len(x), err)
	}
	html := got["index.html"]
	s := newSite(latest(results), Options{})
	for _, r := range results {
		in := strings.Contains(html, `<section class="one" id="`+s.file(r)+`">`)
		if in != s.short(r) {
			t.Errorf("case %s of %s is shown in full: %v, want %v", r.ID, r.Agent, in, s.short(r))
		}
		if !strings.Contains(html, `id="`+anchor(r.ID)+`"`) {
			t.Errorf("case %s has no row", r.ID)
		}
	}
	if !strings.Contains(html, "Wire log") || strings.Contains(html, "The wire log is omitted") {
		t.Error("a wire log is missing")
	}
	checkLinks(t, html)
}

var (
	hrefs = regexp.MustCompile(` href="([^"]*)"`)
	ids   = regexp.MustCompile(` id="([^"]*)"`)
)

// checkLinks checks that links lead to an element of the page, to its JSON or to an RFC.
func checkLinks(t *testing.T, html string) {
	t.Helper()
	var places []string
	for _, m := range ids.FindAllStringSubmatch(html, -1) {
		if slices.Contains(places, m[1]) {
			t.Errorf("two elements have the id %s", m[1])
		}
		places = append(places, m[1])
	}
	for _, m := range hrefs.FindAllStringSubmatch(html, -1) {
		place, local := strings.CutPrefix(m[1], "#")
		if local && place != "v=short" && !slices.Contains(places, place) || !local && m[1] != "index.json" &&
			!strings.HasPrefix(m[1], "https://www.rfc-editor.org/") {
			t.Errorf("a link leads to %s", m[1])
		}
	}
}

// To limit the size, a report omits wire logs first, then whole cases.
func TestSingleSize(t *testing.T) {
	var results []*Result
	for i := range 20 {
		r := sample()
		r.ID, r.Behavior = fmt.Sprintf("1.1.%d", i+1), Failed
		r.Wirelog = slices.Repeat(r.Wirelog, 20)
		results = append(results, r)
	}
	s := newSite(results, Options{Single: true})
	if _, err := s.choose(singleSize); err != nil {
		t.Fatal(err)
	}
	whole, brief := oneOf(t, s, 1, false), oneOf(t, s, 1, true)
	if len(brief) > len(whole)/2 || !strings.Contains(brief, "The wire log is omitted") {
		t.Errorf("%d bytes without the log, %d with it", len(brief), len(whole))
	}
	for _, c := range []struct{ bound, full, logs int }{
		{21 * len(whole), 20, 20}, {20*len(brief) + 3*len(whole), 20, 3}, {5*len(brief) + 100, 5, 0},
		{0, 0, 0},
	} {
		light, err := s.choose(c.bound)
		if err != nil {
			t.Fatal(err)
		}
		size, full, logs := 0, 0, 0
		for i, r := range s.results {
			if s.full[ref{r.Agent, r.ID}] {
				size += len(oneOf(t, s, i, light[i]))
				full++
				if !light[i] {
					logs++
				}
			}
		}
		if full != c.full || logs < c.logs || logs > c.logs+1 {
			t.Errorf("%d bytes: %d cases in full, %d wire logs; want %d and %d", c.bound, full, logs, c.full,
				c.logs)
		}
		if size > c.bound {
			t.Errorf("%d bytes, %d allowed", size, c.bound)
		}
	}
}

func oneOf(t *testing.T, s *site, i int, light bool) string {
	t.Helper()
	text, err := s.one(i, light)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
