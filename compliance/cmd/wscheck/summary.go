package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/hawser-ws/hawser/compliance/report"
)

// Number of cases listed per rule, with details and in all.
const (
	maxDetailed = 5
	maxListed   = 40
)

// A summary summarizes the results of a run.
type summary struct {
	policy    report.Policy
	knownFile string
	sides     []*side
	stale     []string // sentences about stale known cases
	byOutcome map[report.Outcome]int
	all       int
	notice    string // about the server of -command
	failed    error  // why the run is incomplete, or nil
	elapsed   time.Duration
}

// A side is an agent and its results in order.
type side struct {
	agent   string
	took    time.Duration
	results []*report.Result
}

// newSummary summarizes results. failed is the reason why the run is incomplete, or nil.
func (f *runFlags) newSummary(results []*report.Result, failed error) *summary {
	s := &summary{policy: f.policy, knownFile: f.known, failed: failed, byOutcome: map[report.Outcome]int{}}
	if !f.begun.IsZero() {
		s.elapsed = time.Since(f.begun)
	}
	index := report.NewIndex(results)
	byID := map[string]map[string]*report.Result{} // the last result of a case counts
	for _, r := range results {
		if byID[r.Agent] == nil {
			byID[r.Agent] = map[string]*report.Result{}
			s.sides = append(s.sides, &side{agent: r.Agent, took: took(results, r.Agent)})
		}
		byID[r.Agent][r.ID] = r
	}
	var last []*report.Result
	for _, side := range s.sides {
		for _, id := range index.Cases(side.agent) {
			r := byID[side.agent][id]
			side.results = append(side.results, r)
			s.byOutcome[s.policy.Outcome(r)]++
		}
		last = append(last, side.results...)
	}
	s.all = len(last)
	if f.server != nil {
		s.notice = f.server.note()
	}
	if failed == nil { // otherwise a known case may not have run yet
		s.stale = s.policy.Stale(last)
	}
	return s
}

// status returns the exit status.
func (s *summary) status() int {
	switch {
	case s.failed != nil:
		return exitFailed
	case s.byOutcome[report.Short]+len(s.stale) > 0:
		return exitShort
	}
	return exitPassed
}

// verdict returns the verdict on the run in one line.
func (s *summary) verdict() string {
	short, skipped, known := s.byOutcome[report.Short], s.byOutcome[report.Skipped],
		s.byOutcome[report.KnownShort]
	var b strings.Builder
	switch {
	case s.failed != nil:
		fmt.Fprintf(&b, "INCOMPLETE: %s ran, %d fell short", cases(s.all), short)
	case short > 0:
		fmt.Fprintf(&b, "FAIL: %d of %s fell short", short, cases(s.all))
	case len(s.stale) > 0:
		fmt.Fprintf(&b, "FAIL: %s is out of date", s.knownFile)
	case skipped+known > 0:
		fmt.Fprintf(&b, "PASS: %d of %s", s.all-skipped-known, cases(s.all))
	default:
		fmt.Fprintf(&b, "PASS: %s", cases(s.all))
	}
	if skipped > 0 {
		fmt.Fprintf(&b, ", %d skipped", skipped)
	}
	if known > 0 {
		fmt.Fprintf(&b, ", %d known to fall short", known)
	}
	return b.String()
}

// notes returns notes about the cases of a side that were skipped, known to fall short or varied.
func (s *summary) notes(side *side) (notes []string) {
	declined, tooBig, known := 0, 0, 0
	var varied []string
	for _, r := range side.results {
		switch o := s.policy.Outcome(r); {
		case o == report.Skipped && r.TooBig():
			tooBig++
		case o == report.Skipped:
			declined++
		case o == report.KnownShort:
			known++
		}
		if v := r.Varies(); v != "" {
			varied = append(varied, r.ID+" ("+v+")")
		}
	}
	if declined > 0 {
		notes = append(notes, fmt.Sprintf("skipped: %s that %s declined; "+
			"with -fail-on unimplemented, such cases fail", cases(declined), plain(side.agent)))
	}
	if tooBig > 0 {
		notes = append(notes, fmt.Sprintf("skipped: %s in which %s refused a message with 1009, too big, "+
			"as RFC 6455, section 10.4, allows; with -profile autobahn or strict, such cases fail",
			cases(tooBig), plain(side.agent)))
	}
	if known > 0 {
		notes = append(notes, fmt.Sprintf("known: %s in %s", cases(known), s.knownFile))
	}
	if len(varied) > 0 {
		notes = append(notes, "varied: "+listed(varied))
	}
	return notes
}

