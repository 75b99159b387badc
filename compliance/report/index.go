package report

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// An Index is the content of index.json, of ours or of the original suite: the
// name of the agent, then the id of the case.
type Index map[string]map[string]Entry

// An Entry is what an index says of a case.
type Entry struct {
	Behavior        Verdict `json:"behavior"`
	BehaviorClose   Verdict `json:"behaviorClose"`
	Duration        int64   `json:"duration"`        // milliseconds
	RemoteCloseCode *int    `json:"remoteCloseCode"` // nil if the agent sent none
	ReportFile      string  `json:"reportfile"`      // of the same directory; there is an .html beside it
}

// Passed reports whether both verdicts leave nothing to wish.
func (e Entry) Passed() bool { return e.Behavior.Passed() && e.BehaviorClose.Passed() }

// Passed reports whether both verdicts leave nothing to wish.
func (r *Result) Passed() bool { return r.Behavior.Passed() && r.BehaviorClose.Passed() }

// Agents returns the names of the agents in alphabetical order.
func (x Index) Agents() []string { return slices.Sorted(maps.Keys(x)) }

// Cases returns the ids of the cases that ran against the agent, in order.
func (x Index) Cases(agent string) []string {
	return slices.SortedFunc(maps.Keys(x[agent]), CompareIDs)
}

// NewIndex makes the index of results. Of two results of an agent and a case the
// last one counts.
func NewIndex(results []*Result) Index {
	x := make(Index)
	for _, r := range latest(results) {
		if x[r.Agent] == nil {
			x[r.Agent] = make(map[string]Entry)
		}
		e := Entry{Behavior: r.Behavior, BehaviorClose: r.BehaviorClose,
			Duration: r.Duration.Round(time.Millisecond).Milliseconds()}
		if r.RemoteCloseCode != 0 || r.RemoteCloseZero {
			code := r.RemoteCloseCode
			e.RemoteCloseCode = &code
		}
		x[r.Agent][r.ID] = e
	}
	for file, r := range fileNames(x) {
		e := x[r.agent][r.id]
		e.ReportFile = file + ".json"
		x[r.agent][r.id] = e
	}
	return x
}

// latest drops nil results and all but the last of an agent and case, and sorts
// the rest by agent, then by case.
func latest(results []*Result) []*Result {
	last := make(map[ref]*Result, len(results))
	for _, r := range results {
		if r != nil {
			last[ref{r.Agent, r.ID}] = r
		}
	}
	return slices.SortedFunc(maps.Values(last), func(a, b *Result) int {
		if c := strings.Compare(a.Agent, b.Agent); c != 0 {
			return c
		}
		return CompareIDs(a.ID, b.ID)
	})
}

// A ref names the run of a case against an agent.
type ref struct{ agent, id string }

// fileNames gives every case of an index a name for its files, by the rule of the
// original suite. Where that names two agents alike, the later ones get a number.
func fileNames(x Index) map[string]ref {
	names := make(map[string]ref)
	prefixes := make(map[string]bool)
	for _, agent := range x.Agents() {
		prefix := distinct(cleanAgent(agent), func(s string) bool { return prefixes[s] })
		prefixes[prefix] = true
		for _, id := range x.Cases(agent) {
			name := distinct(prefix+"_case_"+clean(id), func(s string) bool {
				_, taken := names[s]
				return taken
			})
			names[name] = ref{agent, id}
		}
	}
	return names
}

// distinct appends a number to a name that is taken.
func distinct(name string, taken func(string) bool) string {
	for i, s := 2, name; ; i++ {
		if !taken(s) {
			return s
		}
		s = fmt.Sprintf("%s_%d", name, i)
	}
}

// cleanAgent is the original suite's rule for the part of a file's name that is the
// agent's: lowercase, and every character other than a letter or a digit of ASCII is
// an underscore. Names that it would leave empty, or too long for a file system,
// get another.
func cleanAgent(agent string) string {
	s := strings.Trim(clean(strings.ToLower(strings.TrimSpace(agent))), "_")
	if s == "" {
		return "agent"
	}
	return s[:min(len(s), 100)]
}

func clean(s string) string {
	return strings.Map(func(c rune) rune {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || digit(byte(c)) && c < 0x80 {
			return c
		}
		return '_'
	}, s[:min(len(s), 100)])
}

// ReadIndex reads the index of a report of either tool; path is its directory or
// its index.json.
func ReadIndex(path string) (Index, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, "index.json")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	var x Index
	if err := json.Unmarshal(data, &x); err != nil {
		return nil, fmt.Errorf("report: %s is not an index of cases: %w", path, err)
	}
	return x, nil
}

// Read reads all cases of a report of either tool, by agent, then by case.
func Read(dir string) ([]*Result, error) {
	x, err := ReadIndex(dir)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir) // a report names files of its own directory only
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	defer root.Close()
	var results []*Result
	for _, agent := range x.Agents() {
		for _, id := range x.Cases(agent) {
			data, err := root.ReadFile(x[agent][id].ReportFile)
			if err != nil {
				return nil, fmt.Errorf("report: case %s of %q: %w", id, agent, err)
			}
			r := new(Result)
			if err := json.Unmarshal(data, r); err != nil {
				return nil, fmt.Errorf("report: case %s of %q: %w", id, agent, err)
			}
			results = append(results, r)
		}
	}
	return results, nil
}
