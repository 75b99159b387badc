package report

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A look is how the pages show a verdict. Color is never the only difference: there is also a
// shape, or a sign and a word.
type look struct {
	Verdict Verdict
	Class   string
	Sign    string
	Word    string
	Means   string
	Brief   string // short form of Word for narrow places, or ""
}

// looks are the looks of the verdicts, in the order in which the pages list them.
var looks = []look{
	{OK, "ok", "✓", "Pass", "The peer did what the case requires.", ""},
	{Informational, "info", "i", "Info", "The case records how the peer behaves. No answer is wrong.", ""},
	{NonStrict, "lax", "≈", "Non-strict", "The peer passed, but is less strict than recommended.", ""},
	{Unimplemented, "none", "○", "Unimplemented", "The peer declined what the case tests, as it may.",
		"Unimpl."},
	{FailedByClient, "lax", "⇥", "Left open",
		"On closing: the server did not drop the TCP connection.", ""},
	{WrongCode, "lax", "≠", "Wrong code", "On closing: the peer sent an unexpected status code.", ""},
	{Unclean, "bad", "⤬", "Unclean", "On closing: the required closing handshake was not completed.", ""},
	{Failed, "bad", "✕", "Fail", "The peer broke a rule or did not do what the case requires.", ""},
}

// rank returns the index of a verdict in looks. Unknown verdicts are last.
func rank(v Verdict) int {
	if i := slices.IndexFunc(looks, func(l look) bool { return l.Verdict == v }); i >= 0 {
		return i
	}
	return len(looks)
}

func lookOf(v Verdict) look {
	if i := rank(v); i < len(looks) {
		return looks[i]
	}
	return look{v, "bad", "?", cmp.Or(string(v), "No verdict"), "This verdict is unknown.", ""}
}

// A site holds the data for all pages of a report.
type site struct {
	opts    Options
	results []*Result // by agent, then by case
	index   Index
	files   map[ref]string // file names without the extension
	agents  []string
	ids     []string
	byRef   map[ref]*Result
	titles  map[string]string
	total   tally
	full    map[ref]bool // cases that a report in one file shows in full
}

func newSite(results []*Result, opts Options) *site {
	s := &site{opts: opts, results: results, index: NewIndex(results),
		files: make(map[ref]string), byRef: make(map[ref]*Result), titles: titlesWith(opts.Titles)}
	for name, r := range fileNames(s.index) {
		s.files[r] = name
	}
	s.agents = s.index.Agents()
	client := make(map[string]bool)
	seen := make(map[string]bool)
	for _, r := range results {
		s.total.add(opts.Policy.Outcome(r))
		client[r.Agent] = r.IsServer
		s.byRef[ref{r.Agent, r.ID}] = r
		if !seen[r.ID] {
			seen[r.ID] = true
			s.ids = append(s.ids, r.ID)
		}
	}
	slices.SortFunc(s.ids, CompareIDs)
	slices.SortStableFunc(s.agents, func(a, b string) int { // servers first
		switch {
		case client[a] == client[b]:
			return 0
		case client[a]:
			return 1
		}
		return -1
	})
	return s
}

func (s *site) file(r *Result) string { return s.files[ref{r.Agent, r.ID}] }

// outcome returns the outcome of a result.
func (s *site) outcome(r *Result) Outcome { return s.opts.Policy.Outcome(r) }

// short reports whether a result fails the run.
func (s *site) short(r *Result) bool { return s.outcome(r) == Short }

// link returns the link to a case's page, or "" if the report does not have one.
func (s *site) link(r *Result) string {
	switch {
	case !s.opts.Single:
		return s.file(r) + ".html"
	case s.full[ref{r.Agent, r.ID}]:
		return "#" + s.file(r)
	}
	return ""
}

// A head has the data for the head of both kinds of page.
type head struct {
	Title     string
	Tool      string
	Generated string
	Stamp     string // machine-readable
	Partial   bool
	Quick     bool
	Single    bool
	Agents    int
}

func (s *site) head() head {
	t := s.opts.Generated.UTC()
	return head{s.opts.Title, s.opts.Tool, t.Format("2 January 2006, 15:04 UTC"), t.Format(time.RFC3339),
		s.opts.Partial, s.opts.Quick, s.opts.Single, len(s.agents)}
}

// anchor returns the id of a case's row in the index.
func anchor(id string) string { return "case-" + strings.ReplaceAll(clean(id), "_", "-") }

var breaks = regexp.MustCompile(`(?i)<br ?/?>|\n[ \t]*\n`)

// paragraphs splits a text of a case at blank lines and at <br>, which the original suite uses,
// and joins the lines of each paragraph.
func paragraphs(text string) []string {
	var out []string
	for _, p := range breaks.Split(text, -1) {
		if p = strings.Join(strings.Fields(p), " "); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// short returns the first sentence of a text, cut if it is long.
func short(text string) string {
	p := paragraphs(text)
	if len(p) == 0 {
		return ""
	}
	s := p[0]
	if i := strings.Index(s, ". "); i > 0 {
		s = s[:i+1]
	}
	if r := []rune(s); len(r) > 120 {
		s = strings.TrimSpace(string(r[:118])) + " …"
	}
	return s
}

// lasted formats the total duration of many cases.
func lasted(d time.Duration) string {
	switch {
	case d < time.Second:
		return took(d)
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	d = d.Round(time.Second)
	return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
}

// took formats the duration of a case: in milliseconds up to ten seconds, then in seconds.
func took(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return strconv.FormatInt(d.Round(time.Millisecond).Milliseconds(), 10) + " ms"
	case d < 10*time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f min", d.Minutes())
}

// ratios formats the compression ratios, received before sent.
func ratios(t *Traffic) string {
	if t == nil {
		return ""
	}
	show := func(f float64, ok bool) string {
		if !ok {
			return "–"
		}
		return strconv.FormatFloat(f, 'f', 3, 64)
	}
	return show(t.IncomingRatio()) + "/" + show(t.OutgoingRatio())
}

// closeWord returns the text for a close in a cell: the peer's status code if that says enough,
// otherwise the verdict.
func closeWord(r *Result) string {
	switch r.BehaviorClose {
	case OK, Informational, WrongCode, FailedByClient:
		if r.RemoteCloseCode == 0 && !r.RemoteCloseZero {
			return "no code"
		}
		return strconv.Itoa(r.RemoteCloseCode)
	}
	return strings.ToLower(lookOf(r.BehaviorClose).Word)
}

// waited returns the tag of a result that fell short because of a timeout, or "".
func (r *Result) waited() string {
	switch {
	case !r.Waited || r.Passed():
		return ""
	case r.Late:
		return "timeout, machine overloaded"
	}
	return "timeout"
}

// thousands formats a number with commas.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// percent returns part as a percentage of whole, with two decimals.
func percent(part, whole int64) float64 {
	if whole <= 0 {
		return 0
	}
	return float64(part*10000/whole) / 100
}
