package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hawser-ws/hawser/compliance/agreement/peers"
	"github.com/hawser-ws/hawser/compliance/report"
)

// repeats is how often cases are run again whose verdicts differ without a known
// reason.
const repeats = 3

// seen counts what a suite said in several runs, by case and field.
type seen map[string]map[field]map[string]int

func (s seen) add(id string, v verdict) {
	if s[id] == nil {
		s[id] = map[field]map[string]int{behavior: {}, behaviorClose: {}}
	}
	s[id][behavior][v.Behavior]++
	s[id][behaviorClose][v.Close]++
}

// settle runs the cases again whose verdicts differ without a known reason, by
// themselves. Where a suite gives a peer now one verdict and now another, and
// the other suite gives one of them, it is the peer, or a busy machine, that
// varies: that is the reason then.
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

// open returns the cases with a difference that is not explained, in order.
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

// explainVarying gives a reason to the differences of which both suites have seen
// the same verdict.
func (t *tally) explainVarying(theirs, ours seen) {
	for i := range t.Unequal {
		d := &t.Unequal[i]
		a, b := theirs[d.Case][d.Field], ours[d.Case][d.Field]
		if d.Reason != "" || !slices.ContainsFunc(slices.Collect(maps.Keys(a)), func(v string) bool { return b[v] > 0 }) {
			continue
		}
		d.Reason = fmt.Sprintf("It varies from run to run: the original said %s; ours said %s.", counts(a), counts(b))
	}
}
