package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"github.com/hawser-ws/hawser/compliance/report"
)

// outcomes are the names of outcomes in the output of -json.
var outcomes = map[report.Outcome]string{
	report.Passes: "passed", report.Skipped: "skipped", report.KnownShort: "known", report.Short: "short",
}

// A jsonEntry is an entry in the output of -json: that of index.json and more.
type jsonEntry struct {
	report.Entry
	Title       string       `json:"title"`
	Outcome     string       `json:"outcome"` // passed, skipped, known or short
	Result      string       `json:"result"`
	ResultClose string       `json:"resultClose"`
	Rule        *report.Rule `json:"rule,omitempty"` // broken rule, or else the tested one
	Varies      string       `json:"varies,omitempty"`
}

// writeJSON writes the results as JSON for -json.
func (s *summary) writeJSON(w io.Writer, index report.Index) error {
	all := map[string]map[string]jsonEntry{}
	for _, side := range s.sides {
		all[side.agent] = map[string]jsonEntry{}
		for _, r := range side.results {
			all[side.agent][r.ID] = jsonEntry{index[side.agent][r.ID], r.Description,
				outcomes[s.policy.Outcome(r)],
				r.Result, r.ResultClose, cmp.Or(r.VerdictRule(), r.Rule), r.Varies()}
		}
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "   ")
	e.SetEscapeHTML(false)
	return e.Encode(all)
}

// writeJUnit writes the results as JUnit XML with a suite for each group of cases.
func (s *summary) writeJUnit(w io.Writer) error {
	all := junit.Testsuites{Name: "wscheck", Time: seconds(s.elapsed)}
	for _, side := range s.sides {
		for results := range byGroup(side.results) {
			group := groupOf(results[0].ID)
			suite := junit.Testsuite{ID: len(all.Suites),
				Name: strings.TrimSpace(fmt.Sprintf("%s: %s %s", plain(side.agent), group,
					report.Title(group))),
				Timestamp: results[0].Started.UTC().Format(time.RFC3339)}
			var sum time.Duration
			for _, r := range results {
				sum += r.Duration
				suite.AddTestcase(s.testcase(side.agent, r))
			}
			suite.Time = seconds(sum)
			all.AddSuite(suite)
		}
	}
	if s.failed != nil || len(s.stale) > 0 {
		suite := junit.Testsuite{ID: len(all.Suites), Name: "the run", Time: seconds(0)}
		if s.failed != nil {
			suite.AddTestcase(junit.Testcase{Classname: "wscheck", Name: "the run is complete",
				Error: &junit.Result{Message: s.failed.Error()}})
		}
		for _, stale := range s.stale {
			suite.AddTestcase(junit.Testcase{Classname: "wscheck", Name: s.knownFile,
				Failure: &junit.Result{Message: stale, Type: "STALE"}})
		}
		all.AddSuite(suite)
	}
	return all.WriteXML(w)
}

// testcase returns the JUnit testcase of a result.
func (s *summary) testcase(agent string, r *report.Result) junit.Testcase {
	c := junit.Testcase{Classname: plain(agent), Name: r.ID + " " + oneLine(r.Description),
		Time: seconds(r.Duration)}
	switch s.policy.Outcome(r) {
	case report.Skipped:
		c.Skipped = &junit.Result{Message: reason(r)}
	case report.KnownShort:
		c.Skipped = &junit.Result{Message: "known: " + s.policy.Known[r.ID].Reason, Data: r.Explain()}
	case report.Short:
		c.Failure = &junit.Result{Message: reason(r), Type: both(r.Behavior, r.BehaviorClose),
			Data: r.Explain()}
	}
	return c
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

// byGroup yields the results of each group. The results must be in order.
func byGroup(results []*report.Result) iter.Seq[[]*report.Result] {
	return func(yield func([]*report.Result) bool) {
		for len(results) > 0 {
			n := slices.IndexFunc(results,
				func(r *report.Result) bool { return groupOf(r.ID) != groupOf(results[0].ID) })
			if n < 0 {
				n = len(results)
			}
			if !yield(results[:n]) {
				return
			}
			results = results[n:]
		}
	}
}

// groupOf returns the group of a case, such as "9" for 9.1.1 or "H" for H.1.1.
func groupOf(id string) string {
	group, _, _ := strings.Cut(id, ".")
	return group
}

// writeMarkdown writes the summary in Markdown.
func (s *summary) writeMarkdown(w io.Writer) {
	for _, side := range s.sides {
		fmt.Fprintf(w, "### WebSocket conformance of %s\n\n**%s**\n\n", md(side.agent), md(s.verdict()))
		fmt.Fprintf(w, "- %s in %.1f s\n- behavior: %s\n- close: %s\n", cases(len(side.results)),
			side.took.Seconds(), counts(side.results, behavior), counts(side.results, closing))
		for _, n := range s.notes(side) {
			fmt.Fprintf(w, "- %s\n", md(n))
		}
		for _, b := range s.breaches(side) {
			fmt.Fprintf(w, "\n#### %s\n\n", md(b.title()))
			if b.rule != nil {
				fmt.Fprintf(w, "> %s ([%s](%s))\n\n", md(b.rule.Text), md(b.rule.Section), b.rule.URL)
			}
			if remark := b.remark(); remark != "" {
				fmt.Fprintf(w, "Remark: %s\n\n", md(remark))
			}
			fmt.Fprint(w, "| case | description | behavior | close | outcome |\n|---|---|---|---|---|\n")
			for _, r := range b.results[:min(len(b.results), maxListed)] {
				happened := reason(r)
				if r.Aside != nil && b.remark() == "" {
					happened += " Remark: " + r.Aside.Text
				}
				fmt.Fprintf(w, "| %s | %s | %s | %s | %s |\n", md(r.ID), md(r.Description),
					md(string(r.Behavior)), md(string(r.BehaviorClose)), md(happened))
			}
			if more := len(b.results) - maxListed; more > 0 {
				fmt.Fprintf(w, "\nand %s more\n", cases(more))
			}
		}
	}
	if s.notice != "" {
		fmt.Fprintf(w, "\n- %s\n", md(s.notice))
	}
	for _, stale := range s.stale {
		fmt.Fprintf(w, "\n- %s: %s\n", md(s.knownFile), md(stale))
	}
	fmt.Fprintln(w)
}

// md escapes a text for Markdown, because peers choose parts of it.
func md(s string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", "&lt;", "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`,
		"@", "&#64;", "#", `\#`).Replace(oneLine(s))
}

// appendFile appends to a file.
func appendFile(path string, write func(io.Writer)) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	var b strings.Builder
	write(&b)
	_, err = io.WriteString(file, b.String())
	return cmp.Or(err, file.Close())
}
