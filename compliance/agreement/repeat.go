package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hawser-ws/hawser/compliance/agreement/peers"
	"github.com/hawser-ws/hawser/compliance/report"
)

// repeats is how often a case runs again if its verdicts differ without a known reason.
const repeats = 3

// seen counts the verdicts of a suite in several runs, by case and field.
type seen map[string]map[field]map[string]int

func (s seen) add(id string, v verdict) {
	if s[id] == nil {
		s[id] = map[field]map[string]int{behavior: {}, behaviorClose: {}}
	}
	s[id][behavior][v.Behavior]++
	s[id][behaviorClose][v.Close]++
}

// settle runs again only the cases whose verdicts differ without a known reason.
// If the two suites have a verdict in common after that, the reason is that the peer, or a
// busy machine, varies.
func (c *config) settle(ctx context.Context, p *peers.Peer, t *tally, first, native verdicts) error {
	ids := t.open()
	if len(ids) == 0 {
		return nil
	}
	theirs, ours := make(seen), make(seen)
	for _, id := range ids {
		theirs.add(id, first[id])
		ours.add(id, native[id])
	}
	for range repeats {
		results, err := c.native(ctx, p, t.Run.Side, ids, "native-again")
		if err != nil {
			return err
		}
		for id, v := range fromResults(results) {
			ours.add(id, v)
		}
		if c.stored {
			continue
		}
		rep, err := c.original(ctx, p, t.Run.Side, ids, "original-again")
		if err != nil {
			return err
		}
		for id, v := range fromEntries(rep.Results) {
			theirs.add(id, v)
		}
	}
	t.explainVarying(theirs, ours)
	return nil
}

// open returns the ids of the cases with a difference that is not explained, in order.
func (t *tally) open() []string {
	var ids []string
	for _, d := range t.Unequal {
		if d.Reason == "" {
			ids = append(ids, d.Case)
		}
	}
	slices.SortFunc(ids, report.CompareIDs)
	return slices.Compact(ids)
}

// explainVarying explains each difference for which both suites have given the same verdict
// in some run.
func (t *tally) explainVarying(theirs, ours seen) {
	for i := range t.Unequal {
		d := &t.Unequal[i]
		a, b := theirs[d.Case][d.Field], ours[d.Case][d.Field]
		given := func(v string) bool { return b[v] > 0 }
		if d.Reason != "" || !slices.ContainsFunc(slices.Collect(maps.Keys(a)), given) {
			continue
		}
		d.Reason = fmt.Sprintf("The verdict varies from run to run: the original gave %s, and ours gave %s.",
			counts(a), counts(b))
	}
}
