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

// An Index is the content of index.json, written by this package or the original suite. It maps
// the name of an agent and the id of a case to an Entry.
type Index map[string]map[string]Entry

// An Entry is the entry of a case in an Index.
type Entry struct {
	Behavior        Verdict `json:"behavior"`
	BehaviorClose   Verdict `json:"behaviorClose"`
	Duration        int64   `json:"duration"`        // milliseconds
	RemoteCloseCode *int    `json:"remoteCloseCode"` // nil if the agent sent none
	ReportFile      string  `json:"reportfile"`      // JSON file in the same directory, next to an HTML file
}

// Passed reports whether both verdicts are OK or INFORMATIONAL.
func (e Entry) Passed() bool { return e.Behavior.Passed() && e.BehaviorClose.Passed() }

// Passed reports whether both verdicts are OK or INFORMATIONAL.
func (r *Result) Passed() bool { return r.Behavior.Passed() && r.BehaviorClose.Passed() }

// Agents returns the names of the agents in alphabetical order.
func (x Index) Agents() []string { return slices.Sorted(maps.Keys(x)) }

// Cases returns the ids of the cases that ran against the agent, in order.
func (x Index) Cases(agent string) []string {
	return slices.SortedFunc(maps.Keys(x[agent]), CompareIDs)
}

// NewIndex returns the index of results. If an agent has several results of a case, the last
// one counts.
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

// latest returns the last result of each agent and case, by agent, then by case. It drops nil
// results.
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

// A ref identifies a case run against an agent.
type ref struct{ agent, id string }

// fileNames maps the file name of each case, by the rule of the original suite, to the case. If
// two agents would have the same file names, it appends a number to the later one.
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

// cleanAgent returns the agent's part of a file name by the rule of the original suite: the name
// in lowercase, with an underscore for every character but ASCII letters and digits. It replaces
// empty names and cuts names that are too long for a file system.
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

// ReadIndex reads the index of a report, written by this package or the original suite. path is
// its directory or its index.json.
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

// Read reads all results of a report, written by this package or the original suite, by agent,
// then by case.
func Read(dir string) ([]*Result, error) {
	x, err := ReadIndex(dir)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir) // so that an index cannot name files outside
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
