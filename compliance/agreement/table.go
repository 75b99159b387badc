package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// writeTable writes the comparison in Markdown.
func writeTable(w io.Writer, tallies []*tally) error {
	var b strings.Builder
	b.WriteString("| peer | as | original's verdicts | cases | behavior equal | unequal | " +
		"behaviorClose equal | unequal | codes equal | not explained |\n")
	b.WriteString("|---|---|---|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, t := range tallies {
		x, y := t.unequal(behavior), t.unequal(behaviorClose)
		fmt.Fprintf(&b, "| %s | %s | %s | %d | %d | %d | %d | %d | %d | %d |\n", t.Agent, t.Run.Side,
			counts(t.Counts), t.Cases, t.Cases-x, x, t.Cases-y, y, t.Codes, t.unexplained())
	}
	for _, t := range tallies {
		writeUnequal(&b, t)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeUnequal lists the differences of a run and their reasons.
func writeUnequal(b *strings.Builder, t *tally) {
	if len(t.Unequal) == 0 && len(t.Missing) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s as a %s:\n\n", t.Agent, t.Run.Side)
	for _, g := range groups(t.Unequal) {
		d := g[0]
		reason := d.Reason
		if reason == "" {
			reason = "NOT EXPLAINED"
		}
		var ids []string
		for _, d := range g {
			ids = append(ids, d.Case)
		}
		fmt.Fprintf(b, "- %s: %s of the original is %s, ours is %s. %s\n",
			strings.Join(ids, ", "), d.Field, d.Original, d.Native, reason)
	}
	if len(t.Missing) > 0 {
		fmt.Fprintf(b, "- only one suite has a verdict: %s\n", strings.Join(t.Missing, ", "))
	}
}

// counts lists verdicts and how often they were given, the most frequent first.
func counts(m map[string]int) string {
	var parts []string
	frequent := func(a, b string) int { return cmp.Or(m[b]-m[a], cmp.Compare(a, b)) }
	for _, name := range slices.SortedFunc(maps.Keys(m), frequent) {
		parts = append(parts, fmt.Sprintf("%s %d", name, m[name]))
	}
	return strings.Join(parts, ", ")
}
