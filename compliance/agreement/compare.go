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

// a difference is a verdict of the original that hawser's suite does not share.
type difference struct {
	Run      run
	Case     string
	Field    field
	Original string
	Native   string
	Reason   string // "" if it is not explained
}

// tally compares the verdicts on one run.
type tally struct {
	Run     run
	Agent   string
	Cases   int // with verdicts of both suites
	Codes   int // of these, with equal status codes of the peer
	Counts  map[string]int
	Missing []string // cases with a verdict of one suite only
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

// unexplained returns how many differences have no reason. A case that only one
// suite has a verdict on counts as one.
func (t *tally) unexplained() int {
	n := len(t.Missing)
	for _, d := range t.Unequal {
		if d.Reason == "" {
			n++
		}
	}
	return n
}

// compare sets the two suites' verdicts on a run side by side.
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

// groups puts differences with the same words and reason together, in the order
// of their first cases.
func groups(list []difference) [][]difference {
	var out [][]difference
next:
	for _, d := range list {
		for i, g := range out {
			if f := g[0]; f.Run == d.Run && f.Field == d.Field && f.Original == d.Original && f.Native == d.Native && f.Reason == d.Reason {
				out[i] = append(g, d)
				continue next
			}
		}
		out = append(out, []difference{d})
	}
	slices.SortStableFunc(out, func(a, b []difference) int {
		return cmp.Or(cmp.Compare(a[0].Reason, b[0].Reason), 0)
	})
	return out
}