// both returns both verdicts, or only the one on behavior if the close passed.
func both(behavior, closing report.Verdict) string {
	if closing.Passed() {
		return string(behavior)
	}
	return fmt.Sprintf("%s (close %s)", behavior, closing)
}

// reason returns the outcome of a case that fell short in one line.
func reason(r *report.Result) string {
	var parts []string
	if !r.Behavior.Passed() || r.BehaviorClose.Passed() {
		parts = append(parts, r.Result)
	}
	if !r.BehaviorClose.Passed() && !slices.Contains(parts, r.ResultClose) {
		parts = append(parts, r.ResultClose)
	}
	return oneLine(strings.Join(parts, " "))
}

func oneLine(s string) string {
	return plain(strings.Join(strings.Fields(strings.ReplaceAll(s, "<br>", " ")), " "))
}

// A breach is a rule and the cases that violated it.
type breach struct {
	rule    *report.Rule // nil if unknown
	worst   report.Verdict
	results []*report.Result
}

// breaches groups the cases of a side that fell short by the rule that they violated, in the order
// of their worst verdict, then of the number of cases.
func (s *summary) breaches(side *side) []*breach {
	byRule := map[report.Rule]*breach{}
	for _, r := range side.results {
		if s.policy.Outcome(r) != report.Short {
			continue
		}
		var key report.Rule
		rule := r.VerdictRule()
		if rule != nil {
			key = *rule
		}
		b := byRule[key]
		if b == nil {
			b = &breach{rule: rule, worst: report.OK}
			byRule[key] = b
		}
		b.results = append(b.results, r)
		for _, v := range []report.Verdict{r.Behavior, r.BehaviorClose} {
			if rank(v) > rank(b.worst) {
				b.worst = v
			}
		}
	}
	return slices.SortedFunc(maps.Values(byRule), func(a, b *breach) int {
		return cmp.Or(rank(b.worst)-rank(a.worst), len(b.results)-len(a.results),
			report.CompareIDs(a.results[0].ID, b.results[0].ID))
	})
}

// title returns the heading of a breach. A MAY cannot be broken, so its level is left out. A case
// with the verdict NON-STRICT need not break a MUST either: see its remark.
func (b *breach) title() string {
	n := cases(len(b.results))
	switch {
	case b.rule == nil:
		return fmt.Sprintf("%s: %s", b.worst, n)
	case b.rule.Level == "MUST" || b.rule.Level == "SHOULD":
		return fmt.Sprintf("%s: %s about %s (%s)", b.worst, n, b.rule.Section, b.rule.Level)
	}
	return fmt.Sprintf("%s: %s about %s", b.worst, n, b.rule.Section)
}

// remark returns the remark that all cases of the breach share, or "".
func (b *breach) remark() string {
	first := b.results[0].Aside
	if first == nil || slices.ContainsFunc(b.results,
		func(r *report.Result) bool { return r.Aside == nil || r.Aside.Text != first.Text }) {
		return ""
	}
	return oneLine(first.Text)
}

// verdictOrder is the order in which summaries list verdicts, from best to worst.
var verdictOrder = []report.Verdict{report.OK, report.Informational, report.Unimplemented, report.NonStrict,
	report.WrongCode, report.Unclean, report.FailedByClient, report.Failed}

// rank returns the index of a verdict in verdictOrder. Unknown verdicts are last.
func rank(v report.Verdict) int {
	if i := slices.Index(verdictOrder, v); i >= 0 {
		return i
	}
	return len(verdictOrder)
}

