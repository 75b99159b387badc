package autobahn

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Index is the content of the suite's index.json: agent, then case id.
type Index map[string]map[string]Result

// Result is the suite's verdict on one case.
type Result struct {
	Behavior        string `json:"behavior"`        // OK, NON-STRICT, INFORMATIONAL, UNIMPLEMENTED or FAILED
	BehaviorClose   string `json:"behaviorClose"`   // OK, INFORMATIONAL, WRONG CODE, UNCLEAN, FAILED BY CLIENT or FAILED
	Duration        int64  `json:"duration"`        // milliseconds
	RemoteCloseCode *int   `json:"remoteCloseCode"` // the peer's status code; nil if it sent none
	ReportFile      string `json:"reportfile"`      // details, beside index.json; an .html of the same name is for people
}

// OK reports whether the case passed: both verdicts are OK or INFORMATIONAL.
func (r Result) OK() bool { return accepted(r.Behavior) && accepted(r.BehaviorClose) }

func accepted(verdict string) bool { return verdict == "OK" || verdict == "INFORMATIONAL" }

// ReadIndex reads an index.json.
func ReadIndex(path string) (Index, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var index Index
	if err := json.Unmarshal(data, &index); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return index, nil
}

// Report is what a run found.
type Report struct {
	Agent   string            // whom the verdicts are about
	Dir     string            // where the suite's files are
	Cases   []string          // the ids that were to be run, in order
	Results map[string]Result // by id; one that was not run has no entry
	Took    time.Duration     // the whole run, the suite's start included
}

// newReport takes the verdicts on one agent out of an index. A result without
// both verdicts counts as not run, and so do cases that nobody asked for.
func newReport(index Index, agent, dir string, cases []string) *Report {
	r := &Report{Agent: agent, Dir: dir, Cases: cases, Results: make(map[string]Result)}
	for _, id := range cases {
		if res, ok := index[agent][id]; ok && res.Behavior != "" && res.BehaviorClose != "" {
			r.Results[id] = res
		}
	}
	return r
}

// Missing returns the ids that were to be run and have no verdict. wstest ends
// with success all the same when a server dies under it.
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
		return !ok || res.OK()
	})
}

// Write prints the counts of each verdict, a line for every case that fell
// short, and the cases that were not run.
func (r *Report) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d of %d cases run in %.1f s\n", r.Agent, len(r.Results), len(r.Cases), r.Took.Seconds())
	fmt.Fprintf(&b, "behavior       %s\n", r.counts(func(res Result) string { return res.Behavior }))
	fmt.Fprintf(&b, "behaviorClose  %s\n", r.counts(func(res Result) string { return res.BehaviorClose }))
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

// counts lists how often each verdict was given, the accepted ones first.
func (r *Report) counts(verdict func(Result) string) string {
	n := make(map[string]int)
	for _, res := range r.Results {
		n[verdict(res)]++
	}
	if len(n) == 0 {
		return "none"
	}
	names := slices.SortedFunc(maps.Keys(n), func(a, b string) int {
		if accepted(a) != accepted(b) {
			if accepted(a) {
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

// abridge joins at most limit ids and says how many it left off.
func abridge(ids []string, limit int) string {
	if len(ids) <= limit {
		return strings.Join(ids, " ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(ids[:limit], " "), len(ids)-limit)
}
