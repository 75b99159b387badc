package autobahn

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
)

// Report is the outcome of a run.
type Report struct {
	Agent   string                  // the peer under test
	Dir     string                  // the directory of the suite's reports
	Cases   []string                // the ids of the requested cases, in order
	Results map[string]report.Entry // by id; a case that did not run has no entry
	Took    time.Duration           // of the whole run, including the start of wstest
}

// newReport returns the verdicts of an index on one agent and the requested cases. A case
// without both verdicts counts as not run.
func newReport(index report.Index, agent, dir string, cases []string) *Report {
	r := &Report{Agent: agent, Dir: dir, Cases: cases, Results: make(map[string]report.Entry)}
	for _, id := range cases {
		if res, ok := index[agent][id]; ok && res.Behavior != "" && res.BehaviorClose != "" {
			r.Results[id] = res
		}
	}
	return r
}

// Missing returns the ids of the requested cases that did not run. There are some if a
// server dies during the run, after which wstest exits with status 0 all the same.
func (r *Report) Missing() []string {
	return slices.DeleteFunc(slices.Clone(r.Cases), func(id string) bool {
		_, ok := r.Results[id]
		return ok
	})
}

// Short returns the ids of the cases that ran and fell short.
func (r *Report) Short() []string {
	return slices.DeleteFunc(slices.Clone(r.Cases), func(id string) bool {
		res, ok := r.Results[id]
		return !ok || res.Passed()
	})
}

// Write writes the counts of each verdict, a line for each case that fell short, and the
// ids of the cases that did not run.
func (r *Report) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d of %d cases ran in %.1f s\n",
		r.Agent, len(r.Results), len(r.Cases), r.Took.Seconds())
	behavior := func(e report.Entry) report.Verdict { return e.Behavior }
	behaviorClose := func(e report.Entry) report.Verdict { return e.BehaviorClose }
	fmt.Fprintf(&b, "behavior       %s\n", r.counts(behavior))
	fmt.Fprintf(&b, "behaviorClose  %s\n", r.counts(behaviorClose))
	if short := r.Short(); len(short) > 0 {
		fmt.Fprintf(&b, "\n%d fell short:\n", len(short))
		tw := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		fmt.Fprintln(tw, "case\tbehavior\tbehaviorClose\tpeer's code\treport")
		for _, id := range short {
			res := r.Results[id]
			code := "none"
			if res.RemoteCloseCode != nil {
				code = fmt.Sprint(*res.RemoteCloseCode)
			}
			fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", id, res.Behavior, res.BehaviorClose, code,
				filepath.Join(r.Dir, filepath.Base(res.ReportFile)))
		}
		tw.Flush()
	}
	if missing := r.Missing(); len(missing) > 0 {
		fmt.Fprintf(&b, "\n%d not run: %s\n", len(missing), abridge(missing, 20))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// counts lists how often each verdict was given, beginning with the ones that pass.
func (r *Report) counts(verdict func(report.Entry) report.Verdict) string {
	n := make(map[report.Verdict]int)
	for _, res := range r.Results {
		n[verdict(res)]++
	}
	if len(n) == 0 {
		return "none"
	}
	names := slices.SortedFunc(maps.Keys(n), func(a, b report.Verdict) int {
		if a.Passed() != b.Passed() {
			if a.Passed() {
				return -1
			}
			return 1
		}
		return cmp.Or(n[b]-n[a], cmp.Compare(a, b))
	})
	var parts []string
	for _, name := range names {
		parts = append(parts, fmt.Sprintf("%s %d", name, n[name]))
	}
	return strings.Join(parts, ", ")
}

// abridge joins at most limit ids and says how many there are beyond them.
func abridge(ids []string, limit int) string {
	if len(ids) <= limit {
		return strings.Join(ids, " ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(ids[:limit], " "), len(ids)-limit)
}