// counts lists the number of results with each verdict.
func counts(results []*report.Result, verdict func(*report.Result) report.Verdict) string {
	m := map[report.Verdict]int{}
	for _, r := range results {
		m[verdict(r)]++
	}
	var words []string
	for _, v := range verdictOrder {
		if m[v] > 0 {
			words = append(words, fmt.Sprintf("%d %s", m[v], v))
		}
	}
	return strings.Join(words, ", ")
}

func behavior(r *report.Result) report.Verdict { return r.Behavior }
func closing(r *report.Result) report.Verdict  { return r.BehaviorClose }

// listed returns a list of at most maxListed words.
func listed(words []string) string {
	s := strings.Join(words[:min(len(words), maxListed)], ", ")
	if more := len(words) - maxListed; more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}

// writeText writes the summary for a terminal.
func (s *summary) writeText(w io.Writer) {
	paint := painter(w)
	for _, side := range s.sides {
		fmt.Fprintf(w, "%s: %s in %.1f s\n  behavior  %s\n  close     %s\n", plain(side.agent),
			cases(len(side.results)),
			side.took.Seconds(), counts(side.results, behavior), counts(side.results, closing))
		for _, n := range s.notes(side) {
			fmt.Fprintf(w, "  %s\n", n)
		}
		for _, b := range s.breaches(side) {
			fmt.Fprintf(w, "\n%s\n", paint(b.worst, b.title()))
			if b.rule != nil {
				fmt.Fprintf(w, "  \"%s\"\n", oneLine(b.rule.Text))
			}
			if remark := b.remark(); remark != "" {
				fmt.Fprintf(w, "  Remark: %s\n", remark)
			}
			s.writeCases(w, b)
		}
		if len(s.breaches(side)) > 0 {
			fmt.Fprintln(w)
		}
	}
	if s.notice != "" {
		fmt.Fprintln(w, paint(report.Failed, s.notice))
	}
	for _, stale := range s.stale {
		fmt.Fprintf(w, "%s\n", paint(report.Failed, s.knownFile+": "+plain(stale)))
	}
}

func (s *summary) writeCases(w io.Writer, b *breach) {
	for _, r := range b.results[:min(len(b.results), maxDetailed)] {
		fmt.Fprintf(w, "  %-8s %s\n", r.ID, oneLine(r.Description))
		fmt.Fprintf(w, "           %s, close %s: %s\n", r.Behavior, r.BehaviorClose, reason(r))
		if k, ok := s.policy.Known[r.ID]; ok {
			fmt.Fprintf(w, "           in %s: %s, close %s\n", s.knownFile, k.Behavior, k.BehaviorClose)
		}
		if r.Aside != nil && b.remark() == "" {
			fmt.Fprintf(w, "           remark: %s\n", oneLine(r.Aside.Text))
		}
	}
	if len(b.results) > maxDetailed {
		var ids []string
		for _, r := range b.results[maxDetailed:] {
			ids = append(ids, r.ID)
		}
		fmt.Fprintf(w, "  and %s\n", listed(ids))
	}
}

// painter returns a function that colors a line by a verdict if w is a terminal and colors are not
// disabled (https://no-color.org).
func painter(w io.Writer) func(report.Verdict, string) string {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" || !term.IsTerminal(int(f.Fd())) {
		return func(_ report.Verdict, s string) string { return s }
	}
	return func(v report.Verdict, s string) string {
		color := 31 // red
		switch {
		case v.Passed():
			color = 32 // green
		case v == report.NonStrict || v == report.WrongCode || v == report.Unimplemented:
			color = 33 // yellow
		}
		return fmt.Sprintf("\x1b[%dm%s\x1b[m", color, s)
	}
}

// took returns the time from the start of an agent's first case to the end of its last. If cases
// ran at once, it is less than the sum of their durations.
func took(results []*report.Result, agent string) time.Duration {
	var begun, ended time.Time
	for _, r := range results {
		if r.Agent != agent {
			continue
		}
		if begun.IsZero() || r.Started.Before(begun) {
			begun = r.Started
		}
		if end := r.Started.Add(r.Duration); end.After(ended) {
			ended = end
		}
	}
	return ended.Sub(begun)
}
