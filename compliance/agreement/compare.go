package main

import (
	"cmp"
	"slices"

	"github.com/hawser-ws/hawser/compliance/report"
)

// field is one of the two verdicts on a case.
type field string

const (
	behavior      field = "behavior"
	behaviorClose field = "behaviorClose"
)

// A difference is a verdict in which the two suites differ.
type difference struct {
	Run      run
	Case     string
	Field    field
	Original string
	Native   string
	Reason   string // "" if the difference is not explained
}

// A tally compares the verdicts on one run.
type tally struct {
	Run     run
	Agent   string
	Cases   int            // the number of cases with verdicts of both suites
	Codes   int            // the number of those in which the peer's codes are equal
	Counts  map[string]int // the original's behavior verdicts
	Missing []string       // the cases with a verdict of only one suite
	Unequal []difference
}

// unequal returns how many verdicts of a field differ.
func (t *tally) unequal(f field) (n int) {
	for _, d := range t.Unequal {
		if d.Field == f {
			n++
		}
	}
	return n
}

// unexplained returns how many differences have no reason. A missing verdict is one of
// them.
func (t *tally) unexplained() int {
	n := len(t.Missing)
	for _, d := range t.Unequal {
		if d.Reason == "" {
			n++
		}
	}
	return n
}

// compare compares the two suites' verdicts on a run.
func compare(r run, agent string, original, native verdicts) *tally {
	t := &tally{Run: r, Agent: agent, Counts: make(map[string]int)}
	for _, id := range original.ids() {
		o := original[id]
		n, ok := native[id]
		if !ok {
			t.Missing = append(t.Missing, id)
			continue
		}
		t.Cases++
		t.Counts[o.Behavior]++
		if o.Code == n.Code {
			t.Codes++
		}
		t.add(id, behavior, o.Behavior, n.Behavior)
		t.add(id, behaviorClose, o.Close, n.Close)
	}
	for id := range native {
		if _, ok := original[id]; !ok {
			t.Missing = append(t.Missing, id)
		}
	}
	slices.SortFunc(t.Missing, report.CompareIDs)
	return t
}

func (t *tally) add(id string, f field, original, native string) {
	if original == native {
		return
	}
	d := difference{Run: t.Run, Case: id, Field: f, Original: original, Native: native}
	for _, k := range knownDifferences {
		if k.explains(d) {
			d.Reason = k.reason
			break
		}
	}
	t.Unequal = append(t.Unequal, d)
}

// groups groups the differences that have everything but the case in common. The groups are
// ordered by reason, then by their first case.
func groups(list []difference) [][]difference {
	var out [][]difference
next:
	for _, d := range list {
		for i, g := range out {
			same := g[0]
			same.Case = d.Case
			if same == d {
				out[i] = append(g, d)
				continue next
			}
		}
		out = append(out, []difference{d})
	}
	slices.SortStableFunc(out, func(a, b []difference) int {
		return cmp.Compare(a[0].Reason, b[0].Reason)
	})
	return out
}
