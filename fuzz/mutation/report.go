package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"time"
)

// A tally counts the faults that determine the score.
type tally struct {
	Noticed  int `json:"noticed"`
	Survived int `json:"survived"`
}

// score returns the percentage that was noticed, or 100 if no fault was planted.
func (t tally) score() float64 {
	if t.Noticed+t.Survived == 0 {
		return 100
	}
	return 100 * float64(t.Noticed) / float64(t.Noticed+t.Survived)
}

// A report is the result for one package.
type report struct {
	Package    string            `json:"package"`
	Score      float64           `json:"score"` // percentage
	All        tally             `json:"all"`
	Kinds      map[string]*tally `json:"kinds"`
	Equivalent int               `json:"equivalent"` // cannot be noticed, according to an entry
	NotCovered int               `json:"notCovered"`
	NoBuild    int               `json:"noBuild"`
	Timeouts   int               `json:"timeouts"` // among those noticed
	Stale      []string          `json:"stale"`
	Seconds    float64           `json:"seconds"`
	Mutants    []*mutant         `json:"mutants"`
}

func newReport(pkgPath string, mutants []*mutant, stale []string, took time.Duration) *report {
	r := &report{Package: pkgPath, Kinds: map[string]*tally{}, Stale: stale, Mutants: mutants,
		Seconds: took.Seconds()}
	for _, m := range mutants {
		k := r.Kinds[m.Kind]
		if k == nil {
			k = &tally{}
			r.Kinds[m.Kind] = k
		}
		switch {
		case m.Outcome == noBuild:
			r.NoBuild++
		case m.Outcome == notCovered:
			r.NotCovered++
		case m.Outcome == noticed:
			k.Noticed++
			r.All.Noticed++
			if m.By == timedOut {
				r.Timeouts++
			}
		case m.Known != "":
			r.Equivalent++
		default:
			k.Survived++
			r.All.Survived++
		}
	}
	r.Score = r.All.score()
	return r
}

// text writes the report as text.
func (r *report) text(w io.Writer) {
	for _, o := range []outcome{survived, notCovered} {
		for _, m := range r.Mutants {
			if m.Outcome == o && m.Known == "" {
				fmt.Fprintf(w, "%v\n\t%s: %s\n", m, o, m.Code)
			}
		}
	}
	for _, s := range r.Stale {
		fmt.Fprintf(w, "stale: %s\n", s)
	}
	fmt.Fprintf(w, "%-12s %8s %8s %8s\n", "kind", "noticed", "survived", "score")
	for _, kind := range slices.Sorted(maps.Keys(r.Kinds)) {
		k := r.Kinds[kind]
		fmt.Fprintf(w, "%-12s %8d %8d %7.1f%%\n", kind, k.Noticed, k.Survived, k.score())
	}
	fmt.Fprintf(w, "%-12s %8d %8d %7.1f%%\n", "all", r.All.Noticed, r.All.Survived, r.Score)
	fmt.Fprintf(w, "%s: score %.1f %%, %d timeouts, %.0f s\n", r.Package, r.Score, r.Timeouts, r.Seconds)
	fmt.Fprintf(w, "not counted: %d equivalent, %d not covered, %d that do not compile\n",
		r.Equivalent, r.NotCovered, r.NoBuild)
}
